"""Where on the floor of a home a robot or a tripod can stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.ops import unary_union

from spatial_perception.simulation.apartment import Home
from spatial_perception.simulation.solids import Solids


@dataclass(frozen=True, slots=True, eq=False)
class FloorGrid:
    """Cells (H, W) of `resolution` metres; `blocked[i, j]` is the cell whose centre is origin + ((j, i) + 0.5) * resolution."""

    blocked: NDArray[np.bool_]
    origin: tuple[float, float]
    resolution: float

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x (W,) and y (H,) of the cell centres (m)."""
        rows, columns = self.blocked.shape
        x = np.asarray(self.origin[0] + (np.arange(columns) + 0.5) * self.resolution, dtype=float)
        return x, np.asarray(self.origin[1] + (np.arange(rows) + 0.5) * self.resolution, dtype=float)

    def cell(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell at a point (m)."""
        return int((y - self.origin[1]) // self.resolution), int((x - self.origin[0]) // self.resolution)

    def point(self, cell: tuple[int, int]) -> tuple[float, float]:
        """Centre (m) of a cell."""
        x, y = (self.origin[k] + (cell[1 - k] + 0.5) * self.resolution for k in (0, 1))
        return (x, y)


def floor_grid(home: Home, radius: float, *, top: float = 1.8, resolution: float = 0.05) -> FloorGrid:
    """Cells where a disc of `radius` (m) and height `top` (m) touches something above 4 cm, or lies outside the home."""
    outline = unary_union([Polygon(room.polygon) for room in home.rooms])
    x0, y0, x1, y1 = outline.bounds
    shape = (int(np.ceil((y1 - y0) / resolution)) + 1, int(np.ceil((x1 - x0) / resolution)) + 1)
    grid = FloorGrid(np.zeros(shape, dtype=bool), (x0, y0), resolution)
    x, y = grid.centres()
    shapely.prepare(outline)
    grid.blocked[:] = ~shapely.contains_xy(outline, *np.meshgrid(x, y))
    low, high = _heights(home.solids)
    for k in np.flatnonzero((high > home.floor + 0.04) & (low < home.floor + top)):
        _block(grid, home.solids, int(k), radius, x, y)
    return grid


def _heights(solids: Solids) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return solids.center[:, 2] - solids.size[:, 2] / 2, solids.center[:, 2] + solids.size[:, 2] / 2


def _block(
    grid: FloorGrid, solids: Solids, k: int, radius: float, x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    """Mark the cells whose centre is within `radius` of the rectangle around solid `k`."""
    reach = float(np.hypot(*solids.size[k, :2])) / 2 + radius
    cx, cy = solids.center[k, :2]
    columns = slice(*np.searchsorted(x, [cx - reach, cx + reach]))
    rows = slice(*np.searchsorted(y, [cy - reach, cy + reach]))
    dx, dy = np.meshgrid(x[columns] - cx, y[rows] - cy)
    c, s = np.cos(solids.yaw[k]), np.sin(solids.yaw[k])
    gap_x = np.maximum(np.abs(c * dx + s * dy) - solids.size[k, 0] / 2, 0.0)
    gap_y = np.maximum(np.abs(c * dy - s * dx) - solids.size[k, 1] / 2, 0.0)
    grid.blocked[rows, columns] |= np.hypot(gap_x, gap_y) <= radius
