"""What is known when a question comes: the layout, its rooms, the robot, and what was seen when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.boxes import Kind, OrientedBox, to_boxes, wall_yaw
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.rooms import Room, find_rooms
from spatial_perception.reasoning.measures import footprint, heights
from spatial_perception.reasoning.occupancy import Occupancy
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.rooms import NamedRoom, Passage, guess_kind, name_rooms, passages, room_at

MAX_AGE, MAX_AGE_OF_EDITS = 60.0, 10.0
"""A scene older than this (s) gives no answers, or no proposals, that could pass for fresh."""
_ROOM_TOLERANCE = 0.3
_LIMIT = 1e6


@dataclass(frozen=True, eq=False)
class Thing:
    """Something one can talk about: a box, door, window or wall, the room it is in, and when it was first seen (s)."""

    box: OrientedBox
    room: int | None = None
    score: float | None = None
    first_seen: float | None = None

    @property
    def label(self) -> str:
        """Its category: that of a box, or `door`, `window`, `wall`."""
        return self.box.label

    @cached_property
    def footprint(self) -> Polygon:
        """The area it covers in plan."""
        return footprint(self.box)

    @property
    def bottom(self) -> float:
        """Height of its lower face (m)."""
        return heights(self.box)[0]

    @property
    def top(self) -> float:
        """Height of its upper face (m)."""
        return heights(self.box)[1]


@dataclass(frozen=True, eq=False)
class Scene:
    """A layout made ready for questions. Make one with `make_scene`.

    `things` are boxes, then doors, windows and walls. `robot` is where the robot stands. `now` is the time (s) on the
    clock of `layout.stamp`, None when the age of the scene does not matter; from ages of `max_age` and `max_age_of_edits`
    (s) on, answers and proposals count as stale. `changed` holds the ids of boxes around which something has moved since.
    `notes` say what could not be used. `images` are views of the place ((H, W, 3) uint8, in the order of time) for
    answerers that look. `meant` are the kinds and ids of things that a person has pointed out: where a description fits
    several, it is one of these.
    """

    layout: Layout
    things: tuple[Thing, ...] = ()
    rooms: tuple[NamedRoom, ...] = ()
    passages: tuple[Passage, ...] = ()
    robot: Viewer | None = None
    occupancy: Occupancy | None = None
    now: float | None = None
    changed: frozenset[int] = frozenset()
    floor: float = 0.0
    ceiling: float | None = None
    notes: tuple[str, ...] = ()
    images: tuple[NDArray[np.uint8], ...] = ()
    meant: frozenset[tuple[str, int]] = frozenset()
    max_age: float = MAX_AGE
    max_age_of_edits: float = MAX_AGE_OF_EDITS

    @cached_property
    def objects(self) -> tuple[Thing, ...]:
        """The boxes."""
        return tuple(thing for thing in self.things if thing.box.kind == "bbox")

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of boxes, each once, sorted."""
        return tuple(sorted({thing.label for thing in self.objects}))

    @property
    def age(self) -> float | None:
        """Seconds since the layout was made, None where no clock is known."""
        return None if self.now is None else self.now - self.layout.stamp

    def room(self, room_id: int | None) -> NamedRoom | None:
        """The room with this id."""
        return next((room for room in self.rooms if room.id == room_id), None)

    @cached_property
    def robot_room(self) -> NamedRoom | None:
        """The room that the robot is in."""
        return room_at(self.rooms, self.robot.x, self.robot.y, _ROOM_TOLERANCE) if self.robot else None

    @cached_property
    def walls(self) -> tuple[OrientedBox, ...]:
        """The walls as boxes."""
        return tuple(thing.box for thing in self.things if thing.box.kind == "wall")

    @cached_property
    def free_area(self) -> BaseGeometry:
        """The floor between the faces of walls: the rooms; the hull of everything where no room closes."""
        if not self.rooms:
            everything = [thing.footprint for thing in self.things]
            return shapely.convex_hull(shapely.union_all(everything)) if everything else Polygon()
        bodies = [footprint(wall) for wall in self.walls if wall.size[1] > 0]
        return shapely.difference(shapely.union_all([r.polygon for r in self.rooms]), shapely.union_all(bodies))

    @cached_property
    def wall_faces(self) -> list[LineString]:
        """The two faces of every wall in plan."""
        return [face for wall in self.walls for face in _faces(wall)]

    @cached_property
    def wall_lines(self) -> tuple[LineString, ...]:
        """The base lines of the walls, doors not cut out."""
        return tuple(LineString([w.start[:2], w.end[:2]]) for w in self.layout.walls if _is_sane(w))


