"""Wall faces: the stretches of a line in the plan where a vertical surface reaches the ceiling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.levels import HORIZONTAL, VERTICAL, Levels
from spatial_perception.models.geometric.lines import Line, find_lines
from spatial_perception.models.geometric.processing import Floats, Samples

Mask = NDArray[np.bool_]

_ON_FACE = 0.045  # m; samples this near belong to a face
_TOP_BAND = 0.22  # m; a wall is seen this close below the ceiling, a wardrobe is not
_CEILING_BLUR = 0.05  # m; above this the ceiling itself would count
_BRIDGE = 0.4  # m; gaps up to this are closed without asking
_LEAST_BODY = 0.12  # share of the lower surface that a wall shows at least (a beam shows none)


@dataclass(frozen=True, slots=True)
class Face:
    """One side of a wall: `line`, from `start` to `end` along it (m), `area` seen (m2), and whether a room lies left or right."""

    line: Line
    start: float
    end: float
    area: float
    room_left: bool
    room_right: bool

    @property
    def length(self) -> float:
        """Length along the line (m)."""
        return self.end - self.start

    def offset_at(self, other: Line, u: float) -> float:
        """Signed distance (m) from `other` at `u` along `other`."""
        # Solve for the point of this line that projects on u.
        turn = self.line.angle - other.angle
        base = self.line.point(0.0)[None]
        along, aside = float(other.along(base)[0]), float(other.aside(base)[0])
        return aside + (u - along) * float(np.tan(turn))


def find_faces(samples: Samples, levels: Levels, least_length: float) -> list[Face]:
    """All wall faces of the scene, strongest lines first."""
    upright = np.abs(samples.normal[:, 2]) < VERTICAL
    z = samples.xyz[:, 2]
    upright &= (z > levels.floor + 0.1) & (z < levels.top - 0.02)
    flat = samples.xyz[np.abs(samples.normal[:, 2]) > HORIZONTAL, :2]
    least = max(12.0, 0.35 * least_length * levels.height / samples.spacing**2)
    lines = find_lines(samples.xyz[upright, :2], samples.normal[upright, :2], least)
    faces: list[Face] = []
    for line in lines:
        faces += _faces_on(line, samples, levels, flat, least_length)
    return faces


def _faces_on(line: Line, samples: Samples, levels: Levels, flat: Floats, least_length: float) -> list[Face]:
    near = np.abs(line.aside(samples.xyz[:, :2])) < _ON_FACE
    xyz = samples.xyz[near]
    u, z = line.along(xyz[:, :2]), xyz[:, 2]
    cell = float(np.clip(2.5 * samples.spacing, 0.08, 0.3))
    if len(u) == 0 or np.ptp(u) < cell:
        return []
    grid, u0 = surface_grid(u, z, levels, cell)
    faces = []
    for first, last in runs(bridged(wall_columns(grid, levels, cell), max(1, round(_BRIDGE / cell)))):
        start, end = _trimmed(u, u0 + first * cell, u0 + last * cell)
        body = grid[first:last, : max(1, int((levels.height - 0.5) / cell))].mean()
        if end - start < 0.6 * least_length or body < _LEAST_BODY:
            continue
        face = Face(line, start, end, float(grid[first:last].sum()) * cell**2, False, False)
        left, right = rooms_beside(face, flat)
        if left or right or len(flat) == 0:
            faces.append(replace(face, room_left=left, room_right=right))
    return faces


def surface_grid(u: Floats, z: Floats, levels: Levels, cell: float) -> tuple[Mask, float]:
    """Occupied cells (U, Z) of a vertical surface, Z from floor to top, and where its first column starts (m)."""
    u0 = float(u.min())
    i = ((u - u0) / cell).astype(np.int64)
    j = np.floor((z - levels.floor) / cell).astype(np.int64)
    rows = max(1, int(np.ceil(levels.height / cell)))
    inside = (j >= 0) & (j < rows) & (z < levels.top - _CEILING_BLUR) & (z > levels.floor + _CEILING_BLUR)
    grid = np.zeros((int(i.max()) + 1, rows), dtype=bool)
    grid[i[inside], j[inside]] = True
    return grid, u0


def wall_columns(grid: Mask, levels: Levels, cell: float) -> Mask:
    """Columns (U,) of a surface grid that look like wall: they reach up to the ceiling, or far up where none was seen."""
    rows = grid.shape[1]
    band = max(2, int(np.ceil(_TOP_BAND / cell)))
    upper = grid[:, max(0, rows - band - (1 if levels.ceiling is not None else 2)) :]
    high = grid[:, int(0.55 * rows) :]
    reaches = upper.any(axis=1) & (high.mean(axis=1) > 0.35)
    if levels.ceiling is None:
        span = rows - np.argmax(grid[:, ::-1], axis=1) - np.argmax(grid, axis=1)
        reaches |= grid.any(axis=1) & (span > 0.75 * rows) & (grid.mean(axis=1) > 0.4)
    return reaches


def bridged(mask: Mask, gap: int) -> Mask:
    """The mask (U,) with inner gaps of up to `gap` cells closed and lone single cells removed."""
    result = mask.copy()
    for first, last in runs(~mask):
        if first > 0 and last < len(mask) and last - first <= gap:
            result[first:last] = True
    for first, last in runs(result):
        if last - first < 2:
            result[first:last] = False
    return result


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Half-open index ranges where the mask (U,) is true."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]


def _trimmed(u: Floats, start: float, end: float) -> tuple[float, float]:
    inside = u[(u >= start) & (u <= end)]
    return (float(inside.min()), float(inside.max())) if len(inside) else (start, end)


def rooms_beside(face: Face, flat: Floats) -> tuple[bool, bool]:
    """Whether horizontal surfaces (plan points (N, 2)) lie along the left and the right of a face."""
    u, s = face.line.along(flat), face.line.aside(flat)
    inside = (u > face.start) & (u < face.end)
    return (beside_share(u[inside], s[inside], face, 1.0) > 0.3, beside_share(u[inside], s[inside], face, -1.0) > 0.3)


def beside_share(u: Floats, s: Floats, face: Face, side: float, reach: tuple[float, float] = (0.06, 0.4)) -> float:
    """Share of the face's length beside which there are horizontal surfaces between `reach` metres."""
    cell = 0.2
    count = max(1, int(face.length / cell))
    index = np.clip(((u - face.start) / cell).astype(np.int64), 0, count - 1)
    hit = (side * s > reach[0]) & (side * s < reach[1])
    return len(np.unique(index[hit])) / count
