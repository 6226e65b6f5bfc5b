"""Where the robot is, by TF, without exceptions and without waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rclpy.time import Time
from tf2_ros import TransformException

from spatial_perception.errors import CloudError
from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.convert.stamps import seconds
from spatial_perception.ros.transforms import pose_of

if TYPE_CHECKING:
    from rclpy.node import Node
    from tf2_ros import Buffer


class RobotPose:
    """Looks up the newest pose of the robot's `base` frame; `problem` says why there was none the last time."""

    def __init__(self, node: Node, buffer: Buffer, base: str) -> None:
        self._node, self._buffer, self.base = node, buffer, base
        self.problem = ""
        self.stamp = 0.0
        """Time (s) of the pose found last."""

    def find(self, frame: str, max_age: float = 0.0) -> Pose | None:
        """The robot in a frame; None where TF does not tell, or only of more than `max_age` (s, 0: any) ago."""
        if not self.base or not frame:
            self.problem = "no frame of the robot is set" if not self.base else "the layout has no frame"
            return None
        return self.look_up(frame, self.base, max_age)

    def look_up(self, target: str, source: str, max_age: float = 0.0) -> Pose | None:
        """The newest pose of one frame in another."""
        try:
            found = self._buffer.lookup_transform(target, source, Time())
            pose = pose_of(found)
        except (TransformException, CloudError) as error:
            self.problem = f"no transform {target} <- {source}: {' '.join(str(error).split())}"
            return None
        stamp = seconds(found.header.stamp)
        age = self._node.get_clock().now().nanoseconds / 1e9 - stamp
        # Static transforms have no time: they hold for ever.
        if max_age and stamp > 0 and age > max_age:
            self.problem = f"the last transform {target} <- {source} is {age:.0f} s old"
            return None
        self.problem, self.stamp = "", stamp
        return pose
