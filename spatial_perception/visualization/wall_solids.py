"""Walls and boxes as solids with shaded faces; walls have real holes where their doors and windows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Wall
from spatial_perception.visualization import palette
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.plan_geometry import Opening
from spatial_perception.visualization.projection import Camera, Face, Solid, outward, ring, side

Array = NDArray[np.float64]
Rgba = tuple[float, float, float, float]

THIN = 0.07  # m, how thick walls of unknown thickness are drawn
_PLASTER = palette.rgb("#e7e1d6")
_CUT = palette.rgb("#4a505a")
_LIGHT = np.array([-0.55, -0.25])  # where the light comes from, in plan, relative to the viewer's right and depth


@dataclass(frozen=True)
class Look:
    """How solids are painted: `glassy` lets points behind them shine through, `ghost` leaves a hint of
    them, `between` is for walls with rooms on both sides."""

    glassy: bool = False
    ghost: bool = False
    between: bool = False

    @property
    def wall_alpha(self) -> float:
        """Opacity of wall faces."""
        return 0.06 if self.ghost else 0.16 if self.glassy else 0.62 if self.between else 1.0

    @property
    def box_alpha(self) -> float:
        """Opacity of box faces."""
        return 0.30 if self.glassy else 0.93

    @property
    def pane_alpha(self) -> float:
        """Opacity of doors and window panes."""
        return 0.10 if self.ghost else 0.30 if self.glassy else 0.45


def _lit(colour: palette.Colour, normal: Array, camera: Camera) -> palette.Colour:
    """The colour of an upright face: brighter where it looks to the left of the viewer."""
    right = camera.plane[0, :2]
    towards = camera.towards[:2] / np.hypot(*camera.towards[:2])
    brightness = float(normal @ (_LIGHT[0] * right - _LIGHT[1] * towards))
    return palette.shade(colour, 0.92 + 0.16 * brightness)


def _ink(look: Look) -> Rgba:
    return (*palette.rgb("#6d6a64"), 0.35 if look.ghost else 0.9)


def _facing(footprint: Array, camera: Camera) -> list[int]:
    """Edges of a footprint whose upright faces are seen."""
    view = camera.towards[:2]
    return [i for i in range(len(footprint)) if float(outward(footprint, i) @ view) > 1e-9]


def box_solid(box: Box, look: Look, camera: Camera, overhead: bool) -> Solid:
    """A box with its seen faces; what hangs overhead is painted lightly, so that the room below stays visible."""
    colour = palette.colour_of(box.label)
    alpha = 0.25 * look.box_alpha if overhead else look.box_alpha
    edge: Rgba = (*palette.shade(colour, 0.55), 0.95)
    footprint = geometry.box_quad(box)
    low, high = box.center[2] - abs(box.size[2]) / 2, box.center[2] + abs(box.size[2]) / 2
    faces = [
        Face((side(footprint, i, low, high),), (*_lit(colour, outward(footprint, i), camera), alpha), edge, 0.6)
        for i in _facing(footprint, camera)
    ]
    faces.append(Face((ring(footprint, high),), (*palette.shade(colour, 1.16), alpha), edge, 0.6))
    return Solid(footprint, low, high, tuple(faces))


@dataclass(frozen=True)
class _Hole:
    """An opening in the coordinates of its wall: along the base line and up from the floor, metres."""

    left: float
    right: float
    bottom: float
    top: float
    is_door: bool


def _hole(opening: Opening, height: float) -> _Hole | None:
    """The part of an opening that lies in its wall, or None."""
    wall, entity = opening.wall, opening.entity
    along = float(geometry.direction(wall) @ np.subtract(entity.center[:2], wall.start[:2]))
    left, right = max(along - entity.width / 2, 0.0), min(along + entity.width / 2, geometry.length(wall))
    middle = entity.center[2] - wall.start[2]
    bottom, top = max(middle - entity.height / 2, 0.0), min(middle + entity.height / 2, height)
    if opening.is_door and bottom < 0.15:
        bottom = 0.0
    return _Hole(left, right, bottom, top, opening.is_door) if right - left > 0.02 and top - bottom > 0.02 else None


def wall_solid(wall: Wall, footprint: Array, pierced: Sequence[Opening], look: Look, camera: Camera) -> Solid:
    """A wall over its footprint (4, 2) as one solid: reveals of its holes, panes, seen faces with holes, and its top."""
    holes = [h for h in (_hole(o, wall.height) for o in pierced) if h is not None]
    low, high = wall.start[2], wall.start[2] + wall.height
    faces: list[Face] = []
    if not look.ghost:
        faces += [f for hole in holes for f in _reveals(wall, hole, look, camera)]
    faces += [_pane(wall, hole, look) for hole in holes]
    for index in _facing(footprint, camera):
        rings = [side(footprint, index, low, high)]
        if index in (0, 2):
            rings += [_cut_ring(wall, hole, footprint[index]) for hole in holes]
        fill: Rgba = (*_lit(_PLASTER, outward(footprint, index), camera), look.wall_alpha)
        faces.append(Face(tuple(rings), fill, _ink(look), 0.4))
    top: Rgba = (*_CUT, look.wall_alpha if look.ghost else 0.55 if look.glassy else 1.0)
    faces.append(Face((ring(footprint, high),), top, top if not look.ghost else _ink(look), 0.3))
    return Solid(footprint, low, high, tuple(faces))


def _cut_ring(wall: Wall, hole: _Hole, corner: Array) -> Array:
    """The outline of a hole (4, 3) on the face of the wall that starts at a footprint corner."""
    across = float(geometry.normal(wall) @ (corner - np.asarray(wall.start[:2])))
    return _rectangle(wall, hole, across)


def _rectangle(wall: Wall, hole: _Hole, across: float) -> Array:
    corners = ((hole.left, hole.bottom), (hole.left, hole.top), (hole.right, hole.top), (hole.right, hole.bottom))
    return np.array([_at(wall, s, across, z) for s, z in corners])


def _at(wall: Wall, along: float, across: float, up: float) -> Array:
    plan = np.asarray(wall.start[:2]) + along * geometry.direction(wall) + across * geometry.normal(wall)
    return np.array([*plan, wall.start[2] + up])


def _reveals(wall: Wall, hole: _Hole, look: Look, camera: Camera) -> list[Face]:
    """The seen inner faces of a hole: one jamb, and the sill or threshold."""
    half = max(wall.thickness, THIN) / 2
    away = float(geometry.direction(wall) @ camera.towards[:2]) > 0
    s = hole.left if away else hole.right
    jamb = np.array([_at(wall, s, a, z) for a, z in ((-half, hole.bottom), (half, hole.bottom),
                                                     (half, hole.top), (-half, hole.top))])  # fmt: skip
    sill = np.array([_at(wall, x, a, hole.bottom) for x, a in ((hole.left, -half), (hole.right, -half),
                                                               (hole.right, half), (hole.left, half))])  # fmt: skip
    dark: Rgba = (*palette.shade(_PLASTER, 0.78), look.wall_alpha)
    light: Rgba = (*palette.shade(_PLASTER, 1.03), look.wall_alpha)
    return [Face((jamb,), dark, _ink(look), 0.3), Face((sill,), light, _ink(look), 0.3)]


def _pane(wall: Wall, hole: _Hole, look: Look) -> Face:
    colour = palette.rgb(palette.DOOR if hole.is_door else palette.WINDOW)
    alpha = look.pane_alpha
    edge: Rgba = (*colour, 0.55 if look.ghost else 0.95)
    return Face((_rectangle(wall, hole, 0.0),), (*colour, alpha), edge, 0.7)
