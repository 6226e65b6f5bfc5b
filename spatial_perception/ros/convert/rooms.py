"""Room graphs to messages and back."""

from __future__ import annotations

from collections.abc import Iterable

from geometry_msgs.msg import Point, Point32, Polygon, PolygonStamped

from spatial_perception.layout.entities import Vec3
from spatial_perception.layout.transforms import wrap_angle
from spatial_perception.msg import Room as RoomMsg
from spatial_perception.msg import RoomDoor
from spatial_perception.msg import RoomGraph as RoomGraphMsg
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.rooms import DoorLink, Ring, Room, RoomGraph
from spatial_perception.ros.convert.stamps import header_message, seconds

NOWHERE = -1
"""Id of no room."""


def room_graph_message(
    graph: RoomGraph, floor: float = 0.0, epoch: int = 0, current: int | None = None
) -> RoomGraphMsg:
    """The message of a room graph; `floor` is the height (m) of polygons, `current` the id of the robot's room."""
    message = RoomGraphMsg(header=header_message(graph.frame_id, graph.stamp), map_epoch=epoch)
    message.rooms = [room_message(room, floor) for room in graph.rooms]
    message.doors = [_door(door) for door in graph.doors]
    message.outside = list(graph.outside)
    message.current_room = NOWHERE if current is None else current
    message.findings = [f"{f.entity}: {f.message}" for f in graph.findings]
    return message


def room_message(room: Room | None, floor: float = 0.0) -> RoomMsg:
    """The message of a room; that of None has the id -1."""
    if room is None:
        return RoomMsg(id=NOWHERE)
    message = RoomMsg(id=room.id, name=room.name, kind=room.kind, confidence=room.confidence, area=room.area)
    message.polygon = polygon_message(room.outline, floor)
    message.holes = [polygon_message(hole, floor) for hole in room.holes]
    message.center = Point(x=room.center[0], y=room.center[1], z=floor)
    message.objects, message.doors, message.neighbours = list(room.objects), list(room.doors), list(room.neighbours)
    return message


def polygon_message(points: Iterable[tuple[float, float]], z: float = 0.0) -> Polygon:
    """A polygon (m) at height `z` (m)."""
    return Polygon(points=[Point32(x=float(x), y=float(y), z=float(z)) for x, y in points])


def polygon_stamped(
    points: Iterable[tuple[float, float]], frame_id: str, stamp: float, z: float = 0.0
) -> PolygonStamped:
    """A polygon (m) in a frame, at a time (s)."""
    return PolygonStamped(header=header_message(frame_id, stamp), polygon=polygon_message(points, z))


def _door(door: DoorLink) -> RoomDoor:
    message = RoomDoor(id=door.id, wall_id=door.wall_id, yaw=wrap_angle(door.yaw), width=door.width, height=door.height)
    message.center = Point(x=door.center[0], y=door.center[1], z=door.center[2])
    message.rooms = [NOWHERE if room is None else room for room in door.rooms]
    message.open, message.passable = door.open, door.passable
    return message


def room_graph_from_message(message: RoomGraphMsg) -> RoomGraph:
    """The room graph of a message, without its findings."""
    frame = message.header.frame_id
    rooms = tuple(_room_value(m, frame) for m in message.rooms)
    doors = tuple(_door_value(m, frame) for m in message.doors)
    return RoomGraph(rooms, doors, tuple(message.outside), (), frame, seconds(message.header.stamp))


def _room_value(m: RoomMsg, frame: str) -> Room:
    uuid, center = stable_uuid(frame, "room", m.id), (m.center.x, m.center.y)
    holes = tuple(_ring(hole) for hole in m.holes)
    return Room(m.id, uuid, m.kind, m.confidence, _ring(m.polygon), holes, m.area, center, tuple(m.objects),
                tuple(m.doors), tuple(m.neighbours))  # fmt: skip


def _door_value(m: RoomDoor, frame: str) -> DoorLink:
    left, right = (None if room == NOWHERE else int(room) for room in m.rooms)
    center: Vec3 = (m.center.x, m.center.y, m.center.z)
    uuid = stable_uuid(frame, "door", m.id)
    return DoorLink(m.id, uuid, m.wall_id, center, m.yaw, m.width, m.height, (left, right), m.open, m.passable)


def _ring(polygon: Polygon) -> Ring:
    return tuple((p.x, p.y) for p in polygon.points)
