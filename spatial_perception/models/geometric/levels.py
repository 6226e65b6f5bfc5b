"""Floor and ceiling heights from horizontal surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.processing import Floats, Samples

HORIZONTAL = 0.9  # least |z| of the normal of a horizontal surface
VERTICAL = 0.35  # greatest |z| of the normal of a vertical surface
_BIN = 0.03  # m
_CELL = 0.15  # m
_SHARE = 0.2  # of the largest horizontal layer: what a floor or ceiling has at least
_LEAST_HEADROOM = 1.9  # m
_MOST_HEADROOM = 6.0  # m


@dataclass(frozen=True, slots=True)
class Levels:
    """Heights (m, canonical frame): `floor`, `ceiling` (None when not seen) and `top`, to which walls are drawn."""

    floor: float
    ceiling: float | None
    top: float
    floor_seen: bool

    @property
    def height(self) -> float:
        """Height of the walls (m)."""
        return self.top - self.floor


def find_levels(samples: Samples) -> Levels:
    """Floor and ceiling of the scene; where one is not seen, the lowest or highest points stand in for it."""
    z = samples.xyz[:, 2]
    flat = np.abs(samples.normal[:, 2]) > HORIZONTAL
    lowest, highest = np.percentile(z, [0.5, 99.5])
    layers = _layer_areas(samples.xyz[flat], lowest, highest)
    if layers.max(initial=0) < 4:
        return Levels(float(lowest), None, float(highest), False)
    strong = np.flatnonzero(layers >= _SHARE * layers.max()) * _BIN + lowest
    floor_seen = bool(strong[0] - lowest < 0.5 * (highest - lowest))
    floor = _refined(z[flat], strong[0]) if floor_seen else float(lowest)
    above = strong[(strong > floor + _LEAST_HEADROOM) & (strong < floor + _MOST_HEADROOM)]
    if len(above):
        ceiling = _refined(z[flat], above[-1])
        return Levels(floor, ceiling, ceiling, floor_seen)
    return Levels(floor, None, _wall_top(samples, floor, float(highest)), floor_seen)


def _layer_areas(flat: Floats, lowest: float, highest: float) -> NDArray[np.float64]:
    """Occupied cells per height bin, smoothed over three bins."""
    count = max(3, int((highest - lowest) / _BIN) + 2)
    if len(flat) == 0:
        return np.zeros(count)
    layer = np.clip(((flat[:, 2] - lowest) / _BIN + 0.5).astype(np.int64), 0, count - 1)
    cell = np.floor((flat[:, :2] - flat[:, :2].min(axis=0)) / _CELL).astype(np.int64)
    width = int(cell[:, 1].max()) + 1
    key = np.unique((cell[:, 0] * width + cell[:, 1]) * count + layer)
    return np.convolve(np.bincount(key % count, minlength=count).astype(float), np.ones(3), mode="same")


def _refined(z: Floats, near: float) -> float:
    return float(np.median(z[np.abs(z - near) < 2.5 * _BIN]))


def _wall_top(samples: Samples, floor: float, highest: float) -> float:
    """Upper end of vertical surfaces: the 98th percentile of their heights."""
    upright = np.abs(samples.normal[:, 2]) < VERTICAL
    z = samples.xyz[upright, 2]
    return max(float(np.percentile(z, 98)), floor + 0.5) if len(z) else highest
