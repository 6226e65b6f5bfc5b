"""Masks for costmap filters: where a robot must not go, and where it must go slowly, with the values that explain them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box
from spatial_perception.layout.raster import fill, polygon_rings
from spatial_perception.navigation.footprints import Passage, Rectangles, box_rectangles, passage_rectangles
from spatial_perception.navigation.occupancy import OCCUPIED, OccupancyGrid, obstacle_cells
from spatial_perception.navigation.rooms import RoomGraph

KEEPOUT_TOPIC, SPEED_TOPIC = "keepout_filter_mask", "speed_filter_mask"
DOOR_REACH = 0.4
"""How far (m) before and behind a door the speed limit of doors holds."""


class FilterType(IntEnum):
    """`type` of `nav2_msgs/CostmapFilterInfo`."""

    KEEPOUT = 0
    SPEED_PERCENT = 1
    SPEED_ABSOLUTE = 2
    BINARY = 3


@dataclass(frozen=True, slots=True)
class FilterInfo:
    """`nav2_msgs/CostmapFilterInfo`: a mask value v means base + multiplier * v."""

    type: FilterType
    mask_topic: str
    base: float = 0.0
    multiplier: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FilterMask:
    """A mask (0: nothing, 100: forbidden; speeds: 1-100, 0 no limit) in the place of a grid, and how to read it."""

    grid: OccupancyGrid
    info: FilterInfo


def keepout_mask(
    grid: OccupancyGrid,
    obstacles: Rectangles,
    rooms: RoomGraph,
    *,
    forbidden: Collection[str] = (),
    topic: str = KEEPOUT_TOPIC,
) -> FilterMask:
    """Cells that a robot must not enter: footprints of furniture (a scanner sees the legs of a table, not its top) and
    rooms that are `forbidden`, by kind (`bathroom`) or name (`bedroom_2`).

    Raises ConfigError for a forbidden room that does not exist.
    """
    data = np.zeros(grid.data.shape, dtype=np.int8)
    data[obstacle_cells(obstacles, grid.frame)] = OCCUPIED
    for name in forbidden:
        data[_room_mask(grid, rooms, name)] = OCCUPIED
    return FilterMask(grid.with_data(data), FilterInfo(FilterType.KEEPOUT, topic))


def speed_mask(
    grid: OccupancyGrid,
    holes: Sequence[Passage],
    rooms: RoomGraph,
    *,
    door_percent: float = 50.0,
    limits: Mapping[str, float] | None = None,
    carpets: Sequence[Box] = (),
    carpet_percent: float = 70.0,
    max_speed: float | None = None,
    topic: str = SPEED_TOPIC,
) -> FilterMask:
    """Speed limits as percent of the full speed: rooms by kind or name (`limits`), carpets, then doors, which win.

    With `max_speed` (m/s) the mask is read as absolute speeds. Raises ConfigError for limits outside 1 to 100 percent, a
    speed that is not positive and rooms that do not exist.
    """
    data = np.zeros(grid.data.shape, dtype=np.int8)
    for name, percent in (limits or {}).items():
        data[_room_mask(grid, rooms, name)] = _percent(percent, name)
    data[fill(grid.frame, box_rectangles(carpets).corners())] = _percent(carpet_percent, "carpets")
    doors = passage_rectangles(holes, DOOR_REACH).corners()
    data[fill(grid.frame, doors)] = _percent(door_percent, "doors")
    return FilterMask(grid.with_data(data), _speed_info(max_speed, topic))


def _speed_info(max_speed: float | None, topic: str) -> FilterInfo:
    if max_speed is None:
        return FilterInfo(FilterType.SPEED_PERCENT, topic)
    if not (isfinite(max_speed) and max_speed > 0):
        raise ConfigError(f"maximum speed is {max_speed:g} m/s; give a speed above 0")
    return FilterInfo(FilterType.SPEED_ABSOLUTE, topic, 0.0, max_speed / 100.0)


def _percent(value: float, what: str) -> int:
    if not 1 <= value <= 100:
        raise ConfigError(f"speed limit of {what} is {value:g} percent; give 1 to 100")
    return round(value)


def _room_mask(grid: OccupancyGrid, rooms: RoomGraph, name: str) -> NDArray[np.bool_]:
    """The cells of the rooms of a kind or name."""
    chosen = [room for room in rooms.rooms if name in (room.kind, room.name)]
    if not chosen:
        known = ", ".join(sorted({room.name for room in rooms.rooms})) or "none"
        raise ConfigError(f"there is no room '{name}'; rooms are: {known}")
    return fill(grid.frame, polygon_rings((room.outline, *room.holes) for room in chosen))
