"""Doors and windows: holes and recesses in walls that no shadow explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial_perception.models.geometric.hole_features import Bounds, hole_features, probability
from spatial_perception.models.geometric.holes import candidate_bounds, solid_below
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.samples import Floats, Samples
from spatial_perception.models.geometric.wall_view import ON_SURFACE, WallGrid, WallView, view_wall
from spatial_perception.models.geometric.walls import Run

_DOOR_HEIGHT = (1.6, 3.2)  # m
_DOOR_WIDTH = (0.5, 4.0)  # m
_WINDOW_SIZE = 0.3  # m, width and height at least
_SILL = 0.25  # m; holes that start lower are doors
_HIDDEN_SILL = 0.7  # m; so are tall, narrow ones that start lower than this where nothing of the wall is seen below
_LEAF_WIDTH = 1.4  # m
_LEAST_SCORE = 0.4


@dataclass(frozen=True, slots=True)
class Opening:
    """A hole in wall `wall` (index): from `u0` to `u1` along it, `z0` to `z1` (m, canonical frame).

    `score` is the chance of being right, `support` counts samples on its frame and in it, `features` is what the score rests on.
    """

    wall: int
    u0: float
    u1: float
    z0: float
    z1: float
    is_door: bool
    score: float
    support: int
    features: tuple[float, ...]

    @property
    def width(self) -> float:
        """Width along the wall (m)."""
        return self.u1 - self.u0

    @property
    def height(self) -> float:
        """Height along z (m)."""
        return self.z1 - self.z0


def find_openings(
    walls: list[Run], samples: Samples, levels: Levels, least_score: float = _LEAST_SCORE
) -> list[Opening]:
    """Doors and windows of all walls, in the order of the walls and along them."""
    found: list[Opening] = []
    for index, run in enumerate(walls):
        view = view_wall(run, samples, levels)
        holes = [_opening(index, run, view, bounds, levels) for bounds in candidate_bounds(view)]
        good = [hole for hole in holes if hole is not None and hole.score >= least_score]
        found += sorted(_distinct(good), key=lambda h: (h.u0, h.z0))
    return found


def _distinct(holes: list[Opening]) -> list[Opening]:
    """The best of each set of holes that overlap."""
    kept: list[Opening] = []
    for hole in sorted(holes, key=lambda h: (-h.score, -h.width * h.height, h.u0)):
        if all(_overlap(hole, other) < 0.25 for other in kept):
            kept.append(hole)
    return kept


def _overlap(a: Opening, b: Opening) -> float:
    """Shared area of two holes over the smaller of both."""
    wide = min(a.u1, b.u1) - max(a.u0, b.u0)
    tall = min(a.z1, b.z1) - max(a.z0, b.z0)
    return max(wide, 0.0) * max(tall, 0.0) / min(a.width * a.height, b.width * b.height)


def _opening(index: int, run: Run, view: WallView, bounds: Bounds, levels: Levels) -> Opening | None:
    """The opening within `bounds`, or None when it has no size of a door or window."""
    grid = view.grid
    u0, u1, z0, z1 = _refined(bounds, grid, view, run)
    is_door = _reaches_floor(view, bounds, u1 - u0)
    z0 = levels.floor if is_door else z0
    width, height = u1 - u0, z1 - z0
    if is_door and not (_DOOR_HEIGHT[0] < height < _DOOR_HEIGHT[1] and _DOOR_WIDTH[0] < width < _DOOR_WIDTH[1]):
        return None
    if min(width, height) < _WINDOW_SIZE:
        return None
    features = hole_features(view, bounds, (width, z0 - levels.floor, z1 - levels.floor), levels.height)
    edges = (u0, u1, z0, z1)
    return Opening(index, *edges, is_door, probability(features, is_door), _support(view, edges), features)


def _reaches_floor(view: WallView, bounds: Bounds, width: float) -> bool:
    """Whether a hole is a door: it starts at the floor, or its foot is hidden and it has the shape of a door."""
    cell = view.grid.cell
    bottom, top = bounds.j0 * cell, bounds.j1 * cell
    if bottom < _SILL:
        return True
    door_like = bottom < _HIDDEN_SILL and 1.8 < top < 2.4 and width < _LEAF_WIDTH
    return door_like and solid_below(view, bounds) < 0.4


def _refined(bounds: Bounds, grid: WallGrid, view: WallView, run: Run) -> tuple[float, float, float, float]:
    """Edges (u0, u1, z0, z1) moved to the nearest surface points around the hole."""
    c = grid.cell
    u0, u1 = grid.u0 + bounds.i0 * c, grid.u0 + bounds.i1 * c
    z0, z1 = grid.floor + bounds.j0 * c, grid.floor + bounds.j1 * c
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
