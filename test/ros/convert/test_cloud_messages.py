"""PointCloud2 of every make."""

from array import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.convert.clouds import cloud_from_message, cloud_message

KINDS = {"i1": 1, "u1": 2, "i2": 3, "u2": 4, "i4": 5, "u4": 6, "f4": 7, "f8": 8}


def message(table, width=None, padding=0, big=False):
    """A message of a structured array (height, width); the name of a field ends in its type code."""
    table = np.atleast_2d(table)
    height, width = table.shape
    fields = []
    for name in table.dtype.names:
        kind, offset = table.dtype.fields[name]
        base, shape = kind.subdtype or (kind, (1,))
        fields.append(PointField(name=name, offset=offset, datatype=KINDS[base.str[1:]], count=shape[0]))
    rows = b"".join(row.tobytes() + b"\xab" * padding for row in table)
    step = table.dtype.itemsize
    result = PointCloud2(height=height, width=width, point_step=step, row_step=step * width + padding, fields=fields)
    result.header = Header(stamp=Time(sec=12, nanosec=500_000_000), frame_id="lidar")
    result.is_bigendian, result.data = big, array("B", rows)
    return result


@st.composite
def layouts(draw):
    """Random fields in random order at random offsets, with x, y, z among them, in either byte order."""
    order = draw(st.sampled_from("<>"))
    numbers = st.sampled_from(["f4", "f8", "i2", "i4", "i1", "u1", "u2"])
    names = draw(
        st.permutations(["x", "y", "z", *draw(st.lists(st.sampled_from(["ring", "t", "intensity"]), unique=True))])
    )
    colour = draw(st.sampled_from([None, "rgb:f4", "rgb:u4", "rgba:u4", "r,g,b:u1"]))
    spec, offset = [], draw(st.integers(0, 5))
    for name in names:
        kind, count = draw(numbers), 1 if name in "xyz" else draw(st.integers(1, 3))
        spec.append((name, order + kind, count, offset))
        offset += np.dtype(kind).itemsize * count + draw(st.integers(0, 3))
    for name in [] if colour is None else colour.split(":")[0].split(","):
        kind = colour.split(":")[1]
        spec.append((name, order + kind, 1, offset))
        offset += np.dtype(kind).itemsize + draw(st.integers(0, 3))
    formats = [kind if count == 1 else (kind, (count,)) for _, kind, count, _ in spec]
    parts = {"names": [s[0] for s in spec], "formats": formats, "offsets": [s[3] for s in spec]}
    return np.dtype({**parts, "itemsize": offset + draw(st.integers(0, 4))}), order == ">", colour


@given(layouts(), st.integers(1, 4), st.integers(0, 9), st.integers(0, 7), st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_any_layout_of_fields(layout, height, width, padding, seed):
    (kind, big, colour), rng = layout, np.random.default_rng(seed)
    table = np.frombuffer(rng.bytes(kind.itemsize * height * width), kind).reshape(height, width).copy()
    xyz = rng.integers(0, 100, (height, width, 3))
    rgb = rng.integers(1, 256, (height, width, 3)).astype(np.uint8)
    for axis, name in enumerate("xyz"):
        table[name] = xyz[:, :, axis]
    if colour and "," in colour:
        for axis, name in enumerate("rgb"):
            table[name] = rgb[:, :, axis]
    elif colour:
        packed = (rgb.astype(np.uint32) << np.array([16, 8, 0], dtype=np.uint32)).sum(axis=2, dtype=np.uint32)
        name, stored = colour.split(":")
        table[name] = packed.view(np.float32) if stored == "f4" else packed
    cloud = cloud_from_message(message(table, padding=padding, big=big))
    assert np.array_equal(cloud.xyz, xyz.reshape(-1, 3))
    assert (cloud.frame_id, cloud.stamp, cloud.origin) == ("lidar", 12.5, (0.0, 0.0, 0.0))
    if colour is None or not width:
        assert cloud.rgb is None
    else:
        assert np.array_equal(cloud.rgb, rgb.reshape(-1, 3))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 64),
    st.integers(0, 2**32 - 1),
    st.lists(
        st.tuples(st.sampled_from(["x", "y", "z", "rgb", "r"]), st.integers(0, 80), st.integers(0, 255)), max_size=6
    ),
    st.binary(max_size=300),
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_lies_are_refused_or_harmless(height, width, step, row, fields, data):
    """Sizes of up to 2^64 points, overlapping fields, unknown types: an error of ours, or as many points as claimed."""
    made = [PointField(name=name, offset=offset, datatype=kind, count=1) for name, offset, kind in fields]
    bad = PointCloud2(height=height, width=width, point_step=step, row_step=row, fields=made)
    bad.data = array("B", data)
    try:
        cloud = cloud_from_message(bad)
    except CloudError:
        return
    assert len(cloud) == height * width <= max(len(data), 1)


