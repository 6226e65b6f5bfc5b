"""Ways inside rooms: the place where a robot stands well in each room, and how it drives from there to the doors."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.layout.raster import GridFrame, fill, polygon_rings
from spatial_perception.navigation.footprints import Passage, passage_rectangles
from spatial_perception.navigation.free_space import Cell, FreeSpace, Ways
from spatial_perception.navigation.rooms import Room, RoomGraph
from spatial_perception.navigation.route_graph import Leg, Point2

_BEFORE_DOOR = 0.6  # m before a door that leads outside, within which a robot has come to it
_ROOMY = 0.6  # m of clearance beyond which a place is not better for having more


@dataclass(frozen=True, slots=True, eq=False)
class RoomCells:
    """The cells of a room and of the holes of its doors: a window (`rows`, `columns`) of the grid, `inside` its mask, and for
    each passable door its id, middle (m) and the cells in which the robot has come to it."""

    room: Room
    rows: slice
    columns: slice
    inside: NDArray[np.bool_]
    doors: tuple[tuple[int, Point2, NDArray[np.bool_]], ...]


def room_cells(rooms: RoomGraph, holes: Sequence[Passage], frame: GridFrame) -> tuple[RoomCells, ...]:
    """The cells of each room; they change only when walls or doors do."""
    by_id = {hole.door.id: hole for hole in holes}
    passable = {door.id for door in rooms.doors if door.passable}
    exterior = {door.id for door in rooms.doors if door.is_exterior}
    return tuple(
        _cells_of(room, [by_id[d] for d in room.doors if d in passable], exterior, frame) for room in rooms.rooms
    )


def _cells_of(room: Room, holes: Sequence[Passage], exterior: Collection[int], frame: GridFrame) -> RoomCells:
    outline = polygon_rings([(room.outline, *room.holes)])
    doors = passage_rectangles(holes, frame.resolution).corners()
    # What is outside is unknown: the robot can only come close to a door that leads there.
    before = passage_rectangles(holes, _BEFORE_DOOR).corners()
    points = np.concatenate([outline[0], doors.reshape(-1, 2)])
    margin = 2 * frame.resolution
    rows, columns = frame.window(points.min(axis=0) - margin, points.max(axis=0) + margin)
    part = window_frame(frame, rows, columns)
    floors = [fill(part, doors[k : k + 1]) for k in range(len(holes))]
    inside = fill(part, outline)
    for floor in floors:
        inside = inside | floor
    near = [fill(part, before[k : k + 1]) if h.door.id in exterior else floors[k] for k, h in enumerate(holes)]
    named = tuple((hole.door.id, hole.center, cells) for hole, cells in zip(holes, near))
    return RoomCells(room, rows, columns, inside, named)


def window_frame(frame: GridFrame, rows: slice, columns: slice) -> GridFrame:
    """The frame of a window of a grid."""
    x, y = (frame.origin[k] + s.start * frame.resolution for k, s in ((0, columns), (1, rows)))
    return GridFrame(frame.resolution, (x, y), rows.stop - rows.start, columns.stop - columns.start)


@dataclass(slots=True)
class LegFinder:
    """Finds places and legs, and remembers those of rooms in which nothing has changed."""

    _known: dict[int, tuple[bytes, Point2 | None, tuple[Leg, ...]]] = field(default_factory=dict)

    def find(self, cells: Sequence[RoomCells], space: FreeSpace) -> tuple[Mapping[int, Point2], tuple[Leg, ...]]:
        """The place of each room (by id) that has one, and all legs, in the order of the rooms."""
        found: dict[int, tuple[bytes, Point2 | None, tuple[Leg, ...]]] = {}
        for item in cells:
            mask = item.inside & space.passable[item.rows, item.columns]
            clearance = space.clearance[item.rows, item.columns]
            state = mask.tobytes() + np.where(mask, clearance, 0).tobytes() + repr((item.room.outline, item.rows,
                    item.columns, [door[:2] for door in item.doors])).encode()  # fmt: skip
            known = self._known.get(item.room.id)
            if known is not None and known[0] == state:
                found[item.room.id] = known
            else:
                frame = window_frame(space.frame, item.rows, item.columns)
                found[item.room.id] = (state, *_room_legs(item, mask, clearance, frame))
        self._known = found
        places = {room_id: place for room_id, (_, place, _) in found.items() if place is not None}
        return places, tuple(leg for _, _, legs in found.values() for leg in legs)


def _room_legs(
    item: RoomCells, mask: NDArray[np.bool_], clearance: NDArray[np.float32], frame: GridFrame
) -> tuple[Point2 | None, tuple[Leg, ...]]:
    """The place of a room and its legs."""
    start = _place(item, mask, clearance, frame)
    if start is None:
        return None, ()
    place = _point(frame, start)
    ends = [(door, _door_cell(middle, mask & floor, frame)) for door, middle, floor in item.doors]
    if all(cell is None for _, cell in ends):
        return place, ()
    ways = Ways.over(mask, clearance, start)
    legs = []
    for door, cell in ends:
        way = None if cell is None else ways.to(cell)
        if way is not None and len(way) > 1:
            legs.append(Leg(item.room.id, door, tuple(_point(frame, c) for c in way)))
    return place, tuple(legs)


def _place(item: RoomCells, mask: NDArray[np.bool_], clearance: NDArray[np.float32], frame: GridFrame) -> Cell | None:
    """The cell with room around it that is nearest to the middle of the room, on its largest piece of floor."""
    pieces, count = ndimage.label(mask)
    if count == 0:
        return None
    cells = np.argwhere(pieces == np.bincount(pieces.ravel())[1:].argmax() + 1)
    room = np.minimum(clearance[tuple(cells.T)], _ROOMY)
    gaps = np.hypot(*(frame.centers(cells[:, 0], cells[:, 1]) - item.room.center).T)
    row, column = cells[int((gaps * 0.2 - room).argmin())]
    return int(row), int(column)


def _door_cell(middle: Point2, mask: NDArray[np.bool_], frame: GridFrame) -> Cell | None:
    """The passable cell in a door that is nearest to its middle."""
    cells = np.argwhere(mask)
    if not len(cells):
        return None
    gaps = np.hypot(*(frame.centers(cells[:, 0], cells[:, 1]) - middle).T)
    row, column = cells[int(gaps.argmin())]
    return int(row), int(column)


def _point(frame: GridFrame, cell: Cell) -> Point2:
    x, y = frame.centers(np.array([cell[0]]), np.array([cell[1]]))[0]
    return (float(x), float(y))
