"""Point clouds as structured numpy arrays, without copying where the layout allows it."""

from __future__ import annotations

import array
import sys
from collections import namedtuple
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured, unstructured_to_structured
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

DUMMY_FIELD_PREFIX = "unnamed_field"
_DATATYPES = {
    PointField.INT8: np.dtype(np.int8),
    PointField.UINT8: np.dtype(np.uint8),
    PointField.INT16: np.dtype(np.int16),
    PointField.UINT16: np.dtype(np.uint16),
    PointField.INT32: np.dtype(np.int32),
    PointField.UINT32: np.dtype(np.uint32),
    PointField.FLOAT32: np.dtype(np.float32),
    PointField.FLOAT64: np.dtype(np.float64),
}


def dtype_from_fields(fields: Iterable[PointField], point_step: int | None = None) -> np.dtype:
    """Return the structured dtype of the fields of a cloud, padded to ``point_step`` bytes.

    A field with count > 1 becomes ``name_0``, ``name_1``, ...; one without a name ``unnamed_field_<index>``.
    Raises AssertionError for a count of 0 or a repeated name, ValueError for an unknown datatype or a field that does
    not fit into ``point_step``.
    """
    names: list[str] = []
    offsets: list[int] = []
    formats: list[np.dtype] = []
    for index, field in enumerate(fields):
        kind = _datatype(field)
        name = field.name or f"{DUMMY_FIELD_PREFIX}_{index}"
        assert field.count > 0, "Can't process fields with count = 0."
        for part in range(field.count):
            names.append(f"{name}_{part}" if field.count > 1 else name)
            offsets.append(field.offset + part * kind.itemsize)
            formats.append(kind)
    assert len(set(names)) == len(names), "Duplicate field names are not allowed!"
    layout = {"names": names, "offsets": offsets, "formats": formats}
    if point_step is not None:
        layout["itemsize"] = point_step
    return np.dtype(layout)


def _datatype(field: PointField) -> np.dtype:
    try:
        return _DATATYPES[field.datatype]
    except KeyError:
        raise ValueError(f"field {field.name!r} has the unknown datatype {field.datatype}") from None


