"""Transforms in nodes: waiting inside callbacks, clock jumps, clouds, namespaces, speed of the buffer's locks."""

from __future__ import annotations

import array
import gc
import math
import threading
import time

import numpy as np
import pytest
import tf2_geometry_msgs
from geometry_msgs.msg import (
    Point32,
    PolygonStamped,
    PoseStamped,
    TransformStamped,
    Vector3Stamped,
    WrenchStamped,
)
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMsg
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header
from tf2_msgs.srv import FrameGraph
from tf2_ros import Buffer, BufferCore, StaticTransformListener, TransformBroadcaster, TransformListener, convert
from tf2_sensor_msgs import do_transform_cloud, transform_points


def transform(parent="odom", child="base", seconds=1.0, x=0.0, yaw=0.0):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = Time(seconds=seconds).to_msg()
    message.transform.translation.x = float(x)
    message.transform.rotation.z, message.transform.rotation.w = math.sin(yaw / 2), math.cos(yaw / 2)
    return message


def spin_until(node, condition, timeout=60.0):
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.02)
    executor.shutdown()
    return bool(condition())


def test_a_callback_may_wait_when_the_listener_has_its_own_thread(node):
    buffer, found = Buffer(), []
    listener = TransformListener(buffer, node, spin_thread=True)
    assert listener.node is not node

    def on_timer():
        threading.Timer(0.1, broadcaster.sendTransform, [transform(x=4)]).start()
        found.append(buffer.lookup_transform("odom", "base", Time(), timeout=Duration(seconds=60)))
        timer.cancel()

    broadcaster = TransformBroadcaster(node)
    assert spin_until(node, lambda: broadcaster.pub_tf.get_subscription_count() > 0)
    timer = node.create_timer(0.01, on_timer)
    assert spin_until(node, lambda: found)
    assert found[0].transform.translation.x == 4
    thread = listener.dedicated_listener_thread
    listener.unregister()
    assert not thread.is_alive()
    listener.unregister()  # twice does no harm


def test_the_listener_follows_the_namespaces_and_remappings_of_its_node(ros):
    node = ros.create_node(
        "n", namespace="/robot", cli_args=["--ros-args", "-r", "/tf:=tf", "-r", "/tf_static:=tf_static"]
    )
    for spin_thread in (False, True):
        listener = TransformListener(Buffer(), node, spin_thread=spin_thread)
        assert listener.tf_sub.topic_name == "/robot/tf"
        assert listener.tf_static_sub.topic_name == "/robot/tf_static"
        listener.unregister()
    node.destroy_node()


def test_a_static_listener_has_no_subscription_to_moving_frames(node):
    listener = StaticTransformListener(Buffer(), node)
    assert listener.tf_sub is None
    assert listener.tf_static_sub is not None
    listener.unregister()


def test_a_listener_can_make_its_own_node(ros):
    listener = TransformListener(Buffer(), None, spin_thread=True)
    assert listener.node.get_name().startswith("transform_listener_impl_")
    listener.unregister()
    gc.collect()


def test_a_jump_back_of_the_clock_clears_the_buffer(ros):
    node = ros.create_node("follower", parameter_overrides=[Parameter("use_sim_time", value=True)])
    publisher = node.create_publisher(ClockMsg, "/clock", 10)
    buffer = Buffer(node=node)

    def set_time(seconds):
        stamp = Time(seconds=seconds)
        publisher.publish(ClockMsg(clock=stamp.to_msg()))
        assert spin_until(node, lambda: node.get_clock().now().nanoseconds == stamp.nanoseconds)

    assert spin_until(node, lambda: publisher.get_subscription_count() > 0)
    set_time(100.0)
    buffer.set_transform(transform(seconds=100.0), "test")
    buffer.set_transform_static(transform("base", "laser"), "test")
    set_time(101.0)
    assert buffer.can_transform("odom", "base", Time())
    set_time(50.0)
    assert not buffer.can_transform("odom", "base", Time())
    assert buffer.can_transform("base", "laser", Time())
    node.destroy_node()


def test_the_service_with_all_frames(node):
    buffer = Buffer(node=node)
    buffer.set_transform(transform(), "test")
    client = node.create_client(FrameGraph, "tf2_frames")
    assert spin_until(node, client.service_is_ready)
    future = client.call_async(FrameGraph.Request())
    assert spin_until(node, future.done)
    assert "parent: 'odom'" in future.result().frame_yaml


def test_many_threads_may_read_while_one_writes(ros):
    buffer, errors, stop = Buffer(), [], threading.Event()
    buffer.set_transform(transform(seconds=1), "test")

    def read():
        while not stop.is_set():
            try:
                buffer.lookup_transform("odom", "base", Time())
            except Exception as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for index in range(1000):
        buffer.set_transform(transform(seconds=1 + index * 0.1, x=index), "test")
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []


