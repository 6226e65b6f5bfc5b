"""Prints the transform between two frames again and again: ``tf2_echo SOURCE TARGET [RATE]``, rate in hertz."""

from __future__ import annotations

import math
import sys
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.time import Time
from rclpy.utilities import remove_ros_args
from tf2_ros import Buffer, TransformException, TransformListener


def describe(found: Any) -> str:
    """Return translation, quaternion and angles (roll, pitch, yaw) of a transform as text."""
    t, q = found.transform.translation, found.transform.rotation
    roll = math.atan2(2 * (q.w * q.x + q.y * q.z), 1 - 2 * (q.x * q.x + q.y * q.y))
    pitch = math.asin(max(-1.0, min(1.0, 2 * (q.w * q.y - q.z * q.x))))
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    angles = (roll, pitch, yaw)
    return (
        f"At time {found.header.stamp.sec}.{found.header.stamp.nanosec:09d}\n"
        f"- Translation: [{t.x:.3f}, {t.y:.3f}, {t.z:.3f}]\n"
        f"- Rotation: in Quaternion [{q.x:.3f}, {q.y:.3f}, {q.z:.3f}, {q.w:.3f}]\n"
        f"- Rotation: in RPY (radian) [{', '.join(f'{a:.3f}' for a in angles)}]\n"
        f"- Rotation: in RPY (degree) [{', '.join(f'{math.degrees(a):.3f}' for a in angles)}]"
    )


def main() -> int:
    """Print the transform between the frames of the command line."""
    words = remove_ros_args(sys.argv)[1:]
    if len(words) not in (2, 3):
        print("usage: tf2_echo SOURCE_FRAME TARGET_FRAME [RATE]", file=sys.stderr)
        return 2
    rclpy.init()
    node = rclpy.create_node("tf2_echo")
    buffer = Buffer(node=node)
    listener = TransformListener(buffer, node)

    def show() -> None:
        try:
            print(describe(buffer.lookup_transform(words[0], words[1], Time())), flush=True)
        except TransformException as error:
            node.get_logger().info(f"Waiting for transform {words[0]} -> {words[1]}: {error}")

    node.create_timer(1.0 / float(words[2]) if len(words) == 3 else 1.0, show)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        listener.unregister()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
