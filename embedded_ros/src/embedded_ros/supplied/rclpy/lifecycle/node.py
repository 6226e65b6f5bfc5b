"""Lifecycle nodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rclpy._rclpy_pybind11 import RCLError
from rclpy.lifecycle import states
from rclpy.lifecycle.managed_entity import ManagedEntity
from rclpy.lifecycle.publisher import LifecyclePublisher
from rclpy.lifecycle.states import Transition, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.qos import QoSProfile


class LifecycleState(NamedTuple):
    """A state: its label and number."""

    label: str
    state_id: int


class LifecycleNodeMixin(ManagedEntity):
    """Adds the life cycle to a node: states, callbacks, services and managed entities."""

    def __init__(self, *, enable_communication_interface: bool = True, callback_group: Any = None) -> None:
        """Start unconfigured; with ``enable_communication_interface`` the five services and the event topic are there."""
        self._impl_state = states.UNCONFIGURED
        self._impl_managed: list[ManagedEntity] = []
        self._impl_transition_lock = threading.RLock()
        self._impl_event_publisher: Any = None
        self._impl_callbacks: dict[int, Callable[[Any], TransitionCallbackReturn]] = {
            10: lambda state: self.on_configure(state),
            11: lambda state: self.on_cleanup(state),
            12: lambda state: self.on_shutdown(state),
            13: lambda state: self.on_activate(state),
            14: lambda state: self.on_deactivate(state),
            15: lambda state: self.on_error(state),
        }
        if enable_communication_interface:
            self._impl_offer_services(callback_group)

    def _impl_offer_services(self, callback_group: Any) -> None:
        from lifecycle_msgs.msg import TransitionEvent
        from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState

        self._impl_event_publisher = Node.create_publisher(self, TransitionEvent, "~/transition_event", 10)
        for name, kind, callback in (
            ("change_state", ChangeState, self._impl_on_change_state),
            ("get_state", GetState, self._impl_on_get_state),
            ("get_available_states", GetAvailableStates, self._impl_on_get_states),
            ("get_available_transitions", GetAvailableTransitions, self._impl_on_get_transitions),
            ("get_transition_graph", GetAvailableTransitions, self._impl_on_get_graph),
        ):
            self.create_service(kind, f"~/{name}", callback, callback_group=callback_group)

    # Triggers

    def trigger_configure(self) -> TransitionCallbackReturn:
        """Configure; raises RCLError when the state does not allow it."""
        return self._impl_trigger_label("configure")

    def trigger_cleanup(self) -> TransitionCallbackReturn:
        """Clean up; raises RCLError when the state does not allow it."""
        return self._impl_trigger_label("cleanup")

    def trigger_shutdown(self) -> TransitionCallbackReturn:
        """Shut down; raises RCLError when the state does not allow it."""
        return self._impl_trigger_label("shutdown")

    def trigger_activate(self) -> TransitionCallbackReturn:
        """Activate; raises RCLError when the state does not allow it."""
        return self._impl_trigger_label("activate")

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        """Deactivate; raises RCLError when the state does not allow it."""
        return self._impl_trigger_label("deactivate")

    def _impl_trigger_label(self, label: str) -> TransitionCallbackReturn:
        transition = next((t for t in states.available(self._impl_state) if t.label == label), None)
        if transition is None:
            current = states.STATES[self._impl_state]
            raise RCLError(
                f"Failed to trigger lifecycle state machine transition: no transition '{label}' from {current}"
            )
        return self._impl_trigger(transition)

    def _impl_trigger(self, transition: Transition) -> TransitionCallbackReturn:
        """Run a transition to its end, error processing included; return what its own callback returned."""
        with self._impl_transition_lock:
            before = self._impl_state
            self._impl_enter(transition.goal, transition.id, transition.label)
            outcome = self._impl_run(before)
            self._impl_leave(outcome)
            if self._impl_state == states.ERROR_PROCESSING:
                self._impl_leave(self._impl_run(transition.goal))
            return outcome

    def _impl_run(self, previous: int) -> TransitionCallbackReturn:
        """Run the callback of the current transition state; an exception counts as an error."""
        callback = self._impl_callbacks[self._impl_state]
        try:
            outcome = callback(LifecycleState(states.STATES[previous], previous))
        except Exception as error:
            self.get_logger().error(
                f"callback of state {states.STATES[self._impl_state]} raised {type(error).__name__}: {error}"
            )
            return TransitionCallbackReturn.ERROR
        if not isinstance(outcome, TransitionCallbackReturn):
            self.get_logger().error(
                f"callback of state {states.STATES[self._impl_state]} returned {outcome!r}, no TransitionCallbackReturn"
            )
            return TransitionCallbackReturn.ERROR
        return outcome

    def _impl_leave(self, outcome: TransitionCallbackReturn) -> None:
        state = self._impl_state
        success, failure = states.OUTCOMES[state]
        error = states.FINALIZED if state == states.ERROR_PROCESSING else states.ERROR_PROCESSING
        index = {TransitionCallbackReturn.SUCCESS: 0, TransitionCallbackReturn.FAILURE: 1}.get(outcome, 2)
        self._impl_enter((success, failure, error)[index], states.INNER_IDS[state][index], outcome.to_label())

    def _impl_enter(self, goal: int, transition_id: int, label: str) -> None:
        start, self._impl_state = self._impl_state, goal
        if self._impl_event_publisher is None:
            return
        from lifecycle_msgs.msg import State, TransitionEvent
        from lifecycle_msgs.msg import Transition as TransitionMsg

        self._impl_event_publisher.publish(
            TransitionEvent(
                timestamp=self.get_clock().now().nanoseconds,
                transition=TransitionMsg(id=transition_id, label=label),
                start_state=State(id=start, label=states.STATES[start]),
                goal_state=State(id=goal, label=states.STATES[goal]),
            )
        )

    # Callbacks of the states: they call those of all managed entities

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_configure", state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_cleanup", state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Shut down; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_shutdown", state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_activate", state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_deactivate", state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Recover from an error; overrides call this one for the managed entities."""
        return self._impl_all_managed("on_error", state)

    def _impl_all_managed(self, method: str, state: LifecycleState) -> TransitionCallbackReturn:
        for entity in list(self._impl_managed):
            outcome = getattr(entity, method)(state)
            if outcome is not TransitionCallbackReturn.SUCCESS:
                return outcome
        return TransitionCallbackReturn.SUCCESS

    def add_managed_entity(self, entity: ManagedEntity) -> None:
        """Pass transitions on to an entity."""
        self._impl_managed.append(entity)

    @property
    def managed_entities(self) -> Iterable[ManagedEntity]:
        """Return the managed entities."""
        return tuple(self._impl_managed)

    def create_lifecycle_publisher(
        self, msg_type: Any, topic: str, qos_profile: QoSProfile | int, **options: Any
    ) -> LifecyclePublisher:
        """Create a publisher that is silent while the node is not active."""
        options["publisher_class"] = LifecyclePublisher
        publisher = Node.create_publisher(self, msg_type, topic, qos_profile, **options)
        self.add_managed_entity(publisher)
        return publisher

    def destroy_lifecycle_publisher(self, publisher: LifecyclePublisher) -> bool:
        """Destroy a lifecycle publisher; return whether it was this node's."""
        self._impl_managed = [entity for entity in self._impl_managed if entity is not publisher]
        return Node.destroy_publisher(self, publisher)

    # Services

    def _impl_on_change_state(self, request: Any, response: Any) -> Any:
        wanted = request.transition
        with self._impl_transition_lock:
            choices = states.available(self._impl_state)
            found = next((t for t in choices if t.label == wanted.label), None) if wanted.label else None
            found = found or next((t for t in choices if t.id == wanted.id), None)
            response.success = found is not None and self._impl_trigger(found) is TransitionCallbackReturn.SUCCESS
            if found is None:
                self.get_logger().error(
                    f"no transition {wanted.label or wanted.id} from state {states.STATES[self._impl_state]}"
                )
        return response

    def _impl_on_get_state(self, request: Any, response: Any) -> Any:
        response.current_state.id, response.current_state.label = self._impl_state, states.STATES[self._impl_state]
        return response

    def _impl_on_get_states(self, request: Any, response: Any) -> Any:
        from lifecycle_msgs.msg import State

        response.available_states = [State(id=number, label=label) for number, label in states.STATES.items()]
        return response

    def _impl_on_get_transitions(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_description(transition) for transition in states.available(self._impl_state)]
        return response

    def _impl_on_get_graph(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_description(transition) for transition in states.graph()]
        return response


class LifecycleNode(LifecycleNodeMixin, Node):
    """A node with a managed life cycle."""

    def __init__(self, node_name: str, *, enable_communication_interface: bool = True, **kwargs: Any) -> None:
        """Join the graph, unconfigured; keywords are those of Node."""
        Node.__init__(self, node_name, **kwargs)
        LifecycleNodeMixin.__init__(self, enable_communication_interface=enable_communication_interface)


def _description(transition: Transition) -> Any:
    from lifecycle_msgs.msg import State, TransitionDescription
    from lifecycle_msgs.msg import Transition as TransitionMsg

    return TransitionDescription(
        transition=TransitionMsg(id=transition.id, label=transition.label),
        start_state=State(id=transition.start, label=states.STATES[transition.start]),
        goal_state=State(id=transition.goal, label=states.STATES[transition.goal]),
    )
