"""From bins to the points: walls onto the faces that were scanned, corners onto their crossings, boxes onto their sides.

What is moved stays within little more than a bin of where the model has put it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.layout.association import turned_like
from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window
from spatial_perception.layout.transforms import rotate_points
from spatial_perception.layout.validation import nearby

Floats = NDArray[np.float64]
_Opening = TypeVar("_Opening", Door, Window)
_STEP = 0.01  # m; of histograms
_REACH = 0.16  # m; how far from the line of a wall its faces are looked for
_FACES = (0.06, 0.32)  # m between the two faces of a wall
_MARGIN = 0.12  # m; of a wall's ends, floor and ceiling that say little about its faces
_ENOUGH = 25
_SIDE = 0.10  # m; how far the side of a box may move
_CORNER = 0.35  # m; how far from the end of a wall its crossing with another may be
_PARALLEL = 0.35  # sine of the angle between walls that cross
_MOST_TURN = 0.1
_BESIDE = (0.15, 0.55)  # m; what lies this far from a face is no noise of it, but in the room before it, or behind it
_CELL = 0.1  # m; cells on plan tell more than points do: what stands behind the end of a wall may be dense
_SEEN, _ROOM = 3, 1.6  # cells in a room, and times as many as behind
_SECOND_FACE = 0.15  # share of the points of the first face
_CLEAR_FACE = 0.5  # the same where the room seems to be there
_STRAY = 0.05  # share of the usual number of points, below which a stretch of a wall was not seen
_STANDS_OUT = 0.5  # share of the points near the side of a box that lie on it


@dataclass(frozen=True)
class _Line:
    """The centre line of a wall: a point (2,), a direction (2,) of length 1, and the thickness (m)."""

    point: Floats
    along: Floats
    thickness: float


def refine(layout: Layout, points: ArrayLike, measured: Layout | None = None) -> Layout:
    """The layout moved onto the points (N, 3), m, of the cloud it was read from; ids, labels and scores stay.

    A box of it that is one of the `measured` ones but for what bins and small corrections make takes the place of that one.
    """
    boxes = () if measured is None else measured.boxes
    xyz = np.asarray(points, dtype=np.float64)
    floor, top = _levels(layout, xyz)
    lines = [_line(wall, xyz) for wall in layout.walls]
    cut = tuple(_cut_back(k, layout.walls, lines, xyz) for k in range(len(layout.walls)))
    walls = tuple(_upright(_between_corners(k, cut, lines), floor, top) for k in range(len(cut)))
    moved = replace(layout, walls=walls)
    return replace(
        moved,
        doors=tuple(into_wall(door, moved) for door in layout.doors),
        windows=tuple(into_wall(window, moved) for window in layout.windows),
        boxes=tuple(_as_measured(box, boxes) or _onto_points(box, xyz, floor) for box in layout.boxes),
    )


# ------------------------------------------------------------------------------------------ floor and ceiling
def _levels(layout: Layout, xyz: Floats) -> tuple[float | None, float | None]:
    """Heights of floor and ceiling near where most walls begin and end; None where there is no such layer."""
    if not layout.walls:
        return None, None
    base = float(np.median([wall.start[2] for wall in layout.walls]))
    top = float(np.median([wall.start[2] + wall.height for wall in layout.walls]))
    return _layer(xyz[:, 2], base), _layer(xyz[:, 2], top)


def _layer(z: Floats, near: float) -> float | None:
    """The height of the densest layer within 15 cm; None unless it stands out among those around it."""
    peak = _peak(z, near - 0.15, near + 0.15)
    around = int((np.abs(z - near) < 0.6).sum())
    if peak is None or int((np.abs(z - peak) < 0.025).sum()) < 0.25 * around:
        return None
    return peak


def _peak(values: Floats, low: float, high: float) -> float | None:
    """The mean of the values around the fullest place of a range; None where there are too few."""
    inside = values[(values >= low) & (values <= high)]
    if len(inside) < _ENOUGH:
        return None
    counts = np.bincount(((inside - low) / _STEP).astype(np.int64))
    full = np.convolve(counts, (1, 2, 3, 2, 1), "same")
    best = low + (int(np.argmax(full)) + 0.5) * _STEP
    return float(inside[np.abs(inside - best) <= 2.5 * _STEP].mean())


def _upright(wall: Wall, floor: float | None, top: float | None) -> Wall:
    """The wall from floor to ceiling, where these were found."""
    base = wall.start[2] if floor is None else floor
    above = wall.start[2] + wall.height if top is None else top
    start, end = (*wall.start[:2], base), (*wall.end[:2], base)
    return replace(wall, start=start, end=end, height=max(above - base, 0.1))


# ------------------------------------------------------------------------------------------ walls
def _line(wall: Wall, xyz: Floats) -> _Line:
    """The centre line of a wall, fitted to the faces that are near it."""
    start, end = np.array(wall.start[:2]), np.array(wall.end[:2])
    length = float(np.hypot(*(end - start)))
    rough = _Line((start + end) / 2, (end - start) / max(length, 1e-9), wall.thickness)
    local = _beside(wall, xyz, rough, length)
    first = _peak(local[:, 1], -_REACH, _REACH)
    if first is None:
        return rough
    turned = _turned(rough, local, first)
    told, unseen = float(np.sign(-first)), _unseen_side(wall, xyz, turned, length)
    second = _other_face(local[:, 1], first, _SECOND_FACE if unseen in (0.0, told) else _CLEAR_FACE)
    if second is not None:
        return replace(_shifted(turned, (second - first) / 2), thickness=abs(second - first))
    # the only face that was seen: the middle of the wall is behind it, or where that is not clear, where the model has it
    return _shifted(turned, (unseen or told) * wall.thickness / 2)


def _unseen_side(wall: Wall, xyz: Floats, face: _Line, length: float) -> float:
    """On which side of a face of a wall there is hardly anything: 1 for the left, -1 for the right, 0 where both are seen."""
    near = nearby(xyz, (*face.point, 0.0), length / 2 + _BESIDE[1])
    along, aside = _local(near[near[:, 2] < wall.start[2] + wall.height + _MARGIN], face, _BESIDE[1])
    half = max(length / 2 - _MARGIN, 0.1)
    inside = np.abs(along) < half
    left, right = (
        _covered((along[inside] + half) / _CELL, (side * aside[inside] - _BESIDE[0]) / _CELL) for side in (1.0, -1.0)
    )
    if max(left, right) < _SEEN + _ROOM * min(left, right):
        return 0.0
    return 1.0 if left < right else -1.0


def _covered(along: Floats, before: Floats) -> int:
    """How many cells on plan hold points, from their places (N,) in cells; what lies behind the first one does not count."""
    ahead = before >= 0.0
    if not ahead.any():
        return 0
    cells = along[ahead].astype(np.int64), before[ahead].astype(np.int64)
    table = np.zeros((cells[0].max() + 1, cells[1].max() + 1), dtype=bool)
    table[cells] = True
    return int(table.sum())


def _shifted(line: _Line, left: float) -> _Line:
    return replace(line, point=line.point + _normal(line) * left)


def _normal(line: _Line) -> Floats:
    return np.array([-line.along[1], line.along[0]])


def _beside(wall: Wall, xyz: Floats, line: _Line, length: float) -> Floats:
    """Points (M, 2) beside a wall: place along it from its middle, and distance to its left."""
    near = nearby(xyz, (*line.point, 0.0), length / 2 + 2 * _REACH)
    low, high = wall.start[2] + _MARGIN, wall.start[2] + wall.height - _MARGIN
    along, aside = _local(near[(near[:, 2] > low) & (near[:, 2] < high)], line, 2 * _REACH)
    inside = np.abs(along) < max(length / 2 - _MARGIN, 0.1)
    return np.stack([along[inside], aside[inside]], axis=1)


def _local(xyz: Floats, line: _Line, reach: float) -> tuple[Floats, Floats]:
    """Places along a line (M,), and distances to its left, of those points (N, 3) that are less than `reach` (m) from it."""
    x, y = xyz[:, 0] - line.point[0], xyz[:, 1] - line.point[1]
    aside = y * line.along[0] - x * line.along[1]
    near = np.flatnonzero(np.abs(aside) < reach)
    return x[near] * line.along[0] + y[near] * line.along[1], aside[near]


def _other_face(across: Floats, first: float, least: float) -> float | None:
    """The distance of the face that lies across the line of the wall from the first one; None where fewer points than the
    `least` share of the first one's lie on it, or than between the two: those are frames in openings, or noise."""
    low, high = sorted((first - np.sign(first) * _FACES[0], first - np.sign(first) * _FACES[1]))
    second = _peak(across, float(low), float(high))
    if second is None:
        return None
    between = second + np.sign(first - second) * 4 * _STEP
    counts = [int((np.abs(across - place) < 2 * _STEP).sum()) for place in (first, second, between)]
    return second if counts[1] >= max(_ENOUGH, least * counts[0]) and counts[1] > counts[2] else None


