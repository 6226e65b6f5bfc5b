"""Rooms and doors as a graph: polygons, what joins what, what stands where, and in which room a robot is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import dist, isfinite
from uuid import UUID

import numpy as np
from shapely.geometry import Point, Polygon

from spatial_perception.layout.entities import Box, Layout, Vec3
from spatial_perception.layout.rooms import Room as Space
from spatial_perception.layout.validation import Finding
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.room_types import infer_room_type
from spatial_perception.navigation.structure import Structure, build_structure, door_findings, space_at, usable_boxes

OBJECT_TOLERANCE = 0.4
"""Objects whose centre is this close (m) to a room belong to it: paintings in the wall, curtains in the window."""
_SAME_ROOM = 0.3  # overlap (intersection over union) from which a room counts as the one of before

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Room:
    """A room: polygon (`outline` counter-clockwise and `holes`, m), `area` (m2), `center` (m, inside), what it holds.

    `kind` is inferred from the objects with `confidence` in [0, 1]; `objects`, `doors` and `neighbours` are ids of boxes,
    doors and rooms. The id stays the same while the room stays in place.
    """

    id: int
    uuid: UUID
    kind: str
    confidence: float
    outline: Ring
    holes: tuple[Ring, ...]
    area: float
    center: tuple[float, float]
    objects: tuple[int, ...]
    doors: tuple[int, ...]
    neighbours: tuple[int, ...]

    @property
    def name(self) -> str:
        """Kind and id: `bedroom_2`."""
        return f"{self.kind}_{self.id}"

    @property
    def polygon(self) -> Polygon:
        """The room as a shapely polygon, on the centre lines of its walls."""
        return Polygon(self.outline, self.holes)


@dataclass(frozen=True, slots=True)
class DoorLink:
    """A door: `center` (m), `yaw` (rad) along its wall, `width` and `height` (m), and the ids of the `rooms` on its left and
    right seen along the wall; None is outside. `open` is False for doors that were declared closed, `passable` where the
    robot fits through an open door."""

    id: int
    uuid: UUID
    wall_id: int
    center: Vec3
    yaw: float
    width: float
    height: float
    rooms: tuple[int | None, int | None]
    open: bool
    passable: bool

    @property
    def is_exterior(self) -> bool:
        """Whether one side is no known room."""
        return None in self.rooms


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One step of a way through rooms: through `door` (id) into `room` (id)."""

    door: int
    room: int


@dataclass(frozen=True, slots=True)
class RoomGraph:
    """Rooms in order of id, doors in order of the layout, ids of objects in no room, and findings."""

    rooms: tuple[Room, ...] = ()
    doors: tuple[DoorLink, ...] = ()
    outside: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    frame_id: str = ""
    stamp: float = 0.0

    def room(self, room_id: int) -> Room | None:
        """The room with this id, or None."""
        return next((room for room in self.rooms if room.id == room_id), None)

    def door(self, door_id: int) -> DoorLink | None:
        """The door with this id, or None."""
        return next((door for door in self.doors if door.id == door_id), None)

    def room_at(self, x: float, y: float, tolerance: float = 0.0) -> Room | None:
        """The room in which a point (m) lies, or the nearest within `tolerance` (m); None outside, and for NaN."""
        if not (isfinite(x) and isfinite(y)) or not self.rooms:
            return None
        here = Point(x, y)
        gap, room = min(((r.polygon.distance(here), r) for r in self.rooms), key=lambda pair: (pair[0], pair[1].id))
        return room if gap <= tolerance else None

    def room_of(self, box_id: int) -> Room | None:
        """The room that holds an object, or None."""
        return next((room for room in self.rooms if box_id in room.objects), None)

    def route(self, start: int, goal: int) -> tuple[RouteStep, ...] | None:
        """The shortest way from one room to another through passable doors, or None where there is none.

        Lengths are straight lines between the centres of rooms and doors. The empty tuple means to stay.
        """
        queue: list[tuple[float, int, tuple[float, float], tuple[RouteStep, ...]]] = []
        first = self.room(start)
        if first is None or self.room(goal) is None:
            return None
        heappush(queue, (0.0, start, first.center, ()))
        done: set[int] = set()
        while queue:
            length, here, place, steps = heappop(queue)
            if here == goal:
                return steps
            if here in done:
                continue
            done.add(here)
            for door, room in self._exits(here):
                way = length + dist(place, door.center[:2]) + dist(door.center[:2], room.center)
                heappush(queue, (way, room.id, room.center, (*steps, RouteStep(door.id, room.id))))
        return None

    def _exits(self, room_id: int) -> list[tuple[DoorLink, Room]]:
        found = []
        for door in self.doors:
            a, b = door.rooms
            other = b if a == room_id else a if b == room_id else None
            room = None if other is None or other == room_id else self.room(other)
            if door.passable and room is not None:
                found.append((door, room))
        return found


