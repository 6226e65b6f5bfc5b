"""Transforms: buffer, listener, broadcasters, transforming messages."""

from __future__ import annotations

import math
import threading
import time

import numpy as np
import pytest
from geometry_msgs.msg import (
    Point,
    PointStamped,
    PoseStamped,
    PoseWithCovarianceStamped,
    TransformStamped,
    Vector3,
    Vector3Stamped,
)
from rclpy.duration import Duration
from rclpy.time import Time
from tf2_ros import (
    Buffer,
    ConnectivityException,
    ExtrapolationException,
    LookupException,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformException,
    TransformListener,
)

S = 10**9


def transform(parent, child, seconds=0.0, x=0.0, y=0.0, z=0.0, yaw=0.0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = Time(seconds=seconds).to_msg()
    t, q = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z, q.z, q.w = float(x), float(y), float(z), math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def translation(message):
    t = message.transform.translation
    return (t.x, t.y, t.z)


@pytest.fixture
def buffer(ros):
    return Buffer()


def test_interpolation(buffer):
    buffer.set_transform(transform("odom", "base", 1, x=0, yaw=0.0), "test")
    buffer.set_transform(transform("odom", "base", 2, x=2, yaw=1.0), "test")
    found = buffer.lookup_transform("odom", "base", Time(seconds=1.25))
    assert (found.header.frame_id, found.child_frame_id) == ("odom", "base")
    assert Time.from_msg(found.header.stamp).nanoseconds == int(1.25 * S)
    assert translation(found) == pytest.approx((0.5, 0, 0))
    assert 2 * math.atan2(found.transform.rotation.z, found.transform.rotation.w) == pytest.approx(0.25)


def test_time_zero_is_the_latest(buffer):
    buffer.set_transform(transform("odom", "base", 1, x=1), "test")
    buffer.set_transform(transform("odom", "base", 2, x=2), "test")
    found = buffer.lookup_transform("odom", "base", Time())
    assert (found.header.stamp.sec, translation(found)[0]) == (2, 2.0)


def test_chains_and_inverses(buffer):
    buffer.set_transform(transform("map", "odom", 5, x=1, yaw=math.pi / 2), "test")
    buffer.set_transform(transform("odom", "base", 5, x=2), "test")
    buffer.set_transform_static(transform("base", "laser", z=0.5), "test")
    assert translation(buffer.lookup_transform("map", "laser", Time())) == pytest.approx((1, 2, 0.5))
    assert translation(buffer.lookup_transform("laser", "map", Time())) == pytest.approx((-2, 1, -0.5))


def test_failures(buffer):
    buffer.set_transform(transform("odom", "base", 1), "test")
    buffer.set_transform(transform("odom", "base", 2), "test")
    buffer.set_transform(transform("elsewhere", "thing", 1), "test")
    with pytest.raises(ExtrapolationException, match="into the future"):
        buffer.lookup_transform("odom", "base", Time(seconds=3))
    with pytest.raises(ExtrapolationException, match="into the past"):
        buffer.lookup_transform("odom", "base", Time(seconds=0.5))
    with pytest.raises(LookupException, match="nowhere"):
        buffer.lookup_transform("odom", "nowhere", Time())
    with pytest.raises(ConnectivityException):
        buffer.lookup_transform("odom", "thing", Time())
    for error in (ExtrapolationException, LookupException, ConnectivityException):
        assert issubclass(error, TransformException)


def test_can_transform(buffer):
    buffer.set_transform(transform("odom", "base", 1), "test")
    assert buffer.can_transform("odom", "base", Time(seconds=1)) is True
    assert buffer.can_transform("odom", "base", Time(seconds=2)) is False
    assert buffer.can_transform("odom", "nowhere", Time()) is False
    possible, reason = buffer.can_transform("odom", "nowhere", Time(), return_debug_tuple=True)
    assert not possible
    assert "nowhere" in reason


def test_the_memory_is_limited(ros):
    buffer = Buffer(cache_time=Duration(seconds=2))
    for second in range(1, 10):
        buffer.set_transform(transform("odom", "base", second), "test")
    assert not buffer.can_transform("odom", "base", Time(seconds=6))
    assert buffer.can_transform("odom", "base", Time(seconds=8))


def test_lookups_between_two_times(buffer):
    buffer.set_transform(transform("odom", "base", 1, x=1), "test")
    buffer.set_transform(transform("odom", "base", 3, x=5), "test")
    found = buffer.lookup_transform_full("base", Time(seconds=3), "base", Time(seconds=1), "odom")
    assert translation(found)[0] == pytest.approx(-4)
    assert buffer.can_transform_full("base", Time(seconds=3), "base", Time(seconds=1), "odom")
    assert not buffer.can_transform_full("base", Time(seconds=4), "base", Time(seconds=1), "odom")


def test_waiting_with_a_timeout(buffer, stopwatch):
    watch = stopwatch()
    with pytest.raises(TransformException):
        buffer.lookup_transform("odom", "base", Time(), timeout=Duration(seconds=0.2))
    assert watch.passed() >= 0.15
    assert watch.seconds() < 2.0
    threading.Timer(0.1, lambda: buffer.set_transform(transform("odom", "base", 1, x=3), "test")).start()
    found = buffer.lookup_transform("odom", "base", Time(seconds=1), timeout=Duration(seconds=60))
    assert translation(found)[0] == 3


def test_waiting_asynchronously(buffer):
    future = buffer.wait_for_transform_async("odom", "base", Time(seconds=1))
    assert not future.done()
    buffer.set_transform(transform("odom", "base", 1), "test")
    assert future.done()
    assert buffer.wait_for_transform_async("odom", "base", Time(seconds=1)).done()


def test_lookups_in_coroutines(buffer, node, spin):
    found = []

    async def work():
        found.append(await buffer.lookup_transform_async("odom", "base", Time(seconds=1)))

    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor()
    task = executor.create_task(work)
    executor.spin_once(timeout_sec=0.05)
    assert not task.done()
    executor.create_task(lambda: buffer.set_transform(transform("odom", "base", 1, x=4), "test"))
    executor.spin_until_future_complete(task, timeout_sec=60.0)
    assert translation(found[0])[0] == 4
    executor.shutdown()


def test_clearing(buffer):
    buffer.set_transform(transform("odom", "base", 1), "test")
    buffer.set_transform_static(transform("base", "laser"), "test")
    buffer.clear()
    assert not buffer.can_transform("odom", "base", Time())
    assert buffer.can_transform("base", "laser", Time())


def test_frames_as_text(buffer):
    buffer.set_transform(transform("odom", "base", 1), "the_author")
    assert "base" in buffer.all_frames_as_string()
    text = buffer.all_frames_as_yaml()
    assert "parent: 'odom'" in text
    assert "broadcaster: 'the_author'" in text


def test_invalid_transforms_are_dropped(buffer):
    bad = transform("odom", "base", 1)
    bad.transform.rotation.w = 0.0
    bad.transform.rotation.z = 0.0
    nan = transform("odom", "base", 1, x=float("nan"))
    for message in (bad, nan, transform("odom", "odom", 1), transform("", "base", 1), transform("odom", "", 1)):
        buffer.set_transform(message, "test")
    assert not buffer.can_transform("odom", "base", Time())


def test_listener_and_broadcasters(make_node, spin, buffer, eventually):
    speaker, listener_node = make_node("speaker"), make_node("listener")
    moving, fixed = TransformBroadcaster(speaker), StaticTransformBroadcaster(speaker)
    fixed.sendTransform([transform("base", "laser", z=1), transform("base", "camera", z=2)])
    listener = TransformListener(buffer, listener_node)
    spin.background(listener_node)
    speaker.create_timer(0.02, lambda: moving.sendTransform(transform("odom", "base", time.time(), x=7)))
    spin.background(speaker)
    found = buffer.lookup_transform("odom", "laser", Time(), timeout=Duration(seconds=60))
    assert translation(found) == pytest.approx((7, 0, 1))
    fixed.sendTransform(transform("base", "lidar", z=3))
    assert eventually(lambda: buffer.can_transform("lidar", "camera", Time()))
    late_buffer, late_node = Buffer(), make_node("late")
    late = TransformListener(late_buffer, late_node)
    spin.background(late_node)
    assert eventually(lambda: all(late_buffer.can_transform("base", n, Time()) for n in ("laser", "camera", "lidar")))
    listener.unregister()
    late.unregister()


def test_a_listener_with_its_own_thread_needs_nobody_to_spin(make_node, spin, buffer):
    speaker, worker = make_node("speaker"), make_node("worker")
    moving = TransformBroadcaster(speaker)
    speaker.create_timer(0.02, lambda: moving.sendTransform(transform("odom", "base", 1, x=1)))
    spin.background(speaker)
    listener = TransformListener(buffer, worker, spin_thread=True)
    found = buffer.lookup_transform("odom", "base", Time(seconds=1), timeout=Duration(seconds=60))
    assert translation(found)[0] == 1
    del listener


# ---------------------------------------------------------------------- transforming messages


@pytest.fixture
def quarter(buffer):
    """A buffer with base one metre ahead of odom and turned to the left."""
    buffer.set_transform_static(transform("odom", "base", x=1, yaw=math.pi / 2), "test")
    return buffer


def test_points_vectors_and_poses(quarter):
    pytest.importorskip("tf2_geometry_msgs")
    point = PointStamped(point=Point(x=1.0, y=2.0, z=3.0))
    point.header.frame_id = "base"
    moved = quarter.transform(point, "odom")
    assert (moved.point.x, moved.point.y, moved.point.z) == pytest.approx((-1, 1, 3))
    assert moved.header.frame_id == "odom"
    vector = Vector3Stamped(vector=Vector3(x=1.0))
    vector.header.frame_id = "base"
    turned = quarter.transform(vector, "odom").vector
    assert (turned.x, turned.y) == pytest.approx((0, 1))
    pose = PoseStamped()
    pose.header.frame_id = "base"
    pose.pose.position.x = 1.0
    result = quarter.transform(pose, "odom").pose
    assert (result.position.x, result.position.y) == pytest.approx((1, 1))
    assert abs(result.orientation.z) == pytest.approx(math.sin(math.pi / 4))


def test_covariances_turn_with_the_frame(quarter):
    pytest.importorskip("tf2_geometry_msgs")
    pose = PoseWithCovarianceStamped()
    pose.header.frame_id = "base"
    covariance = np.zeros((6, 6))
    covariance[0, 0], covariance[1, 1], covariance[5, 5] = 4.0, 1.0, 0.5
    pose.pose.covariance = [float(v) for v in covariance.ravel()]
    result = np.array(quarter.transform(pose, "odom").pose.covariance).reshape(6, 6)
    assert (result[0, 0], result[1, 1], result[5, 5]) == pytest.approx((1.0, 4.0, 0.5))


def test_types_that_are_not_registered(quarter):
    from tf2_ros import TypeException

    with pytest.raises(TypeException):
        quarter.transform(Point(), "odom")