def test_wrong_arguments(ros):
    buffer = BufferCore()
    with pytest.raises(TypeError, match="TransformStamped"):
        buffer.set_transform("nothing", "test")
    with pytest.raises(TypeError, match="time is float"):
        buffer.lookup_transform_core("a", "b", 1.0)
    with pytest.raises(TypeError, match="Duration"):
        Buffer(cache_time=10.0)
    with pytest.raises(NotImplementedError, match="BufferClient"):
        from tf2_ros import BufferClient  # noqa: F401


def test_slashes_in_front_are_taken_off(ros):
    buffer = Buffer()
    buffer.set_transform(transform("/odom", "/base"), "test")
    assert buffer.can_transform("odom", "base", Time())
    assert buffer._frameExists("base")
    assert buffer._getFrameStrings() == ["base", "odom"]
    assert '"odom" -> "base"' in buffer._allFramesAsDot()
    assert buffer.get_latest_common_time("odom", "base").nanoseconds == 10**9


def test_results_do_not_share_the_header_of_the_transform():
    found = transform()
    vector = Vector3Stamped()
    vector.vector.x = 1.0
    before = found.transform.translation.x
    turned = tf2_geometry_msgs.do_transform_vector3(vector, found)
    turned.header.frame_id = "changed"
    assert found.header.frame_id == "odom"
    assert found.transform.translation.x == before


def test_polygons_and_wrenches():
    quarter = transform(x=1, yaw=math.pi / 2)
    polygon = PolygonStamped()
    polygon.polygon.points = [Point32(x=1.0), Point32(y=1.0)]
    moved = tf2_geometry_msgs.do_transform_polygon_stamped(polygon, quarter).polygon.points
    assert [(p.x, p.y) for p in moved] == [pytest.approx((1, 1), abs=1e-6), pytest.approx((0, 0), abs=1e-6)]
    wrench = WrenchStamped()
    wrench.wrench.force.x = 2.0
    turned = tf2_geometry_msgs.do_transform_wrench(wrench, quarter).wrench
    assert (turned.force.y, turned.torque.z) == (pytest.approx(2), pytest.approx(2))


def test_conversion_of_equal_types_copies():
    pose = PoseStamped()
    pose.pose.position.x = 1.0
    copy = convert(pose, PoseStamped)
    copy.pose.position.x = 2.0
    assert pose.pose.position.x == 1.0


def cloud(order="<"):
    kind = np.dtype(
        {
            "names": ["x", "y", "z", "i", "normal_x", "normal_y", "normal_z"],
            "formats": [order + "f4"] * 3 + ["u1"] + [order + "f4"] * 3,
            "offsets": [0, 4, 8, 12, 16, 20, 24],
            "itemsize": 32,
        }
    )
    points = np.zeros((2, 3), kind)
    points["x"], points["i"], points["normal_x"] = [[1, 2, 3], [4, 5, 6]], 7, 1
    rows = b"".join(row.tobytes() + b"\xaa" * 8 for row in points)
    message = PointCloud2(header=Header(frame_id="base"), height=2, width=3, point_step=32, row_step=104)
    message.fields = [
        PointField(name=n, offset=kind.fields[n][1], datatype=2 if n == "i" else 7, count=1) for n in kind.names
    ]
    message.is_bigendian = order == ">"
    message.data = array.array("B", rows)
    return message, points, kind


@pytest.mark.parametrize("order", ["<", ">"])
def test_clouds_keep_their_layout(order):
    message, points, kind = cloud(order)
    before = bytes(message.data)
    moved = do_transform_cloud(message, transform(x=10, yaw=math.pi / 2))
    assert bytes(message.data) == before
    assert (moved.header.frame_id, moved.row_step, moved.height) == ("odom", 104, 2)
    view = np.ndarray((2, 3), kind, bytes(moved.data), strides=(104, 32))
    np.testing.assert_allclose(view["x"], 10, atol=1e-5)
    np.testing.assert_allclose(view["y"], points["x"], atol=1e-5)
    np.testing.assert_allclose(view["normal_y"], 1, atol=1e-6)
    np.testing.assert_array_equal(view["i"], 7)
    assert bytes(moved.data)[96:104] == b"\xaa" * 8


def test_clouds_are_transformed_through_the_buffer(ros):
    buffer = Buffer()
    buffer.set_transform_static(transform(x=1), "test")
    message, _, _ = cloud()
    assert buffer.transform(message, "odom").header.frame_id == "odom"
    message.fields = message.fields[1:]
    with pytest.raises(ValueError, match="'x'"):
        buffer.transform(message, "odom")


def test_points_keep_their_precision():
    points = np.ones((5, 3), np.float32)
    assert transform_points(points, transform(x=1)).dtype == np.float32
    assert transform_points([[1, 2, 3]], transform(x=1).transform).tolist() == [[2.0, 2.0, 3.0]]