def _turned(line: _Line, local: Floats, face: float) -> _Line:
    """The line turned and moved onto the points of a face, by least squares."""
    on = local[np.abs(local[:, 1] - face) < 3 * _STEP]
    if len(on) < _ENOUGH or np.ptp(on[:, 0]) < 0.5:
        return _shifted(line, face)
    slope = float(np.clip(np.polyfit(on[:, 0], on[:, 1], 1)[0], -_MOST_TURN, _MOST_TURN))
    along = line.along + slope * _normal(line)
    moved = _shifted(line, float(np.mean(on[:, 1] - slope * on[:, 0])))
    return replace(moved, along=along / np.hypot(*along))


def _cut_back(number: int, walls: tuple[Wall, ...], lines: list[_Line], xyz: Floats) -> Wall:
    """The wall without what lies beyond its crossing with another one and was not seen."""
    wall, line = walls[number], lines[number]
    along = _on_wall(wall, line, xyz)
    ends = [float((np.array(end[:2]) - line.point) @ line.along) for end in (wall.start, wall.end)]
    crossings = [(_crossing(line, other), walls[k]) for k, other in enumerate(lines) if k != number]
    places = [float((c - line.point) @ line.along) for c, other in crossings if c is not None and _meets(c, other)]
    usual = len(along) / max(ends[1] - ends[0], 1e-9)
    moved = [wall.start, wall.end]
    for k, side in enumerate((-1.0, 1.0)):
        for place in sorted(p for p in (side * p for p in places) if 0.0 < p < side * ends[k] - 2 * _CORNER):
            beyond = int(((side * along > place + _CORNER) & (side * along < side * ends[k])).sum())
            if beyond < _STRAY * usual * (side * ends[k] - place - _CORNER):
                x, y = line.point + line.along * side * place
                moved[k] = (float(x), float(y), wall.start[2])
                break
    return replace(wall, start=moved[0], end=moved[1])


