"""The built shell as solids: walls with holes, frames, door leaves, glass, floors, ceilings and what lies outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.simulation.floorplan import RoomPlan
from spatial_perception.simulation.openings import CLOSED, PASSAGE, DoorPlan, WindowPlan
from spatial_perception.simulation.solids import GLASS, MATTE, Colour, Part, box, cylinder
from spatial_perception.simulation.walls import WallPlan, slanted_corners

SLAB = 0.2
LEAF = 0.04

Hole = tuple[float, float, float, float]
"""Low and high end along the wall, bottom and top above the floor (m)."""


def wall_piece(wall: WallPlan, along: tuple[float, float], z: tuple[float, float], rgb: Colour) -> Part:
    """The part of a wall between two marks along it and two heights (m)."""
    x, y = wall.at((along[0] + along[1]) / 2)
    return box(x, y, z[0], (along[1] - along[0], wall.thickness, z[1] - z[0]), rgb, wall.yaw)


def wall_parts(wall: WallPlan, holes: Sequence[Hole], height: float, rgb: Colour) -> list[Part]:
    """A wall cut into boxes around its holes, which must not overlap along the wall."""
    parts, mark = [], -wall.grow[0]
    for low, high, bottom, top in sorted(holes):
        parts.append(wall_piece(wall, (mark, low), (0.0, height), rgb))
        if bottom > 1e-6:
            parts.append(wall_piece(wall, (low, high), (0.0, bottom), rgb))
        if top < height - 1e-6:
            parts.append(wall_piece(wall, (low, high), (top, height), rgb))
        mark = high
    return [*parts, wall_piece(wall, (mark, wall.length + wall.grow[1]), (0.0, height), rgb)]


def corner_posts(walls: Sequence[WallPlan], height: float, rgb: Colour) -> list[Part]:
    """Round fillings where walls meet at an angle that is not right: boxes alone would leave a notch."""
    return [cylinder(p[0], p[1], 0.0, (d, d, height), rgb) for p, d in slanted_corners(walls)]


def hole_of(opening: DoorPlan | WindowPlan) -> Hole:
    """The hole that a door or window needs in its wall."""
    bottom = opening.sill if isinstance(opening, WindowPlan) else 0.0
    return (*opening.span, bottom, bottom + opening.height)


# ---------------------------------------------------------------------------------------------- doors
def casing_parts(opening: DoorPlan | WindowPlan, wall: WallPlan, rgb: Colour) -> list[Part]:
    """Flat trim around an opening, on both faces of the wall."""
    low, high, bottom, top = hole_of(opening)
    trim, proud = 0.06, 0.012
    parts = []
    for side in (-1, 1):
        aside = side * (wall.thickness + proud) / 2
        for mark in (low - trim / 2, high + trim / 2):
            x, y = wall.at(mark, aside)
            parts.append(box(x, y, bottom, (trim, proud, top - bottom), rgb, wall.yaw))
        x, y = wall.at(opening.along, aside)
        parts.append(box(x, y, top, (opening.width + 2 * trim, proud, trim), rgb, wall.yaw))
    return parts


def leaf_parts(door: DoorPlan, wall: WallPlan, angle: float, rgb: Colour) -> list[Part]:
    """The leaf of a door turned by `angle` (rad), with handles on both sides."""
    if door.state == PASSAGE:
        return []
    half = wall.thickness / 2
    inset = min(0.05, half - LEAF / 2) if angle == 0.0 else 0.0
    pivot = wall.at(door.along + door.hinge * (door.width / 2 - 0.005), door.side * (half - inset - LEAF / 2))
    direction = -wall.axis * door.hinge
    out = wall.normal * door.side
    along = np.cos(angle) * direction + np.sin(angle) * out
    width = door.width - 0.01
    yaw = float(np.arctan2(along[1], along[0]))
    x, y = np.asarray(pivot) + along * width / 2
    knob = np.asarray(pivot) + along * (width - 0.08)
    return [
        box(float(x), float(y), 0.008, (width, LEAF, door.height - 0.012), rgb, yaw),
        box(float(knob[0]), float(knob[1]), 1.0, (0.12, LEAF + 0.09, 0.02), (150, 150, 155), yaw),
    ]


def fitting_angle(door: DoorPlan, wall: WallPlan, room: BaseGeometry) -> float:
    """The largest angle (rad) up to the wished one at which the open leaf touches no wall of the room it opens into."""
    if door.state in (PASSAGE, CLOSED):
        return 0.0
    half = wall.thickness / 2
    for angle in np.arange(door.angle, 0.3, -0.05):
        pivot = np.asarray(wall.at(door.along + door.hinge * (door.width / 2 - 0.005), door.side * half))
        along = -np.cos(angle) * wall.axis * door.hinge + np.sin(angle) * wall.normal * door.side
        across = np.array([-along[1], along[0]]) * (LEAF / 2 + 0.015)
        a, b = pivot + along * 0.12, pivot + along * (door.width + 0.01)
        if room.contains(Polygon([a - across, b - across, b + across, a + across])):
            return float(angle)
    return 0.0


# ---------------------------------------------------------------------------------------------- windows
def window_parts(window: WindowPlan, wall: WallPlan, rgb: Colour, aside: float) -> list[Part]:
    """Frame bars inside the hole, a mullion in wide windows, and the pane; `aside` (m) shifts them across the wall."""
    bar, depth = 0.05, min(0.06, wall.thickness)
    low, high, bottom, top = hole_of(window)
    marks = [low + bar / 2, high - bar / 2] + ([window.along] if window.width > 1.1 else [])
    parts = []
    for mark in marks:
        x, y = wall.at(mark, aside)
        parts.append(box(x, y, bottom, (bar, depth, top - bottom), rgb, wall.yaw))
    x, y = wall.at(window.along, aside)
    parts += [box(x, y, z, (window.width, depth, bar), rgb, wall.yaw) for z in (bottom, top - bar)]
    pane = (window.width - 2 * bar, 0.01, window.height - 2 * bar)
    return [*parts, box(x, y, bottom + bar, pane, (190, 215, 225), wall.yaw, GLASS)]


def sill_board(window: WindowPlan, wall: WallPlan, side: int, rgb: Colour) -> Part:
    """The board under a window on the room's side (+1 left of the wall), 3 cm thick and 10 cm deep beyond the face."""
    x, y = wall.at(window.along, side * (wall.thickness / 2 + 0.05))
    return box(x, y, window.sill - 0.03, (window.width + 0.1, 0.1, 0.03), rgb, wall.yaw)


