"""Procedural homes of one to six rooms with their exact layout.

`make_home` draws outlines, walls, openings and furniture from one seed. What the layout holds: every wall, every door (closed
ones too) and window, and every piece of furniture with a category that is at least 0.15 m long in one direction. Door
leaves, frames, columns, loose clutter and the world outside are seen by sensors but are no entities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Vec3, Wall, Window
from spatial_perception.simulation import shell
from spatial_perception.simulation.floorplan import RoomPlan, plan_rooms
from spatial_perception.simulation.furnishing import Placement, RoomSpace, WindowZone
from spatial_perception.simulation.furniture.palette import WHITES, WOODS, shade
from spatial_perception.simulation.openings import CLOSED, PASSAGE, DoorPlan, OpeningPlanner, WindowPlan, door_clearance
from spatial_perception.simulation.partitions import add_partitions
from spatial_perception.simulation.recipes import furnish
from spatial_perception.simulation.rooms import name_rooms
from spatial_perception.simulation.solids import Colour, Part, Solids, box
from spatial_perception.simulation.walls import WallPlan, walls_of

SMALLEST = 0.15
"""Pieces that are shorter than this (m) in all three directions are not part of the layout."""


@dataclass(frozen=True, slots=True)
class HomeStyle:
    """How homes are drawn. `yaw` (rad) and `offset` (m) place the home in its frame; None draws them at random.

    `slanted` [0, 1] is the chance of walls off the main directions, `partitions` [0, 1] of free-standing walls and columns per
    room, `windows`, `density`, `clutter` (0-2) scale how many windows, pieces and loose things there are. With `drivable`
    every room can be reached by a robot: doors on the way are open. `outside` adds ground and facades behind windows.
    """

    yaw: float | None = None
    offset: Vec3 | None = None
    slanted: float = 0.2
    partitions: float = 0.1
    windows: float = 1.0
    density: float = 1.0
    clutter: float = 1.0
    drivable: bool = True
    outside: bool | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A room: `kind` of use, `polygon` on the centre lines of its walls and `free` floor between wall faces, as (x, y) corners
    in metres, counter-clockwise, in the frame of the home."""

    name: str
    kind: str
    polygon: tuple[tuple[float, float], ...]
    free: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """A home: its true `layout`, its `rooms`, and the `solids` that sensors see.

    `owners[solids.owner[i]]` names what solid i belongs to: wall_3, door_0, window_1, box_7, floor, ceiling, column, clutter,
    outside. The floor is at `floor` and the ceiling `height` above it (m); `yaw` (rad) is the direction of the main walls.
    """

    layout: Layout
    rooms: tuple[Room, ...]
    solids: Solids
    owners: tuple[str, ...]
    floor: float
    height: float
    yaw: float


def make_home(
    seed: int | Generator, *, rooms: int | None = None, style: HomeStyle | None = None, frame_id: str = "map"
) -> Home:
    """A home of `rooms` rooms (1-6, random when None). The same seed gives the same home.

    Raises ConfigError when `rooms` is out of range.
    """
    rng = np.random.default_rng(seed)
    if rooms is not None and not 1 <= rooms <= 6:
        raise ConfigError(f"rooms must be 1 to 6, got {rooms}; choose a number in this range")
    count = rooms if rooms is not None else int(rng.integers(1, 7))
    return _Builder(rng, count, style or HomeStyle(), frame_id).build()


