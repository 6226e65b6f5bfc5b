"""All files of a navigation map in one folder: maps, masks, routes, world model, and parameters for nav2's servers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, sin
from pathlib import Path
from typing import Any

import yaml

from spatial_perception.files import atomic_write
from spatial_perception.layout.geojson import write_geojson
from spatial_perception.layout.text import write_layout
from spatial_perception.layout.validation import remove_invalid
from spatial_perception.navigation.goals import GoalStatus
from spatial_perception.navigation.keepout import FilterMask
from spatial_perception.navigation.map_files import write_map
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.route_graph import write_route_geojson
from spatial_perception.navigation.shapes import CircleShape, Shape
from spatial_perception.navigation.world_model import write_world_model
from spatial_perception.pointcloud.writing import write_cloud

FILES = (
    "map.yaml", "map.pgm", "keepout.yaml", "keepout.pgm", "speed.yaml", "speed.pgm", "route_graph.geojson", "goals.json",
    "world_model.json", "layout.txt", "layout.geojson", "obstacles.ply", "nav2_params.yaml",
)  # fmt: skip
"""The names of all files that may be written."""
_HEADER = "# Parameters for nav2's servers, made from a layout; paths are relative to this folder.\n"


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written, and sentences on those that were not."""

    paths: tuple[Path, ...]
    skipped: tuple[str, ...]


def export_all(place: NavigationMap, folder: Path, *, door_operation: str = "") -> Exported:
    """Write every file of a navigation map into a folder, each in one step; raises OutputError.

    map, keepout and speed (.yaml, .pgm), route_graph.geojson, goals.json, world_model.json, layout.txt, layout.geojson,
    obstacles.ply, nav2_params.yaml. What would be empty and refused by its reader is skipped with a sentence.
    """
    sound = remove_invalid(place.layout).layout
    writers: tuple[tuple[str, bool, Callable[[Path], object]], ...] = (
        ("route_graph.geojson", bool(place.route.edges),
         lambda path: write_route_geojson(place.route, path, door_operation=door_operation)),
        ("goals.json", True, lambda path: atomic_write(path, _goals_text(place))),
        ("world_model.json", True, lambda path: write_world_model(place, path)),
        ("layout.txt", True, lambda path: write_layout(sound, path)),
        ("layout.geojson", True, lambda path: write_geojson(sound, path)),
        ("obstacles.ply", len(place.obstacles) > 0, lambda path: write_cloud(path, place.obstacles)),
        ("nav2_params.yaml", True, lambda path: atomic_write(path, nav2_parameters(place))),
    )  # fmt: skip
    paths = _write_maps(place, folder)
    skipped = []
    for name, wanted, write in writers:
        if wanted:
            write(folder / name)
            paths.append(folder / name)
        else:
            skipped.append(f"{name}: not written, it would be empty")
    return Exported(tuple(paths), tuple(skipped))


def _write_maps(place: NavigationMap, folder: Path) -> list[Path]:
    maps = (("map", place.grid, "trinary"), ("keepout", place.keepout.grid, "raw"), ("speed", place.speed.grid, "raw"))
    paths = []
    for name, grid, mode in maps:
        paths += [write_map(grid, folder, name, mode=mode), folder / f"{name}.pgm"]
    return paths


def _goals_text(place: NavigationMap) -> str:
    """Goals as poses for NavigateToPose, with a unit quaternion about z."""
    rows: list[dict[str, Any]] = []
    for goal in place.goals:
        row: dict[str, Any] = {"id": goal.box_id, "label": goal.label, "status": goal.status.value}
        if goal.status is GoalStatus.OK and goal.pose is not None:
            half = goal.pose.yaw / 2
            position = {"x": round(goal.pose.x, 4), "y": round(goal.pose.y, 4), "z": 0.0}
            turn = {"x": 0.0, "y": 0.0, "z": round(sin(half), 9), "w": round(cos(half), 9)}
            row |= {"room": goal.room_id, "pose": {"position": position, "orientation": turn}}
        rows.append(row | {"message": goal.message})
    document = {"frame_id": place.layout.frame_id, "goals": rows}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def nav2_parameters(place: NavigationMap) -> str:
    """YAML with parameters of map servers, filter info servers, route, vector object and collision monitor servers."""
    frame = place.layout.frame_id or "map"
    servers: dict[str, Any] = {"map_server": {"yaml_filename": "map.yaml", "topic_name": "map", "frame_id": frame}}
    for name, mask in (("keepout", place.keepout), ("speed", place.speed)):
        topic = mask.info.mask_topic
        servers[f"{name}_filter_mask_server"] = {
            "yaml_filename": f"{name}.yaml", "topic_name": topic, "frame_id": frame,
        }  # fmt: skip
        servers[f"{name}_costmap_filter_info_server"] = _filter_parameters(mask, name)
    if place.route.edges:
        servers["route_server"] = {"graph_filepath": "route_graph.geojson", "route_frame": frame}
    # An empty list has no type for a parameter server: what has nothing to list is left out.
    if place.shapes:
        servers["vector_object_server"] = _shape_parameters(place.shapes, frame, place.grid.resolution)
    if place.door_zones:
        servers["collision_monitor"] = _monitor_parameters(place)
    document = {name: {"ros__parameters": values} for name, values in servers.items()}
    return _HEADER + yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=120)


def _filter_parameters(mask: FilterMask, name: str) -> dict[str, Any]:
    info = mask.info
    return {
        "type": int(info.type),
        "filter_info_topic": f"{name}_costmap_filter_info",
        "mask_topic": info.mask_topic,
        "base": info.base,
        "multiplier": info.multiplier,
    }


def _shape_parameters(shapes: tuple[Shape, ...], frame: str, resolution: float) -> dict[str, Any]:
    values: dict[str, Any] = {"map_topic": "vo_map", "global_frame_id": frame, "resolution": resolution}
    values |= {"default_value": 0, "overlay_type": 0, "shapes": [shape.name for shape in shapes]}
    for shape in shapes:
        common = {"frame_id": frame, "value": shape.value, "uuid": str(shape.uuid)}
        if isinstance(shape, CircleShape):
            rest: dict[str, Any] = {"fill": shape.fill, "center": list(shape.center), "radius": shape.radius}
            values[shape.name] = {"type": "circle", **common, **rest}
        else:
            points = [number for point in shape.points for number in point]
            values[shape.name] = {"type": "polygon", **common, "closed": shape.closed, "points": points}
    return values


def _monitor_parameters(place: NavigationMap) -> dict[str, Any]:
    """Slow-down zones in doors: the monitor takes their points from topics, in the frame of the map."""
    values: dict[str, Any] = {"polygons": [zone.name for zone in place.door_zones]}
    for zone in place.door_zones:
        values[zone.name] = {
            "type": "polygon",
            "polygon_sub_topic": f"zones/{zone.name}",
            "polygon_subscribe_transient_local": True,
            "action_type": zone.action,
            "min_points": zone.min_points,
            "slowdown_ratio": zone.slowdown_ratio,
        }
    return values
