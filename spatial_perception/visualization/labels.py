"""Where the names of boxes go on a plan: inside where they fit, else beside, else to the legend alone."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.entities import Box
from spatial_perception.visualization.palette import display_name
from spatial_perception.visualization.plan_geometry import box_quad, quad

LARGEST, SMALLEST = 8.0, 4.6  # pt
UNNAMED = "object"  # says nothing that the outline does not say
_PADDING = 3.0  # pt around a label
_LINE = 1.25  # line pitch over font size
_SHIFTS = (0.0, 0.22, -0.22, 0.36, -0.36)


@dataclass(frozen=True)
class Label:
    """A text at `position` (2,) metres, centred, turned by `angle` degrees, `size` points high."""

    text: str
    position: NDArray[np.float64]
    angle: float
    size: float
    outline: Polygon


@lru_cache(maxsize=4096)
def text_width(text: str) -> float:
    """Width of one line in multiples of its font size, measured with the font that is used for drawing."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        width, _, _ = TextToPath().get_text_width_height_descent(text, FontProperties(size=10), ismath=False)
    return float(width) / 10


def _extent(text: str) -> tuple[float, float]:
    lines = text.split("\n")
    return max(text_width(line) for line in lines), _LINE * len(lines)


def wrappings(name: str) -> list[str]:
    """The name on one line and on two, broken at the space nearest to its middle."""
    spaces = [i for i, c in enumerate(name) if c == " "]
    if not spaces:
        return [name]
    middle = min(spaces, key=lambda i: abs(i - len(name) / 2))
    return [name, f"{name[:middle]}\n{name[middle + 1 :]}"]


def upright(angle: float) -> float:
    """A text angle in degrees folded into (-90, 90], so that nobody reads upside down."""
    folded = (angle + 90.0) % 180.0 - 90.0
    return 90.0 if math.isclose(folded, -90.0, abs_tol=1e-6) else folded


def _outline(text: str, position: NDArray[np.float64], angle: float, size: float, m_per_pt: float) -> Polygon:
    width, height = _extent(text)
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    scale = size * m_per_pt / 2
    return Polygon(quad(position, along, width * scale, height * scale))


def _fit(name: str, box: Box, m_per_pt: float) -> tuple[str, float, float] | None:
    """Text, angle and size (pt) of the largest label that fits into a box, nearly horizontal ones preferred."""
    best: tuple[float, str, float, float] | None = None
    for turn, (long, short) in ((0.0, (box.size[0], box.size[1])), (90.0, (box.size[1], box.size[0]))):
        angle = upright(math.degrees(box.yaw) + turn)
        for text in wrappings(name):
            width, height = _extent(text)
            size = min((long / m_per_pt - _PADDING) / width, (short / m_per_pt - _PADDING) / height, LARGEST)
            value = size * (1.0 if abs(angle) < 60 else 0.8)
            if size >= SMALLEST and (best is None or value > best[0] + 1e-9):
                best = (value, text, angle, size)
    return None if best is None else best[1:]


class Placer:
    """Puts labels one after another and keeps them apart from each other and from what lies in their way."""

    def __init__(self, boxes: Sequence[Box], walls: BaseGeometry, m_per_pt: float) -> None:
        self._footprints = [Polygon(box_quad(b)) for b in boxes]
        self._boxes = list(boxes)
        self._walls = walls
        self._m_per_pt = m_per_pt
        self._tree = STRtree(self._footprints)
        self._placed: list[Polygon] = []
        self._bounds = np.empty((len(self._boxes), 4))

    def place_all(self) -> list[Label]:
        """Labels of all boxes that have room for one: the small boxes choose first."""
        order = sorted(range(len(self._boxes)), key=lambda i: (self._footprints[i].area, i))
        found = (self._place(i) for i in order)
        return [label for label in found if label is not None]

    def _place(self, index: int) -> Label | None:
        name = display_name(self._boxes[index].label)
        if name == UNNAMED:
            return None
        for label in (*self._inside(index, name), *self._beside(index, name)):
            if self._free(label.outline, index):
                self._bounds[len(self._placed)] = label.outline.bounds
                self._placed.append(label.outline)
                return label
        return None

    def _inside(self, index: int, name: str) -> list[Label]:
        box = self._boxes[index]
        fit = _fit(name, box, self._m_per_pt)
        if fit is None:
            return []
        c, s = math.cos(box.yaw), math.sin(box.yaw)
        shifts = [(a, 0.0) for a in _SHIFTS] + [(0.0, b) for b in _SHIFTS[1:]]
        labels = [self._label(fit, np.array([box.center[0] + c * a * box.size[0] - s * b * box.size[1],
                                             box.center[1] + s * a * box.size[0] + c * b * box.size[1]]))
                  for a, b in shifts]  # fmt: skip
        return [label for label in labels if self._footprints[index].contains(label.outline)]

    def _label(self, fit: tuple[str, float, float], position: NDArray[np.float64]) -> Label:
        text, angle, size = fit
        return Label(text, position, angle, size, _outline(text, position, angle, size, self._m_per_pt))

    def _beside(self, index: int, name: str) -> list[Label]:
        left, bottom, right, top = self._footprints[index].bounds
        gap, size = 1.5 * self._m_per_pt, 5.0
        labels = []
        for text in wrappings(name):
            width, height = (v * size * self._m_per_pt / 2 for v in _extent(text))
            x, y = (left + right) / 2, (bottom + top) / 2
            spots = [(x, top + gap + height), (x, bottom - gap - height),
                     (right + gap + width, y), (left - gap - width, y)]  # fmt: skip
            labels += [self._label((text, 0.0, size), np.array(spot)) for spot in spots]
        return labels

    def _free(self, outline: Polygon, index: int) -> bool:
        if outline.intersects(self._walls) or self._covers_other_box(outline, index):
            return False
        left, bottom, right, top = outline.bounds
        b = self._bounds[: len(self._placed)]
        near = (left < b[:, 2]) & (b[:, 0] < right) & (bottom < b[:, 3]) & (b[:, 1] < top)
        return not any(outline.intersects(self._placed[i]) for i in np.flatnonzero(near))

    def _covers_other_box(self, outline: Polygon, index: int) -> bool:
        """Whether the label would lie on another box, other than one that encloses its own (a pillow on a bed)."""
        own = self._footprints[index]
        for other in self._tree.query(outline, predicate="intersects"):
            encloses = self._footprints[other].area > own.area and self._footprints[other].intersects(own)
            if other != index and not encloses:
                return True
        return False
