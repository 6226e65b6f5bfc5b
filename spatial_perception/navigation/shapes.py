"""Walls and furniture as vector objects with UUIDs that never change: what nav2's Vector Object Server takes and removes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.navigation.footprints import Rectangles, blocks, box_rectangles
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.structure import Structure, build_structure, usable_boxes

LETHAL = 100
ROUND_LABELS = frozenset({"stool", "plants", "potted_bonsai", "floor-standing_lamp", "side_table", "coffee_table"})
"""Things that are usually round: where their footprint is about square, they are circles."""
_SQUARE = 0.9
_DECIMALS = 4

Point2 = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PolygonShape:
    """`nav2_msgs/PolygonObject`: `points` (m) in frame `frame_id`, filled where `closed`, painted with `value` (0-100)."""

    uuid: UUID
    name: str
    frame_id: str
    points: tuple[Point2, ...]
    closed: bool = True
    value: int = LETHAL


@dataclass(frozen=True, slots=True)
class CircleShape:
    """`nav2_msgs/CircleObject`: `center` and `radius` (m) in frame `frame_id`, filled, painted with `value` (0-100)."""

    uuid: UUID
    name: str
    frame_id: str
    center: Point2
    radius: float
    fill: bool = True
    value: int = LETHAL


Shape: TypeAlias = PolygonShape | CircleShape


@dataclass(frozen=True, slots=True)
class ShapeChanges:
    """What to send for an update: shapes to `add` (new or changed; the same UUID replaces) and UUIDs to `remove`."""

    add: tuple[Shape, ...] = ()
    remove: tuple[UUID, ...] = ()


def vector_shapes(layout: Layout, *, robot: Robot | None = None, furniture: bool = True) -> tuple[Shape, ...]:
    """The shapes of walls (one for each piece between doors) and of furniture in the way, in the order of the layout."""
    body = robot or Robot()
    boxes, _ = usable_boxes(layout.boxes)
    return shapes_of(build_structure(layout, body), boxes if furniture else (), body)


def shapes_of(structure: Structure, boxes: Sequence[Box], robot: Robot) -> tuple[Shape, ...]:
    """As `vector_shapes`, from a structure and usable boxes; of boxes that share an id the first counts."""
    frame = structure.layout.frame_id
    standing = {box.id: box for box in reversed(boxes) if blocks(box, structure.floor, robot)}
    return (*_wall_shapes(structure, frame), *_box_shapes(list(standing.values())[::-1], frame))


def shape_changes(before: Sequence[Shape], after: Sequence[Shape]) -> ShapeChanges:
    """How to get from some shapes to others."""
    old, new = {shape.uuid: shape for shape in before}, {shape.uuid: shape for shape in after}
    add = tuple(shape for uuid, shape in new.items() if old.get(uuid) != shape)
    # A circle with the UUID of a polygon does not replace it.
    gone = tuple(uuid for uuid, shape in old.items() if type(new.get(uuid)) is not type(shape))
    return ShapeChanges(add, gone)


def _wall_shapes(structure: Structure, frame: str) -> list[PolygonShape]:
    return [
        PolygonShape(stable_uuid(frame, "wall", p.wall_id, p.index), f"wall_{p.wall_id}_{p.index}", frame, points)
        for p, points in zip(structure.pieces, _quads(structure.walls))
    ]


def _box_shapes(boxes: Sequence[Box], frame: str) -> list[Shape]:
    return [_box_shape(box, points, frame) for box, points in zip(boxes, _quads(box_rectangles(boxes)))]


def _box_shape(box: Box, points: tuple[Point2, ...], frame: str) -> Shape:
    uuid, name = stable_uuid(frame, "bbox", box.id), f"bbox_{box.id}"
    short, long = sorted((abs(box.size[0]), abs(box.size[1])))
    if box.label in ROUND_LABELS and short >= _SQUARE * long:
        center = (round(box.center[0], _DECIMALS) + 0.0, round(box.center[1], _DECIMALS) + 0.0)
        return CircleShape(uuid, name, frame, center, round(long / 2, _DECIMALS))
    return PolygonShape(uuid, name, frame, points)


def _quads(rectangles: Rectangles) -> list[tuple[Point2, ...]]:
    """The corners of each rectangle, rounded to 0.1 mm."""
    corners = np.round(rectangles.corners(), _DECIMALS) + 0.0
    return [tuple((x, y) for x, y in quad) for quad in corners.tolist()]