def read_points(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Return the points of a cloud as a structured array, one record per point.

    The result is a view of ``cloud.data`` unless points are selected, the byte order is foreign or rows are padded.
    field_names: only these fields, in this order. skip_nans: leave out points with a NaN in one of the fields.
    uvs: indices of the points wanted. reshape_organized_cloud: shape (width, height) for a cloud with several rows;
    the order of the axes and the plain reshape are those of the genuine package.
    Raises AssertionError for something else than a cloud or unknown fields, ValueError when sizes contradict.
    """
    assert isinstance(cloud, PointCloud2), "Cloud is not a sensor_msgs.msg.PointCloud2"
    points = _records(cloud)
    if field_names is not None:
        missing = [name for name in field_names if name not in (points.dtype.names or ())]
        assert not missing, f"Requested field {missing[0]!r} is not in the fields of the PointCloud!"
        points = points[list(field_names)]
    if cloud.is_bigendian != (sys.byteorder == "big"):
        points = points.astype(points.dtype.newbyteorder("="))
    if skip_nans and not cloud.is_dense:
        points = points[_without_nan(points)]
    if uvs is not None:
        points = points[uvs if isinstance(uvs, np.ndarray) else np.fromiter(uvs, dtype=np.intp)]
    if reshape_organized_cloud and cloud.height > 1:
        points = points.reshape(cloud.width, cloud.height)
    return points


def _records(cloud: PointCloud2) -> np.ndarray:
    """Return all points (height * width,) in the byte order of the cloud."""
    order = ">" if cloud.is_bigendian else "<"
    dtype = dtype_from_fields(cloud.fields, point_step=cloud.point_step).newbyteorder(order)
    data = np.frombuffer(cloud.data, dtype=np.uint8)
    packed = cloud.width * cloud.point_step
    step = cloud.row_step if cloud.height > 1 and cloud.row_step > packed else packed
    needed = (cloud.height - 1) * step + packed if cloud.height else 0
    if data.size < needed:
        raise ValueError(
            f"point cloud of {cloud.height} x {cloud.width} points of {cloud.point_step} bytes "
            f"needs {needed} bytes of data, it has {data.size}"
        )
    if step == packed:
        return np.ndarray((cloud.height * cloud.width,), dtype, data)
    return np.ndarray((cloud.height, cloud.width), dtype, data, strides=(step, cloud.point_step)).reshape(-1)


def _without_nan(points: np.ndarray) -> np.ndarray:
    valid = np.ones(points.shape, dtype=bool)
    for name in points.dtype.names or ():
        if points.dtype[name].kind == "f":
            valid &= ~np.isnan(points[name])
    return valid


def read_points_numpy(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
    reshape_organized_cloud: bool = False,
) -> np.ndarray:
    """Return fields of one datatype as a plain array (N, fields); see ``read_points`` for the arguments.

    Raises AssertionError when the fields have different datatypes.
    """
    wanted = [field.datatype for field in cloud.fields if field_names is None or field.name in field_names]
    assert len(set(wanted)) <= 1, "All fields need to have the same datatype. Use `read_points()` otherwise."
    return structured_to_unstructured(read_points(cloud, field_names, skip_nans, uvs, reshape_organized_cloud))


def read_points_list(
    cloud: PointCloud2,
    field_names: Sequence[str] | None = None,
    skip_nans: bool = False,
    uvs: Iterable[int] | None = None,
) -> list[Any]:
    """Return the points as a list of named tuples ``Point``; slow, meant for small clouds."""
    assert isinstance(cloud, PointCloud2), "cloud is not a sensor_msgs.msg.PointCloud2"
    points = read_points(cloud, field_names, skip_nans, uvs)
    point = namedtuple("Point", points.dtype.names or ())
    return list(map(point._make, points.tolist()))


def create_cloud(
    header: Header, fields: Iterable[PointField], points: Any, point_step: int | None = None
) -> PointCloud2:
    """Return a cloud with the given fields.

    points: a structured array of the matching dtype, a plain array (..., fields) when all fields have one datatype, or
    an iterable of tuples. Two dimensions of points give an organised cloud (width, height), as in the genuine package.
    point_step: bytes per point, by default what the fields need.
    Raises AssertionError when array and fields do not match.
    """
    fields = list(fields)
    records = np.ascontiguousarray(_as_records(points, fields, dtype_from_fields(fields, point_step)))
    assert records.ndim <= 2, "Too many dimensions for organized cloud! Points can be organized in two dimensions."
    width, height = (records.shape[0], records.shape[1] if records.ndim == 2 else 1)
    data = array.array("B")
    data.frombytes(records.reshape(-1).view(np.uint8).data)
    cloud = PointCloud2(
        header=header,
        height=height,
        width=width,
        is_dense=False,
        is_bigendian=sys.byteorder != "little",
        fields=fields,
        point_step=records.dtype.itemsize,
        row_step=records.dtype.itemsize * width,
    )
    cloud.data = data  # an array.array is taken over without looking at each element
    return cloud


def _as_records(points: Any, fields: list[PointField], dtype: np.dtype) -> np.ndarray:
    if not isinstance(points, np.ndarray):
        return np.array([tuple(point) for point in points], dtype=dtype)
    if points.dtype.names is not None:
        assert points.dtype == dtype, (
            "PointFields and structured NumPy array dtype do not match for all fields! "
            "Check their field order, names and types."
        )
        return points
    assert len({field.datatype for field in fields}) <= 1, (
        "All fields need to have the same datatype. Pass a structured NumPy array with multiple dtypes otherwise."
    )
    return unstructured_to_structured(points, dtype=dtype)


def create_cloud_xyz32(header: Header, points: Any, point_step: int | None = None) -> PointCloud2:
    """Return a cloud with the float32 fields x, y and z from points (N, 3)."""
    fields = [
        PointField(name=name, offset=4 * index, datatype=PointField.FLOAT32, count=1)
        for index, name in enumerate("xyz")
    ]
    return create_cloud(header, fields, points, point_step)
