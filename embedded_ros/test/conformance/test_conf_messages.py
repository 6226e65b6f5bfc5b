"""Message classes: defaults, checks, equality, text, serialisation."""

from __future__ import annotations

import array
import copy

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, PointStamped, Pose, Quaternion, TransformStamped, Twist
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image, Imu, JointState, LaserScan, PointCloud2, PointField
from std_msgs.msg import Bool, ByteMultiArray, ColorRGBA, Float32MultiArray, Header, Int8, String, UInt8
from std_srvs.srv import SetBool
from visualization_msgs.msg import Marker


def test_defaults():
    assert Point().x == 0.0
    assert Quaternion().w == 1.0
    assert Pose().orientation.w == 1.0
    assert String().data == ""
    assert Bool().data is False
    assert Header().stamp.sec == 0
    assert list(JointState().name) == []
    assert DiagnosticStatus().level == b"\x00"
    assert len(Imu().orientation_covariance) == 9
    assert Imu().orientation_covariance.dtype == np.float64
    assert len(CameraInfo().k) == 9


def test_each_message_has_its_own_parts():
    first, second = PointStamped(), PointStamped()
    first.point.x = 1.0
    first.header.frame_id = "map"
    assert (second.point.x, second.header.frame_id) == (0.0, "")


def test_constants():
    assert PointField.FLOAT32 == 7
    assert (Marker.CUBE, Marker.DELETEALL) == (1, 3)
    assert DiagnosticStatus.ERROR == b"\x02"


def test_keyword_construction():
    message = PointStamped(header=Header(frame_id="map"), point=Point(x=1.0, z=2.0))
    assert (message.header.frame_id, message.point.x, message.point.y, message.point.z) == ("map", 1.0, 0.0, 2.0)
    with pytest.raises(AssertionError):
        Point(nonsense=1.0)
    with pytest.raises(TypeError):
        Point(1.0, 2.0, 3.0)


def test_unknown_fields_cannot_be_set():
    with pytest.raises(AttributeError):
        Point().nonsense = 1.0


@pytest.mark.parametrize(
    ("make", "field", "wrong"),
    [
        (Point, "x", 1),
        (Point, "x", "1"),
        (String, "data", 1),
        (String, "data", b"bytes"),
        (Bool, "data", 1),
        (UInt8, "data", 256),
        (UInt8, "data", -1),
        (UInt8, "data", 1.0),
        (Int8, "data", 128),
        (Pose, "position", Quaternion()),
        (PointStamped, "header", None),
        (ColorRGBA, "r", 1e39),
        (DiagnosticStatus, "level", 1),
        (DiagnosticStatus, "level", b"ab"),
        (CameraInfo, "k", [1.0, 2.0]),
        (JointState, "position", ["a"]),
        (JointState, "name", [1]),
        (JointState, "name", "text"),
    ],
)
def test_wrong_types_name_the_field(make, field, wrong):
    with pytest.raises(AssertionError, match=field):
        setattr(make(), field, wrong)


def test_sequences_take_lists_and_arrays():
    message = JointState(name=["a", "b"], position=[1.0, 2.0])
    assert list(message.position) == [1.0, 2.0]
    message.position = array.array("d", [3.0])
    assert list(message.position) == [3.0]
    scan = LaserScan(ranges=[1.0, 2.0])
    assert list(scan.ranges) == [1.0, 2.0]
    for data in (array.array("B", b"abc"), b"abc", [97, 98, 99]):
        image = Image()
        image.data = data
        assert bytes(bytearray(image.data)) == b"abc"
    info = CameraInfo()
    info.k = [float(i) for i in range(9)]
    assert info.k[8] == 8.0
    info.k = np.eye(3).ravel()
    assert info.k[0] == 1.0


def test_equality():
    assert Point(x=1.0) == Point(x=1.0)
    assert Point(x=1.0) != Point(x=2.0)
    assert Point() != Pose()
    assert Point() != 1
    assert JointState(position=[1.0]) == JointState(position=[1.0])
    assert Imu() == Imu()
    assert CameraInfo(k=[1.0] * 9) != CameraInfo()
    with pytest.raises(TypeError):
        hash(Point())


def test_repr():
    assert repr(Point(x=1.0)) == "geometry_msgs.msg.Point(x=1.0, y=0.0, z=0.0)"
    assert repr(String(data="a")) == "std_msgs.msg.String(data='a')"
    assert repr(JointState(name=["a"], position=[1.0])) == (
        "sensor_msgs.msg.JointState(header=std_msgs.msg.Header(stamp=builtin_interfaces.msg.Time(sec=0, nanosec=0), "
        "frame_id=''), name=['a'], position=[1.0], velocity=[], effort=[])"
    )


def test_fields_and_types():
    assert Point.get_fields_and_field_types() == {"x": "double", "y": "double", "z": "double"}
    types = PointCloud2.get_fields_and_field_types()
    assert types["header"] == "std_msgs/Header"
    assert types["fields"] == "sequence<sensor_msgs/PointField>"
    assert types["data"] == "sequence<uint8>"
    assert Imu.get_fields_and_field_types()["orientation_covariance"] == "double[9]"
    assert [name.lstrip("_") for name in Twist.__slots__ if "check" not in name] == ["linear", "angular"]


def test_copies_are_independent():
    message = TransformStamped(child_frame_id="a")
    twin = copy.deepcopy(message)
    twin.header.frame_id, twin.transform.translation.x = "b", 1.0
    assert (message.header.frame_id, message.transform.translation.x) == ("", 0.0)
    assert twin != message


@pytest.mark.parametrize(
    "message",
    [
        String(data="grüße"),
        PointStamped(point=Point(x=-1.5)),
        JointState(name=["a", "", "c"], position=[1.0, float("inf")], effort=[-0.0]),
        Float32MultiArray(data=[1.5, -2.5]),
        ByteMultiArray(data=[b"\x01", b"\xff"]),
        CameraInfo(k=[float(i) for i in range(9)], d=[0.1], distortion_model="plumb_bob"),
        Image(height=1, width=3, step=3, encoding="mono8", data=[1, 2, 3]),
        SetBool.Request(data=True),
        SetBool.Response(success=True, message="m"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_serialisation_there_and_back(message):
    data = serialize_message(message)
    assert isinstance(data, bytes)
    assert data[:2] == b"\x00\x01"  # plain CDR, little endian
    assert deserialize_message(data, type(message)) == message


def test_services_have_request_and_response():
    assert SetBool.Request().data is False
    assert SetBool.Response(success=True, message="done").message == "done"
    with pytest.raises((TypeError, AssertionError)):
        SetBool.Request(nonsense=1)