def make_scene(
    layout: Layout,
    *,
    robot: Viewer | None = None,
    first_seen: Mapping[int, float] | None = None,
    rooms: Sequence[Room] | None = None,
    room_kinds: Mapping[int, str] | None = None,
    occupancy: Occupancy | None = None,
    now: float | None = None,
    changed: Iterable[int] = (),
    images: Iterable[NDArray[np.uint8]] = (),
) -> Scene:
    """A scene from a layout.

    `first_seen` maps ids of boxes to times (s). `rooms` are those that walls enclose (`layout.rooms.find_rooms`), unless they
    are given. `room_kinds` maps their ids to uses such as "bedroom"; others are told by what stands in them. Entities with
    absurd numbers are left out and counted in `notes`; a door or window whose wall is unknown keeps its place, without
    thickness or direction.
    """
    usable = [entity for entity in layout if _is_sane(entity)]
    notes = _notes(layout, usable)
    solid = _layout_of(usable)
    boxes = _all_boxes(solid)
    rooms = find_rooms(solid) if rooms is None else rooms
    bare = name_rooms(rooms, {room.id: "room" for room in rooms})
    homes = {id(box): room_at(bare, *box.center[:2], tolerance=_ROOM_TOLERANCE) for box in boxes}
    kinds = {room.id: guess_kind([b.label for b in boxes if (r := homes[id(b)]) and r.id == room.id]) for room in rooms}
    named = name_rooms(rooms, kinds | {k: v for k, v in (room_kinds or {}).items() if k in kinds})
    seen = first_seen or {}
    entities = {(_kind(e), e.id): e for e in usable}
    things = tuple(_thing(b, homes[id(b)], entities[b.kind, b.id].score, seen) for b in boxes)
    doors = [b for b in boxes if b.kind == "door"]
    return Scene(layout, things, named, passages(doors, named), robot, occupancy, now, frozenset(changed),
                 *_levels(solid, boxes), notes, tuple(images))  # fmt: skip


def _layout_of(entities: Sequence[Entity]) -> Layout:
    walls, doors, windows, boxes = (tuple(e for e in entities if isinstance(e, k)) for k in (Wall, Door, Window, Box))
    return Layout(walls, doors, windows, boxes)  # type: ignore[arg-type]


def _kind(entity: Entity) -> str:
    return "bbox" if isinstance(entity, Box) else type(entity).__name__.lower()


def _thing(box: OrientedBox, room: NamedRoom | None, score: float | None, seen: Mapping[int, float]) -> Thing:
    first = seen.get(box.id) if box.kind == "bbox" else None
    return Thing(box, room.id if room and box.kind != "wall" else None, score, first)


def _is_sane(entity: Entity) -> bool:
    """Whether geometry can be done with an entity."""
    if isinstance(entity, Wall):
        numbers = [*entity.start, *entity.end, entity.height, entity.thickness]
        sizes: Sequence[float] = (entity.height, entity.thickness)
    elif isinstance(entity, Box):
        numbers, sizes = [*entity.center, *entity.size, entity.yaw], entity.size
    else:
        numbers, sizes = [*entity.center, entity.width, entity.height], (entity.width, entity.height)
    return all(isfinite(v) and abs(v) < _LIMIT for v in numbers) and min(sizes) >= 0


def _notes(layout: Layout, usable: Sequence[Entity]) -> tuple[str, ...]:
    notes = []
    if len(usable) < len(layout):
        notes.append(f"{len(layout) - len(usable)} entities have impossible numbers and were left out")
    walls = {e.id for e in usable if isinstance(e, Wall)}
    loose = sum(e.wall_id not in walls for e in usable if isinstance(e, (Door, Window)))
    if loose:
        notes.append(f"{loose} doors or windows stand in no known wall")
    return tuple(notes)


def _all_boxes(layout: Layout) -> list[OrientedBox]:
    """Boxes, doors, windows, walls; openings without a wall as upright rectangles along x."""
    walls = {wall.id for wall in layout.walls}
    loose = [o for o in layout.doors + layout.windows if o.wall_id not in walls]
    kept = Layout(layout.walls, tuple(d for d in layout.doors if d.wall_id in walls),
                  tuple(w for w in layout.windows if w.wall_id in walls), layout.boxes)  # fmt: skip
    boxes = list(to_boxes(kept))
    for opening in loose:
        kind: Kind = "door" if isinstance(opening, Door) else "window"
        boxes.append(OrientedBox(opening.id, kind, kind, opening.center, 0.0, (opening.width, 0.0, opening.height)))
    order = {"bbox": 0, "door": 1, "window": 2, "wall": 3}
    return sorted(boxes, key=lambda box: order[box.kind])


def _levels(layout: Layout, boxes: Sequence[OrientedBox]) -> tuple[float, float | None]:
    """Floor and ceiling (m): from the walls, else the lowest box and no ceiling."""
    if layout.walls:
        floor = float(np.median([min(w.start[2], w.end[2]) for w in layout.walls]))
        return floor, float(np.median([max(w.start[2], w.end[2]) + w.height for w in layout.walls]))
    return min((heights(box)[0] for box in boxes), default=0.0), None


def _faces(wall: OrientedBox) -> list[LineString]:
    c, s = np.cos(wall.yaw), np.sin(wall.yaw)
    along, across = np.array([c, s]) * wall.size[0] / 2, np.array([-s, c]) * wall.size[1] / 2
    middle = np.asarray(wall.center[:2])
    return [LineString([middle - along + k * across, middle + along + k * across]) for k in (-1, 1)]


def main_direction(scene: Scene) -> float:
    """The direction (rad) of the longest wall, 0 without walls."""
    longest = max(
        filter(_is_sane, scene.layout.walls),
        key=lambda w: np.hypot(w.end[0] - w.start[0], w.end[1] - w.start[1]),
        default=None,
    )
    return wall_yaw(longest) if longest else 0.0
