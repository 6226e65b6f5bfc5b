"""Which places a cloud shows: where it holds nothing, nothing follows about what stands there.

A bounded map forgets what it saw longest ago. What stood there has not vanished.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.layout.entities import Box, Entity, Wall

_CELL = 0.25
_BESIDE = 0.4
"""How far (m) beside walls and openings, and around boxes, is looked: there the floor shows, whatever went away."""
_ROW = 1 << 24


class Coverage:
    """The cells in plan, of 0.25 m, in which points (N, 3) lie; they are sorted when they are first asked for."""

    def __init__(self, xyz: ArrayLike) -> None:
        self._xyz = np.asarray(xyz).reshape(-1, 3)

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        return np.unique(_cells(self._xyz[:, :2].astype(np.float64)))

    def share(self, entity: Entity) -> float:
        """The share of the plan of an entity, and of what is next to it, in which there are points."""
        wanted = np.unique(_cells(_plan(entity)))
        if not len(self._cells):
            return 0.0
        place = np.minimum(np.searchsorted(self._cells, wanted), len(self._cells) - 1)
        return float((self._cells[place] == wanted).mean())


def _cells(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    column, row = np.floor(xy / _CELL).astype(np.int64).T
    return column * _ROW + row


def _plan(entity: Entity) -> NDArray[np.float64]:
    """Points (K, 2) that are at most half a cell apart."""
    if isinstance(entity, Wall):
        start, end = np.array(entity.start[:2]), np.array(entity.end[:2])
        return _rectangle((start + end) / 2, end - start, float(np.hypot(*(end - start))), 2 * _BESIDE)
    if isinstance(entity, Box):
        along = np.array([np.cos(entity.yaw), np.sin(entity.yaw)])
        return _rectangle(np.array(entity.center[:2]), along, entity.size[0] + _BESIDE, entity.size[1] + _BESIDE)
    side = entity.width + _BESIDE
    return _rectangle(np.array(entity.center[:2]), np.array([1.0, 0.0]), side, side)


def _rectangle(
    middle: NDArray[np.float64], direction: NDArray[np.float64], length: float, width: float
) -> NDArray[np.float64]:
    along = direction / max(float(np.hypot(*direction)), 1e-9)
    across = np.array([-along[1], along[0]])
    u, v = (np.linspace(-side / 2, side / 2, max(2, int(2 * side / _CELL) + 2)) for side in (length, width))
    return (middle + u[:, None, None] * along + v[None, :, None] * across).reshape(-1, 2)
