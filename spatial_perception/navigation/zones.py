"""Zones for nav2's collision monitor: where a doorway needs care, and which known structure must not stop the robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.navigation.footprints import Passage, passage_rectangles
from spatial_perception.navigation.rooms import RoomGraph

JAMB_LENGTH, JAMB_MARGIN = 0.25, 0.03
DOOR_CARE = 0.5
SLOWDOWN_RATIO, MIN_POINTS = 0.5, 4
_DECIMALS = 4

Point2 = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MonitorZone:
    """A polygon of the collision monitor: when `min_points` or more points are in it, `action` is taken.

    `points` (m) in frame `frame_id`, counter-clockwise; the monitor takes them from a topic (`polygon_sub_topic`).
    `slowdown_ratio` is the share of the speed that remains.
    """

    name: str
    frame_id: str
    points: tuple[Point2, ...]
    action: str = "slowdown"
    min_points: int = MIN_POINTS
    slowdown_ratio: float = SLOWDOWN_RATIO


@dataclass(frozen=True, slots=True)
class ExclusionZone:
    """`nav2_msgs/ExclusionZoneDescription`: what a sensor sees inside `points` (m, in `frame_id`) between the heights (m) is left
    out before zones are checked."""

    name: str
    frame_id: str
    points: tuple[Point2, ...]
    min_height: float
    max_height: float
    type: str = "polygon"


def door_zones(
    holes: Sequence[Passage], rooms: RoomGraph, *, care: float = DOOR_CARE, slowdown_ratio: float = SLOWDOWN_RATIO
) -> tuple[MonitorZone, ...]:
    """A slow-down zone in each passable door, reaching `care` (m) to both sides: whatever is in it, the robot slows down.

    Raises ConfigError for a negative reach and a ratio outside (0, 1].
    """
    if not (isfinite(care) and care >= 0):
        raise ConfigError(f"door zones reach {care:g} m; give 0 or more")
    if not 0 < slowdown_ratio <= 1:
        raise ConfigError(f"slow-down ratio is {slowdown_ratio:g}; give a share above 0, at most 1")
    passable = [hole for hole in holes if _is_passable(hole, rooms)]
    quads = passage_rectangles(passable, care).corners()
    return tuple(
        MonitorZone(f"door_{hole.door.id}", rooms.frame_id, _points(quad), slowdown_ratio=slowdown_ratio)
        for hole, quad in zip(passable, quads)
    )


def jamb_zones(
    holes: Sequence[Passage], rooms: RoomGraph, *, floor: float = 0.0, length: float = JAMB_LENGTH
) -> tuple[ExclusionZone, ...]:
    """Two exclusion zones for each passable door: its jambs, which a robot must pass closely.

    They cover `length` (m) of wall beside the opening and 3 cm before it, never the opening itself, from the floor to the
    head of the door: a person in the door is still seen. Raises ConfigError for a length that is not positive.
    """
    if not (isfinite(length) and length > 0):
        raise ConfigError(f"jamb zones are {length:g} m long; give a length above 0")
    zones = []
    for hole in holes:
        if not _is_passable(hole, rooms):
            continue
        top = floor + hole.door.height
        for side, name in ((-1, "a"), (1, "b")):
            points = _jamb(hole, side, length)
            zones.append(ExclusionZone(f"door_{hole.door.id}_jamb_{name}", rooms.frame_id, points, floor, top))
    return tuple(zones)


def _is_passable(hole: Passage, rooms: RoomGraph) -> bool:
    door = rooms.door(hole.door.id)
    return door is not None and door.passable


def _jamb(hole: Passage, side: int, length: float) -> tuple[Point2, ...]:
    along = np.array([np.cos(hole.yaw), np.sin(hole.yaw)])
    across = np.array([-along[1], along[0]])
    middle = np.array(hole.center) + along * side * (hole.width / 2 + length / 2)
    a, b = along * length / 2, across * (hole.depth / 2 + JAMB_MARGIN)
    return _points(np.array([middle - a - b, middle + a - b, middle + a + b, middle - a + b]))


def _points(quad: NDArray[np.float64]) -> tuple[Point2, ...]:
    return tuple((round(float(x), _DECIMALS) + 0.0, round(float(y), _DECIMALS) + 0.0) for x, y in quad)