# ---------------------------------------------------------------------------------------------- slabs and outside
def slab_parts(room: RoomPlan, bottom: float, rgb: Colour, margin: float) -> list[Part]:
    """Horizontal slabs under or over the rectangles of a room, reaching `margin` (m) beyond them."""
    parts = []
    for x0, y0, x1, y1 in room.cells:
        size = (x1 - x0 + 2 * margin, y1 - y0 + 2 * margin, SLAB)
        parts.append(box((x0 + x1) / 2, (y0 + y1) / 2, bottom, size, rgb))
    return parts


def outside_parts(rng: Generator, home: BaseGeometry) -> list[Part]:
    """Ground around a home, neighbouring facades and a few trees, as seen through windows."""
    x0, y0, x1, y1 = home.bounds
    middle, reach = ((x0 + x1) / 2, (y0 + y1) / 2), max(x1 - x0, y1 - y0) / 2
    drop = float(rng.uniform(0.15, 0.6) if rng.random() < 0.5 else rng.uniform(2.8, 9.0))
    span = 2 * reach + 40.0
    parts = [box(*middle, -drop - SLAB, (span, span, SLAB), (110, 120, 95))]
    for _ in range(int(rng.integers(0, 4))):
        angle = rng.uniform(-np.pi, np.pi)
        distance = 1.5 * reach + rng.uniform(3.0, 10.0)
        x, y = middle[0] + distance * np.cos(angle), middle[1] + distance * np.sin(angle)
        if rng.random() < 0.5:
            parts.append(
                box(
                    x, y, -drop, (rng.uniform(4, 14), 0.3, rng.uniform(3, 9) + drop), (170, 150, 135), angle + np.pi / 2
                )
            )
        else:
            parts.append(cylinder(x, y, -drop, (0.3, 0.3, 2.0 + drop), (95, 75, 55)))
            parts.append(Part((x, y, 3.2), (2.6, 2.6, 2.6), (70, 110, 60), 0.0, 1, MATTE))
    return parts
