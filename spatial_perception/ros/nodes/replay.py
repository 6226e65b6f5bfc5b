"""`replay`: a rosbag2 or a folder of posed RGB-D frames as topics, with /clock, once or for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import TransformBroadcaster

from spatial_perception.configuration import StrictModel
from spatial_perception.errors import CloudFileError, ConfigError, SpatialPerceptionError
from spatial_perception.ros.bag_source import Bag, BagTopic
from spatial_perception.ros.convert.stamps import stamp_message
from spatial_perception.ros.messages import camera_info_message, depth_message, rgb_message, transform_message
from spatial_perception.ros.parameters import NodeSettings, setting
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.replay_source import FrameFolder, PosedFrame
from spatial_perception.ros.running import run, until_shutdown

_LONGEST_NAP = 0.02
_SETTLE = 1.0
"""Time (s) for subscribers to find the topics before the first message."""


class ReplaySettings(StrictModel):
    """The parameters of `replay`."""

    path: str = setting(
        "", "A rosbag2 (folder, .mcap or .db3), or a folder with color/, depth/ and pose.txt.", read_only=True
    )
    rate: float = setting(1.0, "Speed against the recording.", gt=0.0, le=1000.0)
    loop: bool = setting(False, "Begin again at the end.", read_only=True)
    loops: int = setting(
        0, "End after so many rounds; 0: after one, or never with `loop`.", read_only=True, ge=0, le=1_000_000
    )
    clock: bool = setting(
        True, "Publish /clock in the time of the recording; other nodes need use_sim_time.", read_only=True
    )
    exit_at_end: bool = setting(True, "End the node after the last round.", read_only=True)
    topics: tuple[str, ...] = setting((), "Topics of a bag to replay; empty: all.", read_only=True)
    frame_rate: float = setting(2.0, "Frames of a folder per second.", unit="Hz", read_only=True, gt=0.0, le=100.0)
    fx: float = setting(525.0, "Focal length of a folder's camera, across.", unit="px", read_only=True, gt=0.0, le=1e5)
    fy: float = setting(
        525.0,
        "Focal length down; negative where the world of the poses is mirrored.",
        unit="px",
        read_only=True,
        ge=-1e5,
        le=1e5,
    )
    cx: float = setting(319.5, "Principal point, across.", unit="px", read_only=True, ge=-1e5, le=1e5)
    cy: float = setting(239.5, "Principal point, down.", unit="px", read_only=True, ge=-1e5, le=1e5)
    depth_unit: float = setting(
        0.001, "What one step of a depth image means.", unit="m", read_only=True, gt=0.0, le=1.0
    )
    up: str = setting("z", "Axis of the poses' world that points up: x, -x, y, -y, z or -z.", read_only=True)
    start_time: float = setting(1000.0, "Time of a folder's first frame.", unit="s", read_only=True, ge=0.0, le=1e9)
    map_frame: str = setting("map", "Frame of a folder's poses.", read_only=True, min_length=1)


class Replay(Node):
    """Publishes a recording. Folders come out as camera/rgb, camera/depth_registered and the transform of camera_optical."""

    def __init__(self) -> None:
        super().__init__("replay")
        self._node_settings = NodeSettings(self, ReplaySettings)
        s = self._node_settings.values
        if not s.path:
            raise ConfigError("there is nothing to replay; give the parameter path")
        path = Path(s.path).expanduser()
        if not path.exists():
            raise CloudFileError(f"{path}: there is no such file or folder; check the parameter path")
        self._source: BagPlayer | FolderPlayer
        self._source = FolderPlayer(self, path, s) if (path / "pose.txt").is_file() else BagPlayer(self, path, s)
        self._clock_pub = self.create_publisher(Clock, "/clock", 10) if s.clock else None
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._ending.set()
        self._thread.join(5.0)
        self._source.close()

    def _run(self) -> None:
        s = self._node_settings.values
        rounds = s.loops or (0 if s.loop else 1)
        self._ending.wait(_SETTLE)
        count = 0
        try:
            while not self._ending.is_set() and (count < rounds or not rounds):
                with until_shutdown(self):
                    self._play()
                count += 1
        except SpatialPerceptionError as error:
            self.get_logger().error(str(error))
        if s.exit_at_end and not self._ending.is_set() and self.context.ok():
            self.get_logger().info(f"end of the recording after {count} rounds")
            self.context.try_shutdown()

    def _play(self) -> None:
        """One round, in time."""
        began, before = monotonic(), None
        for stamp, send in self._source.moments():
            before = stamp if before is None else before
            due = began + (stamp - before) / 1e9 / self._node_settings.values.rate
            while (left := due - monotonic()) > 0 and not self._ending.wait(min(left, _LONGEST_NAP)):
                self._tick(stamp - int(left * 1e9 * self._node_settings.values.rate))
            if self._ending.is_set() or not self.context.ok():
                return
            self._tick(stamp)
            send()

    def _tick(self, stamp: int) -> None:
        if self._clock_pub is not None:
            self._clock_pub.publish(Clock(clock=stamp_message(stamp / 1e9)))


class BagPlayer:
    """The messages of a bag, sent as the bytes that were recorded."""

    def __init__(self, node: Node, path: Path, settings: ReplaySettings) -> None:
        self._bag = Bag(path)
        wanted = {node.resolve_topic_name(topic) for topic in settings.topics}
        self._publishers: dict[str, Any] = {}
        for topic in self._bag.topics():
            skipped = (wanted and topic.name not in wanted) or (settings.clock and topic.name == "/clock")
            if not skipped:
                self._publishers[topic.name] = _publisher(node, topic)
        if not self._publishers:
            raise CloudFileError(f"{path}: has none of the topics {', '.join(sorted(wanted)) or '(it is empty)'}")
        node.get_logger().info(f"{self._bag.duration:.1f} s of {', '.join(sorted(self._publishers))}")

    def moments(self) -> Iterator[tuple[int, Any]]:
        """When (ns) to send what."""
        for message in self._bag.messages(self._publishers):
            yield message.stamp, lambda message=message: self._publishers[message.topic].publish(message.data)

    def close(self) -> None:
        """Close the bag."""
        self._bag.close()


class FolderPlayer:
    """The frames of a folder, as a camera at poses that are known."""

    def __init__(self, node: Node, path: Path, s: ReplaySettings) -> None:
        self._folder = FrameFolder(path, (s.fx, s.fy), (s.cx, s.cy), s.depth_unit, s.up)
        self._settings = s
        self._rgb = node.create_publisher(Image, "camera/rgb/image_rect_color", 5)
        self._depth = node.create_publisher(Image, "camera/depth_registered/image_rect", 5)
        self._info = node.create_publisher(CameraInfo, "camera/rgb/camera_info", 5)
        self._transforms = TransformBroadcaster(node)
        self._frames = list(self._folder.frames())
        node.get_logger().info(f"{len(self._frames)} frames of {path}")

    def moments(self) -> Iterator[tuple[int, Any]]:
        """When (ns) to send what: the pose first, then the images."""
        for index, frame in enumerate(self._frames):
            stamp = self._settings.start_time + index / self._settings.frame_rate
            yield round(stamp * 1e9), lambda frame=frame, stamp=stamp: self._send(frame, stamp)

    def close(self) -> None:
        """Nothing is open."""

    def _send(self, frame: PosedFrame, stamp: float) -> None:
        name = "camera_optical"
        self._transforms.sendTransform(transform_message(frame.pose, self._settings.map_frame, name, stamp))
        self._info.publish(camera_info_message(self._folder.intrinsics, frame.depth.shape, name, stamp))
        self._rgb.publish(rgb_message(frame.rgb, name, stamp))
        self._depth.publish(depth_message(frame.depth, name, stamp))


def _publisher(node: Node, topic: BagTopic) -> Any:
    package, _, name = topic.type_name.split("/")
    try:
        kind = getattr(import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError) as error:
        raise CloudFileError(f"{topic.name} is of type {topic.type_name}, which is not installed here") from error
    return node.create_publisher(kind, topic.name, LATCHED if topic.latched else QoSProfile(depth=10))


def main() -> int:
    """Run the node."""
    return run(Replay)


if __name__ == "__main__":
    raise SystemExit(main())
