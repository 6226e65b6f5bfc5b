"""Listening to the parameters of other nodes."""

from __future__ import annotations

import pytest
from rclpy.parameter import Parameter

handler_module = pytest.importorskip("rclpy.parameter_event_handler", reason="not in this distribution")


@pytest.fixture
def nodes(make_node, spin):
    """A node with two parameters, a handler at another node, and a function that sets one and waits for the event."""
    owner, listener = make_node("owner", namespace="/robot"), make_node("listener", namespace="/robot")
    owner.declare_parameter("speed", 1.0)
    owner.declare_parameter("name", "r2")
    handler = handler_module.ParameterEventHandler(listener)
    events = []
    handler.add_parameter_event_callback(events.append)

    def change(name, value):
        """Set a parameter, return the event of it."""
        wanted = Parameter(name, value=value).to_parameter_msg().value
        assert owner.set_parameters([Parameter(name, value=value)])[0].successful

        def arrived():
            return [event for event in events if any(p.value == wanted for p in event.changed_parameters)]

        spin.until(listener, arrived, 1.0)
        return arrived()[-1] if arrived() else None

    assert any(change("speed", 100.0 + attempt) for attempt in range(10))  # until both sides know each other
    yield handler, change
    handler.destroy()


def test_callbacks_for_one_parameter(nodes):
    handler, change = nodes
    seen, other = [], []
    handle = handler.add_parameter_callback("speed", "/robot/owner", lambda p: seen.append(p.value.double_value))
    handler.add_parameter_callback("speed", "/robot/somebody", other.append)
    change("speed", 2.0)
    change("name", "c3po")
    assert (seen, other) == ([2.0], [])
    handler.remove_parameter_callback(handle)
    change("speed", 3.0)
    assert seen == [2.0]


def test_names_of_nodes_are_relative_to_the_listener(nodes):
    handler, change = nodes
    seen = []
    handler.add_parameter_callback("name", "owner", lambda p: seen.append(p.value.string_value))
    change("name", "bb8")
    assert seen == ["bb8"]


def test_the_latest_callback_comes_first(nodes):
    handler, change = nodes
    order = []
    for number in (1, 2):
        handler.add_parameter_callback("speed", "/robot/owner", lambda p, n=number: order.append(n))
    change("speed", 9.0)
    assert order == [2, 1]


def test_events_tell_what_changed(nodes):
    handler, change = nodes
    event = change("speed", 4.0)
    assert event.node == "/robot/owner"
    found = handler.get_parameter_from_event(event, "speed", "/robot/owner")
    assert found.value.double_value == 4.0
    assert handler.get_parameter_from_event(event, "speed", "/robot/listener") is None
    assert handler.get_parameter_from_event(event, "name", "/robot/owner") is None
    assert [parameter.name for parameter in handler.get_parameters_from_event(event)] == ["speed"]


def test_callbacks_can_be_removed_once(nodes):
    handler, _ = nodes
    handle = handler.add_parameter_event_callback(lambda event: None)
    handler.remove_parameter_event_callback(handle)
    with pytest.raises(RuntimeError):
        handler.remove_parameter_event_callback(handle)