@given(st.integers(0, 200), st.booleans(), st.integers(0, 2**32))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_clouds_survive_the_way_there_and_back(count, colour, seed):
    rng = np.random.default_rng(seed)
    rgb = rng.integers(1, 256, (count, 3)).astype(np.uint8) if colour else None
    cloud = PointCloud(rng.normal(size=(count, 3)), rgb, "map", 1234.25)
    made = cloud_message(cloud)
    assert (made.point_step, made.row_step, made.height) == (16 if colour else 12, made.point_step * count, 1)
    assert isinstance(made.data, array)
    assert made.data.typecode == "B"
    back = cloud_from_message(made)
    assert back.xyz.tobytes() == cloud.xyz.tobytes()
    assert (back.frame_id, back.stamp) == ("map", 1234.25)
    assert np.array_equal(back.rgb, rgb) if colour and count else back.rgb is None


def test_memory_of_an_old_message_is_filled_again():
    first = cloud_message(PointCloud([[1, 2, 3]], np.array([[1, 2, 3]], dtype=np.uint8)))
    again = cloud_message(PointCloud([[4, 5, 6]], np.array([[7, 8, 9]], dtype=np.uint8)), first.data)
    assert again.data is first.data
    assert cloud_from_message(again).xyz.tolist() == [[4, 5, 6]]
    assert cloud_from_message(again).rgb.tolist() == [[7, 8, 9]]
    assert cloud_message(PointCloud([[1, 2, 3]]), first.data).data is not first.data


def test_points_that_are_not_finite_stay_and_are_declared():
    made = cloud_message(PointCloud([[1, 2, 3], [np.nan, 0, 0]]))
    assert not made.is_dense
    assert np.isnan(cloud_from_message(made).xyz[1, 0])
    assert cloud_message(PointCloud([[1, 2, 3]])).is_dense


def test_the_ecosystem_reads_what_is_written():
    reader = pytest.importorskip("sensor_msgs_py.point_cloud2")
    cloud = PointCloud([[1, 2, 3], [4, 5, 6]], np.array([[1, 2, 3], [250, 0, 9]], dtype=np.uint8))
    points = reader.read_points(cloud_message(cloud), field_names=["x", "y", "z", "rgb"])
    assert points["y"].tolist() == [2.0, 5.0]
    assert points["rgb"].copy().view(np.uint32).tolist() == [0x010203, 0xFA0009]


def test_what_the_ecosystem_writes_is_read():
    writer = pytest.importorskip("sensor_msgs_py.point_cloud2")
    header = Header(frame_id="lidar")
    assert cloud_from_message(writer.create_cloud_xyz32(header, [[1.0, 2.0, 3.0]])).xyz.tolist() == [[1, 2, 3]]


def test_far_64_bit_coordinates_keep_their_millimetres():
    kind = np.dtype([("x", "<f8"), ("y", "<f8"), ("z", "<f8")])
    table = np.array([(500_000.001, 5_000_000.002, 1.5), (500_001.004, 5_000_003.0, 2.5)], dtype=kind)
    cloud = cloud_from_message(message(table))
    assert cloud.origin == (500_000.0, 5_000_000.0, 0.0)
    np.testing.assert_allclose(cloud.xyz, [[0.001, 0.002, 1.5], [1.004, 3.0, 2.5]], atol=1e-6)


def test_black_clouds_have_no_colour():
    kind = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<u4")])
    assert cloud_from_message(message(np.zeros(3, dtype=kind))).rgb is None


def test_float_colours_from_0_to_1():
    kind = np.dtype([(name, "<f4") for name in ("x", "y", "z", "r", "g", "b")])
    assert cloud_from_message(message(np.array([(0, 0, 0, 1.0, 0.5, 0.0)], dtype=kind))).rgb.tolist() == [[255, 128, 0]]


def test_names_in_capitals_and_row_step_left_at_zero():
    kind = np.dtype([("X", "<f4"), ("Y", "<f4"), ("Z", "<f4")])
    made = message(np.array([(1, 2, 3), (4, 5, 6)], dtype=kind).reshape(2, 1))
    made.row_step = 0
    assert cloud_from_message(made).xyz.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("names", "what"),
    [(("x", "y"), "no field z"), ((), "no field x"), (("range", "azimuth"), "choose a topic with x, y and z")],
)
def test_clouds_without_coordinates_are_refused(names, what):
    table = np.zeros(3, dtype=np.dtype([(name, "<f4") for name in names] or [("a", "u1")]))
    made = message(table)
    with pytest.raises(CloudError, match=what):
        cloud_from_message(made)


def test_an_empty_cloud_is_a_cloud():
    made = message(np.zeros(0, dtype=np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4")])))
    assert len(cloud_from_message(made)) == 0
