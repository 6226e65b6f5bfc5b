"""Doors and windows: where they go in walls, and how door leaves stand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, unary_union

from spatial_perception.simulation.floorplan import RoomPlan
from spatial_perception.simulation.walls import WallPlan

OPEN, AJAR, CLOSED, PASSAGE = "open", "ajar", "closed", "passage"


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of wall `wall` between `low` and `high` (m along it) that has room `rooms[0]` on one side, and on the other
    room `rooms[1]` or the outside (-1)."""

    wall: int
    low: float
    high: float
    rooms: tuple[int, int]


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """A door: middle `along` its wall (m), `width`, `height`, and its state. The leaf hangs on the `hinge` end (-1 or +1) at the
    face on `side` (-1 or +1, left of the wall is +1) and is turned by `angle` (rad) out of the wall; a robot has to get
    through where it `must_open`."""

    wall: int
    along: float
    width: float
    height: float
    rooms: tuple[int, int]
    state: str
    hinge: int = 1
    side: int = 1
    angle: float = 0.0
    must_open: bool = False

    @property
    def span(self) -> tuple[float, float]:
        """Both ends (m) along the wall."""
        return (self.along - self.width / 2, self.along + self.width / 2)


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A window: middle `along` its wall (m), `width`, `height`, height of its `sill`, and the room that it lights."""

    wall: int
    along: float
    width: float
    height: float
    sill: float
    room: int

    @property
    def span(self) -> tuple[float, float]:
        """Both ends (m) along the wall."""
        return (self.along - self.width / 2, self.along + self.width / 2)


def slots_of(rooms: Sequence[RoomPlan], walls: Sequence[WallPlan]) -> list[Slot]:
    """Every stretch of wall between two rooms, or between a room and the outside, clear of the walls that meet it."""
    slots = []
    for i, room in enumerate(rooms):
        rest: BaseGeometry = room.polygon.boundary
        for j, other in enumerate(rooms):
            if j == i:
                continue
            shared = room.polygon.boundary.intersection(other.polygon.boundary.buffer(4e-3))
            rest = rest.difference(other.polygon.boundary.buffer(5e-3))
            if j > i:
                slots += _slots_on(shared, walls, (i, j))
        slots += _slots_on(rest, walls, (i, -1))
    return slots


def _segments(geometry: BaseGeometry) -> list[LineString]:
    """Straight pieces of a line geometry, in a fixed order."""
    parts = [g for g in getattr(geometry, "geoms", [geometry]) if isinstance(g, LineString) and g.length > 0.05]
    if not parts:
        return []
    joined = linemerge(MultiLineString(parts)) if len(parts) > 1 else parts[0]
    pieces = []
    for line in getattr(joined, "geoms", [joined]):
        coords = list(line.simplify(4e-3).coords)
        pieces += [LineString(pair) for pair in itertools.pairwise(coords)]
    return sorted(pieces, key=lambda s: s.bounds)


def _slots_on(geometry: BaseGeometry, walls: Sequence[WallPlan], rooms: tuple[int, int]) -> list[Slot]:
    slots = []
    for segment in _segments(geometry):
        wall = _wall_under(segment, walls)
        if wall is None:
            continue
        ends = sorted(walls[wall].along(p) for p in segment.coords)
        low, high = (_clear_end(walls, wall, ends[0], 1), _clear_end(walls, wall, ends[1], -1))
        if high - low > 0.6:
            slots.append(Slot(wall, low, high, rooms))
    return slots


def _wall_under(segment: LineString, walls: Sequence[WallPlan]) -> int | None:
    middle = segment.interpolate(0.5, normalized=True)
    for index, wall in enumerate(walls):
        if abs(float(wall.normal @ np.subtract(segment.coords[-1], segment.coords[0]))) > 0.02 * segment.length:
            continue
        if LineString([wall.start, wall.end]).distance(middle) < 0.01:
            return index
    return None


def _clear_end(walls: Sequence[WallPlan], wall: int, end: float, inward: int) -> float:
    """The end of a slot, moved inwards past the thickness of walls that meet there."""
    point = walls[wall].at(end)
    half = [0.0]
    for k, other in enumerate(walls):
        if k != wall and LineString([other.start, other.end]).distance(LineString([point, point])) < 0.01:
            sin = max(0.3, abs(float(walls[wall].normal @ other.axis)))
            half.append(other.thickness / 2 / sin + walls[wall].thickness / 2 * np.sqrt(1 - min(1.0, sin) ** 2) / sin)
    return end + inward * (max(half) + 0.08)


class OpeningPlanner:
    """Cuts openings into walls, one after the other, so that none comes near another."""

    def __init__(self, rng: Generator, rooms: Sequence[RoomPlan], walls: Sequence[WallPlan], height: float) -> None:
        self.rng, self.rooms, self.walls, self.height = rng, rooms, walls, height
        self.slots = slots_of(rooms, walls)
        self.taken: dict[int, list[tuple[float, float]]] = {}
        self.doors: list[DoorPlan] = []
        self.windows: list[WindowPlan] = []

    # ------------------------------------------------------------------------------------------ doors
    def join_rooms(self, drivable: bool, extra: float) -> None:
        """Doors so that every room is reached from every other (walkable where `drivable`), and some more by chance `extra`."""
        reached = {self._hub()}
        while len(reached) < len(self.rooms):
            slots = [s for s in self._between() if (s.rooms[0] in reached) != (s.rooms[1] in reached)]
            slots = [s for s in slots if self._free(s, 0.75)]
            if not slots:
                break
            slot = self._pick(slots)
            if self.add_door(slot, "tree-drivable" if drivable else "tree"):
                reached |= set(slot.rooms)
            else:
                self.slots.remove(slot)
        joined = {frozenset(d.rooms) for d in self.doors}
        for slot in self._between():
            if frozenset(slot.rooms) not in joined and self.rng.random() < extra and self.add_door(slot, "extra"):
                joined.add(frozenset(slot.rooms))

    def _hub(self) -> int:
        """The room that others open on: the corridor, else the largest one."""
        rank = [(room.kind == "corridor", room.polygon.area) for room in self.rooms]
        return max(range(len(rank)), key=lambda i: rank[i])

    def _between(self) -> list[Slot]:
        return [s for s in self.slots if s.rooms[1] >= 0]

    def _pick(self, slots: list[Slot]) -> Slot:
        corridor = [s for s in slots if "corridor" in (self.rooms[s.rooms[0]].kind, self.rooms[s.rooms[1]].kind)]
        choice = corridor or slots
        return choice[int(self.rng.integers(len(choice)))]

    def add_entrance(self) -> None:
        """One door to the outside, from the corridor where it reaches an outer wall, else from any room."""
        outer = [s for s in self.slots if s.rooms[1] < 0 and self._free(s, 0.9)]
        preferred = [s for s in outer if self.rooms[s.rooms[0]].kind == "corridor"] or outer
        for index in self.rng.permutation(len(preferred)):
            if self.add_door(preferred[int(index)], "entrance"):
                return

    def add_door(self, slot: Slot, role: str) -> bool:
        """Cut a door into a slot; False where there is no room for it."""
        rng = self.rng
        state = self._state(role)
        wide = rng.uniform(0.9, 1.8) if state == PASSAGE else rng.uniform(0.74, 0.95)
        place = self._place(slot, round(float(wide), 3), 0.1)
        if place is None and wide > 0.8:
            wide = 0.75
            place = self._place(slot, wide, 0.06)
        if place is None:
            return False
        tall = min(rng.uniform(1.98, 2.12) + (0.1 if state == PASSAGE else 0.0), self.height - 0.15)
        hinge, side = (int(rng.choice([-1, 1])) for _ in range(2))
        if role == "entrance":
            side = self._side_of(slot)
        angle = {OPEN: rng.uniform(1.35, 1.85), AJAR: rng.uniform(0.45, 1.1), CLOSED: 0.0, PASSAGE: 0.0}[state]
        must = role == "tree-drivable"
        if must and state == AJAR:
            angle = max(angle, 1.3)
        size = (round(float(wide), 3), round(float(tall), 3))
        turn = round(float(angle), 3)
        self.doors.append(DoorPlan(slot.wall, place, *size, slot.rooms, state, hinge, side, turn, must))
        return True

    def _state(self, role: str) -> str:
        odds = {
            "tree-drivable": [0.55, 0.15, 0.0, 0.3],
            "tree": [0.35, 0.2, 0.25, 0.2],
            "extra": [0.25, 0.2, 0.45, 0.1],
            "entrance": [0.2, 0.15, 0.65, 0.0],
        }[role]
        return str(self.rng.choice([OPEN, AJAR, CLOSED, PASSAGE], p=odds))

    def _side_of(self, slot: Slot) -> int:
        """On which side (+1 left, -1 right) of its wall the first room of a slot lies."""
        wall = self.walls[slot.wall]
        middle = (slot.low + slot.high) / 2
        probe = wall.strip(middle - 0.05, middle + 0.05, 0.1 + wall.thickness / 2, 0.0)
        return 1 if self.rooms[slot.rooms[0]].polygon.intersects(probe.centroid) else -1

    # ------------------------------------------------------------------------------------------ windows
    def add_windows(self, amount: float) -> None:
        """Windows in outer walls; `amount` 0-2 scales how many."""
        for slot in self.slots:
            if slot.rooms[1] >= 0 or slot.high - slot.low < 1.0:
                continue
            chance = 0.2 if self.rooms[slot.rooms[0]].kind == "corridor" else 0.62
            while self.rng.random() < chance * amount and self._add_window(slot):
                chance *= 0.35

    def _add_window(self, slot: Slot) -> bool:
        rng = self.rng
        width = round(float(min(rng.uniform(0.6, 2.4), (slot.high - slot.low) * 0.7)), 3)
        place = self._place(slot, width, 0.2) if width >= 0.5 else None
        if place is None:
            return False
        sill = round(float(rng.uniform(0.4, 1.2)), 3)
        height = round(float(min(rng.uniform(0.7, 1.7), self.height - 0.25 - sill)), 3)
        self.windows.append(WindowPlan(slot.wall, place, width, height, sill, slot.rooms[0]))
        return True

    # ------------------------------------------------------------------------------------------ space in walls
    def _gaps(self, slot: Slot, margin: float) -> list[tuple[float, float]]:
        gaps, low = [], slot.low
        for a, b in sorted(self.taken.get(slot.wall, [])):
            if b < slot.low or a > slot.high:
                continue
            gaps.append((low, a - margin))
            low = max(low, b + margin)
        return [*gaps, (low, slot.high)]

    def _free(self, slot: Slot, width: float) -> bool:
        return any(b - a >= width for a, b in self._gaps(slot, 0.1))

    def _place(self, slot: Slot, width: float, margin: float) -> float | None:
        gaps = [(a, b) for a, b in self._gaps(slot, margin) if b - a >= width]
        if not gaps:
            return None
        a, b = max(gaps, key=lambda g: g[1] - g[0])
        middle = round(float(self.rng.uniform(a + width / 2, b - width / 2)), 3)
        self.taken.setdefault(slot.wall, []).append((middle - width / 2, middle + width / 2))
        return middle


def door_clearance(door: DoorPlan, wall: WallPlan) -> Polygon:
    """Ground that must stay free of furniture: the way through the door, and the quarter that its leaf sweeps."""
    low, high = door.span
    half = wall.thickness / 2
    way = wall.strip(low - 0.05, high + 0.05, half + 0.75, half + 0.75)
    if door.state == PASSAGE:
        return way
    reach = half + door.width + 0.05
    pivot_low, pivot_high = (low - 0.1, high) if door.hinge < 0 else (low, high + 0.1)
    if door.angle > np.pi / 2:
        pivot_low, pivot_high = (low - 0.35, high) if door.hinge < 0 else (low, high + 0.35)
    sweep = wall.strip(pivot_low, pivot_high, reach if door.side > 0 else 0.0, reach if door.side < 0 else 0.0)
    return unary_union([way, sweep])
