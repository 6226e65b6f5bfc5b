"""Metres and radians to integer bins and back, as the layout language of SpatialLM has them.

Forward: bin = clip(trunc((v - low) / (high - low) * num_bins), 0, num_bins - 1), in float64.
Back: v = bin / num_bins * (high - low) + low, the LOWER edge of the bin. The published models were trained on lower
edges, so that is the default; it makes every length half a step short on average. `centred=True` adds the half
step.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import LayoutError
from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window

_Opening = TypeVar("_Opening", Door, Window)
Quantity: TypeAlias = Literal["world", "height", "width", "scale", "angle"]

RANGES = MappingProxyType(
    {
        "world": (0.0, 32.0),
        "height": (0.0, 25.6),
        "width": (0.0, 25.6),
        "scale": (0.0, 20.0),
        "angle": (-6.2832, 6.2832),
    }
)
"""What each quantity may span (m, rad): positions, heights and thicknesses, widths of openings, sizes of boxes, yaw."""


def step(quantity: Quantity, num_bins: int) -> float:
    """The width of one bin, in metres or radians."""
    low, high = RANGES[quantity]
    return (high - low) / _checked(num_bins)


def to_bins(values: ArrayLike, quantity: Quantity, num_bins: int) -> NDArray[np.int64]:
    """The bins of values of any shape; values outside the range fall in the first or last bin.

    Raises LayoutError for NaN or infinity and for fewer than 1 bin.
    """
    low, high = RANGES[quantity]
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise LayoutError("NaN or infinity has no bin; remove such entities before quantisation")
    bins = np.trunc((array - low) / (high - low) * _checked(num_bins))
    return np.clip(bins, 0, num_bins - 1).astype(np.int64)


def from_bins(bins: ArrayLike, quantity: Quantity, num_bins: int, *, centred: bool = False) -> NDArray[np.float64]:
    """Metres or radians of bins: lower edges, or the middles of the bins if `centred`. Nothing is clipped."""
    low, high = RANGES[quantity]
    array = np.asarray(bins, dtype=np.float64) + (0.5 if centred else 0.0)
    return array / _checked(num_bins) * (high - low) + low


def quantise(layout: Layout, num_bins: int) -> Layout:
    """The layout in bins: the same entities whose numbers are whole bins (text: `format_layout(..., integers=True)`).

    Positions must lie in [0, 32] m: shift the layout to the positive octant first. Raises LayoutError as `to_bins`.
    """
    return _Bins(num_bins).layout(layout)


def dequantise(layout: Layout, num_bins: int, *, centred: bool = False) -> Layout:
    """Metres and radians of a layout in bins. Lower edges by default, as the published models were trained.

    `centred` moves positions and lengths to the middle of their bin, which removes the bias of half a step; a
    thickness of bin 0 stays 0 (unknown), and angles stay on the edge, where the multiples of a right angle lie.
    """
    return _Metres(num_bins, centred).layout(layout)


def _checked(num_bins: int) -> int:
    if num_bins < 1:
        raise LayoutError(f"num_bins is {num_bins}; give 1 or more (1280 for SpatialLM 1.1, 640 for 1.0)")
    return num_bins


class _Mapping:
    """Applies one numeric map to every number of a layout; subclasses say how a quantity is mapped."""

    def number(self, value: float, quantity: Quantity) -> float:
        raise NotImplementedError

    def thickness(self, value: float) -> float:
        return self.number(value, "height")

    def layout(self, layout: Layout) -> Layout:
        return replace(
            layout,
            walls=tuple(self._wall(w) for w in layout.walls),
            doors=tuple(self._opening(d) for d in layout.doors),
            windows=tuple(self._opening(w) for w in layout.windows),
            boxes=tuple(self._box(b) for b in layout.boxes),
        )

    def _vector(self, vector: Vec3, quantity: Quantity) -> Vec3:
        x, y, z = vector
        return (self.number(x, quantity), self.number(y, quantity), self.number(z, quantity))

    def _wall(self, wall: Wall) -> Wall:
        start, end = self._vector(wall.start, "world"), self._vector(wall.end, "world")
        height, thickness = self.number(wall.height, "height"), self.thickness(wall.thickness)
        return replace(wall, start=start, end=end, height=height, thickness=thickness)

    def _opening(self, opening: _Opening) -> _Opening:
        width, height = self.number(opening.width, "width"), self.number(opening.height, "height")
        return replace(opening, center=self._vector(opening.center, "world"), width=width, height=height)

    def _box(self, box: Box) -> Box:
        center, yaw = self._vector(box.center, "world"), self.number(box.yaw, "angle")
        return replace(box, center=center, yaw=yaw, size=self._vector(box.size, "scale"))


class _Bins(_Mapping):
    def __init__(self, num_bins: int) -> None:
        self._num_bins = _checked(num_bins)

    def number(self, value: float, quantity: Quantity) -> float:
        low, high = RANGES[quantity]
        if not isfinite(value):
            raise LayoutError("NaN or infinity has no bin; remove such entities before quantisation")
        return float(min(max(int((value - low) / (high - low) * self._num_bins), 0), self._num_bins - 1))


class _Metres(_Mapping):
    def __init__(self, num_bins: int, centred: bool) -> None:
        self._num_bins = _checked(num_bins)
        self._shift = 0.5 if centred else 0.0

    def number(self, value: float, quantity: Quantity) -> float:
        low, high = RANGES[quantity]
        shift = 0.0 if quantity == "angle" else self._shift
        return (value + shift) / self._num_bins * (high - low) + low

    def thickness(self, value: float) -> float:
        return 0.0 if value == 0 else self.number(value, "height")
