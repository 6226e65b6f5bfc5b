"""Shortest ways over the free cells of a floor grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from spatial_perception.simulation.occupancy import FloorGrid

Cell = tuple[int, int]
SIDES = ((slice(None), slice(None, -1)), (slice(None), slice(1, None)))
ENDS = ((slice(None, -1), slice(None)), (slice(1, None), slice(None)))
FALLING = ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None)))
RISING = ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)))


def tour(grid: FloorGrid, goals: list[Cell]) -> list[Cell]:
    """Corner cells of a closed tour from the first goal over all others, always to the nearest one left.

    The goals must lie in one connected piece of free cells.
    """
    graph, number = _graph(grid)
    path, here, left = [goals[0]], goals[0], list(goals[1:])
    while True:
        cost, before = csgraph.dijkstra(graph, indices=int(number[here]), return_predecessors=True)
        target = min(left, key=lambda cell: float(cost[number[cell]])) if left else goals[0]
        path += _straight(grid, _walk(before, number, here, target))[1:]
        if not left:
            return path
        left.remove(target)
        here = target


def _graph(grid: FloorGrid) -> tuple[sparse.csr_array, NDArray[np.intp]]:
    """Free cells joined to their eight neighbours; steps near obstacles cost more, so that the robot keeps off them."""
    free = ~grid.blocked
    number = np.full(free.shape, -1, dtype=np.intp)
    number[free] = np.arange(int(free.sum()))
    price = 1.0 + 0.8 * np.exp(-ndimage.distance_transform_edt(free) * grid.resolution / 0.15)
    starts, ends, costs = [], [], []
    for (a, b), step in ((SIDES, 1.0), (ENDS, 1.0), (FALLING, 2**0.5), (RISING, 2**0.5)):
        both = free[a] & free[b]
        if step > 1.0:
            both &= _diagonal(free)
        starts.append(number[a][both])
        ends.append(number[b][both])
        costs.append(step * 0.5 * (price[a] + price[b])[both])
    size = int(free.sum())
    half = sparse.coo_array((np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))), (size, size))
    return (half + half.T).tocsr(), number


def _diagonal(free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where all four cells around a corner are free: diagonal steps cut no corners."""
    return free[:-1, :-1] & free[1:, 1:] & free[:-1, 1:] & free[1:, :-1]


def _walk(before: NDArray[np.int32], number: NDArray[np.intp], start: Cell, end: Cell) -> list[Cell]:
    cells = np.argwhere(number >= 0)
    node, way = int(number[end]), [end]
    while node != number[start]:
        node = int(before[node])
        way.append((int(cells[node][0]), int(cells[node][1])))
    return way[::-1]


def _straight(grid: FloorGrid, way: list[Cell]) -> list[Cell]:
    """Leave out the cells between which the straight line is free; at most 2.5 m at once, so that ways stay near the middle."""
    kept, k = [way[0]], 0
    reach = max(1, int(2.5 / grid.resolution))
    while k < len(way) - 1:
        last = min(k + reach, len(way) - 1)
        k = next((j for j in range(last, k + 1, -1) if _clear(grid, way[k], way[j])), k + 1)
        kept.append(way[k])
    return kept


def _clear(grid: FloorGrid, a: Cell, b: Cell) -> bool:
    steps = 3 * max(abs(a[0] - b[0]), abs(a[1] - b[1])) + 1
    rows = np.rint(np.linspace(a[0], b[0], steps)).astype(int)
    columns = np.rint(np.linspace(a[1], b[1], steps)).astype(int)
    return not bool(grid.blocked[rows, columns].any())
