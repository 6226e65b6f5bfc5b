"""The floor plan of a layout as GeoJSON (RFC 7946), for map tools, viewers and route planners.

Coordinates are local metres, not longitude and latitude. RFC 7946 (section 4) allows that by prior arrangement only, so each
file says it: the foreign member `coordinate_frame` names the frame, the unit and the axes. Features:

    wall    LineString of the base line, or Polygon of the footprint where the thickness is known
    door    LineString along its wall (Point where its wall is unknown), same for window
    bbox    Polygon of the footprint
    room    Polygon that the walls enclose, with its area
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from math import cos, hypot, isfinite, sin
from pathlib import Path
from typing import Any

from spatial_perception.errors import LayoutTextError
from spatial_perception.files import atomic_write
from spatial_perception.layout.boxes import OrientedBox, to_boxes
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.rooms import Room, find_rooms
from spatial_perception.layout.text import entity_name

DECIMALS = 4
_ANGLE_DECIMALS = 6


def to_geojson(layout: Layout, *, rooms: Sequence[Room] | None = None) -> dict[str, Any]:
    """The FeatureCollection of a layout; lengths are rounded to 0.1 mm. `rooms` default to those that the walls enclose.

    Properties hold what the plan does not show: kind, id, heights, z of the floor, label, score, support.
    Raises LayoutTextError for NaN or infinity.
    """
    _check_finite(layout)
    found = find_rooms(layout) if rooms is None else rooms
    features = [_entity_feature(entity, layout) for entity in layout] + [_room_feature(room) for room in found]
    collection: dict[str, Any] = {"type": "FeatureCollection", "coordinate_frame": _frame(layout), "features": features}
    corners = [corner for feature in features for corner in _flat(feature["geometry"]["coordinates"])]
    if corners:
        xs, ys = [c[0] for c in corners], [c[1] for c in corners]
        collection["bbox"] = [min(xs), min(ys), max(xs), max(ys)]
    return collection


def dump_geojson(layout: Layout, *, rooms: Sequence[Room] | None = None, indent: int | None = 2) -> str:
    """The GeoJSON text of a layout; see `to_geojson`. Raises LayoutTextError for NaN or infinity."""
    document = to_geojson(layout, rooms=rooms)
    try:
        return json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise LayoutTextError(
            "a score or the stamp is NaN or infinite, which JSON cannot hold; remove it first"
        ) from error


def write_geojson(layout: Layout, path: str | os.PathLike[str], *, rooms: Sequence[Room] | None = None) -> Path:
    """Write the GeoJSON of a layout to `path` in one step. Raises LayoutTextError or OutputError."""
    return atomic_write(path, dump_geojson(layout, rooms=rooms))


def _frame(layout: Layout) -> dict[str, Any]:
    axes = "right-handed; coordinates are [x, y] seen from above, z points up"
    return {"frame_id": layout.frame_id, "stamp": layout.stamp, "unit": "metre", "geographic": False, "axes": axes}


def _check_finite(layout: Layout) -> None:
    for entity in layout:
        numbers = [*_positions(entity), *_lengths(entity)]
        if not all(isfinite(number) for number in numbers):
            raise LayoutTextError(f"{entity_name(entity)}: holds NaN or an infinite number; remove the entity first")


def _positions(entity: Entity) -> tuple[float, ...]:
    return (*entity.start, *entity.end) if isinstance(entity, Wall) else entity.center


def _lengths(entity: Entity) -> tuple[float, ...]:
    if isinstance(entity, Wall):
        return (entity.height, entity.thickness)
    return (*entity.size, entity.yaw) if isinstance(entity, Box) else (entity.width, entity.height)


def _entity_feature(entity: Entity, layout: Layout) -> dict[str, Any]:
    if isinstance(entity, Wall):
        return _feature(entity, _wall_geometry(entity), _wall_properties(entity))
    if isinstance(entity, Box):
        outline = to_boxes(Layout(boxes=(entity,)))[0]
        return _feature(entity, _polygon(_footprint(outline)), _box_properties(entity))
    wall = layout.wall(entity.wall_id)
    return _feature(entity, _opening_geometry(entity, wall), _opening_properties(entity, wall))


def _feature(entity: Entity, geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    name = entity_name(entity)
    common = {"kind": name.partition("_")[0], "id": entity.id}
    known = {key: getattr(entity, key) for key in ("score", "support") if getattr(entity, key) is not None}
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": common | properties | known}


def _wall_geometry(wall: Wall) -> dict[str, Any]:
    if wall.thickness > 0 and wall.start[:2] != wall.end[:2]:
        return _polygon(_footprint(to_boxes(Layout(walls=(wall,)))[0]))
    return {"type": "LineString", "coordinates": [_point(wall.start), _point(wall.end)]}


def _wall_properties(wall: Wall) -> dict[str, Any]:
    lengths = {"height": _metres(wall.height), "thickness": _metres(wall.thickness)}
    return {**lengths, "base_line": [_point(wall.start), _point(wall.end)], "floor_z": _metres(wall.start[2])}


def _opening_geometry(opening: Door | Window, wall: Wall | None) -> dict[str, Any]:
    length = hypot(wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]) if wall is not None else 0.0
    if wall is None or length == 0:
        return {"type": "Point", "coordinates": _point(opening.center)}
    half_x, half_y = ((wall.end[i] - wall.start[i]) / length * opening.width / 2 for i in (0, 1))
    x, y, _ = opening.center
    return {"type": "LineString", "coordinates": [_point((x - half_x, y - half_y)), _point((x + half_x, y + half_y))]}


def _opening_properties(opening: Door | Window, wall: Wall | None) -> dict[str, Any]:
    sill = opening.center[2] - opening.height / 2
    lengths = {"width": _metres(opening.width), "height": _metres(opening.height), "sill_z": _metres(sill)}
    fault = {} if wall is not None else {"fault": f"wall_{opening.wall_id} does not exist"}
    return {"wall_id": opening.wall_id, **lengths, **fault}


def _box_properties(box: Box) -> dict[str, Any]:
    size = [_metres(length) for length in box.size]
    bottom = _metres(box.center[2] - box.size[2] / 2)
    return {"label": box.label, "size": size, "yaw": round(box.yaw, _ANGLE_DECIMALS) + 0.0, "bottom_z": bottom}


def _room_feature(room: Room) -> dict[str, Any]:
    rings = [_closed(room.outline), *(_closed(hole) for hole in room.holes)]
    properties = {"kind": "room", "id": room.id, "area": _metres(room.area), "center": _point(room.center)}
    geometry = {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "id": f"room_{room.id}", "geometry": geometry, "properties": properties}


def _footprint(box: OrientedBox) -> list[tuple[float, float]]:
    """The outline from above, counter-clockwise as RFC 7946 wants it, whatever the signs of the sizes."""
    c, s = cos(box.yaw), sin(box.yaw)
    half_x, half_y = abs(box.size[0]) / 2, abs(box.size[1]) / 2
    ring = [(-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y)]
    return [(box.center[0] + c * x - s * y, box.center[1] + s * x + c * y) for x, y in ring]


def _polygon(ring: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [_closed(ring)]}


def _closed(ring: Sequence[Sequence[float]]) -> list[list[float]]:
    return [_point(corner) for corner in (*ring, ring[0])]


def _point(position: Sequence[float]) -> list[float]:
    return [_metres(position[0]), _metres(position[1])]


def _metres(value: float) -> float:
    # The sum turns -0.0 into 0.0.
    return round(value, DECIMALS) + 0.0


def _flat(coordinates: Any) -> Iterable[list[float]]:
    """All positions of nested coordinates."""
    if coordinates and not isinstance(coordinates[0], list):
        return [coordinates]
    return [position for part in coordinates for position in _flat(part)]