def _on_wall(wall: Wall, line: _Line, xyz: Floats) -> Floats:
    """The places (M,) along its line of the points that lie in the body of a wall or on its faces."""
    length = hypot(wall.end[0] - wall.start[0], wall.end[1] - wall.start[1])
    near = nearby(xyz, (*line.point, 0.0), length)
    low, high = wall.start[2] + _MARGIN, wall.start[2] + wall.height - _MARGIN
    return _local(near[(near[:, 2] > low) & (near[:, 2] < high)], line, line.thickness / 2 + 3 * _STEP)[0]


def _between_corners(number: int, walls: tuple[Wall, ...], lines: list[_Line]) -> Wall:
    """A wall on its line, each end at the crossing with the wall that it meets."""
    wall, line = walls[number], lines[number]
    ends = []
    for end in (np.array(wall.start[:2]), np.array(wall.end[:2])):
        crossings = [_crossing(line, other) for k, other in enumerate(lines) if k != number and _meets(end, walls[k])]
        near = [c for c in crossings if c is not None and hypot(*(c - end)) < _CORNER]
        on_line = line.point + line.along * float((end - line.point) @ line.along)
        ends.append(min(near, key=lambda c: hypot(*(c - end))) if near else on_line)
    first, last = ((float(p[0]), float(p[1]), wall.start[2]) for p in ends)
    return replace(wall, start=first, end=last, thickness=line.thickness)


