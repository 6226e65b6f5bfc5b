"""What tells an opening from a shadow, and the chance that a hole is one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.calibration import DOOR, WINDOW
from spatial_perception.models.geometric.samples import Mask
from spatial_perception.models.geometric.wall_view import WallView


class Bounds(NamedTuple):
    """Half-open ranges of columns [i0, i1) and rows [j0, j1) of a wall grid."""

    i0: int
    i1: int
    j0: int
    j1: int


def hole_features(view: WallView, bounds: Bounds, size: tuple[float, float, float], height: float) -> tuple[float, ...]:
    """Numbers that describe a hole: how empty it is, how it is framed, what covers it and what lies in and behind it.

    `size` is its width, and its bottom and top above the floor (m); `height` that of the wall (m).
    """
    box = np.s_[bounds.i0 : bounds.i1, bounds.j0 : bounds.j1]
    sides = [side for side in view.sides if side.seen[bounds.i0 : bounds.i1].mean() > 0.3] or list(view.sides)
    solid = np.all([side.solid for side in sides], axis=0)
    some_solid = np.any([side.solid for side in sides], axis=0)
    recessed = np.any([side.recessed for side in sides], axis=0)
    covered = np.all([side.covered for side in sides], axis=0)
    hidden = np.all([side.hidden for side in sides], axis=0)
    draped = np.any([side.draped for side in sides], axis=0)
    left, right, low, high = _frame(solid | some_solid, bounds)
    width, bottom, top = size
    return (
        1.0 - float(solid[box].mean()),
        1.0 - float(some_solid[box].mean()),
        min(left, right),
        max(left, right),
        low,
        high,
        float(covered[box].mean()),
        float(hidden[box].mean()),
        float(recessed[box].mean()),
        _rim(recessed, bounds),
        float(view.beyond[box].mean()),
        float(len(sides) > 1),
        _ramp(width, 0.4, 0.7) - _ramp(width, 1.2, 2.4),
        _ramp(top, 1.6, 1.9) - _ramp(top, 2.2, 2.6),
        _ramp(bottom, 0.3, 0.7) - _ramp(bottom, 1.2, 1.8),
        _ramp((top - bottom), 0.4, 0.8),
        float(height - top < 0.1),
        float(draped[box].mean()),
    )


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def _frame(solid: Mask, bounds: Bounds) -> tuple[float, float, float, float]:
    """Shares of the strips two cells wide at the left, right, below and above a hole that are seen as surface."""
    i0, i1, j0, j1 = bounds
    strips = (
        solid[max(0, i0 - 3) : i0, j0:j1],
        solid[i1 : i1 + 3, j0:j1],
        solid[i0:i1, max(0, j0 - 3) : j0],
        solid[i0:i1, j1 : j1 + 3],
    )
    left, right = (float(s.any(axis=0).mean()) if s.size else 0.0 for s in strips[:2])
    low, high = (float(s.any(axis=1).mean()) if s.size else 0.0 for s in strips[2:])
    return left, right, low, high


def _rim(recessed: Mask, bounds: Bounds) -> float:
    """Share of the hole's rim, two cells wide, near which something lies within the wall: jambs, sills and frames."""
    i0, i1, j0, j1 = bounds
    near = ndimage.binary_dilation(recessed[max(0, i0 - 1) : i1 + 1, max(0, j0 - 1) : j1 + 1])
    inner = np.zeros(near.shape, dtype=bool)
    inner[3:-3, 3:-3] = True
    rim = ~inner
    return float(near[rim].mean()) if rim.any() else 0.0


def probability(features: tuple[float, ...], is_door: bool) -> float:
    """The chance that a hole with these features is a door or a window."""
    return (DOOR if is_door else WINDOW).probability(features)
