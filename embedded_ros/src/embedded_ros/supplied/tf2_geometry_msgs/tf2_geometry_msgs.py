"""Transforming ``geometry_msgs``; importing this module registers the types with ``Buffer.transform``."""

from __future__ import annotations

from typing import Any

import numpy as np
from geometry_msgs.msg import (
    Point32,
    PointStamped,
    PolygonStamped,
    Pose,
    PoseStamped,
    PoseWithCovarianceStamped,
    TransformStamped,
    Vector3Stamped,
    WrenchStamped,
)
from std_msgs.msg import Header
from tf2_py.buffer_core import rigid_of
from tf2_py.rigid import compose, rotate, rotation_matrix
from tf2_ros import ConvertRegistration, TransformRegistration

XYZ = tuple[float, float, float]


def to_msg_msg(msg: Any) -> Any:
    """Return a message as it is."""
    return msg


def from_msg_msg(msg: Any) -> Any:
    """Return a message as it is."""
    return msg


def _header_of(transform: TransformStamped) -> Header:
    """Return a copy, so that results do not share the header with the transform."""
    header = Header(frame_id=transform.header.frame_id)
    header.stamp.sec, header.stamp.nanosec = transform.header.stamp.sec, transform.header.stamp.nanosec
    return header


def _xyz(vector: Any) -> XYZ:
    return vector.x, vector.y, vector.z


def _set_xyz(vector: Any, values: XYZ) -> None:
    vector.x, vector.y, vector.z = values


def _moved(point: Any, transform: TransformStamped) -> XYZ:
    rigid = rigid_of(transform)
    x, y, z = rotate(rigid[3:], _xyz(point))
    return x + rigid[0], y + rigid[1], z + rigid[2]


def transform_covariance(cov_in: Any, transform: TransformStamped) -> np.ndarray:
    """Return a pose covariance (36 values, row-major 6 x 6: position, rotation) in the axes of the target frame.

    Both 3 x 3 blocks rotate alike: C' = A C A^T with A = diag(R, R).
    """
    axes = np.zeros((6, 6))
    axes[:3, :3] = axes[3:, 3:] = rotation_matrix(rigid_of(transform)[3:])
    return (axes @ np.asarray(cov_in, dtype=float).reshape(6, 6) @ axes.T).ravel()


def do_transform_point(point: PointStamped, transform: TransformStamped) -> PointStamped:
    """Return a point in the target frame."""
    result = PointStamped(header=_header_of(transform))
    _set_xyz(result.point, _moved(point.point, transform))
    return result


def do_transform_vector3(vector3: Vector3Stamped, transform: TransformStamped) -> Vector3Stamped:
    """Return a free vector in the axes of the target frame (rotation only)."""
    result = Vector3Stamped(header=_header_of(transform))
    _set_xyz(result.vector, rotate(rigid_of(transform)[3:], _xyz(vector3.vector)))
    return result


def do_transform_pose(pose: Pose, transform: TransformStamped) -> Pose:
    """Return a pose in the target frame."""
    p, q = pose.position, pose.orientation
    moved = compose(rigid_of(transform), (p.x, p.y, p.z, q.x, q.y, q.z, q.w))
    result = Pose()
    _set_xyz(result.position, moved[:3])
    q = result.orientation
    q.x, q.y, q.z, q.w = moved[3:]
    return result


def do_transform_pose_stamped(pose: PoseStamped, transform: TransformStamped) -> PoseStamped:
    """Return a stamped pose in the target frame."""
    return PoseStamped(header=_header_of(transform), pose=do_transform_pose(pose.pose, transform))


def do_transform_pose_with_covariance_stamped(
    pose: PoseWithCovarianceStamped, transform: TransformStamped
) -> PoseWithCovarianceStamped:
    """Return a pose and its covariance in the target frame."""
    result = PoseWithCovarianceStamped(header=_header_of(transform))
    result.pose.pose = do_transform_pose(pose.pose.pose, transform)
    result.pose.covariance = transform_covariance(pose.pose.covariance, transform)
    return result


def do_transform_polygon_stamped(polygon: PolygonStamped, transform: TransformStamped) -> PolygonStamped:
    """Return a polygon in the target frame."""
    result = PolygonStamped(header=_header_of(transform))
    if polygon.polygon.points:
        rigid = rigid_of(transform)
        corners = np.array([_xyz(point) for point in polygon.polygon.points])
        moved = (corners @ rotation_matrix(rigid[3:]).T + rigid[:3]).tolist()
        result.polygon.points = [Point32(x=x, y=y, z=z) for x, y, z in moved]
    return result


def do_transform_wrench(wrench: WrenchStamped, transform: TransformStamped) -> WrenchStamped:
    """Return force and torque in the axes of the target frame, the torque about its origin: t' = R t + p x R f."""
    rigid = rigid_of(transform)
    force = rotate(rigid[3:], _xyz(wrench.wrench.force))
    torque = rotate(rigid[3:], _xyz(wrench.wrench.torque))
    px, py, pz = rigid[:3]
    fx, fy, fz = force
    result = WrenchStamped(header=_header_of(transform))
    _set_xyz(result.wrench.force, force)
    lever = (py * fz - pz * fy, pz * fx - px * fz, px * fy - py * fx)
    _set_xyz(result.wrench.torque, (torque[0] + lever[0], torque[1] + lever[1], torque[2] + lever[2]))
    return result


_TRANSFORMERS = {
    PointStamped: do_transform_point,
    Vector3Stamped: do_transform_vector3,
    PoseStamped: do_transform_pose_stamped,
    PoseWithCovarianceStamped: do_transform_pose_with_covariance_stamped,
    PolygonStamped: do_transform_polygon_stamped,
    WrenchStamped: do_transform_wrench,
}
for _type, _transformer in _TRANSFORMERS.items():
    TransformRegistration().add(_type, _transformer)
    ConvertRegistration().add_to_msg(_type, to_msg_msg)
    ConvertRegistration().add_from_msg(_type, from_msg_msg)