def room_graph(
    layout: Layout, *, robot: Robot | None = None, closed_doors: Sequence[int] = (), previous: RoomGraph | None = None
) -> RoomGraph:
    """Rooms and doors of a layout; rooms that overlap one of `previous` keep its id.

    What is wrong (walls that do not close, doors without wall or room, objects outside any room) is in the findings;
    nothing in a layout makes this fail.
    """
    body = robot or Robot()
    structure = build_structure(layout, body, closed_doors)
    boxes, findings = usable_boxes(layout.boxes)
    graph = build_room_graph(structure, boxes, body, previous)
    return RoomGraph(
        graph.rooms, graph.doors, graph.outside, (*graph.findings, *findings), layout.frame_id, layout.stamp
    )


def build_room_graph(
    structure: Structure,
    boxes: Sequence[Box],
    robot: Robot,
    previous: RoomGraph | None = None,
    stamp: float | None = None,
) -> RoomGraph:
    """The graph of a structure with usable boxes in it, at time `stamp` (s); see `room_graph`."""
    spaces, layout = structure.spaces, structure.layout
    ids = _stable_ids(spaces, previous)
    sides = structure.sides
    doors = tuple(
        _door_link(structure, number, tuple(None if s is None else ids[s] for s in pair), robot)  # type: ignore[arg-type]
        for number, pair in enumerate(sides)
    )
    places = space_at(spaces, np.array([b.center[:2] for b in boxes]).reshape(-1, 2), OBJECT_TOLERANCE)
    rooms = [_room(ids[k], space, [b for b, p in zip(boxes, places) if p == k], doors, layout.frame_id)
             for k, space in enumerate(spaces)]  # fmt: skip
    outside = [box for box, place in zip(boxes, places) if place is None]
    findings = [*structure.findings, *door_findings(layout.doors, sides, robot), *_outside_findings(outside)]
    ordered = tuple(sorted(rooms, key=lambda room: room.id))
    outside_ids = tuple(box.id for box in outside)
    when = layout.stamp if stamp is None else stamp
    return RoomGraph(ordered, doors, outside_ids, tuple(findings), layout.frame_id, when)


def _outside_findings(boxes: Sequence[Box]) -> list[Finding]:
    text = "stands in no closed room; it has no goal, and is left out of the rooms"
    return [Finding("outside any room", f"bbox_{box.id}", f"({box.label}) {text}", "warning") for box in boxes]


def _stable_ids(spaces: Sequence[Space], previous: RoomGraph | None) -> list[int]:
    """The id of each area: that of the previous room which it overlaps most, else the next one that was never used."""
    old = previous.rooms if previous is not None else ()
    in_place = {(room.outline, room.holes): room.id for room in old}
    kept = [in_place.get((space.outline, space.holes)) for space in spaces]
    if len(old) == len(spaces) and None not in kept:
        return [number for number in kept if number is not None]
    pairs = sorted(
        ((-_overlap(space.polygon, room.polygon), k, room.id) for k, space in enumerate(spaces) for room in old)
    )
    ids: dict[int, int] = {}
    for overlap, k, room_id in pairs:
        if -overlap >= _SAME_ROOM and k not in ids and room_id not in ids.values():
            ids[k] = room_id
    fresh = max([room.id for room in old], default=-1) + 1
    for k in range(len(spaces)):
        if k not in ids:
            ids[k] = fresh
            fresh += 1
    return [ids[k] for k in range(len(spaces))]


def _overlap(a: Polygon, b: Polygon) -> float:
    shared = float(a.intersection(b).area)
    return shared / max(float(a.area + b.area) - shared, 1e-12)


def _door_link(structure: Structure, number: int, rooms: tuple[int | None, int | None], robot: Robot) -> DoorLink:
    door = structure.layout.doors[number]
    wall = structure.layout.wall(door.wall_id)
    assert wall is not None  # doors without wall are not in a structure
    yaw = float(np.arctan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0]))
    is_open = any(hole.door is door for hole in structure.holes)
    fits = door.width >= 2 * robot.radius and door.height >= robot.height
    uuid = stable_uuid(structure.layout.frame_id, "door", door.id)
    return DoorLink(door.id, uuid, door.wall_id, door.center, yaw, door.width, door.height, rooms, is_open,
                    is_open and fits)  # fmt: skip


def _room(number: int, space: Space, boxes: Sequence[Box], doors: Sequence[DoorLink], frame_id: str) -> Room:
    own = [door for door in doors if number in door.rooms]
    beyond = {room for door in own if door.passable for room in door.rooms if room not in (None, number)}
    kind = infer_room_type((box.label for box in boxes), space.area, _least_width(space.polygon))
    return Room(
        number,
        stable_uuid(frame_id, "room", number),
        kind.name,
        kind.confidence,
        space.outline,
        space.holes,
        space.area,
        space.center,
        tuple(box.id for box in boxes),
        tuple(door.id for door in own),
        tuple(sorted(room for room in beyond if room is not None)),
    )


def _least_width(polygon: Polygon) -> float:
    """The shorter side of the smallest rectangle around a polygon (m)."""
    corners = list(polygon.minimum_rotated_rectangle.exterior.coords)
    return min(dist(corners[0], corners[1]), dist(corners[1], corners[2]))


def kind_counts(graph: RoomGraph) -> dict[str, int]:
    """How many rooms there are of each kind, by name."""
    return dict(sorted(Counter(room.kind for room in graph.rooms).items()))
