"""Checks, coercion, equality and copies of messages."""

from __future__ import annotations

import array
import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_ros.messages.classes import message_class
from embedded_ros.messages.codec import CdrError, deserialize, serialize
from embedded_ros.messages.convert import from_plain, to_plain
from embedded_ros.messages.model import DefinitionError, UnknownInterfaceError
from embedded_ros.messages.parser import parse_message
from embedded_ros.messages.services import interface_class

Cloud = message_class("sensor_msgs/msg/PointCloud2")
Imu = message_class("sensor_msgs/msg/Imu")
Scan = message_class("sensor_msgs/msg/LaserScan")
Marker = message_class("visualization_msgs/msg/Marker")
Status = message_class("diagnostic_msgs/msg/DiagnosticStatus")


@pytest.mark.parametrize(
    ("cls", "field", "value"),
    [
        (Cloud, "height", -1),
        (Cloud, "height", 2**32),
        (Cloud, "height", 1.0),
        (Cloud, "header", 3),
        (Cloud, "fields", [1]),
        (Cloud, "is_dense", 1),
        (Cloud, "data", [256]),
        (Cloud, "data", np.zeros((2, 2), np.uint8)),
        (Cloud, "data", "text"),
        (Scan, "angle_min", 1),
        (Scan, "angle_min", 1e39),
        (Scan, "ranges", array.array("d", [1.0])),
        (Scan, "ranges", np.array(["a"])),
        (Imu, "orientation_covariance", [0.0] * 8),
        (Status, "level", 1),
        (Status, "name", b"x"),
    ],
)
def test_wrong_values_name_the_field(cls, field, value):
    with pytest.raises(AssertionError, match=f"'{field}'"):
        setattr(cls(), field, value)


def test_unknown_fields():
    with pytest.raises(AttributeError, match="'nonsense'"):
        Cloud().nonsense = 1
    with pytest.raises(AssertionError, match="nonsense"):
        Cloud(nonsense=1)


def test_values_that_are_converted():
    cloud = Cloud(height=np.uint32(7), is_dense=np.bool_(True), data=b"\x01\x02")
    assert (type(cloud.height), type(cloud.is_dense), cloud.data.tolist()) == (int, bool, [1, 2])
    scan = Scan(ranges=[1.0, 2.0], intensities=np.array([3.0], dtype=np.float64), angle_min=np.float32(0.5))
    assert scan.ranges == array.array("f", [1.0, 2.0])
    assert (scan.intensities.dtype, type(scan.angle_min)) == (np.float32, float)
    assert Imu(orientation_covariance=list(range(9))).orientation_covariance.dtype == np.float64
    values = np.arange(4, dtype=np.uint8)
    assert Cloud(data=values).data is values or np.shares_memory(Cloud(data=values).data, values)


def test_large_arrays_are_views_and_small_ones_copies():
    data = serialize(Cloud(data=np.zeros(100_000, np.uint8)))
    received = deserialize(data, Cloud)
    assert not received.data.flags.writeable
    assert not received.data.flags.owndata
    small = deserialize(serialize(Cloud(data=[1, 2])), Cloud)
    small.data[0] = 9
    assert small.data.tolist() == [9, 2]


def test_defaults_constants_and_text():
    quaternion = message_class("geometry_msgs/msg/Quaternion")()
    assert repr(quaternion) == "geometry_msgs.msg.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0)"
    assert (Marker.CUBE, Status.ERROR, Status().level) == (1, b"\x02", b"\x00")
    assert "ranges=[1.0]" in repr(Scan(ranges=[1.0]))
    assert Marker.get_fields_and_field_types()["points"] == "sequence<geometry_msgs/Point>"


def test_equality_copies_and_pickles():
    one = Cloud(data=b"\x01", height=2)
    same = Cloud(data=[1], height=2)
    assert one == same
    assert one != Cloud(data=b"\x02", height=2)
    assert one != Scan()
    assert one != "text"
    for twin in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert twin == one
        assert type(twin) is Cloud
    with pytest.raises(TypeError):
        hash(one)


def test_factories_do_not_share():
    one, two = Marker(), Marker()
    one.points.append(1)
    one.pose.position.x = 5.0
    assert two.points == []
    assert two.pose.position.x == 0.0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.binary(max_size=80),
    st.sampled_from(["diagnostic_msgs/msg/DiagnosticArray", "sensor_msgs/msg/PointCloud2", "tf2_msgs/msg/TFMessage"]),
)
def test_any_bytes_give_a_message_or_a_cdr_error(data, name):
    cls = message_class(name)
    try:
        message = deserialize(b"\x00\x01\x00\x00" + data, cls)
    except CdrError:
        return
    assert type(message) is cls


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x07\x00\x00abc", b"\x00\x01\x00\x00\xff\xff\xff\xff"])
def test_malformed_headers_and_lengths(data):
    with pytest.raises(CdrError):
        deserialize(data, message_class("std_msgs/msg/String"))


def test_text_that_is_no_utf8_or_lacks_its_end():
    for body in (b"\x03\x00\x00\x00\xff\xfe\x00\x00", b"\x02\x00\x00\x00ab\x00\x00"):
        with pytest.raises(CdrError):
            deserialize(b"\x00\x01\x00\x00" + body, message_class("std_msgs/msg/String"))


def test_plain_values_go_both_ways():
    message = from_plain(
        Marker, {"points": [{"x": 1}], "colors": [], "id": 3, "text": 5, "pose": {"position": {"z": 2}}}
    )
    plain = to_plain(message)
    assert plain["points"] == [{"x": 1.0, "y": 0.0, "z": 0.0}]
    assert plain["text"] == "5"
    assert from_plain(Marker, plain) == message
    with pytest.raises(AssertionError, match="no field 'q'"):
        from_plain(Marker, {"q": 1})
    with pytest.raises(TypeError):
        from_plain(Marker, 3)


@pytest.mark.parametrize("text", ["int32", "int32 a b", "int32[x] a", "float64 a [1", "uint8<=3 a", "Other o {}"])
def test_definitions_that_cannot_be_read_name_the_line(text):
    with pytest.raises(DefinitionError, match="line 2"):
        parse_message(f"int8 fine\n{text}\n", "my_pkg/msg/Bad")


def test_unknown_interfaces_tell_the_remedy():
    with pytest.raises(UnknownInterfaceError, match="EMBEDDED_ROS_PACKAGE_PATH"):
        message_class("no_such_msgs/msg/Nothing")
    with pytest.raises(UnknownInterfaceError, match="no interface name"):
        interface_class("just_a_word")


def test_every_stock_message_round_trips():
    from embedded_ros.messages.stock import rosbags_names

    for name in rosbags_names():
        message = message_class(name)()
        assert deserialize(serialize(message), type(message)) == message
