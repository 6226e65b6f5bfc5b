"""sensor_msgs_py.point_cloud2: reading and creating clouds."""

from __future__ import annotations

import array

import numpy as np
import pytest
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header

XYZ = np.array([[1, 2, 3], [4, np.nan, 6], [7, 8, 9], [10, 11, 12]], np.float32)


def field(name, offset, datatype=PointField.FLOAT32, count=1):
    return PointField(name=name, offset=offset, datatype=datatype, count=count)


def mixed_cloud():
    """Two points with float x, padding, uint8 intensity and float64 time; 24 bytes each."""
    dtype = np.dtype({"names": ["x", "i", "t"], "formats": ["<f4", "u1", "<f8"], "offsets": [0, 6, 16], "itemsize": 24})
    points = np.zeros(2, dtype)
    points["x"], points["i"], points["t"] = [1.5, -2.5], [3, 255], [1e9, 2e9]
    cloud = PointCloud2(height=1, width=2, point_step=24, row_step=48, is_dense=True)
    cloud.fields = [field("x", 0), field("i", 6, PointField.UINT8), field("t", 16, PointField.FLOAT64)]
    cloud.data = array.array("B", points.tobytes())
    return cloud


def test_create_and_read():
    cloud = point_cloud2.create_cloud_xyz32(Header(frame_id="laser"), XYZ)
    assert (cloud.height, cloud.width, cloud.point_step, cloud.row_step) == (1, 4, 12, 48)
    assert [f.name for f in cloud.fields] == ["x", "y", "z"]
    assert cloud.header.frame_id == "laser"
    assert not cloud.is_dense
    points = point_cloud2.read_points(cloud)
    assert points.dtype.names == ("x", "y", "z")
    np.testing.assert_array_equal(points["y"], XYZ[:, 1])
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud), XYZ)


def test_lists_of_points():
    cloud = point_cloud2.create_cloud_xyz32(Header(), [(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)])
    points = point_cloud2.read_points_list(cloud, field_names=["x", "z"])
    assert [(p.x, p.z) for p in points] == [(1, 3), (4, 6)]


def test_selections():
    cloud = point_cloud2.create_cloud_xyz32(Header(), XYZ)
    assert point_cloud2.read_points(cloud, field_names=["z", "x"]).dtype.names == ("z", "x")
    assert len(point_cloud2.read_points(cloud, skip_nans=True)) == 3
    assert len(point_cloud2.read_points(cloud, field_names=["x"], skip_nans=True)) == 4
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, uvs=[3, 0])[:, 0], [10, 1])
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, uvs=np.array([2])), XYZ[[2]])
    with pytest.raises(AssertionError):
        point_cloud2.read_points(cloud, field_names=["intensity"])


def test_padding_and_mixed_types():
    cloud = mixed_cloud()
    points = point_cloud2.read_points(cloud)
    assert points["x"].tolist() == [1.5, -2.5]
    assert points["i"].tolist() == [3, 255]
    assert points["t"].tolist() == [1e9, 2e9]
    assert point_cloud2.read_points_numpy(cloud, field_names=["x"]).tolist() == [[1.5], [-2.5]]
    with pytest.raises(AssertionError):
        point_cloud2.read_points_numpy(cloud)


def test_big_endian_data():
    points = np.array([(1.0,), (2.0,)], dtype=[("x", ">f4")])
    cloud = PointCloud2(height=1, width=2, point_step=4, row_step=8, is_bigendian=True, is_dense=True)
    cloud.fields = [field("x", 0)]
    cloud.data = array.array("B", points.tobytes())
    assert point_cloud2.read_points(cloud)["x"].tolist() == [1.0, 2.0]


def test_structured_arrays():
    fields = [field("x", 0), field("label", 4, PointField.UINT16)]
    points = np.array([(1.0, 7), (2.0, 8)], dtype=point_cloud2.dtype_from_fields(fields))
    cloud = point_cloud2.create_cloud(Header(), fields, points)
    assert cloud.point_step == 6
    assert point_cloud2.read_points(cloud)["label"].tolist() == [7, 8]
    with pytest.raises(AssertionError):
        point_cloud2.create_cloud(Header(), [field("other", 0)], points)


def test_fields_with_several_values():
    dtype = point_cloud2.dtype_from_fields([field("v", 0, count=3), field("", 12)], point_step=20)
    assert dtype.names == ("v_0", "v_1", "v_2", "unnamed_field_1")
    assert dtype.itemsize == 20


def test_organised_clouds():
    points = np.arange(27, dtype=np.float32).reshape(3, 3, 3)
    fields = [field("x", 0), field("y", 4), field("z", 8)]
    cloud = point_cloud2.create_cloud(Header(), fields, points)
    assert (cloud.height, cloud.width, cloud.row_step) == (3, 3, 36)
    assert point_cloud2.read_points(cloud).shape == (9,)
    np.testing.assert_array_equal(point_cloud2.read_points_numpy(cloud, reshape_organized_cloud=True), points)