def _meets(end: Floats, wall: Wall) -> bool:
    """Whether an end (2,) lies at a wall."""
    start, stop = np.array(wall.start[:2]), np.array(wall.end[:2])
    length = max(float(np.hypot(*(stop - start))), 1e-9)
    along = (stop - start) / length
    place = float(np.clip((end - start) @ along, 0.0, length))
    return bool(np.hypot(*(start + place * along - end)) < _CORNER)


def _crossing(line: _Line, other: _Line) -> Floats | None:
    """Where two lines cross; None where they are nearly parallel."""
    cross = float(line.along[0] * other.along[1] - line.along[1] * other.along[0])
    if abs(cross) < _PARALLEL:
        return None
    offset = other.point - line.point
    return line.point + line.along * float(offset[0] * other.along[1] - offset[1] * other.along[0]) / cross


# ------------------------------------------------------------------------------------------ openings and boxes
def into_wall(opening: _Opening, layout: Layout) -> _Opening:
    """The opening moved into the plane of its wall; one without a wall as it is."""
    wall = layout.wall(opening.wall_id)
    if wall is None:
        return opening
    dx, dy = wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]
    length = max(hypot(dx, dy), 1e-9)
    x, y = opening.center[0] - wall.start[0], opening.center[1] - wall.start[1]
    place = (dx * x + dy * y) / length**2
    return replace(opening, center=(wall.start[0] + place * dx, wall.start[1] + place * dy, opening.center[2]))


def _as_measured(box: Box, measured: Sequence[Box]) -> Box | None:
    """The box in the place of the measured one that is nearest to it, where one is near on all sides."""
    alike = [turned_like(m, box.yaw) for m in measured]
    apart = [max(map(abs, (*np.subtract(m.center, box.center), *np.subtract(m.size, box.size)))) for m in alike]
    if not apart or min(apart) > _SIDE:
        return None
    nearest = alike[int(np.argmin(apart))]
    return replace(box, center=nearest.center, size=nearest.size, yaw=nearest.yaw)


def _onto_points(box: Box, xyz: Floats, floor: float | None) -> Box:
    """The box with each side moved, by at most some centimetres, to where its points end."""
    reach = hypot(box.size[0], box.size[1]) / 2 + 2 * _SIDE
    local = rotate_points(nearby(xyz, box.center, reach) - np.asarray(box.center), -box.yaw)
    half = np.asarray(box.size) / 2
    low, high = -half, half.copy()
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        first, second = (np.abs(local[:, k]) < max(half[k] - 0.02, 0.02) for k in others)
        beside = local[first & second]
        low[axis] = -_side(-beside[:, axis], half[axis])
        high[axis] = _side(beside[:, axis], half[axis])
    if floor is not None and abs(box.center[2] - half[2] - floor) < _SIDE:
        low[2] = floor - box.center[2]
    size = np.maximum(high - low, 0.02)
    middle = np.asarray(box.center) + rotate_points([(low + high) / 2], box.yaw)[0]
    return replace(box, center=_vec(middle), size=_vec(size))


def _side(values: Floats, half: float) -> float:
    """Where the points end near a side at `half`; the side itself where they do not end there.

    Only points of its own half count: what is thin would lose one side to the other.
    """
    near = np.abs(values - half) < min(_SIDE, half)
    if int(near.sum()) < _ENOUGH:
        return half
    counts = np.bincount(((values[near] - half + _SIDE) / _STEP).astype(np.int64), minlength=round(2 * _SIDE / _STEP))
    best = int(np.argmax(np.convolve(counts, (1, 2, 1), "same")))
    share = counts[max(best - 1, 0) : best + 2].sum() / counts.sum()
    return half - _SIDE + (best + 0.5) * _STEP if share > _STANDS_OUT else half


def _vec(values: Floats) -> Vec3:
    return float(values[0]), float(values[1]), float(values[2])
