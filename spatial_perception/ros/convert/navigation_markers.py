"""Rooms, routes and goals as markers."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, sin

from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from spatial_perception.navigation.goals import GoalStatus
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.rooms import Room
from spatial_perception.ros.convert.marker_diff import marker, text_marker
from spatial_perception.visualization import palette

ROOMS, NAMES, ROUTES, PLACES, GOALS = "rooms", "room_names", "routes", "route_nodes", "goals"
_HERE, _OTHER, _ROUTE, _GOAL = "#2e8b57", palette.MUTED, "#2f6fb5", "#c2185b"
_LIFT, _LETTERS, _ARROW = 0.03, 0.3, 0.35


def navigation_markers(place: NavigationMap, current: int | None, header: Header) -> Iterator[Marker]:
    """The markers of a map; the room with id `current` stands out."""
    z = place.structure.floor + _LIFT
    for room in place.rooms.rooms:
        yield _outline(room, z, header, _HERE if room.id == current else _OTHER)
        label = f"{palette.display_name(room.name)}\n{room.area:.1f} m²"
        yield text_marker(room.id, NAMES, label, (*room.center, z + _LETTERS), header, _LETTERS)
    if place.route.edges:
        yield _edges(place, z, header)
        yield _nodes(place, z, header)
    for goal in place.goals:
        if goal.status is GoalStatus.OK and goal.pose is not None:
            made = marker(goal.box_id, GOALS, Marker.ARROW, header, _GOAL, 0.8)
            made.pose.position.x, made.pose.position.y, made.pose.position.z = goal.pose.x, goal.pose.y, z
            made.pose.orientation.z, made.pose.orientation.w = sin(goal.pose.yaw / 2), cos(goal.pose.yaw / 2)
            made.scale = Vector3(x=_ARROW, y=0.06, z=0.06)
            yield made


def _outline(room: Room, z: float, header: Header, colour: str) -> Marker:
    made = marker(room.id, ROOMS, Marker.LINE_STRIP, header, colour, 0.9)
    ring = [*room.outline, room.outline[0]] if room.outline else []
    made.points = [Point(x=float(x), y=float(y), z=z) for x, y in ring]
    made.scale = Vector3(x=0.06, y=0.0, z=0.0)
    return made


def _edges(place: NavigationMap, z: float, header: Header) -> Marker:
    """Both directions of an edge lie on one line: those from the lower id are enough."""
    where = {node.id: Point(x=node.x, y=node.y, z=z) for node in place.route.nodes}
    made = marker(0, ROUTES, Marker.LINE_LIST, header, _ROUTE, 0.8)
    made.points = [where[end] for edge in place.route.edges if edge.start < edge.end for end in (edge.start, edge.end)]
    made.scale = Vector3(x=0.03, y=0.0, z=0.0)
    return made


def _nodes(place: NavigationMap, z: float, header: Header) -> Marker:
    made = marker(0, PLACES, Marker.SPHERE_LIST, header, _ROUTE, 0.9)
    made.points = [Point(x=node.x, y=node.y, z=z) for node in place.route.nodes]
    made.scale = Vector3(x=0.12, y=0.12, z=0.12)
    return made
