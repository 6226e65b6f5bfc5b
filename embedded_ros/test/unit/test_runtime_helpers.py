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


def test_what_is_missing_names_its_call(ros, node):
    from std_msgs.msg import String

    with pytest.raises(NotImplementedError, match=r"rclpy\.node\.Node\.handle"):
        node.handle  # noqa: B018
    with pytest.raises(NotImplementedError, match="content_filter_options"):
        node.create_subscription(String, "text", print, 1, content_filter_options=object())
    subscription = node.create_subscription(String, "text", print, 1)
    assert not subscription.is_cft_enabled
    with pytest.raises(NotImplementedError, match=r"rclpy\.subscription\.Subscription\.set_content_filter\(\)"):
        subscription.set_content_filter("data = 1", [])
    with pytest.raises(NotImplementedError, match=r"rclpy\.experimental\.EventsExecutor"):
        from rclpy.experimental import EventsExecutor  # noqa: F401
    from rclpy.impl.implementation_singleton import rclpy_implementation

    with pytest.raises(NotImplementedError, match=r"rclpy\._rclpy_pybind11\.rclpy_create_timer"):
        rclpy_implementation.rclpy_create_timer()


def test_service_introspection_can_only_be_off(node):
    from rclpy.qos import qos_profile_services_default
    from rclpy.service_introspection import ServiceIntrospectionState
    from std_srvs.srv import Trigger

    served = node.create_service(Trigger, "serve", lambda request, response: response)
    for entity in (served, node.create_client(Trigger, "serve")):
        entity.configure_introspection(node.get_clock(), qos_profile_services_default, ServiceIntrospectionState.OFF)
        with pytest.raises(NotImplementedError, match=r"rclpy\.\w+\.\w+\.configure_introspection\(\)"):
            entity.configure_introspection(
                node.get_clock(), qos_profile_services_default, ServiceIntrospectionState.CONTENTS
            )


@pytest.mark.parametrize("kind", ["SingleThreadedExecutor", "MultiThreadedExecutor"])
def test_a_callback_may_shut_its_executor_down(kind, ros, node):
    from rclpy import executors

    executor, answers = getattr(executors, kind)(), []
    executor.add_node(node)
    node.create_timer(0.01, lambda: answers.append(executor.shutdown(timeout_sec=60.0)))
    begin = time.monotonic()
    executor.spin()
    while not answers and time.monotonic() < begin + 5:
        time.sleep(0.01)
    assert answers == [True]
    assert executor.get_nodes() == []


def test_an_overdue_timer_of_a_busy_group_costs_no_processor_time(ros, node):
    from rclpy.executors import MultiThreadedExecutor

    executor, calls = MultiThreadedExecutor(2), []
    executor.add_node(node)
    node.create_timer(0.01, lambda: (calls.append(1), time.sleep(0.5)))
    begin = time.thread_time()
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.3)
    assert time.thread_time() - begin < 0.3
    assert calls
    executor.shutdown()


def path_of(part: str) -> str:
    import sysconfig

    import embedded_ros

    home = embedded_ros.__file__.removesuffix("__init__.py")
    roots = {"runtime": home + "supplied/", "site": sysconfig.get_path("purelib") + "/", "home": "/home/me/"}
    root, _, rest = part.partition(":")
    return {**roots, "std": sysconfig.get_path("stdlib") + "/"}.get(root, root) + rest


@pytest.mark.parametrize(
    ("stack", "held"),
    [
        (["runtime:rclpy/executors.py", "home:node.py"], True),
        (["std:threading.py", "runtime:rclpy/executors.py", "home:node.py"], True),
        (["site:numpy/core.py", "<string>", "runtime:rclpy/publisher.py", "home:node.py"], True),
        (["home:node.py", "runtime:rclpy/executors.py", "home:node.py"], False),
        (["site:numpy/core.py", "home:node.py", "runtime:message_filters/chain.py"], False),
        (["std:subprocess.py", "site:perception/node.py", "runtime:message_filters/chain.py"], False),
        (["site:torch/nn.py", "runtime:rclpy/_entity.py"], False),
        (["runtime:launch/launch_service.py"], False),
        (["std:threading.py"], False),
        ([], False),
    ],
)
def test_an_interrupt_is_held_back_where_the_innermost_own_code_is_the_runtimes(stack, held):
    from types import SimpleNamespace

    from embedded_ros import interrupts

    frame = None
    for part in reversed(stack):
        code = compile("", path_of(part), "exec")
        frame = SimpleNamespace(f_code=code, f_back=frame)
    assert interrupts._must_wait(frame) is held
