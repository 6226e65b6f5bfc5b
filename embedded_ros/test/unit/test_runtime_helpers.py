"""Interfaces by name, messages as plain values, callbacks on parameter events."""

from __future__ import annotations

import time

import pytest


def test_interfaces_by_name():
    from rosidl_runtime_py.utilities import get_action, get_interface, get_message, get_service
    from sensor_msgs.msg import Image
    from std_srvs.srv import Trigger

    assert (
        get_message("sensor_msgs/msg/Image")
        is get_message("sensor_msgs/Image")
        is get_interface("sensor_msgs/Image")
        is Image
    )
    assert get_service("std_srvs/srv/Trigger") is Trigger
    assert get_action("nav2_msgs/action/NavigateToPose").Goal().pose.pose.orientation.w == 1.0
    with pytest.raises(ValueError, match="Expected"):
        get_service("sensor_msgs/msg/Image")
    with pytest.raises(LookupError):
        get_message("nothing_msgs/msg/Nothing")


def test_plain_values():
    from geometry_msgs.msg import PoseStamped
    from rosidl_runtime_py import message_to_csv, message_to_ordereddict, message_to_yaml, set_message_fields

    pose = PoseStamped()
    set_message_fields(pose, {"header": {"frame_id": "map"}, "pose": {"position": {"x": 2}}})
    assert (pose.header.frame_id, pose.pose.position.x, pose.pose.orientation.w) == ("map", 2.0, 1.0)
    assert message_to_ordereddict(pose)["header"]["frame_id"] == "map"
    assert message_to_csv(pose) == "0,0,map,2.0,0.0,0.0,0.0,0.0,0.0,1.0"
    assert "frame_id: map" in message_to_yaml(pose)
    with pytest.raises(NotImplementedError, match="no_arr"):
        message_to_yaml(pose, no_arr=True)


def test_parameter_events_of_other_nodes(ros, node):
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.parameter import Parameter
    from rclpy.parameter_event_handler import ParameterEventHandler

    other = ros.create_node("other", namespace="/far")
    other.declare_parameter("speed", 1.0)
    handler = ParameterEventHandler(node)
    changes, events = [], []
    handle = handler.add_parameter_callback("speed", "/far/other", changes.append)
    handler.add_parameter_event_callback(events.append)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end = time.monotonic() + 5
    while other.count_subscribers("/parameter_events") < 1 and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    while not other._parameter_event_publisher.get_subscription_count() and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    other.set_parameters([Parameter("speed", value=2.0)])
    while not (changes and events) and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    assert changes[-1].value.double_value == 2.0
    assert [p.name for p in handler.get_parameters_from_event(events[-1])] == ["speed"]
    handler.remove_parameter_callback(handle)
    with pytest.raises(RuntimeError):
        handler.remove_parameter_callback(handle)
    executor.shutdown()
    handler.destroy()
    other.destroy_node()


def test_what_is_missing_names_its_call(ros, node):
    from std_msgs.msg import String

    with pytest.raises(NotImplementedError, match=r"rclpy\.node\.Node\.handle"):
        node.handle  # noqa: B018
    with pytest.raises(NotImplementedError, match="content_filter_options"):
        node.create_subscription(String, "text", print, 1, content_filter_options=object())
