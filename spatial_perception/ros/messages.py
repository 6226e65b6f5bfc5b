"""Messages from values, as simulation and replay publish them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Path
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image

from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.convert.stamps import header_message


def transform_message(pose: Pose, parent: str, child: str, stamp: float) -> TransformStamped:
    """The transform of `child` in `parent` at a time (s)."""
    message = TransformStamped(header=header_message(parent, stamp), child_frame_id=child)
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = pose.position
    r.x, r.y, r.z, r.w = pose.orientation
    return message


def path_message(times: Iterable[float], poses: Iterable[Pose], frame_id: str) -> Path:
    """Poses over time (s); the stamp of the path is that of its first pose."""
    path = Path()
    for time, pose in zip(times, poses):
        step = PoseStamped(header=header_message(frame_id, float(time)))
        p, o = step.pose.position, step.pose.orientation
        p.x, p.y, p.z = pose.position
        o.x, o.y, o.z, o.w = pose.orientation
        path.poses.append(step)
    path.header = path.poses[0].header if path.poses else header_message(frame_id, 0.0)
    return path


def rgb_message(pixels: NDArray[np.uint8], frame_id: str, stamp: float) -> Image:
    """A colour image (H, W, 3)."""
    return _image(pixels, "rgb8", frame_id, stamp)


def depth_message(depth: NDArray[np.float32], frame_id: str, stamp: float) -> Image:
    """A depth image (H, W) in metres, 0 for none, in millimetres as cameras send it; beyond 65 m is none."""
    millimetres = np.where(depth < 65.0, np.rint(depth * 1000.0), 0).astype(np.uint16)
    return _image(millimetres, "16UC1", frame_id, stamp)


def camera_info_message(k: NDArray[np.float64], size: tuple[int, ...], frame_id: str, stamp: float) -> CameraInfo:
    """A pinhole camera without distortion: matrix (3, 3) and size (height, width) in pixels."""
    height, width = size
    message = CameraInfo(height=int(height), width=int(width), distortion_model="plumb_bob")
    message.header = header_message(frame_id, stamp)
    message.d = [0.0] * 5
    message.k = [float(value) for value in np.asarray(k).ravel()]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [float(value) for value in np.column_stack([k, np.zeros(3)]).ravel()]
    return message


def _image(pixels: NDArray[np.generic], encoding: str, frame_id: str, stamp: float) -> Image:
    height, width = pixels.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, is_bigendian=0, step=pixels.strides[0])
    message.header = header_message(frame_id, stamp)
    # Genuine rclpy checks every element of anything but an array.
    message.data = array("B", np.ascontiguousarray(pixels).tobytes())
    return message
