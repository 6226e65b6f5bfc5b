"""Rooms and doors as a route graph that nav2's Route Server loads: ways that a robot can drive, with what they mean.

The form is that of the Route Server's GeoJSON files (https://docs.nav2.org, "Route Server"): nodes are Point features with
`id`, `frame` and `metadata`; edges are directed MultiLineString features with `id`, `startid`, `endid`, `cost`, `metadata` and
`operations`. Metadata holds numbers, texts, truth values, flat lists of them, and nested objects; nothing else loads.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import dist
from pathlib import Path
from typing import Any

from spatial_perception.errors import LayoutError
from spatial_perception.files import atomic_write
from spatial_perception.layout.validation import Finding
from spatial_perception.navigation.rooms import DoorLink, Room, RoomGraph

LARGEST_ID = 65_535
"""Messages of some nav2 versions hold ids of nodes and edges in 16 bits."""
DOOR_SPEED_PERCENT = 50.0
_DECIMALS = 4
_CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}

Point2 = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RouteNode:
    """A place on the route graph: `kind` is room, door or waypoint; `key` names it for good, `id` is its number in messages.

    `room_id` and `door_id` tell what it belongs to, `label` is its semantic class.
    """

    id: int
    key: str
    kind: str
    x: float
    y: float
    label: str
    room_id: int | None = None
    door_id: int | None = None


@dataclass(frozen=True, slots=True)
class RouteEdge:
    """A straight way from node `start` to node `end` (ids), one direction: `length` (m), the room that it lies in, the door that
    it begins or ends in, and the speed allowed in percent of the robot's."""

    id: int
    key: str
    start: int
    end: int
    length: float
    label: str
    room_id: int | None = None
    door_id: int | None = None
    speed_percent: float = 100.0


@dataclass(frozen=True, slots=True)
class Leg:
    """The way from the place of a room to one of its doors: corner points (m), the first in the room, the last in the door."""

    room_id: int
    door_id: int
    points: tuple[Point2, ...]


@dataclass(frozen=True, slots=True)
class RouteGraph:
    """Nodes and directed edges in the order of their ids, the rooms and doors that they speak of, and findings."""

    nodes: tuple[RouteNode, ...] = ()
    edges: tuple[RouteEdge, ...] = ()
    rooms: RoomGraph = field(default_factory=RoomGraph)
    findings: tuple[Finding, ...] = ()
    frame_id: str = ""

    def node(self, node_id: int) -> RouteNode | None:
        """The node with this id, or None."""
        return next((node for node in self.nodes if node.id == node_id), None)


def build_route_graph(
    rooms: RoomGraph,
    places: Mapping[int, Point2],
    legs: Sequence[Leg],
    *,
    door_speed: float = DOOR_SPEED_PERCENT,
    previous: RouteGraph | None = None,
) -> RouteGraph:
    """The graph of `places` (room id -> (x, y) m) joined to doors by `legs`, both ways each.

    Nodes and edges that `previous` knows keep their ids. Doors that no leg reaches and rooms without any leg are in the
    findings.
    """
    draft = _Draft(rooms, door_speed)
    for room in rooms.rooms:
        if room.id in places:
            draft.add_room(room, places[room.id])
    for leg in legs:
        draft.add_leg(leg)
    ids = _numbered([*draft.nodes, *draft.edges], previous)
    nodes = [RouteNode(ids[key], key, *values) for key, values in draft.nodes.items()]
    edges = [RouteEdge(ids[key], key, ids[start], ids[end], *rest) for key, (start, end, *rest) in draft.edges.items()]
    findings = _unreached(rooms, places, legs)
    by_id = (tuple(sorted(nodes, key=lambda n: n.id)), tuple(sorted(edges, key=lambda e: e.id)))
    return RouteGraph(*by_id, rooms, tuple(findings), rooms.frame_id)


class _Draft:
    """Nodes and edges by their keys."""

    def __init__(self, rooms: RoomGraph, door_speed: float) -> None:
        self.nodes: dict[str, tuple[Any, ...]] = {}
        self.edges: dict[str, tuple[Any, ...]] = {}
        self._rooms, self._speed = rooms, door_speed

    def add_room(self, room: Room, place: Point2) -> None:
        self.nodes[f"room/{room.id}"] = ("room", *place, room.kind, room.id, None)

    def add_leg(self, leg: Leg) -> None:
        room = self._rooms.room(leg.room_id)
        label = room.kind if room is not None else "room"
        keys = [f"room/{leg.room_id}"]
        for k, point in enumerate(leg.points[1:-1]):
            keys.append(f"room/{leg.room_id}/door/{leg.door_id}/{k}")
            self.nodes[keys[-1]] = ("waypoint", *point, label, leg.room_id, None)
        keys.append(f"door/{leg.door_id}")
        self.nodes.setdefault(keys[-1], ("door", *leg.points[-1], "door", None, leg.door_id))
        for k, (a, b) in enumerate(pairwise(keys)):
            length = dist(leg.points[k], leg.points[k + 1])
            at_door = b.startswith("door/")
            rest = (length, label, leg.room_id, leg.door_id if at_door else None, self._speed if at_door else 100.0)
            self.edges[f"{a}>{b}"] = (a, b, *rest)
            self.edges[f"{b}>{a}"] = (b, a, *rest)


