"""What `navigation_node` publishes: of each update only the parts that changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from geometry_msgs.msg import PolygonStamped
from nav_msgs.msg import OccupancyGrid as OccupancyGridMsg
from rclpy.qos import QoSProfile
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from spatial_perception.msg import Room as RoomMsg
from spatial_perception.msg import RoomGraph as RoomGraphMsg
from spatial_perception.navigation.keepout import FilterMask
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.obstacles import flat_scan
from spatial_perception.navigation.occupancy import OccupancyGrid
from spatial_perception.navigation.robot import Pose2
from spatial_perception.navigation.route_graph import RouteGraph, dump_route_geojson
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.convert.clouds import cloud_message
from spatial_perception.ros.convert.grids import grid_message
from spatial_perception.ros.convert.marker_diff import MarkerDiff
from spatial_perception.ros.convert.nav2 import filter_info_message
from spatial_perception.ros.convert.navigation_markers import navigation_markers
from spatial_perception.ros.convert.rooms import polygon_stamped, room_graph_message, room_message
from spatial_perception.ros.convert.scans import scan_message
from spatial_perception.ros.convert.stamps import header_message, stamp_message
from spatial_perception.ros.nav2_servers import nav2_type
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.topic_family import TopicFamily

if TYPE_CHECKING:
    from rclpy.node import Node

    from spatial_perception.ros.navigation_settings import ObstacleSettings

_MANY = QoSProfile(depth=256, reliability=LATCHED.reliability, durability=LATCHED.durability, history=LATCHED.history)
"""For topics on which each message is one of many that belong together."""


class NavigationOutputs:
    """The publishers; all but the scan are latched. Any thread may call."""

    def __init__(self, node: Node) -> None:
        self._node, self._lock = node, threading.RLock()
        self.counts: Counter[str] = Counter()
        """How often each output was published."""
        self._place: NavigationMap | None = None
        self._epoch, self._current = 0, -2
        self._drawn = MarkerDiff()
        self._made: list[Any] = []
        self._map = self._publisher(OccupancyGridMsg, "map")
        self._masks = {name: self._publisher(OccupancyGridMsg, f"{name}_filter_mask") for name in ("keepout", "speed")}
        info = nav2_type("msg/CostmapFilterInfo")
        self._infos = {} if info is None else {
            name: self._publisher(info, f"{name}_filter_info") for name in self._masks
        }  # fmt: skip
        self._obstacles = self._publisher(PointCloud2, "obstacles")
        self._scan = self._publisher(LaserScan, "scan", QoSProfile(depth=5))
        self._rooms = self._publisher(RoomGraphMsg, "rooms")
        self._room = self._publisher(RoomMsg, "current_room")
        self._route = self._publisher(String, "route_graph")
        self._markers = self._publisher(MarkerArray, "markers")
        self._polygons = TopicFamily(node, PolygonStamped, "~/room_polygons/")
        self._zones = TopicFamily(node, PolygonStamped, "~/zones/")
        self._instances = self._instance_publisher()
        self._cloud: PointCloud2 | None = None

    def close(self) -> None:
        """Take the topics back."""
        with self._lock:
            for publisher in self._made:
                self._node.destroy_publisher(publisher)
            self._made = []
            self._polygons.close()
            self._zones.close()

    # ------------------------------------------------------------------ updates
    def publish(self, place: NavigationMap, epoch: int, current: int | None, markers: bool, operation: str) -> None:
        """Publish what differs from the map before; everything where the epoch is new."""
        with self._lock:
            old = self._place if epoch == self._epoch else None
            self._place, self._epoch = place, epoch
            if old is None or not _same_grid(old.grid, place.grid):
                self._send("map", self._map, grid_message(place.grid))
            for name, mask, before in (
                ("keepout", place.keepout, None if old is None else old.keepout),
                ("speed", place.speed, None if old is None else old.speed),
            ):
                self._publish_mask(name, mask, before)
            if old is None or not _same_cloud(old.obstacles, place.obstacles):
                self._cloud = cloud_message(place.obstacles)
                self._send("obstacles", self._obstacles, self._cloud)
            if old is None or not _same_routes(old.route, place.route):
                self._publish_route(place, operation)
            self._publish_zones(place)
            if old is None or _rooms_of(old) != _rooms_of(place):
                self._publish_polygons(place)
                self._current = -2
            self._publish_rooms(current)
            if markers:
                self._draw()

    def stand_in(self, current: int | None, markers: bool) -> None:
        """The robot is in this room now; published where that is news."""
        with self._lock:
            if self._place is not None and self._publish_rooms(current) and markers:
                self._draw()

    def repeat(self, stamp: float) -> None:
        """Send points and zones anew with the time (s) of now, for consumers that take only what is fresh."""
        with self._lock:
            if self._cloud is not None and self._obstacles.get_subscription_count():
                self._cloud.header.stamp = stamp_message(stamp)
                self._send("obstacles", self._obstacles, self._cloud)
            self._zones.repeat(stamp)

    def scan(self, pose: Pose2, frame_id: str, stamp: float, settings: ObstacleSettings) -> None:
        """Send what a scanner at the robot would measure, where somebody listens."""
        place = self._place
        if place is None or not self._scan.get_subscription_count():
            return
        seen = flat_scan(
            place.places.obstacles, pose, beams=settings.scan_beams, range_max=settings.scan_range, stamp=stamp
        )
        self._send("scan", self._scan, scan_message(seen, frame_id))

    # ------------------------------------------------------------------ parts
    def _publisher(self, kind: Any, name: str, qos: QoSProfile = LATCHED) -> Any:
        publisher = self._node.create_publisher(kind, f"~/{name}", qos)
        self._made.append(publisher)
        return publisher

    def _instance_publisher(self) -> Callable[[int, PolygonStamped], None]:
        """Publishes polygons with their id, where this ROS has messages for that."""
        try:
            from geometry_msgs.msg import PolygonInstance, PolygonInstanceStamped
        except ImportError:
            return lambda number, message: None
        publisher = self._publisher(PolygonInstanceStamped, "room_polygon_instances", _MANY)

        def publish(number: int, message: PolygonStamped) -> None:
            instance = PolygonInstance(polygon=message.polygon, id=number)
            publisher.publish(PolygonInstanceStamped(header=message.header, polygon=instance))

        return publish

    def _send(self, name: str, publisher: Any, message: Any) -> None:
        self.counts[name] += 1
        publisher.publish(message)

    def _publish_mask(self, name: str, mask: FilterMask, old: FilterMask | None) -> None:
        if name in self._infos and (old is None or old.info != mask.info):
            topic = self._masks[name].topic_name
            info = filter_info_message(mask.info, topic, mask.grid.frame_id, mask.grid.stamp)
            self._send(f"{name}_filter_info", self._infos[name], info)
        if old is None or not _same_grid(old.grid, mask.grid):
            self._send(f"{name}_filter_mask", self._masks[name], grid_message(mask.grid))

    def _publish_route(self, place: NavigationMap, operation: str) -> None:
        text = dump_route_geojson(place.route, door_operation=operation) if place.route.edges else ""
        self._send("route_graph", self._route, String(data=text))

    def _publish_zones(self, place: NavigationMap) -> None:
        frame, stamp, z = place.layout.frame_id, place.layout.stamp, float(place.structure.floor)
        zones = {zone.name: polygon_stamped(zone.points, frame, stamp, z) for zone in place.door_zones}
        self.counts["zones"] += self._zones.update(zones)

    def _publish_polygons(self, place: NavigationMap) -> None:
        frame, stamp, z = place.layout.frame_id, place.layout.stamp, float(place.structure.floor)
        polygons = {room.id: polygon_stamped(room.outline, frame, stamp, z) for room in place.rooms.rooms}
        sent = self._polygons.update({f"room_{number}": polygon for number, polygon in polygons.items()})
        self.counts["room_polygons"] += sent
        if sent:
            for number, polygon in polygons.items():
                self._instances(number, polygon)

    def _publish_rooms(self, current: int | None) -> bool:
        """The graph and the room of the robot, where they are news; returns whether they were."""
        place, number = self._place, -1 if current is None else current
        if place is None or number == self._current:
            return False
        self._current, floor = number, float(place.structure.floor)
        self._send("rooms", self._rooms, room_graph_message(place.rooms, floor, self._epoch, current))
        self._send("current_room", self._room, room_message(place.rooms.room(number), floor))
        return True

    def _draw(self) -> None:
        assert self._place is not None
        header = header_message(self._place.layout.frame_id, self._place.layout.stamp)
        current = None if self._current < 0 else self._current
        array = self._drawn.update(navigation_markers(self._place, current, header), header)
        self._send("markers", self._markers, array)


def _same_grid(a: OccupancyGrid, b: OccupancyGrid) -> bool:
    same = (a.resolution, a.origin, a.frame_id) == (b.resolution, b.origin, b.frame_id)
    return same and a.data.shape == b.data.shape and np.array_equal(a.data, b.data)


def _same_cloud(a: PointCloud, b: PointCloud) -> bool:
    return a.frame_id == b.frame_id and a.origin == b.origin and np.array_equal(a.xyz, b.xyz)


def _same_routes(a: RouteGraph, b: RouteGraph) -> bool:
    """Compares what is in the file: places, ways, and the rooms that they speak of."""
    return (a.nodes, a.edges, a.rooms.rooms, a.rooms.doors) == (b.nodes, b.edges, b.rooms.rooms, b.rooms.doors)


def _rooms_of(place: NavigationMap) -> tuple[object, ...]:
    graph = place.rooms
    return graph.rooms, graph.doors, graph.outside, graph.findings, graph.frame_id
