"""Layouts as plane geometry, ready to be drawn: wall bodies, openings, rooms, outlines of boxes.

Everything is in metres, float64, in the frame of the layout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.rooms import find_rooms
from spatial_perception.visualization.corners import mitred_quads

Points2: TypeAlias = NDArray[np.float64]

_MIN_FLOOR = 0.3  # m^2; smaller cells between wall faces are shafts and slivers
OVERHEAD = 1.6  # m above the floor; what starts higher is drawn dashed, as things above the cut are on plans
_FLAT = 1e-6


@dataclass(frozen=True)
class Opening:
    """A door or window together with the wall that it pierces."""

    entity: Door | Window
    wall: Wall

    @property
    def is_door(self) -> bool:
        """Whether this is a door (otherwise a window)."""
        return isinstance(self.entity, Door)


def _finite(entity: Entity) -> bool:
    values: list[float] = []
    for spec in fields(entity):
        value = getattr(entity, spec.name)
        values += value if isinstance(value, tuple) else [value] if isinstance(value, float) else []
    return all(math.isfinite(v) for v in values)


def drawable(layout: Layout) -> tuple[Layout, int]:
    """The layout without what cannot be drawn, and how much that is.

    Left out are values that are not finite, walls without length and openings without wall.
    """
    walls = tuple(w for w in layout.walls if _finite(w) and length(w) > _FLAT)
    known = {w.id for w in walls}
    kept = replace(
        layout,
        walls=walls,
        doors=tuple(d for d in layout.doors if _finite(d) and d.wall_id in known),
        windows=tuple(w for w in layout.windows if _finite(w) and w.wall_id in known),
        boxes=tuple(b for b in layout.boxes if _finite(b)),
    )
    return kept, len(layout) - len(kept)


def openings(layout: Layout) -> list[Opening]:
    """Doors, then windows, each with its wall (the last one of that id); those without a wall are left out."""
    walls = {w.id: w for w in layout.walls}
    entities: list[Door | Window] = [*layout.doors, *layout.windows]
    return [Opening(e, walls[e.wall_id]) for e in entities if e.wall_id in walls]


def length(wall: Wall) -> float:
    """Length of the base line in plan, metres."""
    return math.hypot(wall.end[0] - wall.start[0], wall.end[1] - wall.start[1])


def direction(wall: Wall) -> Points2:
    """Unit vector (2,) from start to end in plan."""
    delta = np.subtract(wall.end[:2], wall.start[:2])
    return np.asarray(delta / np.hypot(*delta), dtype=np.float64)


def normal(wall: Wall) -> Points2:
    """Unit vector (2,) to the left of the wall, seen from start to end."""
    dx, dy = direction(wall)
    return np.array([-dy, dx])


def quad(center: Points2, along: Points2, half_length: float, half_width: float) -> Points2:
    """Corners (4, 2), counter-clockwise, of a rectangle whose length runs along the unit vector `along`."""
    across = np.array([-along[1], along[0]])
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.array([center + a * half_length * along + b * half_width * across for a, b in signs])


def wall_quad(wall: Wall, thickness: float) -> Points2:
    """Footprint (4, 2) of a wall drawn `thickness` metres thick: start right, end right, end left, start left."""
    center = np.add(wall.start[:2], wall.end[:2]) / 2
    return quad(center, direction(wall), length(wall) / 2, thickness / 2)


def on_wall(opening: Opening) -> Points2:
    """Centre (2,) of an opening, moved onto the base line of its wall."""
    start, along = np.asarray(opening.wall.start[:2]), direction(opening.wall)
    return np.asarray(start + along * float(along @ (np.asarray(opening.entity.center[:2]) - start)))


def opening_quad(opening: Opening, thickness: float) -> Points2:
    """Footprint (4, 2) of an opening through a wall `thickness` metres thick."""
    return quad(on_wall(opening), direction(opening.wall), opening.entity.width / 2, thickness / 2)


def box_quad(box: Box) -> Points2:
    """Footprint (4, 2) of a box."""
    along = np.array([math.cos(box.yaw), math.sin(box.yaw)])
    return quad(np.asarray(box.center[:2]), along, abs(box.size[0]) / 2, abs(box.size[1]) / 2)


def floor_height(layout: Layout) -> float:
    """Height of the floor, metres: median of the wall feet, else the lowest box bottom, else 0."""
    if layout.walls:
        return float(np.median([z for w in layout.walls for z in (w.start[2], w.end[2])]))
    return min((b.center[2] - b.size[2] / 2 for b in layout.boxes), default=0.0)


def is_overhead(box: Box, floor: float) -> bool:
    """Whether a box hangs above the height at which plans are cut."""
    return box.center[2] - box.size[2] / 2 - floor > OVERHEAD


def wall_body(layout: Layout, minimum: float) -> BaseGeometry:
    """Union of all wall footprints, mitred at corners; walls thinner than `minimum` metres are drawn that thick."""
    return shapely.union_all([Polygon(q) for q in mitred_quads(layout.walls, minimum)]).buffer(0)


def opening_bodies(layout: Layout, minimum: float) -> BaseGeometry:
    """Union of the footprints of all openings, a little deeper than their walls so that they cut cleanly."""
    quads = [Polygon(opening_quad(o, max(o.wall.thickness, minimum) * 1.02 + 1e-3)) for o in openings(layout)]
    return shapely.union_all(quads)


def room_cells(layout: Layout) -> list[Polygon]:
    """Floors of the rooms that walls enclose: without the walls, ordered by their centres (y, then x)."""
    solid = wall_body(layout, 0.01)
    cells = [room.polygon.difference(solid) for room in find_rooms(layout)]
    return [part for cell in cells for part in shapely.get_parts(cell) if part.area >= _MIN_FLOOR]


def extent(layout: Layout) -> tuple[Points2, Points2] | None:
    """Lower and upper corner (2,) of everything in plan, or None for an empty layout."""
    quads = [wall_quad(w, w.thickness) for w in layout.walls] + [box_quad(b) for b in layout.boxes]
    if not quads:
        return None
    corners = np.concatenate(quads)
    return corners.min(axis=0), corners.max(axis=0)


def corners(layout: Layout) -> Points2:
    """Corners (N, 3) of all walls and boxes in space."""
    upright = [(wall_quad(w, w.thickness), w.start[2], w.start[2] + w.height) for w in layout.walls]
    upright += [(box_quad(b), b.center[2] - abs(b.size[2]) / 2, b.center[2] + abs(b.size[2]) / 2) for b in layout.boxes]
    return np.concatenate([np.column_stack([q, np.full(4, z)]) for q, *ends in upright for z in ends])


def main_heading(layout: Layout) -> float:
    """The direction of most wall length, folded into [-45, 45) degrees; 0 without walls."""
    turns = [length(w) * np.exp(4j * math.atan2(*direction(w)[::-1])) for w in layout.walls]
    total = complex(np.sum(turns)) if turns else 0j
    return 0.0 if abs(total) < _FLAT else math.degrees(np.angle(total) / 4)


def shifted(layout: Layout, offset: Points2) -> Layout:
    """The layout moved by -offset (x, y, z): drawn near zero, plans of surveyed coordinates keep their precision."""

    def move(point: tuple[float, float, float]) -> tuple[float, float, float]:
        return (point[0] - offset[0], point[1] - offset[1], point[2] - offset[2])

    return replace(
        layout,
        walls=tuple(replace(w, start=move(w.start), end=move(w.end)) for w in layout.walls),
        doors=tuple(replace(d, center=move(d.center)) for d in layout.doors),
        windows=tuple(replace(w, center=move(w.center)) for w in layout.windows),
        boxes=tuple(replace(b, center=move(b.center)) for b in layout.boxes),
    )
