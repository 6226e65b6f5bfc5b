"""Transforming point clouds; importing this module registers ``PointCloud2`` with ``Buffer.transform``."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from geometry_msgs.msg import Transform, TransformStamped
from sensor_msgs.msg import PointCloud2
from sensor_msgs_py.point_cloud2 import read_points
from std_msgs.msg import Header
from tf2_py.buffer_core import rigid_of
from tf2_py.rigid import rotation_matrix
from tf2_ros import ConvertRegistration, TransformRegistration

_AXES = ("x", "y", "z")
_NORMALS = ("normal_x", "normal_y", "normal_z")


def to_msg_msg(msg: Any) -> Any:
    """Return a message as it is."""
    return msg


def from_msg_msg(msg: Any) -> Any:
    """Return a message as it is."""
    return msg


def transform_points(point_cloud: Any, transform: Transform | TransformStamped) -> np.ndarray:
    """Return points (N, 3) moved by a transform; float32 stays float32."""
    points = np.asarray(point_cloud)
    rigid = rigid_of(transform)
    kind = points.dtype if np.issubdtype(points.dtype, np.floating) else np.float64
    moved = points.astype(np.float64, copy=False) @ rotation_matrix(rigid[3:]).T + rigid[:3]
    return moved.astype(kind, copy=False)


def do_transform_cloud(cloud: PointCloud2, transform: Transform | TransformStamped) -> PointCloud2:
    """Return a cloud in the target frame: positions move, normals turn, all other fields and the layout stay.

    With a plain ``Transform`` the header of the cloud is kept. Raises ValueError when x, y or z is missing.
    """
    data = array.array("B", bytes(memoryview(cloud.data)))
    result = PointCloud2(
        header=_header(transform.header if hasattr(transform, "header") else cloud.header),
        height=cloud.height,
        width=cloud.width,
        fields=list(cloud.fields),
        is_bigendian=cloud.is_bigendian,
        point_step=cloud.point_step,
        row_step=cloud.row_step,
        is_dense=cloud.is_dense,
    )
    result.data = data
    names = {field.name for field in cloud.fields}
    missing = [name for name in _AXES if name not in names]
    if missing:
        raise ValueError(f"point cloud has no field {missing[0]!r}; it has {sorted(names)}")
    points = _writable(result, data)
    rigid = rigid_of(transform)
    _apply(points, _AXES, rotation_matrix(rigid[3:]), np.array(rigid[:3]))
    if names.issuperset(_NORMALS):
        _apply(points, _NORMALS, rotation_matrix(rigid[3:]), np.zeros(3))
    return result


def _writable(cloud: PointCloud2, data: array.array) -> np.ndarray:
    """Return the records of a cloud, (height, width) with its row padding, as a view that writes into ``data``."""
    dtype = read_points(cloud).dtype  # checks sizes as well
    shape = (cloud.height, cloud.width)
    order = ">" if cloud.is_bigendian else "<"
    return np.ndarray(shape, dtype.newbyteorder(order), data, strides=(cloud.row_step, cloud.point_step))


def _apply(points: np.ndarray, names: tuple, rotation: np.ndarray, translation: np.ndarray) -> None:
    columns = [points[name].astype(np.float64) for name in names]
    for row, offset, name in zip(rotation, translation, names):
        points[name] = row[0] * columns[0] + row[1] * columns[1] + row[2] * columns[2] + offset


def _header(source: Header) -> Header:
    header = Header(frame_id=source.frame_id)
    header.stamp.sec, header.stamp.nanosec = source.stamp.sec, source.stamp.nanosec
    return header


TransformRegistration().add(PointCloud2, do_transform_cloud)
ConvertRegistration().add_to_msg(PointCloud2, to_msg_msg)
ConvertRegistration().add_from_msg(PointCloud2, from_msg_msg)
