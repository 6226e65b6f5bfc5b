"""Floor plans: room outlines that tile a home without gaps, in metres, rounded to millimetres."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from shapely import affinity
from shapely.geometry import LineString, Polygon
from shapely.geometry import box as rectangle
from shapely.ops import split, unary_union

Rect = tuple[float, float, float, float]
MIN_SIDE = 2.0
MIN_STEP = 0.7
"""No two parallel walls lie closer than this, as in homes that people build."""


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """One room: its polygon on the centre lines of its walls, the rectangles that cover it, and what it is used for."""

    polygon: Polygon
    cells: tuple[Rect, ...]
    kind: str = "room"


def plan_rooms(rng: Generator, count: int, slanted: float) -> list[RoomPlan]:
    """`count` rooms (1-6) that tile a home; `slanted` in [0, 1] is the chance of walls off the two main directions."""
    if count == 1:
        rooms = [_single_room(rng, slanted)]
    else:
        rooms = _several_rooms(rng, count, slanted)
    if rng.random() < slanted:
        rooms = _chamfer(rng, rooms)
    return [replace(room, polygon=_rounded(room.polygon)) for room in rooms]


def _rounded(polygon: Polygon) -> Polygon:
    points = [(round(x, 3) + 0.0, round(y, 3) + 0.0) for x, y in polygon.exterior.coords]
    return Polygon(points).simplify(1e-6).normalize()


def _mm(value: float) -> float:
    return round(float(value), 3)


def _room_of(cells: list[Rect]) -> RoomPlan:
    return RoomPlan(unary_union([rectangle(*cell) for cell in cells]), tuple(cells))


# ---------------------------------------------------------------------------------------------- one room
def _single_room(rng: Generator, slanted: float) -> RoomPlan:
    if rng.random() < slanted * 0.5:
        return _quadrilateral(rng)
    shape = rng.choice(["rectangle", "l", "t", "u"], p=[0.5, 0.24, 0.13, 0.13])
    builder = {"rectangle": _rectangle, "l": _l_shape, "t": _t_shape, "u": _u_shape}[str(shape)]
    room = _room_of(builder(rng))
    return _mirrored(rng, room)


def _rectangle(rng: Generator) -> list[Rect]:
    return [(0.0, 0.0, _mm(rng.uniform(2.6, 6.5)), _mm(rng.uniform(2.4, 5.0)))]


def _l_shape(rng: Generator) -> list[Rect]:
    w, d = _mm(rng.uniform(4.2, 7.5)), _mm(rng.uniform(4.0, 6.5))
    x, y = _mm(w * rng.uniform(0.42, 0.6)), _mm(d * rng.uniform(0.42, 0.6))
    return [(0.0, 0.0, w, y), (0.0, y, x, d)]


def _t_shape(rng: Generator) -> list[Rect]:
    w, d = _mm(rng.uniform(5.6, 8.0)), _mm(rng.uniform(4.6, 6.5))
    x0, y = _mm(w * rng.uniform(0.22, 0.34)), _mm(d * rng.uniform(0.42, 0.58))
    return [(0.0, 0.0, w, y), (x0, y, _mm(x0 + max(2.0, w * rng.uniform(0.32, 0.42))), d)]


def _u_shape(rng: Generator) -> list[Rect]:
    w, d = _mm(rng.uniform(6.4, 8.6)), _mm(rng.uniform(4.6, 6.5))
    x0, x1, y = _mm(w * rng.uniform(0.3, 0.36)), _mm(w * rng.uniform(0.64, 0.7)), _mm(d * rng.uniform(0.42, 0.58))
    return [(0.0, 0.0, w, y), (0.0, y, x0, d), (x1, y, w, d)]


def _quadrilateral(rng: Generator) -> RoomPlan:
    cell = _rectangle(rng)[0]
    w, d = max(cell[2], 3.4), max(cell[3], 3.0)
    cut = _mm(min(w * 0.3, rng.uniform(0.5, 1.3)))
    polygon = Polygon([(0, 0), (w, 0), (w - cut, d), (0, d)])
    return _mirrored(rng, RoomPlan(polygon, ((0.0, 0.0, w, d),)))


def _mirrored(rng: Generator, room: RoomPlan) -> RoomPlan:
    if rng.random() < 0.5:
        return room
    width = room.polygon.bounds[2]
    polygon = affinity.scale(room.polygon, xfact=-1.0, origin=(width / 2, 0.0))
    return RoomPlan(polygon, tuple((_mm(width - x1), y0, _mm(width - x0), y1) for x0, y0, x1, y1 in room.cells))


# ---------------------------------------------------------------------------------------------- several rooms
def _several_rooms(rng: Generator, count: int, slanted: float) -> list[RoomPlan]:
    style = str(rng.choice(["split", "corridor", "attach"], p=[0.4, 0.35, 0.25]))
    if style == "corridor" and count >= 3:
        return _corridor(rng, count)
    if style == "attach":
        return _attached(rng, count)
    oblique = rng.random() < slanted * 0.6
    merged = count >= 2 and not oblique and rng.random() < 0.35
    cells = _split_cells(rng, count + (1 if merged else 0) - (1 if oblique else 0))
    rooms = [_room_of([cell]) for cell in cells]
    if merged:
        rooms = _merge_two(rng, rooms)
    return _oblique_split(rng, rooms) if oblique else rooms


def _split_cells(rng: Generator, count: int) -> list[Rect]:
    area = count * rng.uniform(11.0, 17.0)
    width = _mm(np.sqrt(area * rng.uniform(1.0, 1.7)))
    cells: list[Rect] = [(0.0, 0.0, width, _mm(area / width))]
    while len(cells) < count:
        cells.sort(key=lambda c: (c[2] - c[0]) * (c[3] - c[1]))
        cells += _cut(rng, cells.pop(), cells)
    return cells


def _cut(rng: Generator, cell: Rect, others: list[Rect]) -> list[Rect]:
    """Cut a rectangle across its longer side, on a line that others share already where one is near."""
    axis = 0 if cell[2] - cell[0] >= cell[3] - cell[1] else 1
    low, high = cell[axis], cell[axis + 2]
    at = _mm(low + (high - low) * rng.uniform(0.38, 0.62))
    known = sorted({c[i] for c in others for i in (axis, axis + 2)}, key=lambda v: abs(v - at))
    if known and abs(known[0] - at) < MIN_STEP and low + MIN_SIDE * 0.8 < known[0] < high - MIN_SIDE * 0.8:
        at = known[0]
    first, second = list(cell), list(cell)
    first[axis + 2], second[axis] = at, at
    return [(first[0], first[1], first[2], first[3]), (second[0], second[1], second[2], second[3])]


def _merge_two(rng: Generator, rooms: list[RoomPlan]) -> list[RoomPlan]:
    """Join two neighbours into one room that is not a rectangle, where the plan has such a pair."""
    pairs = []
    for i, a in enumerate(rooms):
        for j in range(i + 1, len(rooms)):
            union = unary_union([a.polygon, rooms[j].polygon])
            shared = a.polygon.boundary.intersection(rooms[j].polygon.boundary).length
            if shared >= 1.8 and len(union.simplify(1e-6).exterior.coords) > 5:
                pairs.append((i, j))
    if not pairs:
        pairs = [(0, j) for j in range(1, len(rooms)) if rooms[0].polygon.touches(rooms[j].polygon)][:1]
    i, j = pairs[int(rng.integers(len(pairs)))]
    joined = _room_of([*rooms[i].cells, *rooms[j].cells])
    if not isinstance(joined.polygon, Polygon):
        return rooms[:-1]
    return [room for k, room in enumerate(rooms) if k not in (i, j)] + [joined]


def _oblique_split(rng: Generator, rooms: list[RoomPlan]) -> list[RoomPlan]:
    """Divide the largest rectangle by a wall that is 8-25 degrees off the main directions."""
    rooms = sorted(rooms, key=lambda r: r.polygon.area)
    room = rooms.pop()
    x0, y0, x1, y1 = room.polygon.bounds
    lean = float(np.tan(np.radians(rng.uniform(8, 25)))) * rng.choice([-1.0, 1.0]) * 0.5
    if x1 - x0 >= y1 - y0:
        mid, run = x0 + (x1 - x0) * rng.uniform(0.45, 0.55), lean * (y1 - y0)
        ends = [(_mm(mid - run), y0), (_mm(mid + run), y1)]
    else:
        mid, run = y0 + (y1 - y0) * rng.uniform(0.45, 0.55), lean * (x1 - x0)
        ends = [(x0, _mm(mid - run)), (x1, _mm(mid + run))]
    line = affinity.scale(LineString(ends), 1.2, 1.2)
    pieces = list(split(room.polygon, line).geoms)
    return rooms + [RoomPlan(piece, room.cells) for piece in pieces]


def _corridor(rng: Generator, count: int) -> list[RoomPlan]:
    """Rooms on both sides of a corridor, or on one side where there are few."""
    above = (count - 1 + int(rng.integers(2))) // 2 if count > 3 else int(rng.integers(1, count))
    below = count - 1 - above
    width = _mm(max(above, below) * rng.uniform(2.9, 4.0))
    lane = _mm(rng.uniform(1.2, 1.7))
    rooms = [RoomPlan(rectangle(0, 0, width, lane), ((0.0, 0.0, width, lane),), "corridor")]
    marks: list[float] = []
    for number, side in ((above, 1), (below, -1)):
        depth = _mm(rng.uniform(2.8, 4.4))
        y0, y1 = (lane, _mm(lane + depth)) if side > 0 else (-depth, 0.0)
        edges = _marks(rng, number, width, marks)
        marks += edges
        rooms += [_room_of([(a, y0, b, y1)]) for a, b in itertools.pairwise(edges)]
    return rooms


def _marks(rng: Generator, number: int, width: float, known: list[float]) -> list[float]:
    """Ends and cuts of `number` rooms along a corridor; cuts that nearly meet an older one meet it."""
    if number == 0:
        return []
    cuts = [_mm(width * (k + rng.uniform(-0.12, 0.12)) / number) for k in range(1, number)]
    near = {cut: min(known, key=lambda v: abs(v - cut), default=cut) for cut in cuts}
    return [0.0, *(near[c] if abs(near[c] - c) < MIN_STEP else c for c in cuts), width]


def _attached(rng: Generator, count: int) -> list[RoomPlan]:
    """Start with one room and add others to its outer sides; falls back to recursive cuts when nothing fits."""
    rooms = [_room_of(_rectangle(rng))]
    for _ in range(60 * count):
        if len(rooms) == count:
            return rooms
        parent = rooms[int(rng.integers(len(rooms)))]
        candidate = _beside(rng, parent.cells[0])
        if _fits(candidate, rooms):
            rooms.append(_room_of([candidate]))
    return [_room_of([cell]) for cell in _split_cells(rng, count)]


def _beside(rng: Generator, cell: Rect) -> Rect:
    x0, y0, x1, y1 = cell
    w, d = _mm(rng.uniform(2.4, 4.6)), _mm(rng.uniform(2.4, 4.2))
    side = int(rng.integers(4))
    flush = rng.random() < 0.5
    if side < 2:
        low = y0 if flush else _mm(rng.uniform(y0 - d + 1.7, y1 - 1.7))
        return (x1, low, _mm(x1 + w), _mm(low + d)) if side == 0 else (_mm(x0 - w), low, x0, _mm(low + d))
    low = x0 if flush else _mm(rng.uniform(x0 - w + 1.7, x1 - 1.7))
    return (low, y1, _mm(low + w), _mm(y1 + d)) if side == 2 else (low, _mm(y0 - d), _mm(low + w), y0)


def _fits(cell: Rect, rooms: list[RoomPlan]) -> bool:
    """Whether a rectangle touches the plan along at least 1.6 m, and leaves neither slits nor tiny steps."""
    new = rectangle(*cell)
    shared = 0.0
    for room in rooms:
        if new.intersection(room.polygon).area > 1e-9:
            return False
        contact = new.boundary.intersection(room.polygon.boundary).length
        if 0.0 < contact < 1.6 or (contact == 0.0 and new.distance(room.polygon) < 1.0):
            return False
        shared = max(shared, contact)
    return shared >= 1.6 and not _small_steps([*(r.cells[0] for r in rooms), cell])


def _small_steps(cells: list[Rect]) -> bool:
    for axis in (0, 1):
        marks = np.unique([c[i] for c in cells for i in (axis, axis + 2)])
        if len(marks) > 1 and np.diff(marks).min() < MIN_STEP:
            return True
    return False


# ---------------------------------------------------------------------------------------------- cut corners
def _chamfer(rng: Generator, rooms: list[RoomPlan]) -> list[RoomPlan]:
    """Cut one outer corner of one room by a slanted wall of 1.2-2.5 m."""
    corners = [(i, k) for i, room in enumerate(rooms) for k in _outer_corners(room, rooms)]
    if not corners:
        return rooms
    i, k = corners[int(rng.integers(len(corners)))]
    points = np.array(rooms[i].polygon.simplify(1e-6).exterior.coords)[:-1]
    before, corner, after = points[k - 1], points[k], points[(k + 1) % len(points)]
    legs = [min(rng.uniform(0.9, 1.8), np.linalg.norm(p - corner) - 1.2) for p in (before, after)]
    a = corner + (before - corner) / np.linalg.norm(before - corner) * legs[0]
    b = corner + (after - corner) / np.linalg.norm(after - corner) * legs[1]
    polygon = Polygon([*points[:k], a, b, *points[k + 1 :]])
    return [replace(room, polygon=polygon) if n == i else room for n, room in enumerate(rooms)]


def _outer_corners(room: RoomPlan, rooms: list[RoomPlan]) -> list[int]:
    """Convex corners whose two sides (over 2.2 m) belong to this room alone near the corner."""
    if room.kind == "corridor":
        return []
    points = np.array(room.polygon.simplify(1e-6).exterior.coords)[:-1]
    others = unary_union([r.polygon for r in rooms if r is not room])
    found = []
    for k in range(len(points)):
        before, corner, after = points[k - 1], points[k], points[(k + 1) % len(points)]
        u, v = before - corner, after - corner
        reach = LineString([corner + u / np.linalg.norm(u) * 1.9, corner, corner + v / np.linalg.norm(v) * 1.9])
        inside = room.polygon.contains(LineString([corner + u * 0.01, corner + v * 0.01]).centroid)
        if min(np.linalg.norm(u), np.linalg.norm(v)) > 2.2 and inside and reach.distance(others) > 0.1:
            found.append(k)
    return found
