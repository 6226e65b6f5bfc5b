"""Walls from faces: opposite faces paired, straight runs merged, corners closed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
from scipy.sparse.csgraph import connected_components

from spatial_perception.models.geometric.faces import SHARE_CELL, Face, beside_share
from spatial_perception.models.geometric.lines import Line, turn_between
from spatial_perception.models.geometric.samples import Floats

_PARALLEL = np.radians(4.0)
_SAME_SURFACE = 0.08  # m; faces closer than this are one surface or a thin wall, whatever lies between
_COLLINEAR = 0.06  # m
_OVERLAP = 0.25  # m; runs in one plane that share this much are one wall
_GAP = 0.45  # m; collinear runs this close are one wall
_HIDDEN = 3.0  # m; longest stretch of a wall that furniture hides up to the ceiling
_SURE = 1.2  # m; shorter walls are not drawn on over hidden stretches
_SNAP = 0.45  # m; ends this near to a crossing wall are moved there
_REACH = 0.8  # m; free ends are drawn on to a crossing wall up to this far
_STEP = 0.3  # m; a face this near before or behind a longer one is a niche or a front
_HOLLOW = 0.35  # share of a strip under a ceiling, from which it is a room rather than the body of a wall
_BEFORE = (0.03, 0.4)  # m; where the ceiling is looked for that ends at a wall
_AROUND = 0.8  # m; as far before a wall its density is taken
_SIN_CROSSING = 0.35
_COLUMN = 1.2  # m; what has only shorter sides, and closed corners, is a column
_MEETING = 0.1  # m; walls whose ends are this near meet
_LEFT, _RIGHT = attrgetter("room_left"), attrgetter("room_right")


@dataclass(frozen=True, slots=True)
class Run:
    """A wall in the making: centre `line`, `start` and `end` along it, `thickness` (m), `faces`, and which ends are `closed`."""

    line: Line
    start: float
    end: float
    thickness: float
    faces: tuple[Face, ...]
    closed: tuple[bool, bool] = (False, False)

    @property
    def length(self) -> float:
        """Length along the line (m)."""
        return self.end - self.start

    @property
    def room_sides(self) -> tuple[float, ...]:
        """On which sides of the line a room is seen: 1 (left), -1 (right), or both."""
        if self.thickness:
            return (-1.0, 1.0)
        left, right = (sum(f.length for f in self.faces if side(f)) for side in (_LEFT, _RIGHT))
        return (1.0 if left >= right else -1.0,)

    @property
    def area(self) -> float:
        """Seen surface (m2), all faces together."""
        return sum(face.area for face in self.faces)


def find_walls(faces: list[Face], flat: Floats, least_length: float, most_thickness: float) -> list[Run]:
    """Walls as maximal straight runs with closed corners, longest first. `flat` (N, 2): plan points of horizontal surfaces."""
    faces = without_steps(faces)
    groups = _grouped(faces, flat, most_thickness)
    walls = [_run_of([faces[i] for i in group]) for group in groups]
    walls = sorted(walls, key=_rank)
    walls = close_corners(
        [w for k, w in enumerate(walls) if not any(_doubles(w, longer) for longer in walls[:k])], flat
    )
    joined = united(walls)
    walls = walls if len(joined) == len(walls) else close_corners(joined, flat)
    return [w for w in walls if _stands(w, least_length)]


def apart_columns(walls: list[Run]) -> tuple[list[Run], list[Run]]:
    """The walls, and the faces of columns and tall cupboards among them: short ones that meet no long one."""
    if all(run.length > _COLUMN for run in walls):
        return walls, []
    near = np.array([[i < j and _meet(a, b) for j, b in enumerate(walls)] for i, a in enumerate(walls)])
    group = connected_components(near, directed=False)[1]
    long = {int(k) for k, run in zip(group, walls) if run.length > _COLUMN or not all(run.closed)}
    return [w for k, w in zip(group, walls) if k in long], [w for k, w in zip(group, walls) if k not in long]


def _meet(a: Run, b: Run) -> bool:
    """Whether an end of one wall lies at the other."""
    for run, other in ((a, b), (b, a)):
        ends = np.stack([run.line.point(run.start), run.line.point(run.end)])
        u, s = other.line.along(ends), other.line.aside(ends)
        slack = (run.thickness + other.thickness) / 2 + _MEETING
        if ((u > other.start - slack) & (u < other.end + slack) & (np.abs(s) < slack)).any():
            return True
    return False


def united(walls: list[Run]) -> list[Run]:
    """The walls, longest first, with those made one that were drawn on over one another along a common surface.

    Wide doors cut a face in two; only closing the corners tells that both parts are of one wall.
    """
    kept: list[Run] = []
    for run in walls:
        for k, other in enumerate(kept):
            if _on_one_surface(run, other):
                kept[k] = _run_of([*other.faces, *run.faces])
                break
        else:
            kept.append(run)
    return sorted(kept, key=_rank)


def _rank(run: Run) -> tuple[float, ...]:
    return -run.length, run.line.angle, run.line.offset, run.start


def _on_one_surface(a: Run, b: Run) -> bool:
    """Whether two runs overlap, and a face of one lies in the plane of a face of the other."""
    if turn_between(a.line.angle, b.line.angle) > _PARALLEL:
        return False
    ends = np.sort(b.line.along(np.stack([a.line.point(a.start), a.line.point(a.end)])))
    low, high = max(float(ends[0]), b.start), min(float(ends[1]), b.end)
    if high - low < _OVERLAP:
        return False
    offsets = ([face.offset_at(b.line, (low + high) / 2) for face in run.faces] for run in (a, b))
    mine, others = offsets
    return any(abs(i - j) < _COLLINEAR for i in mine for j in others)


def _stands(run: Run, least_length: float) -> bool:
    """Whether a run is long enough for a wall: short ones must be closed at both ends, loose ones seen from both sides."""
    if all(run.closed):
        return run.length > 0.6 * least_length
    return run.length >= (least_length if run.thickness else 2 * least_length)


def _doubles(run: Run, longer: Run) -> bool:
    """Whether a run of one face lies within the body of a longer one or is a step before it."""
    if run.thickness or turn_between(run.line.angle, longer.line.angle) > 2 * _PARALLEL:
        return False
    ends = np.stack([run.line.point(run.start), run.line.point(run.end)])
    along, aside = longer.line.along(ends), longer.line.aside(ends)
    within = min(along.max(), longer.end) - max(along.min(), longer.start) > 0.7 * run.length
    return bool(within and abs(aside.mean()) < longer.thickness / 2 + _STEP)


def _grouped(faces: list[Face], flat: Floats, most_thickness: float) -> list[list[int]]:
    """Indices of faces that belong to one wall (connected by being opposite or collinear)."""
    parent = list(range(len(faces)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, a in enumerate(faces):
        for j in range(i):
            if belong_together(faces[j], a, flat, most_thickness):
                parent[max(root(i), root(j))] = min(root(i), root(j))
    groups: dict[int, list[int]] = {}
    for i in range(len(faces)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def belong_together(a: Face, b: Face, flat: Floats, most_thickness: float) -> bool:
    """Whether two faces are sides or pieces of one wall."""
    if turn_between(a.line.angle, b.line.angle) > _PARALLEL:
        return False
    start, end = span_on(a.line, b)
    low, high = max(a.start, start), min(a.end, end)
    apart = b.offset_at(a.line, (low + high) / 2)
    if high - low < 0.25:
        return abs(apart) < _COLLINEAR and (high - low > -_GAP or _ceiling_ends(a, high, low, flat))
    if abs(apart) < _SAME_SURFACE:
        return True
    return abs(apart) < most_thickness and opposite(a, b, apart) and _solid_between(a, low, high, apart, flat)


def _ceiling_ends(a: Face, start: float, end: float, flat: Floats) -> bool:
    """Whether a face that is seen from one side goes on unseen between two marks: the ceiling before it ends at its line."""
    if a.room_left == a.room_right or end - start > _HIDDEN:
        return False
    u, s = a.line.along(flat), a.line.aside(flat)
    inside = (u > start) & (u < end)
    piece, side = replace(a, start=start, end=end), 1.0 if a.room_left else -1.0
    before = beside_share(u[inside], s[inside], piece, side, _BEFORE)
    behind = beside_share(u[inside], s[inside], piece, -side, (0.04, 0.12))
    return before > 0.6 * _share_to_expect(side * s[inside], end - start) and behind < 0.2


def _share_to_expect(s: Floats, length: float) -> float:
    """Share of the cells right before a face that a ceiling as dense as what is farther before it would hit, from distances (N,).

    All of them, but in sparse clouds.
    """
    count = int(((s > _BEFORE[0]) & (s < _AROUND)).sum())
    density = count / (_AROUND - _BEFORE[0]) / max(length, SHARE_CELL)
    return 1.0 - float(np.exp(-density * SHARE_CELL * (_BEFORE[1] - _BEFORE[0]))) if count > 3 else 1.0


def opposite(a: Face, b: Face, apart: float) -> bool:
    """Whether two parallel faces, `b` at signed distance `apart` from `a`, both have rooms on their outer sides."""
    flipped = np.cos(a.line.angle - b.line.angle) < 0
    b_left, b_right = (b.room_right, b.room_left) if flipped else (b.room_left, b.room_right)
    return (a.room_right and b_left) if apart > 0 else (a.room_left and b_right)


def _solid_between(a: Face, start: float, end: float, apart: float, flat: Floats) -> bool:
    """Whether no ceiling lies over the strip between a face and its parallel at distance `apart`."""
    side = float(np.sign(apart))
    u, s = a.line.along(flat), a.line.aside(flat)
    inside = (u > start) & (u < end)
    piece = replace(a, start=start, end=end)
    margin = min(0.05, 0.3 * abs(apart))
    return beside_share(u[inside], s[inside], piece, side, (margin, abs(apart) - margin)) < _HOLLOW


def without_steps(faces: list[Face]) -> list[Face]:
    """The faces without those that lie before or behind a longer one that looks the same way: niches, fronts, window planes."""
    ordered = sorted(faces, key=lambda f: -f.length)
    kept: list[Face] = []
    for face in ordered:
        if not any(_is_step(face, longer) for longer in kept):
            kept.append(face)
    return [f for f in faces if f in kept]


def _is_step(face: Face, longer: Face) -> bool:
    if turn_between(face.line.angle, longer.line.angle) > _PARALLEL:
        return False
    start, end = span_on(longer.line, face)
    apart = face.offset_at(longer.line, (start + end) / 2)
    within = min(end, longer.end) - max(start, longer.start) > 0.8 * face.length
    return within and _SAME_SURFACE / 2 < abs(apart) < _STEP and not opposite(longer, face, apart)


def span_on(line: Line, face: Face) -> tuple[float, float]:
    """Start and end (m) of a face along another line."""
    ends = line.along(np.stack([face.line.point(face.start), face.line.point(face.end)]))
    return float(ends.min()), float(ends.max())


def _run_of(faces: list[Face]) -> Run:
    """The wall that a group of faces makes: centre line, thickness, full extent."""
    main = max(faces, key=lambda f: f.area)
    length = np.array([f.length for f in faces])
    turn = np.array([(f.line.angle - main.line.angle + np.pi / 2) % np.pi - np.pi / 2 for f in faces])
    angle = main.line.angle + float(np.average(turn, weights=length**2))
    middle = main.line.point((main.start + main.end) / 2)
    axis = Line(angle, float(Line(angle, 0.0).aside(middle[None])[0]))
    mid = [span_on(axis, f) for f in faces]
    offset = np.array([f.offset_at(axis, (a + b) / 2) for f, (a, b) in zip(faces, mid)])
    low, high = offset.min(), offset.max()
    if high - low > 0.035:
        left = offset > (low + high) / 2
        low = float(np.average(offset[~left], weights=length[~left]))
        high = float(np.average(offset[left], weights=length[left]))
        thickness, centre = high - low, (high + low) / 2
    else:
        thickness, centre = 0.0, float(np.average(offset, weights=length))
    line = Line(angle, axis.offset + centre)
    spans = np.array(mid)
    return Run(line, float(spans.min()), float(spans.max()), thickness, tuple(faces))


def crossing(a: Line, b: Line) -> Floats | None:
    """The point (2,) where two lines meet, or None when they are too parallel."""
    sine = np.sin(b.angle - a.angle)
    if abs(sine) < _SIN_CROSSING:
        return None
    return np.linalg.solve(np.stack([a.normal, b.normal]), np.array([a.offset, b.offset]))


def close_corners(walls: list[Run], flat: Floats) -> list[Run]:
    """The walls with their ends moved to where they meet others."""
    moved = []
    for i, wall in enumerate(walls):
        others = walls[:i] + walls[i + 1 :]
        start, start_closed = _closed_end(wall, wall.start, -1.0, others, flat)
        end, end_closed = _closed_end(wall, wall.end, 1.0, others, flat)
        if end - start > 0.1:
            wall = replace(wall, start=start, end=end, closed=(start_closed, end_closed))
        moved.append(wall)
    return moved


def _closed_end(wall: Run, u: float, outward: float, others: list[Run], flat: Floats) -> tuple[float, bool]:
    """Where an end of a wall belongs (m along it), and whether it meets another wall there."""
    best, best_cost = u, np.inf
    for other in others:
        point = crossing(wall.line, other.line)
        if point is None:
            continue
        at = float(wall.line.along(point[None])[0])
        step = (at - u) * outward
        across = float(other.line.along(point[None])[0])
        beyond = max(other.start - across, across - other.end, 0.0)
        slack = (wall.thickness + other.thickness) / 2
        if step < -_SNAP - slack or beyond > _SNAP + slack or abs(step) + beyond >= best_cost:
            continue
        if step < _REACH + slack or (wall.length > _SURE and _goes_on(wall, min(u, at), max(u, at), flat)):
            best, best_cost = at, abs(step) + beyond
    return best, bool(np.isfinite(best_cost))


def _goes_on(wall: Run, start: float, end: float, flat: Floats) -> bool:
    """Whether a wall goes on, hidden, between two marks along it: the ceiling ends at the line of one of its faces."""
    for face in wall.faces:
        ends = np.stack([wall.line.point(start), wall.line.point(end)])
        marks = np.sort(face.line.along(ends))
        if _ceiling_ends(face, float(marks[0]) + 0.1, float(marks[1]) - 0.1, flat):
            return True
    return False
