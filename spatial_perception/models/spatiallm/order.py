"""The order in which a layout is written: one that can be learnt from the geometry.

Walls follow one another around the outside of the home, counter-clockwise from the corner with the least x + y; those
inside come after them. Openings are ordered along their walls, boxes by x, then y. Box yaws are within 45 degrees of the x
axis: which side is the front is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import atan2, cos, hypot, pi, sin
from typing import TypeVar

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window

_Opening = TypeVar("_Opening", Door, Window)
_MEET = 0.3  # m between ends of walls that meet


def ordered(layout: Layout) -> Layout:
    """The layout in the order in which it is to be written, numbered anew."""
    return numbered(in_order(layout))


def in_order(layout: Layout) -> Layout:
    """The layout in the order in which it is to be written, with the ids that it has."""
    walls = _around(layout.walls)
    return replace(
        layout,
        walls=tuple(walls),
        doors=_along(layout.doors, walls),
        windows=_along(layout.windows, walls),
        boxes=tuple(sorted(map(upright, layout.boxes), key=lambda box: box.center[:2])),
    )


def numbered(layout: Layout) -> Layout:
    """The layout with ids 0, 1, ... in the order that it has; openings without their wall are left out."""
    ids = {wall.id: number for number, wall in enumerate(layout.walls)}
    doors = [replace(door, wall_id=ids[door.wall_id]) for door in layout.doors if door.wall_id in ids]
    windows = [replace(window, wall_id=ids[window.wall_id]) for window in layout.windows if window.wall_id in ids]
    return replace(
        layout,
        walls=tuple(replace(wall, id=n) for n, wall in enumerate(layout.walls)),
        doors=tuple(replace(door, id=n) for n, door in enumerate(doors)),
        windows=tuple(replace(window, id=n) for n, window in enumerate(windows)),
        boxes=tuple(replace(box, id=n) for n, box in enumerate(layout.boxes)),
    )


def upright(box: Box) -> Box:
    """The same box with its yaw in [-45, 45) degrees; sizes change places where it is turned by a right angle."""
    turns = round(box.yaw / (pi / 2))
    yaw = box.yaw - turns * pi / 2
    x, y, z = box.size
    return replace(box, yaw=yaw, size=(y, x, z) if turns % 2 else (x, y, z))


def _around(walls: Sequence[Wall]) -> list[Wall]:
    """Walls chained end to end: at each end the rightmost turn; a new chain begins at the least x + y that is left."""
    left, heading = list(walls), 0.0
    chain: list[Wall] = []
    while left:
        options = [(_turn(heading, wall), i, wall) for i, wall in enumerate(_at_end(left, chain))]
        if not options:
            begun = min((w for wall in left for w in (wall, reversed_wall(wall))), key=lambda w: _corner(w, not chain))
            options = [(0.0, 0, begun)]
        wall = min(options, key=lambda option: option[:2])[2]
        heading = _heading(wall)
        chain.append(wall)
        left = [other for other in left if other.id != wall.id]
    return chain


def _at_end(left: Sequence[Wall], chain: Sequence[Wall]) -> list[Wall]:
    """The walls that begin where the chain ends, turned so that they do."""
    if not chain:
        return []
    x, y, _ = chain[-1].end
    both = [w for wall in left for w in (wall, reversed_wall(wall))]
    return [w for w in both if hypot(w.start[0] - x, w.start[1] - y) < _MEET]


def _corner(wall: Wall, is_first: bool) -> tuple[float, float]:
    """Rank of a wall as the begin of a chain: its corner first; the first of all runs along x, not up along y."""
    total = round((wall.start[0] + wall.start[1]) / 0.05) * 0.05
    along = abs(_heading(wall)) if is_first else wall.end[0] + wall.end[1]
    return (total, along)


def _heading(wall: Wall) -> float:
    return atan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0])


def _turn(heading: float, wall: Wall) -> float:
    """The turn to the left (rad) onto a wall; sharp left is the last choice."""
    return (_heading(wall) - heading + pi) % (2 * pi) - pi


def reversed_wall(wall: Wall) -> Wall:
    """The wall from its end to its start."""
    return replace(wall, start=wall.end, end=wall.start)


def _along(openings: Sequence[_Opening], walls: Sequence[Wall]) -> tuple[_Opening, ...]:
    rank = {wall.id: number for number, wall in enumerate(walls)}

    def place(opening: _Opening) -> tuple[int, float]:
        wall = walls[rank[opening.wall_id]]
        heading = _heading(wall)
        dx, dy = opening.center[0] - wall.start[0], opening.center[1] - wall.start[1]
        return rank[opening.wall_id], dx * cos(heading) + dy * sin(heading)

    return tuple(sorted((o for o in openings if o.wall_id in rank), key=place))
