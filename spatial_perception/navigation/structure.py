"""The fixed part of a home: walls with their doors cut out, the areas that they enclose, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.rooms import CLOSING_DISTANCE, OpenEnd, Room, find_rooms
from spatial_perception.layout.text import entity_name
from spatial_perception.layout.validation import Finding, remove_invalid
from spatial_perception.navigation.completion import as_room, open_areas
from spatial_perception.navigation.footprints import (
    Passage,
    Rectangles,
    WallLines,
    WallPiece,
    floor_height,
    passages,
    piece_rectangles,
    wall_joints,
    wall_pieces,
)
from spatial_perception.navigation.robot import Robot

BRIDGED_GAP = 0.5
"""Gaps in walls up to this width (m) are bridged when rooms are looked for; wider ones leave a room open."""
NARROWEST_ROOM = 0.5
"""Areas between walls in which a circle of this diameter (m) has no place are shafts, not rooms."""
_AT_EDGE = 0.25  # m
_TOUCHING = 1e-9  # m
_PROBES = (0.05, 0.15, 0.3, 0.5)  # m beyond a door's frame, where a room is looked for


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """Walls and doors of a layout as a planner sees them.

    `layout` holds what can be used of the walls and doors; `pieces` are the walls without the doors that are `open`, `holes`
    the floor in those doors, `spaces` the areas that walls enclose, `sides` the areas (index) to the left and right of each
    door, `joints` the ends of walls that meet others, `findings` what is wrong. `floor` is its height (m).
    `needs_boxes` tells that furniture had a say: without walls in the height of the floor, with a wall missing in the rooms.
    """

    layout: Layout
    pieces: tuple[WallPiece, ...]
    holes: tuple[Passage, ...]
    spaces: tuple[Room, ...]
    sides: tuple[tuple[int | None, int | None], ...]
    walls: Rectangles
    joints: Rectangles
    floor: float
    findings: tuple[Finding, ...]
    needs_boxes: bool


def build_structure(layout: Layout, robot: Robot | None = None, closed_doors: Collection[int] = ()) -> Structure:
    """The structure of a layout; doors with ids in `closed_doors` count as wall.

    Nothing in a layout makes this fail: what cannot be used is left out and named in the findings.
    """
    body = robot or Robot()
    fixed = replace(layout, windows=(), boxes=())
    sound = remove_invalid(fixed)
    floor = floor_height(sound.layout if sound.layout.walls else Layout(boxes=usable_boxes(layout.boxes)[0]))
    walls = tuple(w for w in sound.layout.walls if w.height > body.step)
    usable = replace(sound.layout, walls=walls)
    opened = [door for door in usable.doors if door.id not in closed_doors]
    lines = WallLines(walls)
    ends = _open_ends(lines)
    spaces, bridges = _enclosures(usable, ends)
    areas = open_areas(lines, spaces) if walls else ()
    completed = [as_room(area, len(spaces) + k) for k, area in enumerate(_inhabited(areas, layout.boxes))]
    spaces = (*spaces, *completed)
    findings = [
        *(_completed_finding(room) for room in completed),
        *_removed(fixed, sound.removed),
        *_open_walls(usable, spaces, ends, bridges),
    ]
    pieces, every = wall_pieces(lines, opened), passages(lines, usable.doors)
    holes = tuple(hole for hole in every if hole.door.id not in closed_doors)
    return Structure(
        layout=usable,
        pieces=pieces,
        holes=holes,
        spaces=spaces,
        sides=_door_sides(every, spaces),
        walls=piece_rectangles(pieces),
        joints=wall_joints(lines),
        floor=floor,
        findings=tuple(findings),
        needs_boxes=bool(areas) or not walls,
    )


def _door_sides(holes: Sequence[Passage], spaces: Sequence[Room]) -> tuple[tuple[int | None, int | None], ...]:
    """The areas to the left and to the right of each door: the first one met when walking away from it."""
    if not holes:
        return ()
    centers = np.array([hole.center for hole in holes])
    normals = np.array([(-np.sin(hole.yaw), np.cos(hole.yaw)) for hole in holes])
    reaches = np.array([hole.depth / 2 for hole in holes])[:, None] + np.array(_PROBES)
    steps = np.stack([reaches, -reaches], axis=1)[..., None] * normals[:, None, None, :]
    probes = centers[:, None, None, :] + steps
    found = iter(space_at(spaces, probes.reshape(-1, 2)))
    first = [next((place for place in [next(found) for _ in _PROBES] if place is not None), None)
             for _ in range(2 * len(holes))]  # fmt: skip
    return tuple(zip(first[::2], first[1::2]))


def usable_boxes(boxes: Sequence[Box]) -> tuple[tuple[Box, ...], tuple[Finding, ...]]:
    """The boxes that geometry can be done with, and findings about the others and about ids that repeat."""
    sound = remove_invalid(Layout(boxes=tuple(boxes)))
    twice = [name for name, number in Counter(f"bbox_{b.id}" for b in sound.layout.boxes).items() if number > 1]
    findings = [Finding("unusable", name, "holds a number that is not possible; left out", "error")
                for name in sound.removed]  # fmt: skip
    findings += [
        Finding("duplicate id", name, "several boxes share this id; goals and shapes need one each", "error")
        for name in twice
    ]
    return sound.layout.boxes, tuple(findings)


def _removed(layout: Layout, names: Sequence[str]) -> list[Finding]:
    """Findings about walls and doors that cannot be used."""
    known = {wall.id for wall in layout.walls}
    orphans = {entity_name(door): door.wall_id for door in layout.doors if door.wall_id not in known}
    found = []
    for name in names:
        if name in orphans:
            text = f"stands in wall_{orphans[name]}, which does not exist; left out, correct its wall"
            found.append(Finding("door without wall", name, text, "error"))
        else:
            found.append(Finding("unusable", name, "holds a number that is not possible; left out", "error"))
    return found


def _inhabited(areas: Sequence[Polygon], boxes: Sequence[Box]) -> list[Polygon]:
    """The areas in which something stands, not merely hangs at their edge."""
    middles = shapely.points(np.array([b.center[:2] for b in usable_boxes(boxes)[0]]).reshape(-1, 2))
    return [area for area in areas if shapely.contains(area.buffer(-_AT_EDGE), middles).any()]


def _completed_finding(room: Room) -> Finding:
    x, y = room.center
    text = f"the area around ({x:.2f}, {y:.2f}) lacks a wall somewhere; taken as a room of {room.area:.1f} m2"
    return Finding("wall missing", "layout", text, "warning")


def _open_ends(lines: WallLines) -> tuple[OpenEnd, ...]:
    """The ends of walls that meet no other wall, in the order of the walls."""
    return tuple(
        OpenEnd(lines.walls[k].id, ("start", "end")[end], lines.at(k, end * lines.lengths[k]), float(lines.gap[k, end]))
        for k, end in np.argwhere(lines.gap > CLOSING_DISTANCE).tolist()
    )


def _enclosures(layout: Layout, ends: Sequence[OpenEnd]) -> tuple[tuple[Room, ...], tuple[OpenEnd, ...]]:
    """Rooms of a layout with small gaps bridged, and the gaps."""
    bridges = [(end, wall) for end in ends if (wall := _bridge(end, layout)) is not None]
    whole = replace(layout, walls=(*layout.walls, *(wall for _, wall in bridges)))
    rooms = find_rooms(whole)
    wide = ~shapely.is_empty(shapely.buffer([room.polygon for room in rooms], -NARROWEST_ROOM / 2))
    return tuple(room for room, fits in zip(rooms, wide) if fits), tuple(end for end, _ in bridges)


def _bridge(end: OpenEnd, layout: Layout) -> Wall | None:
    """A wall over the gap between an open end and the wall nearest to it."""
    if end.gap > BRIDGED_GAP:
        return None
    here = Point(end.position)
    others = [LineString([w.start[:2], w.end[:2]]) for w in layout.walls if w.id != end.wall_id]
    nearest = min(others, key=here.distance, default=None)
    if nearest is None:
        return None
    x, y = nearest.interpolate(nearest.project(here)).coords[0]
    return Wall(-1, (*end.position, 0.0), (x, y, 0.0), 1.0)


def _open_walls(
    layout: Layout, spaces: Sequence[Room], ends: Sequence[OpenEnd], bridges: Sequence[OpenEnd]
) -> list[Finding]:
    """Why areas are not closed, where that matters: no room at all, or gaps that were bridged."""
    found = [
        Finding("gap bridged", f"wall_{e.wall_id}", f"its {e.end} is {e.gap:.2f} m from the next wall; taken as met",
                "warning")
        for e in bridges
    ]  # fmt: skip
    if not layout.walls:
        found.append(Finding("no walls", "layout", "has no usable wall; there is no inside to drive in", "error"))
    elif not spaces:
        worst = max(ends, key=lambda e: e.gap, default=None)
        where = "" if worst is None else (
            f"; wall_{worst.wall_id} ends at ({worst.position[0]:.2f}, {worst.position[1]:.2f})"
            f" {_gap_text(worst.gap)}"
        )  # fmt: skip
        text = f"the walls enclose no room ({len(ends)} open ends{where}); close the walls"
        found.append(Finding("walls do not close", "layout", text, "error"))
    return found


def _gap_text(gap: float) -> str:
    return f"{gap:.2f} m from the next wall" if np.isfinite(gap) else "with no other wall about"


def outlines(spaces: Sequence[Room]) -> list[tuple[tuple[tuple[float, float], ...], ...]]:
    """Outline and holes of each area."""
    return [(space.outline, *space.holes) for space in spaces]


def space_at(spaces: Sequence[Room], points: np.ndarray, tolerance: float = 0.0) -> list[int | None]:
    """The index of the area in which each point (N, 2) lies, or the nearest within `tolerance` (m), or None."""
    if not spaces or not len(points):
        return [None] * len(points)
    tree = shapely.STRtree([space.polygon for space in spaces])
    asked, near = tree.query_nearest(shapely.points(points), max_distance=max(tolerance, _TOUCHING))
    found: list[int | None] = [None] * len(points)
    for point, place in sorted(zip(asked.tolist(), near.tolist()), reverse=True):
        found[point] = place
    return found


def door_findings(
    doors: Sequence[Door], joined: Sequence[tuple[int | None, int | None]], robot: Robot
) -> list[Finding]:
    """Findings about doors that join no room, and doors that the robot does not fit through."""
    found = []
    for door, sides in zip(doors, joined):
        if sides == (None, None):
            found.append(
                Finding("door joins nothing", f"door_{door.id}", "has no closed room on either side", "warning")
            )
        if door.width < 2 * robot.radius or door.height < robot.height:
            text = (
                f"is {door.width:.2f} m wide and {door.height:.2f} m high; a robot of {2 * robot.radius:.2f} m"
                f" by {robot.height:.2f} m does not fit through"
            )
            found.append(Finding("door too small", f"door_{door.id}", text, "warning"))
    return found
