"""`simulated_robot`: drives through a simulated home and publishes what a real robot would; needs no hardware."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Literal

import numpy as np
from nav_msgs.msg import Path
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

from spatial_perception.configuration import StrictModel
from spatial_perception.mapping.pose import Pose
from spatial_perception.msg import Layout
from spatial_perception.ros.convert.clouds import cloud_message
from spatial_perception.ros.convert.layouts import layout_message
from spatial_perception.ros.convert.stamps import stamp_message
from spatial_perception.ros.messages import (
    camera_info_message,
    depth_message,
    path_message,
    rgb_message,
    transform_message,
)
from spatial_perception.ros.parameters import NodeSettings, setting
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.running import run, until_shutdown
from spatial_perception.ros.simulated_drive import EndlessDrive, Event, timetable
from spatial_perception.simulation import (
    DepthCameraModel,
    HomeStyle,
    LidarModel,
    RobotModel,
    capture,
    drive,
    make_home,
    optical_pose,
    scan,
)

LIDAR_MOUNT = Pose((0.0, 0.0, 0.9))
CAMERA_MOUNT = Pose((0.1, 0.0, 1.1))
_PATH_STEP = 0.5
"""Time (s) between two poses of the path that is shown."""
_LATE = 0.2
"""Where the machine is this much (s) behind, time waits for it instead of piling up work."""


class RobotSettings(StrictModel):
    """The parameters of `simulated_robot`."""

    seed: int = setting(1, "Which home, drive and noise.", read_only=True, ge=0, le=2**31 - 1)
    rooms: int = setting(3, "Rooms of the home.", read_only=True, ge=1, le=6)
    speed: float = setting(0.6, "Top speed of the robot.", unit="m/s", read_only=True, ge=0.05, le=3.0)
    drift: float = setting(
        0.0,
        "How far odometry is off after a minute; map->odom makes up for it.",
        unit="m",
        read_only=True,
        ge=0.0,
        le=10.0,
    )
    lidar: Literal["spinning", "dome", "none"] = setting(
        "spinning", "Scanner: 22.5 degrees up and down, or a wide one up to 65 degrees.", read_only=True
    )
    lidar_rate: float = setting(10.0, "Turns of the scanner.", unit="Hz", read_only=True, gt=0.0, le=50.0)
    rings: int = setting(32, "Beams of the scanner.", read_only=True, ge=1, le=256)
    columns: int = setting(1024, "Shots per turn of each beam.", read_only=True, ge=16, le=8192)
    colour: bool = setting(False, "The scanner gives colour.", read_only=True)
    camera_rate: float = setting(
        5.0, "Pictures of the RGB-D camera; 0: no camera.", unit="Hz", read_only=True, ge=0.0, le=60.0
    )
    camera_width: int = setting(
        320, "Width of its pictures; their height is three quarters of it.", unit="px", read_only=True, ge=16, le=1920
    )
    tf_rate: float = setting(50.0, "Transforms and /clock.", unit="Hz", read_only=True, ge=1.0, le=1000.0)
    clock: bool = setting(
        True, "Publish /clock and stamp with it; all other nodes need use_sim_time. Else: wall time.", read_only=True
    )
    real_time_factor: float = setting(
        1.0, "Simulated seconds per second, as far as the machine keeps up.", unit="", gt=0.0, le=100.0
    )
    start_time: float = setting(1000.0, "First time on /clock.", unit="s", read_only=True, ge=0.0, le=1e9)
    map_frame: str = setting("map", "Frame of the home.", read_only=True, min_length=1)
    odom_frame: str = setting("odom", "Frame of odometry.", read_only=True, min_length=1)
    base_frame: str = setting("base_link", "Frame of the robot.", read_only=True, min_length=1)


class SimulatedRobot(Node):
    """Publishes points, camera/rgb, camera/depth_registered, /tf, /tf_static, /clock, and latched the true
    layout on ~/truth and the poses of one round on ~/path."""

    def __init__(self) -> None:
        super().__init__("simulated_robot")
        self._node_settings = NodeSettings(self, RobotSettings)
        s = self._node_settings.values
        robot = RobotModel(speed=s.speed)
        self._home = make_home(s.seed, rooms=s.rooms, style=HomeStyle(drivable=True), frame_id=s.map_frame)
        tour = drive(self._home, np.random.default_rng([s.seed, 1]), robot=robot)
        self._drive = EndlessDrive(tour, robot, s.drift, s.seed)
        self._rng = np.random.default_rng([s.seed, 2])
        self._offset = s.start_time if s.clock else self.get_clock().now().nanoseconds / 1e9
        self._advertise(s)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drive", daemon=True)
        self._thread.start()
        self.get_logger().info(
            f"driving through {len(self._home.rooms)} rooms, {self._drive.period:.0f} s a round; "
            + ("time on /clock: set use_sim_time in other nodes" if s.clock else "wall time")
        )

    def close(self) -> None:
        """Stop driving."""
        self._ending.set()
        self._thread.join(5.0)

    def _advertise(self, s: RobotSettings) -> None:
        self._lidar_model = _lidar(s)
        width = s.camera_width
        height, focal = width * 3 // 4, width * 0.82
        self._camera_model = DepthCameraModel(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        self._clock_pub = self.create_publisher(Clock, "/clock", 10) if s.clock else None
        self._points = self.create_publisher(PointCloud2, "points", 5)
        self._rgb = self.create_publisher(Image, "camera/rgb/image_rect_color", 5)
        self._info = self.create_publisher(CameraInfo, "camera/rgb/camera_info", 5)
        self._depth = self.create_publisher(Image, "camera/depth_registered/image_rect", 5)
        self._truth = self.create_publisher(Layout, "~/truth", LATCHED)
        self._path = self.create_publisher(Path, "~/path", LATCHED)
        self._moving, self._still = TransformBroadcaster(self), StaticTransformBroadcaster(self)
        optical = optical_pose(CAMERA_MOUNT)
        self._still.sendTransform(
            [
                transform_message(LIDAR_MOUNT, s.base_frame, "lidar", self._offset),
                transform_message(optical, s.base_frame, "camera_optical", self._offset),
            ]
        )
        self._truth.publish(layout_message(self._home.layout))
        times = np.linspace(0.0, self._drive.period, round(self._drive.period / _PATH_STEP) + 1)
        self._path.publish(path_message(times + self._offset, map(self._drive.base_in_map, times), s.map_frame))

    def _run(self) -> None:
        s = self._node_settings.values
        lidar_rate = 0.0 if self._lidar_model is None else s.lidar_rate
        rates: dict[Event, float] = {"pose": s.tf_rate, "lidar": lidar_rate, "camera": s.camera_rate}
        actions = {"pose": self._publish_pose, "lidar": self._publish_scan, "camera": self._publish_picture}
        began, before = monotonic(), 0.0
        for time, event in timetable(rates):
            began += (time - before) * (1.0 / self._node_settings.values.real_time_factor - 1.0)
            before = time
            if self._ending.wait(max(0.0, began + time - monotonic())) or not self.context.ok():
                return
            late = monotonic() - began - time
            if late > _LATE:
                began += late
                self._offset += 0.0 if self._clock_pub is not None else late
            with until_shutdown(self):
                actions[event](time)

    def _publish_pose(self, time: float) -> None:
        s, stamp = self._node_settings.values, self._offset + time
        correction, base = self._drive.odom_in_map(time), self._drive.base_in_map(time)
        if self._clock_pub is not None:
            self._clock_pub.publish(Clock(clock=stamp_message(stamp)))
        self._moving.sendTransform(
            [
                transform_message(correction, s.map_frame, s.odom_frame, stamp),
                transform_message(correction.inverse() @ base, s.odom_frame, s.base_frame, stamp),
            ]
        )

    def _publish_scan(self, time: float) -> None:
        assert self._lidar_model is not None
        pose, colour = self._drive.base_in_map(time) @ LIDAR_MOUNT, self._node_settings.values.colour
        seen = scan(self._home, pose, self._lidar_model, self._rng, colour=colour, stamp=self._offset + time)
        self._points.publish(cloud_message(seen.cloud))

    def _publish_picture(self, time: float) -> None:
        pose = optical_pose(self._drive.base_in_map(time) @ CAMERA_MOUNT)
        frame = capture(self._home, pose, self._camera_model, self._rng, stamp=self._offset + time)
        self._info.publish(camera_info_message(frame.intrinsics, frame.depth.shape, "camera_optical", frame.stamp))
        self._rgb.publish(rgb_message(frame.rgb, "camera_optical", frame.stamp))
        self._depth.publish(depth_message(frame.depth, "camera_optical", frame.stamp))


def _lidar(s: RobotSettings) -> LidarModel | None:
    if s.lidar == "none":
        return None
    return (LidarModel.spinning if s.lidar == "spinning" else LidarModel.dome)(s.rings, s.columns)


def main() -> int:
    """Run the node."""
    return run(SimulatedRobot)


if __name__ == "__main__":
    raise SystemExit(main())
