"""Places as text that a language model reads and writes: boxes, points and lengths in whole numbers.

The parsers are total: whatever the text, they return a value or None, and never raise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import floor, isfinite, pi

from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.units import read_length

MAX_BIN = 1279
_INT = r"[0-9]{1,4}"
_SEPARATOR = r"(?:\s*,\s*|\s+)"
_BOX = re.compile(rf"<box>\s*({_INT}(?:{_SEPARATOR}{_INT}){{5,6}})\s*</box>")
_OBJ = re.compile(rf"<obj>\s*({_INT}(?:{_SEPARATOR}{_INT}){{5}})\s*</obj>")
_LEN = re.compile(r"<len>\s*([0-9]{1,4})\s*</len>")
_POINT = re.compile(rf"<pt>\s*({_INT}(?:{_SEPARATOR}{_INT}){{2}})\s*</pt>")


class LocationRangeError(SpatialPerceptionError):
    """A box lies outside of what the text can express."""


@dataclass(frozen=True, slots=True)
class PlainBox:
    """A box without identity: `center` and `size` (m), `yaw` (rad)."""

    center: Vec3
    size: Vec3
    yaw: float = 0.0


@dataclass(frozen=True, slots=True)
class MetricCodec:
    """Bins of `step` (m) from `origin`: `<box>cx cy cz sx sy sz</box>`, and with `with_yaw` a seventh number in degrees."""

    origin: Vec3 = (0.0, 0.0, 0.0)
    step: float = 0.02
    with_yaw: bool = False

    def encode(self, box: PlainBox, *, strict: bool = True) -> str:
        """The text of a box. Raises LocationRangeError outside of 0..1279 bins, or clips when not `strict`."""
        places = [floor((c - o) / self.step + 0.5) for c, o in zip(box.center, self.origin)]
        sizes = [floor(s / self.step + 0.5) for s in box.size]
        if (strict and not all(0 <= p <= MAX_BIN for p in places)) or (strict and max(sizes) > MAX_BIN):
            raise LocationRangeError(f"{box} does not fit in {MAX_BIN + 1} bins of {self.step} m; move the origin")
        numbers = [min(max(p, 0), MAX_BIN) for p in places] + [min(max(s, 1), MAX_BIN) for s in sizes]
        if self.with_yaw:
            numbers.append(round(box.yaw * 180 / pi / 5) * 5 % 360)
        return f"<box>{' '.join(map(str, numbers))}</box>"

    def decode(self, text: str) -> PlainBox | None:
        """The first well-formed box of a text, or None."""
        return next(iter(self.decode_all(text)), None)

    def decode_all(self, text: str) -> tuple[PlainBox, ...]:
        """All well-formed boxes of a text, in order; those with a bin out of range or without size are left out."""
        found = (_integers(match[1]) for match in _BOX.finditer(text))
        return tuple(box for numbers in found if (box := self._box(numbers)) is not None)

    def decode_point(self, text: str) -> Vec3 | None:
        """The first `<pt>x y z</pt>` of a text (m), or None."""
        match = _POINT.search(text)
        numbers = _integers(match[1]) if match else []
        if not numbers or max(numbers) > MAX_BIN:
            return None
        x, y, z = (o + n * self.step for o, n in zip(self.origin, numbers))
        return x, y, z

    def _box(self, numbers: list[int]) -> PlainBox | None:
        turned = len(numbers) == 7
        if turned != self.with_yaw or max(numbers[:6]) > MAX_BIN or min(numbers[3:6]) < 1:
            return None
        if turned and numbers[6] > 359:
            return None
        x, y, z = (o + n * self.step for o, n in zip(self.origin, numbers))
        a, b, c = (n * self.step for n in numbers[3:6])
        return PlainBox((x, y, z), (a, b, c), numbers[6] * pi / 180 if turned else 0.0)


@dataclass(frozen=True, slots=True)
class SceneCodec:
    """Whole numbers from 0 to 255 over the extent of the scene (truncated): `<obj>cx, cy, cz, w, h, l</obj>`."""

    low: Vec3
    high: Vec3

    def encode(self, box: PlainBox) -> str:
        """The text of a box, clipped to the scene."""
        extent = [max(h - lo, 1e-9) for h, lo in zip(self.high, self.low)]
        values = [(c - lo) / e for c, lo, e in zip(box.center, self.low, extent)]
        values += [s / e for s, e in zip(box.size, extent)]
        return f"<obj>{', '.join(str(int(min(max(v, 0.0), 1.0) * 255)) for v in values)}</obj>"

    def decode(self, text: str) -> PlainBox | None:
        """The first well-formed box of a text, or None."""
        match = _OBJ.search(text)
        numbers = _integers(match[1]) if match else []
        if not numbers or max(numbers) > 255:
            return None
        extent = [h - lo for h, lo in zip(self.high, self.low)]
        x, y, z = (n / 255 * e + lo for n, e, lo in zip(numbers, extent, self.low))
        a, b, c = (n / 255 * e for n, e in zip(numbers[3:], extent))
        return PlainBox((x, y, z), (a, b, c))


def _integers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]+", text)]


def read_distance(text: str, unit: str | None = None) -> float | None:
    """The distance (m) that a model wrote: `<len>114</len>` in centimetres, or a number with its unit, or a bare number
    where `unit` says what was asked for. None where there is none, and for negative ones or those above 50 m."""
    match = _LEN.search(text)
    if match:
        metres = int(match[1]) / 100
        return metres if metres <= 50 else None
    measure = read_length(text, unit)
    return measure.metres if measure and isfinite(measure.metres) else None


def format_distance(metres: float) -> str:
    """The text of a length: `<len>114</len>` for 1.14 m."""
    return f"<len>{floor(metres * 100 + 0.5)}</len>"


def read_move(text: str, codec: MetricCodec) -> tuple[PlainBox, PlainBox] | None:
    """Old and new box of `<box>...</box> -> <box>...</box>`, or None."""
    match = re.search(rf"{_BOX.pattern}\s*->\s*{_BOX.pattern}", text)
    boxes = codec.decode_all(match[0]) if match else ()
    return (boxes[0], boxes[1]) if len(boxes) == 2 else None


def read_refusal(text: str) -> str | None:
    """The reason of `impossible: reason`, or None."""
    match = re.match(r"\s*impossible:\s*(\w+)", text)
    return match[1] if match else None