def _numbered(keys: Iterable[str], previous: RouteGraph | None) -> dict[str, int]:
    """A number for each key: that of before, else the next one that was not in use; from 0 again where they run out."""
    old: tuple[RouteNode | RouteEdge, ...] = () if previous is None else (*previous.nodes, *previous.edges)
    known = {item.key: item.id for item in old}
    ids = {key: known[key] for key in keys if key in known}
    taken, fresh = set(known.values()), max(known.values(), default=-1) + 1
    for key in keys:
        if key in ids:
            continue
        if fresh > LARGEST_ID:
            fresh, taken = 0, set(ids.values())
        while fresh in taken:
            fresh += 1
        ids[key] = fresh
        taken.add(fresh)
    return ids


def _unreached(rooms: RoomGraph, places: Mapping[int, Point2], legs: Sequence[Leg]) -> list[Finding]:
    found = []
    reached = {(leg.room_id, leg.door_id) for leg in legs}
    for room in rooms.rooms:
        if room.id not in places:
            text = f"({room.name}) has no floor on which the robot fits; it is not on the route graph"
            found.append(Finding("room without floor", f"room_{room.id}", text, "warning"))
    for door in rooms.doors:
        for room_id in door.rooms:
            if door.passable and room_id in places and (room_id, door.id) not in reached:
                text = f"cannot be reached from room_{room_id}: something stands in the way"
                found.append(Finding("door blocked", f"door_{door.id}", text, "warning"))
    if not legs:
        text = "joins no room to a door; nav2's Route Server refuses a graph without edges"
        found.append(Finding("no edges", "route graph", text, "warning"))
    return found


# ---------------------------------------------------------------------------------------------- GeoJSON
def route_geojson(graph: RouteGraph, *, door_operation: str = "") -> dict[str, Any]:
    """The FeatureCollection of a route graph as nav2's Route Server reads it.

    `door_operation` names a route operation that is configured in the server (such as one that opens doors); it is then
    triggered on entering edges into doors. By default there are no operations, since unknown ones are errors there.
    """
    places = {node.id: (node.x, node.y) for node in graph.nodes}
    features = [_node_feature(node, graph) for node in graph.nodes]
    features += [_edge_feature(edge, places, graph, door_operation) for edge in graph.edges]
    return {"type": "FeatureCollection", "name": "rooms and doors", "crs": _CRS, "features": features}


def dump_route_geojson(graph: RouteGraph, *, door_operation: str = "") -> str:
    """The GeoJSON text of a route graph; see `route_geojson`. Raises LayoutError where there are no edges to write."""
    if not graph.edges:
        raise LayoutError("the route graph has no edges, which nav2 refuses; the layout needs a room with an open door")
    document = route_geojson(graph, door_operation=door_operation)
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_route_geojson(graph: RouteGraph, path: str | os.PathLike[str], *, door_operation: str = "") -> Path:
    """Write a route graph to `path` in one step. Raises LayoutError without edges, OutputError."""
    return atomic_write(path, dump_route_geojson(graph, door_operation=door_operation))


def _node_feature(node: RouteNode, graph: RouteGraph) -> dict[str, Any]:
    properties = {"id": node.id, "frame": graph.frame_id or "map", "metadata": _node_metadata(node, graph.rooms)}
    geometry = {"type": "Point", "coordinates": [_number(node.x), _number(node.y)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _node_metadata(node: RouteNode, rooms: RoomGraph) -> dict[str, Any]:
    data: dict[str, Any] = {"class": node.label, "kind": node.kind, "key": node.key}
    room = rooms.room(node.room_id) if node.room_id is not None else None
    door = rooms.door(node.door_id) if node.door_id is not None else None
    if room is not None:
        data |= {"room_id": room.id, "room": room.name}
        if node.kind == "room":
            data |= {"uuid": str(room.uuid), "confidence": room.confidence, "area": _number(room.area)}
            data["region"] = _region(room)
    if door is not None:
        data |= _door_metadata(door)
    return data


def _door_metadata(door: DoorLink) -> dict[str, Any]:
    inside = [room for room in door.rooms if room is not None]
    lengths = {"width": _number(door.width), "height": _number(door.height)}
    return {"door_id": door.id, "uuid": str(door.uuid), "rooms": inside, "exterior": door.is_exterior, **lengths}


def _region(room: Room) -> dict[str, Any]:
    """The polygon of a room in the form of nav2's sample graph."""
    values = {"x_values": [_number(x) for x, _ in room.outline], "y_values": [_number(y) for _, y in room.outline]}
    return {**values, "properties": {"class_type": room.kind, "number_of_objects": len(room.objects)}}


def _edge_feature(
    edge: RouteEdge, places: Mapping[int, Point2], graph: RouteGraph, door_operation: str
) -> dict[str, Any]:
    ends = [[_number(v) for v in places[node]] for node in (edge.start, edge.end)]
    metadata: dict[str, Any] = {"class": edge.label, "length": _number(edge.length), "key": edge.key}
    metadata |= {} if edge.room_id is None else {"room_id": edge.room_id}
    metadata |= {} if edge.door_id is None else {"door_id": edge.door_id}
    metadata |= {} if edge.speed_percent >= 100.0 else {"speed_limit": edge.speed_percent}
    properties: dict[str, Any] = {"id": edge.id, "startid": edge.start, "endid": edge.end, "overridable": True}
    properties |= {"cost": _number(edge.length), "metadata": metadata}
    if door_operation and edge.door_id is not None and f">door/{edge.door_id}" in edge.key:
        trigger = {"type": door_operation, "trigger": "ON_ENTER", "metadata": {"door_id": edge.door_id}}
        properties["operations"] = {"open_door": trigger}
    return {"type": "Feature", "properties": properties,
            "geometry": {"type": "MultiLineString", "coordinates": [ends]}}  # fmt: skip


def _number(value: float) -> float:
    return round(float(value), _DECIMALS) + 0.0
