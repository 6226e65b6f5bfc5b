"""Where a robot fits: distance from obstacles, connected pieces of floor, and shortest ways over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from spatial_perception.layout.raster import GridFrame
from spatial_perception.navigation.occupancy import FREE, OccupancyGrid
from spatial_perception.navigation.robot import Pose2, Robot

SAFETY_CELLS = 1.0
"""Cells between the radius and an occupied cell: centres of cells tell of edges only up to a cell."""
_WALL_FEAR, _FEAR_RANGE = 1.5, 0.3  # ways keep off obstacles: extra price at contact, and how fast it falls (m)
_SNAP = 0.6  # m within which a robot that touches an obstacle is taken as standing on free floor
_STEPS = (((slice(None), slice(None, -1)), (slice(None), slice(1, None)), 1.0),
          ((slice(None, -1), slice(None)), (slice(1, None), slice(None)), 1.0),
          ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None)), 2**0.5),
          ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)), 2**0.5))  # fmt: skip

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class FreeSpace:
    """Cells (H, W) of a grid as a robot sees them: `clearance` float32 m to the nearest cell that is not free, `passable`
    where its centre may be, and `pieces` int32: which connected piece of passable floor (0: none)."""

    frame: GridFrame
    robot: Robot
    clearance: NDArray[np.float32]
    passable: NDArray[np.bool_]
    pieces: NDArray[np.int32]

    def piece_of(self, pose: Pose2 | None) -> int:
        """The piece of floor on which a robot stands; the largest one without a pose; 0 where there is none."""
        if pose is None:
            counts = np.bincount(self.pieces.ravel())
            return int(counts[1:].argmax()) + 1 if len(counts) > 1 else 0
        return self._piece_near(pose.x, pose.y)

    def _piece_near(self, x: float, y: float) -> int:
        rows, columns = self.frame.window((x - _SNAP, y - _SNAP), (x + _SNAP, y + _SNAP))
        found = np.argwhere(self.passable[rows, columns])
        if not len(found):
            return 0
        cells = np.add(found, (rows.start, columns.start))
        gaps = np.hypot(*(self.frame.centers(cells[:, 0], cells[:, 1]) - (x, y)).T)
        row, column = cells[int(gaps.argmin())]
        return int(self.pieces[row, column]) if gaps.min() <= _SNAP else 0


def free_space(grid: OccupancyGrid, robot: Robot | None = None) -> FreeSpace:
    """The free space of a grid for a robot (Euclidean distance transform; 4-connected pieces)."""
    body = robot or Robot()
    clearance = _clearance(grid.data == FREE) * np.float32(grid.resolution)
    passable = clearance >= body.radius + SAFETY_CELLS * grid.resolution
    pieces, _ = ndimage.label(passable)
    return FreeSpace(grid.frame, body, clearance, passable, np.asarray(pieces, dtype=np.int32))


def _clearance(free: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distances (cells) from cells that are not free; what lies beyond the grid is not free."""
    distances = ndimage.distance_transform_edt(np.pad(free, 1))
    return np.asarray(distances, dtype=np.float32)[1:-1, 1:-1]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Shortest ways from one cell over a mask of cells to all others, some distance off obstacles where there is room."""

    mask: NDArray[np.bool_]
    start: Cell
    _number: NDArray[np.int32]
    _before: NDArray[np.int32]
    _cells: NDArray[np.intp]

    @classmethod
    def over(cls, mask: NDArray[np.bool_], clearance: NDArray[np.float32], start: Cell) -> Ways:
        """Ways over the cells (H, W) of `mask` from `start`, which must be one of them (Dijkstra's algorithm)."""
        cells = np.argwhere(mask)
        number = np.full(mask.shape, -1, dtype=np.int32)
        number[mask] = np.arange(len(cells), dtype=np.int32)
        graph = _graph(mask, number, 1.0 + _WALL_FEAR * np.exp(-clearance / _FEAR_RANGE))
        _, before = csgraph.dijkstra(graph, directed=False, indices=int(number[start]), return_predecessors=True)
        return cls(mask, start, number, before, cells)

    def to(self, goal: Cell) -> list[Cell] | None:
        """The corner cells of the way to a cell, straight lines between them over the mask, or None where there is none."""
        node = int(self._number[goal])
        if node < 0 or (self._before[node] < 0 and goal != self.start):
            return None
        way = [goal]
        while way[-1] != self.start:
            node = int(self._before[node])
            row, column = self._cells[node]
            way.append((int(row), int(column)))
        return _straightened(self.mask, way[::-1])


def _graph(mask: NDArray[np.bool_], number: NDArray[np.int32], price: NDArray[np.float32]) -> sparse.csr_array:
    """Cells joined to their eight neighbours; diagonal steps cut no corners."""
    square = mask[:-1, :-1] & mask[1:, 1:] & mask[:-1, 1:] & mask[1:, :-1]
    starts, ends, costs = [], [], []
    for a, b, length in _STEPS:
        both = mask[a] & mask[b] if length == 1.0 else square
        starts.append(number[a][both])
        ends.append(number[b][both])
        costs.append(length * 0.5 * (price[a] + price[b])[both])
    size = int(mask.sum())
    joined = (np.concatenate(starts), np.concatenate(ends))
    return sparse.coo_array((np.concatenate(costs).astype(float), joined), (size, size)).tocsr()


def _straightened(mask: NDArray[np.bool_], way: Sequence[Cell]) -> list[Cell]:
    """Without the cells between which the straight line stays on the mask: from each corner the farthest one in sight."""
    kept, k = [way[0]], 0
    while k < len(way) - 1:
        low, high = k + 1, len(way) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if _in_sight(mask, way[k], way[middle]) else (low, middle - 1)
        k = low
        kept.append(way[k])
    return kept


def _in_sight(mask: NDArray[np.bool_], a: Cell, b: Cell) -> bool:
    steps = 3 * max(abs(a[0] - b[0]), abs(a[1] - b[1])) + 1
    rows = np.rint(np.linspace(a[0], b[0], steps)).astype(int)
    columns = np.rint(np.linspace(a[1], b[1], steps)).astype(int)
    return bool(mask[rows, columns].all())
