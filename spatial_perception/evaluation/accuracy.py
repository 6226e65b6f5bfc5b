"""How far matched entities are off, in metres and degrees: what F1 does not say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import degrees, hypot, pi
from statistics import fmean, median

import numpy as np

from spatial_perception.layout.boxes import wall_yaw
from spatial_perception.layout.entities import Box, Door, Wall, Window


@dataclass(frozen=True, slots=True)
class Deviation:
    """One measure over matched pairs: its name, its unit, and the (non-negative) error of every pair."""

    name: str
    unit: str
    values: tuple[float, ...] = ()

    @property
    def mean(self) -> float | None:
        """The mean error, None without pairs."""
        return fmean(self.values) if self.values else None

    @property
    def median(self) -> float | None:
        """The median error, None without pairs."""
        return median(self.values) if self.values else None


def wall_deviations(pairs: Sequence[tuple[Wall, Wall]]) -> tuple[Deviation, ...]:
    """Errors of matched walls (predicted, true): distance of predicted ends from the true line, angle, ends, height."""
    return (
        _deviation("wall position", "m", pairs, _line_distance),
        _deviation("wall angle", "deg", pairs, lambda p, t: degrees(_turn(wall_yaw(p), wall_yaw(t), pi))),
        _deviation("wall ends", "m", pairs, _end_distance),
        _deviation("wall height", "m", pairs, lambda p, t: abs(p.height - t.height)),
    )


def opening_deviations(
    kind: str, pairs: Sequence[tuple[Door, Door]] | Sequence[tuple[Window, Window]]
) -> tuple[Deviation, ...]:
    """Errors of matched doors or windows (predicted, true): distance of centres, width, height."""
    return (
        _deviation(f"{kind} centre", "m", pairs, _center_distance),
        _deviation(f"{kind} width", "m", pairs, lambda p, t: abs(p.width - t.width)),
        _deviation(f"{kind} height", "m", pairs, lambda p, t: abs(p.height - t.height)),
    )


def box_deviations(pairs: Sequence[tuple[Box, Box]]) -> tuple[Deviation, ...]:
    """Errors of matched boxes (predicted, true): distance of centres, largest error of a size, yaw of the outline.

    Sizes and yaw are compared after a quarter turn of the prediction where that fits better: x and y may be named
    either way.
    """
    return (
        _deviation("box centre", "m", pairs, _center_distance),
        _deviation("box size", "m", pairs, _size_error),
        _deviation("box yaw", "deg", pairs, lambda p, t: degrees(_turn(p.yaw, t.yaw, pi / 2))),
    )


def merge(groups: Iterable[tuple[Deviation, ...]]) -> tuple[Deviation, ...]:
    """The same measures over many scenes, in order of first appearance."""
    merged: dict[str, Deviation] = {}
    for deviation in (d for group in groups for d in group):
        before = merged.get(deviation.name, Deviation(deviation.name, deviation.unit))
        merged[deviation.name] = Deviation(deviation.name, deviation.unit, before.values + deviation.values)
    return tuple(merged.values())


def _deviation(name: str, unit: str, pairs: Iterable[tuple], error: Callable[..., float]) -> Deviation:
    return Deviation(name, unit, tuple(error(predicted, true) for predicted, true in pairs))


def _line_distance(predicted: Wall, true: Wall) -> float:
    """Mean distance of the ends of the prediction from the infinite line of the truth, seen from above."""
    dx, dy = true.end[0] - true.start[0], true.end[1] - true.start[1]
    length = hypot(dx, dy)
    offsets = [(p[0] - true.start[0], p[1] - true.start[1]) for p in (predicted.start, predicted.end)]
    return fmean(abs(dx * y - dy * x) / length for x, y in offsets)


def _end_distance(predicted: Wall, true: Wall) -> float:
    """Mean distance of ends that belong together, whichever way the prediction runs."""
    ends = np.array([predicted.start, predicted.end])
    truth = np.array([true.start, true.end])
    same, reversed_ = (np.linalg.norm(ends - other, axis=1).mean() for other in (truth, truth[::-1]))
    return float(min(same, reversed_))


def _center_distance(predicted: Door | Window | Box, true: Door | Window | Box) -> float:
    return float(np.linalg.norm(np.subtract(predicted.center, true.center)))


def _size_error(predicted: Box, true: Box) -> float:
    x, y, z = predicted.size
    return min(float(np.abs(np.subtract(size, true.size)).max()) for size in ((x, y, z), (y, x, z)))


def _turn(angle: float, other: float, period: float) -> float:
    """The smallest difference of two angles that repeat after `period` (rad)."""
    difference = (angle - other) % period
    return min(difference, period - difference)
