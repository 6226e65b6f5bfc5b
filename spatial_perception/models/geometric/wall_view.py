"""A wall seen face on: rasters (u along the wall, z up) of what lies in, behind and before each of its sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.raster import noise_of, splat, standing_off
from spatial_perception.models.geometric.samples import Floats, Mask, Samples
from spatial_perception.models.geometric.walls import Run, span_on

ON_SURFACE = 0.035  # m
_RECESS = 0.30  # m; a pane or leaf lies this deep behind the face of a wall of unknown thickness at most
_BEFORE = (0.07, 0.8)  # m; furniture this near to a wall may hide it
_DRAPE = (0.05, 0.27)  # m; curtains hang this far before a wall
_DRAPE_HEIGHT = 1.0  # m
_SET_BACK = 0.018  # m; surfaces that lie this far behind a face are none of it
_CROSS = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class WallGrid:
    """Cells of `cell` metres: U columns from `u0` along the wall, Z rows from the floor up."""

    u0: float
    floor: float
    cell: float
    shape: tuple[int, int]

    def fill(self, u: Floats, z: Floats, gap: Floats) -> Mask:
        """Which cells (U, Z) points cover that lie `gap` metres from their neighbours."""
        return splat((u - self.u0) / self.cell, (z - self.floor) / self.cell, gap / self.cell, self.shape)

    def columns(self, start: float, end: float) -> slice:
        """Columns between two positions along the wall."""
        first = int(np.clip(round((start - self.u0) / self.cell), 0, self.shape[0]))
        last = int(np.clip(round((end - self.u0) / self.cell), 0, self.shape[0]))
        return slice(first, last)


@dataclass(frozen=True, slots=True)
class Side:
    """What is seen of one side of a wall: the room lies towards `sign`, the surface at `offset` (m) from the centre line.

    Rasters (U, Z): `solid` surface, `recessed` surface behind it, `covered` by what is right in front, `hidden` also what may lie
    in its shadow, `draped` by something like a curtain; `seen` (U,) columns.
    """

    sign: float
    offset: float
    solid: Mask
    recessed: Mask
    covered: Mask
    hidden: Mask
    draped: Mask
    seen: Mask


@dataclass(frozen=True, slots=True)
class WallView:
    """All of one wall: its grid, its sides, points beyond it (`beyond`, (U, Z)), and the points near it as (u, s, z)."""

    grid: WallGrid
    sides: tuple[Side, ...]
    beyond: Mask
    points: tuple[Floats, Floats, Floats]


def view_wall(run: Run, samples: Samples, levels: Levels) -> WallView:
    """Rasters of a wall from the samples of the scene."""
    xyz = samples.xyz
    u, s, z = run.line.along(xyz[:, :2]), run.line.aside(xyz[:, :2]), xyz[:, 2]
    near = (u > run.start - 0.2) & (u < run.end + 0.2) & (np.abs(s) < 3.0)
    u, s, z, gap = u[near], s[near], z[near], samples.gap[near]
    grid = _grid(run, s, gap, levels)
    sides = tuple(_side(run, grid, sign, u, s, z, gap) for sign in run.room_sides)
    far = _beyond(run, s)
    return WallView(grid, sides, grid.fill(u[far], z[far], gap[far]), (u, s, z))


def _grid(run: Run, s: Floats, gap: Floats, levels: Levels) -> WallGrid:
    on = np.abs(np.abs(s) - run.thickness / 2) < ON_SURFACE
    cell = float(np.clip(1.5 * np.median(gap[on]), 0.05, 0.2)) if on.any() else 0.1
    shape = (max(1, int(np.ceil(run.length / cell))), max(1, int(np.ceil(levels.height / cell))))
    return WallGrid(run.start, levels.floor, cell, shape)


def _beyond(run: Run, s: Floats) -> Mask:
    """Points behind a wall that is seen from one side only."""
    if run.thickness:
        return np.zeros(len(s), dtype=bool)
    depth = -run.room_sides[0] * s
    return (depth > 0.06) & (depth < 3.0)


def _side(run: Run, grid: WallGrid, sign: float, u: Floats, s: Floats, z: Floats, gap: Floats) -> Side:
    offset = sign * run.thickness / 2
    depth = sign * (offset - s)  # positive into the wall

    def cells(low: float, high: float) -> Mask:
        chosen = (depth >= low) & (depth < high)
        return grid.fill(u[chosen], z[chosen], gap[chosen])

    back = _set_back(grid, u, z, depth)
    on = cells(-_BEFORE[0], ON_SURFACE)  # with what hangs flat on the wall
    solid = _closed(on & ~back) & ~back
    deepest = run.thickness - ON_SURFACE if run.thickness else _RECESS
    recessed = (cells(ON_SURFACE, deepest) | (on & back)) & ~solid
    covered, hidden = _obstructed(cells(-_BEFORE[1], -_BEFORE[0]), grid.cell)
    draped = _draped(cells(-_DRAPE[1], -_DRAPE[0]), grid.cell)
    return Side(sign, offset, solid, recessed, covered, hidden, draped, _seen_columns(run, grid, sign))


def _closed(mask: Mask) -> Mask:
    return ndimage.binary_closing(np.pad(mask, 2), _CROSS)[2:-2, 2:-2]


def _set_back(grid: WallGrid, u: Floats, z: Floats, depth: Floats) -> Mask:
    """Cells whose surface lies behind the face on the mean over 3 x 3 cells: leaves and panes that are hardly recessed."""
    close = np.abs(depth) < 0.1
    if not close.any():
        return np.zeros(grid.shape, dtype=bool)
    index = np.floor(np.stack([u[close] - grid.u0, z[close] - grid.floor]) / grid.cell).astype(np.int64)
    inside = ((index >= 0) & (index < np.array(grid.shape)[:, None])).all(axis=0)
    least = max(_SET_BACK, noise_of(depth[close]))
    return standing_off(index[:, inside], depth[close][inside], grid.shape, least)


def _draped(front: Mask, cell: float) -> Mask:
    """Cells that something flat and tall before a wall covers, as curtains do."""
    return ndimage.binary_opening(_closed(front), np.ones((1, max(2, int(_DRAPE_HEIGHT / cell))), dtype=bool))


def _obstructed(front: Mask, cell: float) -> tuple[Mask, Mask]:
    """Cells that furniture in front covers, and those it may hide: all below what stands lower than a scanner, too."""
    edge = max(1, int(0.1 / cell))
    front = front.copy()
    front[:, :edge] = False
    front[:, -edge:] = False
    dense = _closed(front)
    low = dense.copy()
    low[:, int(1.9 / cell) :] = False
    below = np.flip(np.logical_or.accumulate(np.flip(low, axis=1), axis=1), axis=1)
    return dense, ndimage.binary_dilation(dense | below, _CROSS)


def _seen_columns(run: Run, grid: WallGrid, sign: float) -> Mask:
    seen = np.zeros(grid.shape[0], dtype=bool)
    for face in run.faces:
        start, end = span_on(run.line, face)
        middle = face.offset_at(run.line, (start + end) / 2)
        if not run.thickness or sign * middle > 0:
            seen[grid.columns(start, end)] = True
    return seen
