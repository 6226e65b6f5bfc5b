"""Doors and windows: holes and recesses in walls that no shadow explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.samples import Floats, Mask, Samples
from spatial_perception.models.geometric.wall_view import ON_SURFACE, Side, WallGrid, WallView, view_wall
from spatial_perception.models.geometric.walls import Run

_LEAST_AREA = 0.2  # m2
_DOOR_HEIGHT = (1.6, 3.0)  # m
_DOOR_WIDTH = (0.5, 4.0)  # m
_WINDOW_SIZE = (0.3, 0.3)  # m, width and height at least
_SILL = 0.25  # m; holes that start lower are doors
_LEAST_FILL = 0.6
_SQUARE = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in wall `wall` (index): from `u0` to `u1` along it, `z0` to `z1` (m, canonical frame); `evidence` in [0, 1]."""

    wall: int
    u0: float
    u1: float
    z0: float
    z1: float
    is_door: bool
    evidence: float
    support: int

    @property
    def width(self) -> float:
        """Width along the wall (m)."""
        return self.u1 - self.u0

    @property
    def height(self) -> float:
        """Height along z (m)."""
        return self.z1 - self.z0


def find_openings(walls: list[Run], samples: Samples, levels: Levels) -> list[Opening]:
    """Doors and windows of all walls, in the order of the walls and along them."""
    found: list[Opening] = []
    for index, run in enumerate(walls):
        view = view_wall(run, samples, levels)
        holes = [_opening(index, run, view, cells, levels) for cells in _components(view, run)]
        found += sorted((h for h in holes if h is not None), key=lambda h: (h.u0, h.z0))
    return found


def _components(view: WallView, run: Run) -> list[Mask]:
    """Connected groups of cells (U, Z) that are open."""
    labels, count = ndimage.label(open_cells(view))
    cells = [labels == k for k in range(1, count + 1)]
    return [c for c in cells if c.sum() * view.grid.cell**2 > _LEAST_AREA]


def open_cells(view: WallView) -> Mask:
    """Cells where no seen side is solid or hidden, or where a side shows a recess."""
    empty = np.ones(view.grid.shape, dtype=bool)
    explained = np.ones(view.grid.shape, dtype=bool)
    recess = np.zeros(view.grid.shape, dtype=bool)
    for side in view.sides:
        unseen = ~side.seen[:, None]
        empty &= ~side.solid | unseen
        explained &= side.hidden | unseen
        recess |= _recess(side)
    return ndimage.binary_opening(empty & ~explained | recess, _SQUARE)


def _recess(side: Side) -> Mask:
    """Holes of one side whose ground is a surface inside the wall."""
    ground = ndimage.binary_closing(np.pad(side.recessed, 2), _SQUARE)[2:-2, 2:-2]
    return ground & ~side.solid & side.seen[:, None]


def _opening(index: int, run: Run, view: WallView, cells: Mask, levels: Levels) -> Opening | None:
    """The opening that a group of cells makes, or None when it has no such shape."""
    bounds = _rectangle(cells)
    if bounds is None:
        return None
    i0, i1, j0, j1 = bounds
    fill = float(cells[i0:i1, j0:j1].mean())
    grid = view.grid
    if fill < _LEAST_FILL or _at_wall_end(bounds, grid, view):
        return None
    u0, u1, z0, z1 = _refined(bounds, grid, view, run)
    low = bottom_is_open(cells, bounds, grid)
    if low:
        z0 = levels.floor
    width, height = u1 - u0, z1 - z0
    if low and not (_DOOR_HEIGHT[0] < height < _DOOR_HEIGHT[1] and _DOOR_WIDTH[0] < width < _DOOR_WIDTH[1]):
        return None
    if width < _WINDOW_SIZE[0] or height < _WINDOW_SIZE[1]:
        return None
    evidence = fill
    return Opening(index, u0, u1, z0, z1, low, evidence, _support(view, (u0, u1, z0, z1)))


def _rectangle(cells: Mask) -> tuple[int, int, int, int] | None:
    """Half-open bounds (i0, i1, j0, j1) of the rows and columns that are at least half as full as the fullest."""
    columns, rows = cells.sum(axis=1), cells.sum(axis=0)
    i = np.flatnonzero(columns >= 0.5 * columns.max())
    j = np.flatnonzero(rows >= 0.5 * rows.max())
    if len(i) < 2 or len(j) < 2:
        return None
    return int(i[0]), int(i[-1]) + 1, int(j[0]), int(j[-1]) + 1


def bottom_is_open(cells: Mask, bounds: tuple[int, int, int, int], grid: WallGrid) -> bool:
    """Whether the hole reaches the floor."""
    i0, i1, j0, _ = bounds
    return j0 * grid.cell < _SILL and bool(cells[i0:i1, : max(1, int(_SILL / grid.cell))].mean() > 0.3)


def _at_wall_end(bounds: tuple[int, int, int, int], grid: WallGrid, view: WallView) -> bool:
    """Whether a hole of full height lies at the end of the wall: the wall is unseen there rather than open."""
    full = (bounds[3] - bounds[2]) * grid.cell > 0.9 * grid.shape[1] * grid.cell
    return full and (bounds[0] <= 1 or bounds[1] >= grid.shape[0] - 1)


def _refined(
    bounds: tuple[int, int, int, int], grid: WallGrid, view: WallView, run: Run
) -> tuple[float, float, float, float]:
    """Edges (u0, u1, z0, z1) moved to the nearest surface points around the hole."""
    c = grid.cell
    u0, u1 = grid.u0 + bounds[0] * c, grid.u0 + bounds[1] * c
    z0, z1 = grid.floor + bounds[2] * c, grid.floor + bounds[3] * c
    u, s, z = view.points
    on = np.abs(np.abs(s) - run.thickness / 2) < ON_SURFACE
    u, z = u[on], z[on]
    level = (z > z0 + c) & (z < z1 - c)
    over = (u > u0 + c) & (u < u1 - c)
    um, zm = (u0 + u1) / 2, (z0 + z1) / 2
    left = _edge(u[level & (u < um)], z[level & (u < um)], u0, c, 1.0)
    right = _edge(u[level & (u > um)], z[level & (u > um)], u1, c, -1.0)
    low = _edge(z[over & (z < zm)], u[over & (z < zm)], z0, c, 1.0)
    high = _edge(z[over & (z > zm)], u[over & (z > zm)], z1, c, -1.0)
    return left, right, low, high


def _edge(across: Floats, along: Floats, near: float, cell: float, inward: float) -> float:
    """Median over strips of the point nearest to the hole, among points within 2.5 cells of the coarse edge."""
    close = np.abs(across - near) < 2.5 * cell
    if close.sum() < 4:
        return near
    across, strip = across[close], np.floor(along[close] / cell).astype(np.int64)
    strip -= strip.min()
    extreme = np.full(int(strip.max()) + 1, -np.inf)
    np.maximum.at(extreme, strip, inward * across)
    return float(inward * np.median(extreme[np.isfinite(extreme)]))


def _support(view: WallView, edges: tuple[float, float, float, float]) -> int:
    """Number of samples on the frame around the hole and on what fills it."""
    u, s, z = view.points
    u0, u1, z0, z1 = edges
    near = (u > u0 - 0.1) & (u < u1 + 0.1) & (z > z0 - 0.1) & (z < z1 + 0.1)
    deepest = max((abs(side.offset) for side in view.sides), default=0.0) + 0.1
    return int((near & (np.abs(s) < deepest)).sum())