@dataclass(slots=True, eq=False)
class _Builder:
    """One home in the making, in its own axes with the floor at zero; the last step moves it into its frame."""

    rng: Generator
    count: int
    style: HomeStyle
    frame_id: str
    height: float = 0.0
    rooms: list[RoomPlan] = field(default_factory=list)
    walls: list[WallPlan] = field(default_factory=list)
    doors: list[DoorPlan] = field(default_factory=list)
    windows: list[WindowPlan] = field(default_factory=list)
    columns: list[Polygon] = field(default_factory=list)
    spaces: list[RoomSpace] = field(default_factory=list)
    parts: list[tuple[Part, int]] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)

    def build(self) -> Home:
        self._draw_plan()
        self._cut_openings()
        self._stand_partitions()
        self._swing_doors()
        self._furnish()
        self._raise_shell()
        self._add_furniture()
        return self._finish()

    # ------------------------------------------------------------------------------------------ plan
    def _draw_plan(self) -> None:
        self.height = round(float(self.rng.uniform(2.35, 3.1)), 3)
        self.rooms = name_rooms(self.rng, plan_rooms(self.rng, self.count, self.style.slanted))
        self.walls = walls_of(self.rooms, self.rng)

    def _cut_openings(self) -> None:
        planner = OpeningPlanner(self.rng, self.rooms, self.walls, self.height)
        planner.join_rooms(self.style.drivable, extra=0.25)
        planner.add_entrance()
        planner.add_windows(self.style.windows)
        self.doors, self.windows = planner.doors, planner.windows

    def _stand_partitions(self) -> None:
        ways = unary_union([door_clearance(d, self.walls[d.wall]) for d in self.doors])
        free = [self._free(room) for room in self.rooms]
        lit = [self.walls[w.wall].strip(w.span[0] - 0.3, w.span[1] + 0.3, 0.5, 0.5) for w in self.windows]
        more, self.columns = add_partitions(self.rng, free, unary_union([ways, *lit]), self.style.partitions)
        self.walls = [*self.walls, *more]

    def _free(self, room: RoomPlan) -> Polygon:
        """The floor of a room between the faces of walls."""
        rest = room.polygon.difference(unary_union([w.footprint for w in self.walls]))
        parts = sorted(getattr(rest, "geoms", [rest]), key=lambda g: -g.area)
        return Polygon(parts[0].exterior, parts[0].interiors)

    def _swing_doors(self) -> None:
        """Give every open leaf a hinge and an angle at which it touches neither walls nor other doors; else no leaf, or shut."""
        free = unary_union([self._free(room) for room in self.rooms])
        ways = [self._way(door) for door in self.doors]
        for k, door in enumerate(self.doors):
            if door.state in (PASSAGE, CLOSED):
                continue
            others = unary_union([way for j, way in enumerate(ways) if j != k])
            swung = [
                self._swung(door, h, s, free, others)
                for s in (door.side, -door.side)
                for h in (door.hinge, -door.hinge)
            ]
            wide = [d for d in swung if d.angle > (1.25 if door.must_open else 0.4)]
            good = [d for d in wide if self._leaves_way(d, k)]
            shut = replace(door, state=PASSAGE if door.must_open else CLOSED, angle=0.0)
            self.doors[k] = good[0] if good else shut
            if good:
                ways[k] = unary_union([ways[k], self._leaf_area(good[0]).buffer(0.02)])

    def _leaves_way(self, door: DoorPlan, number: int) -> bool:
        """Whether all doors of the rooms beside a door stay joined when its leaf stands open, like those before it."""
        leaves = [self._leaf_area(d) for d in [*self.doors[:number], door] if d.angle > 0.0]
        for index in door.rooms:
            if index < 0:
                continue
            free = self._free(self.rooms[index])
            doors = [d for d in self.doors if index in d.rooms]
            probes = [self._probe(d, free) for d in doors]
            space = RoomSpace(self.rng, "", free, Polygon(), probes, (), self.height, [*leaves, *self.columns])
            if not space.walkable():
                return False
        return True

    def _way(self, door: DoorPlan) -> Polygon:
        """The ground on both sides of a door that a robot crosses."""
        wall = self.walls[door.wall]
        return wall.strip(*door.span, wall.thickness / 2 + 0.6, wall.thickness / 2 + 0.6)

    def _swung(self, door: DoorPlan, hinge: int, side: int, free: BaseGeometry, others: BaseGeometry) -> DoorPlan:
        """The door hung in this way, with angle 0 where it cannot open."""
        hung = replace(door, hinge=hinge, side=side)
        opened = replace(hung, angle=shell.fitting_angle(hung, self.walls[door.wall], free))
        return replace(hung, angle=0.0) if self._leaf_area(opened).intersects(others) else opened

    # ------------------------------------------------------------------------------------------ rooms
    def _furnish(self) -> None:
        leaves = [self._leaf_area(door) for door in self.doors if door.angle > 0.0]
        for index, room in enumerate(self.rooms):
            doors = [door for door in self.doors if index in door.rooms]
            ways = unary_union([door_clearance(door, self.walls[door.wall]) for door in doors])
            free = self._free(room)
            probes = [self._probe(door, free) for door in doors]
            zones = [self._zone(window, free) for window in self.windows if window.room == index]
            space = RoomSpace(self.rng, room.kind, free, ways, probes, zones, self.height, [*leaves, *self.columns])
            furnish(space, self.style.density, self.style.clutter)
            self.spaces.append(space)

    def _leaf_area(self, door: DoorPlan) -> BaseGeometry:
        leaf = shell.leaf_parts(door, self.walls[door.wall], door.angle, (0, 0, 0))
        return unary_union([_footprint(part) for part in leaf])

    def _probe(self, door: DoorPlan, free: Polygon) -> Point:
        """A point half a metre before a door, inside the room."""
        wall = self.walls[door.wall]
        ends = [Point(wall.at(door.along, s * (wall.thickness / 2 + 0.45))) for s in (-1, 1)]
        return min(ends, key=lambda p: float(free.distance(p)))

    def _zone(self, window: WindowPlan, free: Polygon) -> WindowZone:
        """The strip of floor before a window; its `along` runs with the room on the left."""
        wall = self.walls[window.wall]
        side = min((-1, 1), key=lambda s: free.distance(Point(wall.at(window.along, s * (wall.thickness / 2 + 0.1)))))
        reach = wall.thickness / 2 + 0.3
        area = wall.strip(*window.span, reach if side > 0 else 0.0, reach if side < 0 else 0.0)
        face = [wall.at(mark, side * wall.thickness / 2) for mark in (window.span if side > 0 else window.span[::-1])]
        return WindowZone(area, window.sill, (face[0], face[1]), window.height)

    # ------------------------------------------------------------------------------------------ solids
    def _own(self, owner: str, parts: Sequence[Part]) -> None:
        if owner not in self.owners:
            self.owners.append(owner)
        self.parts += [(part, self.owners.index(owner)) for part in parts]

    def _raise_shell(self) -> None:
        paint, trim, wood = (self._tint(WHITES), self._tint(WHITES), self._tint(WOODS))
        for k, wall in enumerate(self.walls):
            openings: list[DoorPlan | WindowPlan] = [*self.doors, *self.windows]
            holes = [shell.hole_of(o) for o in openings if o.wall == k]
            self._own(f"wall_{k}", shell.wall_parts(wall, holes, self.height, paint))
        self._own("walls", shell.corner_posts(self.walls, self.height, paint))
        for k, door in enumerate(self.doors):
            wall = self.walls[door.wall]
            casing = shell.casing_parts(door, wall, trim) if self.rng.random() < 0.7 else []
            leaf = trim if self.rng.random() < 0.5 else wood
            self._own(f"door_{k}", [*casing, *shell.leaf_parts(door, wall, door.angle, leaf)])
        for k, window in enumerate(self.windows):
            aside = float(self.rng.uniform(-0.3, 0.3)) * self.walls[window.wall].thickness
            self._own(f"window_{k}", shell.window_parts(window, self.walls[window.wall], trim, aside))
        self._raise_slabs(wood)

    def _raise_slabs(self, wood: Colour) -> None:
        margin = max(w.thickness for w in self.walls) / 2
        for room in self.rooms:
            tiles = shade(self._tint(WHITES), 0.85)
            self._own(
                "floor",
                shell.slab_parts(room, -shell.SLAB, tiles if room.kind in ("bathroom", "kitchen") else wood, margin),
            )
            self._own("ceiling", shell.slab_parts(room, self.height, (240, 240, 240), margin))
        for column in self.columns:
            x0, y0, x1, y1 = column.bounds
            self._own(
                "column", [box((x0 + x1) / 2, (y0 + y1) / 2, 0.0, (x1 - x0, y1 - y0, self.height), (225, 225, 220))]
            )
        seen = self.style.outside if self.style.outside is not None else self.rng.random() < 0.6
        if seen:
            self._own("outside", shell.outside_parts(self.rng, unary_union([r.polygon for r in self.rooms])))

    def _tint(self, colours: Sequence[Colour]) -> Colour:
        return shade(colours[int(self.rng.integers(len(colours)))], float(self.rng.uniform(0.9, 1.03)))

    def _add_furniture(self) -> None:
        for number, spot in enumerate(self._entities()):
            self._own(f"box_{number}", _placed_parts(spot))
        rest = [s for space in self.spaces for s in [*space.placed, *space.loose] if not _counts(s)]
        self._own("clutter", [part for spot in rest for part in _placed_parts(spot)])

    def _entities(self) -> list[Placement]:
        return [spot for space in self.spaces for spot in space.placed if _counts(spot)]

    # ------------------------------------------------------------------------------------------ result
    def _finish(self) -> Home:
        yaw = self.style.yaw if self.style.yaw is not None else float(self.rng.uniform(-np.pi, np.pi))
        random = (
            *(float(v) for v in self.rng.uniform(-10, 10, 2)),
            float(self.rng.choice([0.0, self.rng.uniform(-1.5, 3.0)])),
        )
        offset = self.style.offset if self.style.offset is not None else tuple(round(v, 3) for v in random)
        frame = _Frame(yaw, (offset[0], offset[1], offset[2]))
        rooms = tuple(
            Room(f"{room.kind}_{k}", room.kind, frame.ring(room.polygon), frame.ring(space.free))
            for k, (room, space) in enumerate(zip(self.rooms, self.spaces))
        )
        solids = Solids.of(self.parts).moved(yaw, frame.offset)
        return Home(self._layout(frame), rooms, solids, tuple(self.owners), frame.offset[2], self.height, yaw)

    def _layout(self, frame: _Frame) -> Layout:
        walls = [
            Wall(k, frame.at(w.start), frame.at(w.end), self.height, w.thickness) for k, w in enumerate(self.walls)
        ]
        doors = [
            Door(k, d.wall, frame.at(self.walls[d.wall].at(d.along), d.height / 2), d.width, d.height)
            for k, d in enumerate(self.doors)
        ]
        windows = [
            Window(k, w.wall, frame.at(self.walls[w.wall].at(w.along), w.sill + w.height / 2), w.width, w.height)
            for k, w in enumerate(self.windows)
        ]
        boxes = [
            Box(k, s.piece.label, frame.at((s.x, s.y), s.z + s.piece.size[2] / 2), frame.turn(s.yaw), s.piece.size)
            for k, s in enumerate(self._entities())
        ]
        origin = Provenance("simulation", source="make_home")
        return Layout(tuple(walls), tuple(doors), tuple(windows), tuple(boxes), self.frame_id, 0.0, origin)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the home stands in its frame."""

    yaw: float
    offset: Vec3

    def at(self, point: Sequence[float], z: float = 0.0) -> Vec3:
        c, s = float(np.cos(self.yaw)), float(np.sin(self.yaw))
        x, y = point[0], point[1]
        return (c * x - s * y + self.offset[0], s * x + c * y + self.offset[1], z + self.offset[2])

    def turn(self, yaw: float) -> float:
        """An angle of the home in its frame, wrapped to [-pi, pi)."""
        return float((yaw + self.yaw + np.pi) % (2 * np.pi) - np.pi)

    def ring(self, polygon: Polygon) -> tuple[tuple[float, float], ...]:
        points = [self.at(p)[:2] for p in polygon.exterior.coords[:-1]]
        return tuple(points if polygon.exterior.is_ccw else points[::-1])


def _counts(spot: Placement) -> bool:
    return bool(spot.piece.label) and max(spot.piece.size) >= SMALLEST


def _placed_parts(spot: Placement) -> list[Part]:
    return [part.moved(spot.yaw, (spot.x, spot.y, spot.z)) for part in spot.piece.parts]


def _footprint(part: Part) -> Polygon:
    w, d, _ = part.size
    c, s = np.cos(part.yaw), np.sin(part.yaw)
    corners = np.array([(-w, -d), (w, -d), (w, d), (-w, d)]) / 2
    return Polygon(corners @ np.array([[c, s], [-s, c]]) + np.asarray(part.center[:2]))
