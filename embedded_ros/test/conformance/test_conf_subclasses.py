"""Subclasses of nodes are free to use any private name that the base class does not document."""

from __future__ import annotations

import pytest
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

_ATTRIBUTES = (  # noqa: SIM905
    "_timers _subscriptions _publishers _clients _services _guards _waitables _name _namespace _record _rosout _state "
    "_managed _event_publisher _arguments _destroyed _announcing _executor_ref _lock _queue _qos _running _thread"
).split()
_METHODS = (  # noqa: SIM905
    "_init_parameters _init_services _init_name _init_collections _resolve _adopt _destroy _disconnect _entities _run "
    "_enter _leave _trigger _store _prepare _info _declare_one _publish_event _wake_executor _add_to_graph _after_set"
).split()


def _occupied(base: type) -> type:
    """Return a subclass that uses all those names for other things."""

    def refuse(self, a, b, c, d, e, f):  # no caller within the base class could have meant this
        raise AssertionError("the base class called a method of the subclass")

    class Occupied(base):
        def __init__(self, name):
            for attribute in _ATTRIBUTES:
                setattr(self, attribute, None)
            super().__init__(name)
            for attribute in _ATTRIBUTES:
                setattr(self, attribute, 1)

    for method in _METHODS:
        setattr(Occupied, method, refuse)
    return Occupied


@pytest.fixture(params=[Node, LifecycleNode])
def occupied(request, node):  # the context is up as long as the other node
    found = _occupied(request.param)("occupied")
    yield found
    found.destroy_node()


def test_private_names_of_subclasses_are_their_own(occupied, spin):
    received, ticks = [], []
    occupied.create_subscription(String, "chatter", received.append, 10)
    publisher = occupied.create_publisher(String, "chatter", 10)
    occupied.create_timer(0.01, lambda: ticks.append(1))
    occupied.create_service(Trigger, "trigger", lambda request, response: response)
    client = occupied.create_client(Trigger, "trigger")
    occupied.create_guard_condition(lambda: None)
    occupied.declare_parameter("number", 3)
    assert occupied.set_parameters([occupied.get_parameter("number")])[0].successful
    assert spin.until(occupied, lambda: publisher.get_subscription_count() > 0 and client.service_is_ready())
    publisher.publish(String(data="hello"))
    answer = client.call_async(Trigger.Request())
    assert spin.until(occupied, lambda: received and ticks and answer.done())
    assert occupied.get_name() == "occupied"
    assert occupied.count_publishers("chatter") == 1
    assert all(getattr(occupied, name) == 1 for name in _ATTRIBUTES)


def test_the_life_cycle_does_not_depend_on_them(node):
    found = _occupied(LifecycleNode)("occupied")
    assert found.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert found.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert found.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    found.destroy_node()
