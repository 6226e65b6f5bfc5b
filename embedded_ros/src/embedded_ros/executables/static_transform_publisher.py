"""Publishes one static transform until it is told to end, with the arguments of the genuine program.

``--x X --y Y --z Z``, ``--yaw``, ``--pitch``, ``--roll`` (radians) or ``--qx``, ``--qy``, ``--qz``, ``--qw``,
``--frame-id PARENT --child-frame-id CHILD``; or, in the old style, ``X Y Z YAW PITCH ROLL PARENT CHILD`` and
``X Y Z QX QY QZ QW PARENT CHILD``.
"""

from __future__ import annotations

import argparse
import math
import sys

import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.executors import ExternalShutdownException
from rclpy.utilities import remove_ros_args
from tf2_ros import StaticTransformBroadcaster

_QUATERNION = ("qx", "qy", "qz", "qw")
_ANGLES = ("roll", "pitch", "yaw")


def quaternion_of(roll: float, pitch: float, yaw: float) -> tuple[float, float, float, float]:
    """Return the quaternion (x, y, z, w) of fixed-axis angles in radians: roll, then pitch, then yaw."""
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


def parse(words: list[str]) -> TransformStamped:
    """Return the transform that the arguments describe; SystemExit, with the usage, when they are malformed."""
    if len(words) in (8, 9) and not any(word.startswith("--") for word in words):
        words = _new_style(words)
    parser = argparse.ArgumentParser(prog="static_transform_publisher", description=__doc__)
    for name in ("x", "y", "z", *_ANGLES, *_QUATERNION):
        parser.add_argument(f"--{name}", type=float)
    parser.add_argument("--frame-id", required=True)
    parser.add_argument("--child-frame-id", required=True)
    options = parser.parse_args(words)
    given = {name: getattr(options, name) for name in (*_ANGLES, *_QUATERNION) if getattr(options, name) is not None}
    if set(given) & set(_ANGLES) and set(given) & set(_QUATERNION):
        parser.error("give angles or a quaternion, not both")
    if options.frame_id == options.child_frame_id:
        parser.error("frame-id and child-frame-id must differ")
    rotation = _rotation(given)
    if abs(math.hypot(*rotation) - 1.0) > 1e-2:
        parser.error("the quaternion must have length 1")
    return _message(options, rotation)


def _new_style(words: list[str]) -> list[str]:
    names = [
        "x",
        "y",
        "z",
        *(("yaw", "pitch", "roll") if len(words) == 8 else _QUATERNION),
        "frame-id",
        "child-frame-id",
    ]
    return [f"--{name}={word}" for name, word in zip(names, words)]


def _rotation(given: dict[str, float]) -> tuple[float, float, float, float]:
    if set(given) & set(_QUATERNION):
        return tuple(given.get(name, 0.0) for name in _QUATERNION)
    return quaternion_of(*(given.get(name, 0.0) for name in _ANGLES))


def _message(options: argparse.Namespace, rotation: tuple[float, float, float, float]) -> TransformStamped:
    message = TransformStamped(child_frame_id=options.child_frame_id)
    message.header.frame_id = options.frame_id
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = options.x or 0.0, options.y or 0.0, options.z or 0.0
    q.x, q.y, q.z, q.w = rotation
    return message


def main() -> int:
    """Publish the transform of the command line."""
    rclpy.init()
    message = parse(remove_ros_args(sys.argv)[1:])
    node = rclpy.create_node("static_transform_publisher")
    message.header.stamp = node.get_clock().now().to_msg()
    broadcaster = StaticTransformBroadcaster(node)
    broadcaster.sendTransform(message)
    node.get_logger().info(f"publishing from '{message.header.frame_id}' to '{message.child_frame_id}'")
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
