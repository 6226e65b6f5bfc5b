"""Floor and ceiling heights from horizontal surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.samples import Floats, Samples

HORIZONTAL = 0.9  # least |z| of the normal of a horizontal surface
VERTICAL = 0.35  # greatest |z| of the normal of a vertical surface
_BIN = 0.03  # m
_CELL = 0.3  # m
_SHARE = 0.1  # of the largest horizontal layer: what a floor or ceiling has at least
_HELD = 0.6  # share of the most raw points of a layer that a floor holds at least; beds near the scanner hold many
_NEAR_CEILING = 0.1  # m
_LEAST_HEADROOM = 1.9  # m
_MOST_HEADROOM = 6.0  # m
_LOWEST_WALL = 1.45  # m; what ends lower where no ceiling is seen may as well be furniture


@dataclass(frozen=True, slots=True)
class Levels:
    """Heights (m, canonical frame): `floor`, `ceiling` (None when not seen) and `top`, to which walls are drawn.

    `spread` (m) is how far the ceiling departs from one height: by sagging, by tilt, by the errors of a scanner.
    """

    floor: float
    ceiling: float | None
    top: float
    floor_seen: bool
    spread: float = 0.0

    @property
    def shows_walls(self) -> bool:
        """Whether vertical surfaces reach high enough to be walls rather than furniture."""
        return self.ceiling is not None or self.height > _LOWEST_WALL

    @property
    def height(self) -> float:
        """Height of the walls (m)."""
        return self.top - self.floor


def find_levels(samples: Samples) -> Levels:
    """Floor and ceiling of the scene; where one is not seen, the lowest or highest points stand in for it.

    They are the two horizontal layers that lie above one another over the largest area: ground seen through a window
    has no ceiling above it, and a table top is smaller than the floor. Where ground outside is so wide that the floor does
    not stand out beside it, only what lies below the highest layer is looked at.
    """
    z = samples.xyz[:, 2]
    flat = np.abs(samples.normal[:, 2]) > HORIZONTAL
    lowest, highest = np.percentile(z, [0.5, 99.5])
    heights, cells = _layers(samples.xyz[flat])
    pair = _floor_and_ceiling(heights, cells)
    if pair is None and heights:
        covered = np.isin(_cells(samples.xyz[flat]), cells[-1])
        pair = _floor_and_ceiling(*_layers(samples.xyz[flat][covered]))
    if pair is not None:
        floor, ceiling = (_refined(z[flat], h) for h in pair)
        near = z[flat & (np.abs(z - ceiling) < 0.2)]
        return Levels(floor, ceiling, ceiling, True, float(np.ptp(np.percentile(near, [5, 95])) / 2))
    floor_seen = len(heights) > 0
    floor = _refined(z[flat], _single_floor(heights, samples, flat)) if floor_seen else float(lowest)
    return Levels(floor, None, _wall_top(samples, floor, float(highest)), floor_seen)


def overhead(samples: Samples, levels: Levels) -> Floats:
    """Plan points (N, 2) of the ceiling, or of all horizontal surfaces where no ceiling is seen.

    The ceiling tells rooms from the bodies of walls: floors run through doors, and furniture hides them.
    """
    flat = np.abs(samples.normal[:, 2]) > HORIZONTAL
    if levels.ceiling is not None:
        flat &= samples.xyz[:, 2] > levels.ceiling - _NEAR_CEILING
    return samples.xyz[flat, :2]


def _layers(flat: Floats) -> tuple[list[float], list[NDArray[np.int64]]]:
    """Heights of horizontal layers that stand out, ascending, and the plan cells that each occupies."""
    if len(flat) == 0:
        return [], []
    lowest = float(flat[:, 2].min())
    layer = np.floor((flat[:, 2] - lowest) / _BIN).astype(np.int64)
    cell = _cells(flat)
    area = np.convolve(np.bincount(layer, minlength=3).astype(float), np.ones(3), mode="same")
    peak = (area >= np.r_[0, area[:-1]]) & (area > np.r_[area[1:], 0]) & (area >= _SHARE * area.max())
    found = np.flatnonzero(peak)
    cells = [np.unique(cell[np.abs(layer - k) <= 1]) for k in found]
    return [float(lowest + (k + 0.5) * _BIN) for k in found], cells


def _cells(flat: Floats) -> NDArray[np.int64]:
    """Numbers (N,) of the plan cells of points (N, 3)."""
    index = np.floor((flat[:, :2] - flat[:, :2].min(axis=0)) / _CELL).astype(np.int64)
    return index[:, 0] * (int(index[:, 1].max()) + 1) + index[:, 1]


def _floor_and_ceiling(heights: list[float], cells: list[NDArray[np.int64]]) -> tuple[float, float] | None:
    """The pair of layers, with headroom between them, that overlap most; None when no pair overlaps well."""
    best, most = None, 8
    for i, low in enumerate(heights):
        for j in range(i + 1, len(heights)):
            if _LEAST_HEADROOM < heights[j] - low < _MOST_HEADROOM:
                overlap = len(np.intersect1d(cells[i], cells[j], assume_unique=True))
                if overlap > most and overlap > 0.3 * min(len(cells[i]), len(cells[j])):
                    best, most = (low, heights[j]), overlap
    return best


def _single_floor(heights: list[float], samples: Samples, flat: NDArray[np.bool_]) -> float:
    """The lowest layer that holds about as many raw points as any in the lower half: ground outside is wide, but seen thinly."""
    z, weight = samples.xyz[flat, 2], samples.weight[flat]
    middle = float(np.median(np.repeat(samples.xyz[:, 2], np.minimum(samples.weight, 20).astype(np.int64))))
    low = [h for h in heights if h <= middle] or heights[:1]
    held = [float(weight[np.abs(z - h) < 2 * _BIN].sum()) for h in low]
    return next(h for h, points in zip(low, held) if points >= _HELD * max(held))


def _refined(z: Floats, near: float) -> float:
    return float(np.median(z[np.abs(z - near) < 2.5 * _BIN]))


def _wall_top(samples: Samples, floor: float, highest: float) -> float:
    """Upper end of vertical surfaces: the 98th percentile of their heights."""
    upright = np.abs(samples.normal[:, 2]) < VERTICAL
    z = samples.xyz[upright, 2]
    return max(float(np.percentile(z, 98)), floor + 0.5) if len(z) else highest
