"""`rerun_recorder`: what `layout_node` finds, over time, as a recording (.rrd) for the rerun viewer."""

from __future__ import annotations

from math import dist
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import PointCloud2
from tf2_ros import Buffer, TransformException, TransformListener

from spatial_perception.configuration import StrictModel
from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.msg import Layout, Timing
from spatial_perception.ros.convert.clouds import cloud_from_message
from spatial_perception.ros.convert.layouts import layout_from_message
from spatial_perception.ros.convert.stamps import seconds
from spatial_perception.ros.parameters import NodeSettings, setting
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.running import run
from spatial_perception.visualization.recording import open_recording

_POSE_PERIOD, _STEP = 0.2, 0.05


class RerunSettings(StrictModel):
    """The parameters of `rerun_recorder`."""

    path: str = setting("recording.rrd", "The file to write; an older one is replaced.", read_only=True, min_length=5)
    layout_node: str = setting(
        "layout_node", "Name of the node whose results are recorded.", read_only=True, min_length=1
    )
    truth: str = setting("", "Topic of a true layout to show beside; empty: none.", read_only=True)
    map_frame: str = setting("map", "Frame of the map.", read_only=True, min_length=1)
    base_frame: str = setting("base_link", "Frame of the robot, whose way is shown; empty: no robot.", read_only=True)


class RerunRecorder(Node):
    """Writes layouts, the map, the robot's way and latencies; complete once it has ended."""

    def __init__(self) -> None:
        super().__init__("rerun_recorder")
        self._settings = NodeSettings(self, RerunSettings).values
        s = self._settings
        self._recording = open_recording(s.path)
        self._trail: list[tuple[float, float, float]] = []
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self, spin_thread=False)
        self.create_subscription(Layout, f"{s.layout_node}/layout", self._on_layout, LATCHED)
        self.create_subscription(PointCloud2, f"{s.layout_node}/cloud", self._on_cloud, LATCHED)
        self.create_subscription(Timing, f"{s.layout_node}/timing", self._on_timing, QoSProfile(depth=10))
        if s.truth:
            self.create_subscription(Layout, s.truth, self._on_truth, LATCHED)
        self.create_timer(_POSE_PERIOD, self._follow)
        self.get_logger().info(f"recording to {s.path}; open it with: rerun {s.path}")

    def close(self) -> None:
        """Finish the file."""
        self._recording.close()

    def _on_layout(self, message: Any) -> None:
        tracked, _ = layout_from_message(message)
        self._recording.log_state(tracked.layout, at=tracked.stamp)
        counts = {"walls": message.walls, "doors": message.doors, "windows": message.windows, "boxes": message.boxes}
        for name, entities in counts.items():
            self._recording.log_number(f"entities/{name}", len(entities), tracked.stamp)

    def _on_truth(self, message: Any) -> None:
        self._recording.log_state(layout_from_message(message)[0].layout, "truth")

    def _on_cloud(self, message: Any) -> None:
        try:
            cloud = cloud_from_message(message)
        except SpatialPerceptionError as error:
            self.get_logger().warning(f"a map was left out: {error}", throttle_duration_sec=10.0)
            return
        self._recording.log_cloud(cloud, at=seconds(message.header.stamp))

    def _on_timing(self, message: Any) -> None:
        self._recording.log_number("latency", message.latency, seconds(message.header.stamp))

    def _follow(self) -> None:
        """Note where the robot is, where it has moved."""
        s = self._settings
        if not s.base_frame:
            return
        try:
            transform = self._buffer.lookup_transform(s.map_frame, s.base_frame, Time())
        except TransformException:
            return
        place = transform.transform.translation
        point = (place.x, place.y, place.z)
        if not self._trail or dist(point, self._trail[-1]) > _STEP:
            self._trail.append(point)
            self._recording.log_robot(self._trail, at=seconds(transform.header.stamp))


def main() -> int:
    """Run the node."""
    return run(RerunRecorder)


if __name__ == "__main__":
    raise SystemExit(main())
