"""Lifecycle nodes: states, transitions, failures, publishers, services."""

from __future__ import annotations

import pytest
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from std_msgs.msg import String

SUCCESS, FAILURE, ERROR = (
    TransitionCallbackReturn.SUCCESS,
    TransitionCallbackReturn.FAILURE,
    TransitionCallbackReturn.ERROR,
)


class Recorder(LifecycleNode):
    """Notes its callbacks with the state it comes from; returns or raises what it is told to."""

    def __init__(self, name="managed", **answers):
        super().__init__(name)
        self.answers = answers
        self.calls = []

    def answer(self, name, state):
        self.calls.append((name, state.label))
        given = self.answers.get(name, SUCCESS)
        if isinstance(given, Exception):
            raise given
        return given

    def on_configure(self, state):
        return self.answer("configure", state)

    def on_cleanup(self, state):
        return self.answer("cleanup", state)

    def on_activate(self, state):
        super().on_activate(state)
        return self.answer("activate", state)

    def on_deactivate(self, state):
        super().on_deactivate(state)
        return self.answer("deactivate", state)

    def on_shutdown(self, state):
        return self.answer("shutdown", state)

    def on_error(self, state):
        return self.answer("error", state)


@pytest.fixture
def managed(ros):
    made = []

    def make(**answers):
        made.append(Recorder(**answers))
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()


@pytest.fixture
def call(managed, make_node, spin):
    """A managed node, and a function that calls one of its services."""
    node, client_node = managed(), make_node("client")
    spin.background(node, client_node)

    def call(service, name, **fields):
        client = client_node.create_client(service, f"/managed/{name}")
        assert client.wait_for_service(timeout_sec=60.0)
        return client.call(service.Request(**fields))

    return node, call


def test_the_whole_life(managed):
    node = managed()
    for trigger in ("configure", "activate", "deactivate", "cleanup", "configure", "shutdown"):
        assert getattr(node, f"trigger_{trigger}")() == SUCCESS
    assert node.calls == [
        ("configure", "unconfigured"),
        ("activate", "inactive"),
        ("deactivate", "active"),
        ("cleanup", "inactive"),
        ("configure", "unconfigured"),
        ("shutdown", "inactive"),
    ]


def test_transitions_that_are_not_possible(managed):
    node = managed()
    with pytest.raises(Exception):  # noqa: B017, PT011 - RCLError has no public home
        node.trigger_activate()
    assert node.calls == []


def test_a_failure_leaves_the_state_as_it_was(call):
    node, request = call
    node.answers["configure"] = FAILURE
    assert not request(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CONFIGURE)).success
    assert request(GetState, "get_state").current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    assert [name for name, _ in node.calls] == ["configure"]


@pytest.mark.parametrize("trouble", [ERROR, ValueError("in the callback")])
def test_errors_are_handled_by_on_error(call, trouble):
    node, request = call
    node.answers["configure"] = trouble
    assert not request(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CONFIGURE)).success
    assert [name for name, _ in node.calls] == ["configure", "error"]
    assert request(GetState, "get_state").current_state.id == State.PRIMARY_STATE_UNCONFIGURED


def test_an_error_in_on_error_is_the_end(call):
    node, request = call
    node.answers.update(configure=ERROR, error=FAILURE)
    request(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CONFIGURE))
    assert request(GetState, "get_state").current_state.id == State.PRIMARY_STATE_FINALIZED


def test_services(call):
    _, request = call
    assert request(GetState, "get_state").current_state.label == "unconfigured"
    states = {s.label for s in request(GetAvailableStates, "get_available_states").available_states}
    assert {"unconfigured", "inactive", "active", "finalized", "configuring"} <= states
    transitions = request(GetAvailableTransitions, "get_available_transitions").available_transitions
    assert {t.transition.label for t in transitions} == {"configure", "shutdown"}
    assert request(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CONFIGURE)).success
    assert request(ChangeState, "change_state", transition=Transition(label="activate")).success
    assert request(GetState, "get_state").current_state.id == State.PRIMARY_STATE_ACTIVE
    assert not request(ChangeState, "change_state", transition=Transition(id=Transition.TRANSITION_CLEANUP)).success
    graph = request(GetAvailableTransitions, "get_transition_graph").available_transitions
    assert len(graph) > 10


def test_transitions_are_announced(managed, make_node, spin):
    node, listener = managed(), make_node("listener")
    events = []
    listener.create_subscription(TransitionEvent, "/managed/transition_event", events.append, 10)
    assert spin.until(listener, lambda: node.count_subscribers("/managed/transition_event") > 0)
    spin.for_seconds(listener, 0.3)
    node.trigger_configure()
    assert spin.until(listener, lambda: len(events) >= 2)
    steps = [(e.start_state.label, e.goal_state.label) for e in events]
    assert steps == [("unconfigured", "configuring"), ("configuring", "inactive")]


def test_publishers_publish_when_active(managed, make_node, spin):
    node, listener = managed(), make_node("listener")
    publisher = node.create_lifecycle_publisher(String, "data", 10)
    received = []
    listener.create_subscription(String, "data", received.append, 10)
    assert spin.until(listener, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(String(data="too early"))
    node.trigger_configure()
    publisher.publish(String(data="still too early"))
    node.trigger_activate()
    assert publisher.is_activated
    publisher.publish(String(data="now"))
    assert spin.until(listener, lambda: received)
    node.trigger_deactivate()
    publisher.publish(String(data="too late"))
    spin.for_seconds(listener, 0.2)
    assert [m.data for m in received] == ["now"]
