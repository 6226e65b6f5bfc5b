"""The world model: rooms with their objects and doors as one versioned JSON document for people and task planners.

The schema is published in `world_model.schema.json`. Lengths are metres, angles radians, in frame `frame_id`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from spatial_perception.errors import LayoutError
from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Box, Window
from spatial_perception.navigation.goals import GoalStatus, ObjectGoal
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.rooms import DoorLink, Room
from spatial_perception.navigation.structure import usable_boxes

SCHEMA_VERSION = "1.0"
_DECIMALS = 4


def world_model_schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of world models."""
    text = files("spatial_perception.navigation").joinpath("world_model.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def world_model(place: NavigationMap) -> dict[str, Any]:
    """The document of a navigation map, ready for `json.dumps`: rooms -> objects, doors, windows, objects in no room."""
    boxes, _ = usable_boxes(place.layout.boxes)
    goals = {goal.box_id: goal for goal in place.goals}
    objects = {box.id: _object(box, goals.get(box.id), place.layout.frame_id) for box in boxes}
    return {
        "schema": "spatial_perception/world_model",
        "schema_version": SCHEMA_VERSION,
        "frame_id": place.layout.frame_id,
        "stamp": place.layout.stamp,
        "floor_z": _number(place.structure.floor),
        "source": place.layout.provenance.estimator,
        "rooms": [_room(room, objects) for room in place.rooms.rooms],
        "doors": [_door(door) for door in place.rooms.doors],
        "windows": [_window(window, place.layout.frame_id) for window in _usable_windows(place)],
        "objects_outside": [objects[box_id] for box_id in place.rooms.outside],
        "findings": [f"{f.entity}: {f.message}" for f in place.findings],
    }


def dump_world_model(place: NavigationMap) -> str:
    """The JSON text of a navigation map; see `world_model`. Raises LayoutError where the stamp is not finite."""
    try:
        return json.dumps(world_model(place), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise LayoutError(
            "the stamp or a score is NaN or infinite, which JSON cannot hold; correct it first"
        ) from error


def write_world_model(place: NavigationMap, path: str | os.PathLike[str]) -> Path:
    """Write the world model to `path` in one step. Raises LayoutError, OutputError."""
    return atomic_write(path, dump_world_model(place))


def _room(room: Room, objects: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": room.id,
        "uuid": str(room.uuid),
        "name": room.name,
        "type": room.kind,
        "confidence": room.confidence,
        "area": _number(room.area),
        "centroid": _numbers(room.center),
        "polygon": [_numbers(corner) for corner in room.outline],
        "holes": [[_numbers(corner) for corner in hole] for hole in room.holes],
        "doors": list(room.doors),
        "neighbours": list(room.neighbours),
        "objects": [objects[box_id] for box_id in room.objects],
    }


def _object(box: Box, goal: ObjectGoal | None, frame_id: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": box.id,
        "uuid": str(stable_uuid(frame_id, "bbox", box.id)),
        "type": box.label,
        "position": _numbers(box.center),
        "size": _numbers(box.size),
        "yaw": _number(box.yaw),
    }
    if box.score is not None:
        document["score"] = box.score
    if goal is not None:
        document["goal"] = _goal(goal)
    return document


def _goal(goal: ObjectGoal) -> dict[str, Any]:
    if goal.status is not GoalStatus.OK or goal.pose is None:
        return {"status": goal.status.value, "message": goal.message}
    pose = {"x": _number(goal.pose.x), "y": _number(goal.pose.y), "yaw": _number(goal.pose.yaw)}
    return {"status": goal.status.value, "message": goal.message, "pose": pose, "gap": _number(goal.gap)}


def _door(door: DoorLink) -> dict[str, Any]:
    return {
        "id": door.id,
        "uuid": str(door.uuid),
        "wall_id": door.wall_id,
        "position": _numbers(door.center),
        "yaw": _number(door.yaw),
        "width": _number(door.width),
        "height": _number(door.height),
        "rooms": list(door.rooms),
        "exterior": door.is_exterior,
        "open": door.open,
        "passable": door.passable,
    }


def _window(window: Window, frame_id: str) -> dict[str, Any]:
    return {
        "id": window.id,
        "uuid": str(stable_uuid(frame_id, "window", window.id)),
        "wall_id": window.wall_id,
        "position": _numbers(window.center),
        "width": _number(window.width),
        "height": _number(window.height),
    }


def _usable_windows(place: NavigationMap) -> list[Window]:
    known = {wall.id for wall in place.structure.layout.walls}
    numbers = ((w, (*w.center, w.width, w.height)) for w in place.layout.windows if w.wall_id in known)
    return [window for window, values in numbers if all(abs(v) < 1e6 for v in values)]


def _numbers(values: Sequence[float]) -> list[float]:
    return [_number(value) for value in values]


def _number(value: float) -> float:
    return round(float(value), _DECIMALS) + 0.0
