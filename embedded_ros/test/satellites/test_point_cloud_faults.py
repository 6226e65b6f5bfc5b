"""Point clouds whose numbers contradict each other, and empty ones."""

from __future__ import annotations

import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from sensor_msgs_py import point_cloud2
from std_msgs.msg import Header


def field(name="x", offset=0, datatype=7, count=1):
    return PointField(name=name, offset=offset, datatype=datatype, count=count)


@pytest.mark.parametrize("points", [np.zeros((0, 3), np.float32), []])
def test_empty_clouds(points):
    cloud = point_cloud2.create_cloud_xyz32(Header(), points)
    assert (cloud.width, cloud.row_step, len(cloud.data)) == (0, 0, 0)
    assert point_cloud2.read_points(cloud).shape == (0,)
    assert point_cloud2.read_points_numpy(cloud, skip_nans=True).shape == (0, 3)
    assert point_cloud2.read_points_list(cloud) == []
    assert point_cloud2.read_points(PointCloud2()).shape == (0,)


def test_views_share_the_memory_of_the_message():
    cloud = point_cloud2.create_cloud_xyz32(Header(), np.ones((4, 3), np.float32))
    assert np.shares_memory(point_cloud2.read_points(cloud), np.frombuffer(cloud.data, np.uint8))


def test_padded_rows_are_read_in_order():
    rows = [np.array([1, 2], "<f4").tobytes() + b"\xff" * 4, np.array([3, 4], "<f4").tobytes() + b"\xff" * 4]
    cloud = PointCloud2(height=2, width=2, point_step=4, row_step=12, fields=[field()])
    cloud.data = array.array("B", b"".join(rows))
    assert point_cloud2.read_points(cloud)["x"].tolist() == [1, 2, 3, 4]
    cloud.data = cloud.data[:-4]  # the padding of the last row may be missing
    assert point_cloud2.read_points(cloud)["x"].tolist() == [1, 2, 3, 4]


def test_too_little_data_is_an_error_that_says_how_much():
    cloud = PointCloud2(height=1, width=1000, point_step=12, row_step=12000, fields=[field()])
    cloud.data = array.array("B", bytes(100))
    with pytest.raises(ValueError, match="needs 12000 bytes of data, it has 100"):
        point_cloud2.read_points(cloud)


@pytest.mark.parametrize(
    ("fields", "step", "error"),
    [
        ([field(datatype=99)], 4, ValueError),
        ([field(offset=2)], 4, ValueError),
        ([field(count=0)], 4, AssertionError),
        ([field(), field()], 4, AssertionError),
    ],
)
def test_impossible_fields(fields, step, error):
    cloud = PointCloud2(height=1, width=1, point_step=step, row_step=step, fields=fields)
    cloud.data = array.array("B", bytes(8))
    with pytest.raises(error):
        point_cloud2.read_points(cloud)


small = st.integers(0, 40)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    small,
    small,
    small,
    st.integers(0, 2**32 - 1),
    small,
    st.integers(0, 12),
    small,
    st.booleans(),
    st.binary(max_size=300),
)
def test_no_header_reads_beyond_the_data(height, width, point_step, row_step, offset, datatype, count, big, data):
    cloud = PointCloud2(
        height=height, width=width, point_step=point_step, row_step=row_step, is_bigendian=big,
        fields=[field(offset=offset, datatype=datatype, count=count)],
    )  # fmt: skip
    cloud.data = array.array("B", data)
    try:
        points = point_cloud2.read_points(cloud)
    except (AssertionError, ValueError):
        return
    assert points.shape == (height * width,)
    assert len(points.tobytes()) == points.nbytes  # touches every byte
