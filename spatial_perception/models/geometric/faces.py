"""Wall faces: the stretches of a line in the plan where a vertical surface reaches the ceiling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.levels import HORIZONTAL, VERTICAL, Levels
from spatial_perception.models.geometric.lines import Line, find_lines
from spatial_perception.models.geometric.raster import splat
from spatial_perception.models.geometric.samples import Floats, Mask, Samples
from spatial_perception.models.geometric.sparse import is_wide

Indices = NDArray[np.intp]

SHARE_CELL = 0.2  # m along a face, in which surfaces beside it count once
_ON_FACE = 0.045  # m; samples this near belong to a face
_TOP_BAND = 0.18  # m; a wall is seen this close below the ceiling, a wardrobe is not
_OPEN_BAND = 0.3  # m; the same below the highest points where no ceiling is seen
_CEILING_BLUR = 0.05  # m; above this the ceiling itself would count
_BRIDGE = 0.4  # m; gaps up to this are closed without asking
_LINTEL = 4.0  # m; widest opening that a lintel spans
_CONTRARY = np.radians(40)  # samples whose normals are turned more than this from a line belong to another wall
_WIDEST_GAP = 0.25  # m; a lone sample stands for no more than this, squared
_BODY = 0.1  # m; a floor that begins this close lies on the room side of a face
_SPILL = 0.03  # m; what is nearer to a face belongs to it
_LEAST_ROOM = 0.4  # what is close at a face on the side of a room, as a share of what is close on the other
_RING_GAP = 1.2  # m; farthest that a floor or ceiling begins beside a wall which is seen by a few scan rings
_ONE_PLANE = np.radians(4.0)  # faces that are turned less look the same way
_BEHIND = (0.03, 0.16)  # m; windows lie this far behind the face of their wall
_DENSER = 0.32  # share of what is near a surface that is on it at least; samples that fill space have about a third
_FULL = 0.7  # share of the height over which a surface is seen nearly in full
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
    z = samples.xyz[:, 2]
    upright = np.abs(samples.normal[:, 2]) < VERTICAL
    voters = upright & (z > levels.floor + 0.1) & (z < levels.top - 0.02)
    flat = samples.xyz[np.abs(samples.normal[:, 2]) > HORIZONTAL, :2]
    least = max(0.35 * least_length * levels.height, 12 * samples.spacing**2)
    # Above furniture there is little but walls.
    weight = np.where(z[voters] > levels.floor + 0.65 * levels.height, 3.0, 1.0)
    area = np.clip(samples.gap[voters], samples.spacing / 2, _WIDEST_GAP) ** 2
    lines = find_lines(samples.xyz[voters, :2], samples.normal[voters, :2], area, weight, least)
    heading = np.where(upright, np.arctan2(samples.normal[:, 1], samples.normal[:, 0]), np.nan)
    # columns side by side: each line goes through all of them
    plan, free = np.asfortranarray(samples.xyz[:, :2]), np.ones(len(samples), dtype=bool)
    faces: list[Face] = []
    for line in lines:
        fitting = _fitting(line, plan, heading)
        found = _faces_on(line, samples, levels, fitting[free[fitting]], flat, least_length)
        # a weaker parallel line cannot use the samples of these
        u = line.along(plan[fitting])
        for face in found:
            free[fitting[(u > face.start) & (u < face.end)]] = False
        faces += found
    return faces if levels.ceiling is not None else [brought_forward(face, faces) for face in faces]


def brought_forward(face: Face, faces: list[Face]) -> Face:
    """A face that goes on a little behind another one, moved into its plane: a window below a lintel that was not seen."""
    for other in faces:
        turn = abs(np.mod(face.line.angle - other.line.angle + np.pi / 2, np.pi) - np.pi / 2)
        if other is face or turn > _ONE_PLANE or other.room_left == other.room_right:
            continue
        ends = other.line.along(np.stack([face.line.point(face.start), face.line.point(face.end)]))
        start, end = float(ends.min()), float(ends.max())
        behind = face.offset_at(other.line, (start + end) / 2) * (-1.0 if other.room_left else 1.0)
        apart = max(start - other.end, other.start - end)
        if _BEHIND[0] < behind < _BEHIND[1] and abs(apart) < _BRIDGE:
            sides = {"room_left": other.room_left, "room_right": other.room_right}
            return replace(face, line=other.line, start=start, end=end, **sides)
    return face


def _fitting(line: Line, plan: Floats, heading: Floats) -> Indices:
    """Samples, of places `plan` (M, 2), near a line whose normals, where they say anything, do not belong to another wall."""
    near = np.flatnonzero(np.abs(line.aside(plan)) < _ON_FACE)
    turn = np.abs(np.mod(heading[near] - line.angle, np.pi) - np.pi / 2)
    return near[~(turn > _CONTRARY)]


def _faces_on(
    line: Line, samples: Samples, levels: Levels, fitting: Indices, flat: Floats, least_length: float
) -> list[Face]:
    xyz = samples.xyz[fitting]
    u, z = line.along(xyz[:, :2]), xyz[:, 2]
    cell = float(np.clip(2.5 * samples.spacing, 0.08, 0.3))
    if len(u) == 0 or np.ptp(u) < cell:
        return []
    grid, u0 = surface_grid(u, z, samples.gap[fitting], levels, cell)
    faces = []
    upper = _upper_columns(u - u0, z, samples.gap[fitting], levels, cell, len(grid))
    for first, last in runs(wall_columns(grid, upper, levels, cell)):
        start, end = _trimmed(u, u0 + first * cell, u0 + last * cell)
        body = grid[first:last, : max(1, int((levels.height - 0.5) / cell))].mean()
        if end - start < 0.6 * least_length or body < _LEAST_BODY:
            continue
        face = Face(line, start, end, float(grid[first:last].sum()) * cell**2, False, False)
        left, right = rooms_beside(face, flat, samples.spacing)
        solid = not is_wide(samples.spacing) or stands_out(face, samples.xyz)
        if solid and (left or right or len(flat) == 0):
            faces.append(replace(face, room_left=left, room_right=right))
    return faces


def stands_out(face: Face, xyz: Floats) -> bool:
    """Whether samples (N, 3) are denser on a face than beside it, as on all surfaces; where they fill space, they are not."""
    off = np.abs(face.line.aside(xyz))
    near = np.flatnonzero(off < 3 * _ON_FACE)
    u = face.line.along(xyz[near])
    on = off[near[(u > face.start) & (u < face.end)]] < _ON_FACE
    return bool(on.mean() > _DENSER) if len(on) else False


def surface_grid(u: Floats, z: Floats, gap: Floats, levels: Levels, cell: float) -> tuple[Mask, float]:
    """Occupied cells (U, Z) of a vertical surface, Z from floor to top, and where its first column starts (m)."""
    u0 = float(u.min())
    shape = int((u.max() - u0) / cell) + 1, max(1, int(np.ceil(levels.height / cell)))
    inside = (z < levels.top - _CEILING_BLUR) & (z > levels.floor + _CEILING_BLUR)
    return splat((u[inside] - u0) / cell, (z[inside] - levels.floor) / cell, gap[inside] / cell, shape), u0


def _upper_columns(u: Floats, z: Floats, gap: Floats, levels: Levels, cell: float, count: int) -> Mask:
    """Columns (U,) in which a surface is seen close below the ceiling, or below the highest points without one."""
    if levels.ceiling is None:
        near = z > levels.top - _OPEN_BAND
    else:
        band = max(_TOP_BAND, 1.2 * float(np.median(gap))) + max(0.0, levels.spread - 0.02)
        near = (z > levels.top - band) & (z < levels.top - _CEILING_BLUR)
    return splat(u[near] / cell, np.full(int(near.sum()), 0.5), gap[near] / cell, (count, 1))[:, 0]


def wall_columns(grid: Mask, upper: Mask, levels: Levels, cell: float) -> Mask:
    """Columns (U,) of a surface grid that look like wall: they reach up to the ceiling (`upper`), or far up without one.

    What connects two such stretches below the ceiling (a lintel), or is too short to be a passage, belongs to the wall; so
    does what is seen nearly in full right beside one: only its upper end is hidden, by what hangs there.
    """
    rows = grid.shape[1]
    wall = upper & (grid[:, int(0.55 * rows) :].mean(axis=1) > 0.35)
    full = grid.mean(axis=1) > _FULL
    for first, last in runs(wall | full | upper):
        wall[first:last] |= full[first:last] & wall[first:last].any()
    if levels.ceiling is None:
        span = rows - np.argmax(grid[:, ::-1], axis=1) - np.argmax(grid, axis=1)
        wall |= grid.any(axis=1) & (span > 0.85 * rows) & (grid.mean(axis=1) > 0.4)
    return bridged(wall, upper, max(1, round(_BRIDGE / cell)), round(_LINTEL / cell))


def bridged(wall: Mask, upper: Mask, gap: int, lintel: int) -> Mask:
    """The columns (U,) with inner gaps of up to `gap` cells, or up to `lintel` cells below `upper`, closed; single cells go."""
    result = wall.copy()
    for first, last in runs(~wall):
        inner = first > 0 and last < len(wall)
        if inner and (last - first <= gap or (last - first <= lintel and upper[first:last].mean() > 0.7)):
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


def rooms_beside(face: Face, flat: Floats, spacing: float) -> tuple[bool, bool]:
    """Whether horizontal surfaces (plan points (N, 2)) begin right at the left and the right of a face.

    Behind one face of a thick wall they begin only after its thickness.
    """
    u, s = face.line.along(flat), face.line.aside(flat)
    within = (u > face.start) & (u < face.end)
    inside = within & (np.abs(s) < 0.5)
    if not inside.any():
        return _sparse_side(u[within], s[within], face)
    limit = max(_BODY, 2.5 * spacing)
    left, right = (_nearest_beside(u[inside], side * s[inside], face) for side in (1.0, -1.0))
    if min(left, right) >= limit and np.isfinite(min(left, right)):
        return left <= right, right < left  # sparse far from the scanner: the nearer side
    if max(left, right) < limit:
        # Edges of the room and noise spill over a face: its room has by far the most of what is close.
        close = np.abs(s[inside]) < limit
        counts = [int((close & (side * s[inside] > _SPILL)).sum()) for side in (1.0, -1.0)]
        return counts[0] > _LEAST_ROOM * counts[1], counts[1] > _LEAST_ROOM * counts[0]
    return left < limit, right < limit


def _sparse_side(u: Floats, s: Floats, face: Face) -> tuple[bool, bool]:
    """The same far from the scanner, where rings on floor and ceiling lie far apart: the only side on which there are any."""
    near = np.abs(s) < _RING_GAP
    left, right = (_nearest_beside(u[near], side * s[near], face) for side in (1.0, -1.0))
    if np.isfinite(left) == np.isfinite(right):
        return False, False
    return bool(np.isfinite(left)), bool(np.isfinite(right))


def _nearest_beside(u: Floats, s: Floats, face: Face) -> float:
    """Distance (m) at which points begin on the positive side of a face: the median over strips of 0.2 m; inf if rarely any."""
    count = max(1, int(face.length / 0.2))
    strip = np.clip(((u - face.start) / 0.2).astype(np.int64), 0, count - 1)
    nearest = np.full(count, np.inf)
    beside = s > _SPILL
    np.minimum.at(nearest, strip[beside], s[beside])
    return float(np.quantile(nearest, 0.35, method="lower"))


def beside_share(u: Floats, s: Floats, face: Face, side: float, reach: tuple[float, float]) -> float:
    """Share of the face's length beside which there are horizontal surfaces between `reach` metres."""
    count = max(1, int(face.length / SHARE_CELL))
    index = np.clip(((u - face.start) / SHARE_CELL).astype(np.int64), 0, count - 1)
    hit = (side * s > reach[0]) & (side * s < reach[1])
    return len(np.unique(index[hit])) / count
