"""The action that starts a lifecycle node and takes it through its states."""

from __future__ import annotations

import asyncio
import math
from typing import Any

from launch import BaseEventHandler
from launch.actions import EmitEvent
from launch.events import matches_action
from launch.substitution import SomeSubstitutions

from ..event_handlers import OnStateTransition
from ..events.lifecycle import ChangeState, StateTransition
from ..ros_adapter import get_ros_node
from .node import Node

_SERVICE_SECONDS = 10.0


class LifecycleNode(Node):
    """A node with states: answers ``ChangeState`` events and reports its transitions.

    autostart: configure and activate it as soon as it is up.
    """

    def __init__(
        self, *, name: SomeSubstitutions, namespace: SomeSubstitutions, autostart: Any = False, **kwargs: Any
    ) -> None:
        super().__init__(name=name, namespace=namespace, **kwargs)
        self._autostart = autostart
        self._client: Any = None

    @property
    def is_lifecycle_node(self) -> bool:
        """Always true."""
        return True

    def execute(self, context: Any) -> None:
        """Connect to the node's services and events, and start it."""
        super().execute(context)
        if context.is_shutdown:
            return
        from lifecycle_msgs.msg import TransitionEvent
        from lifecycle_msgs.srv import ChangeState as ChangeStateService

        node = get_ros_node(context)
        loop = context.asyncio_loop

        def on_transition(msg: Any) -> None:  # in the thread of the node
            event = StateTransition(action=self, msg=msg)
            loop.call_soon_threadsafe(context.emit_event_sync, event)

        self._subscription = node.create_subscription(
            TransitionEvent, f"{self.node_name}/transition_event", on_transition, 10
        )
        self._client = node.create_client(ChangeStateService, f"{self.node_name}/change_state")
        context.register_event_handler(_ChangeStateHandler(self))
        if self._autostart if isinstance(self._autostart, bool) else str(self._autostart).lower() == "true":
            self._start_by_itself(context)

    def _start_by_itself(self, context: Any) -> None:
        from lifecycle_msgs.msg import Transition

        def change(transition: int) -> ChangeState:
            return ChangeState(lifecycle_node_matcher=matches_action(self), transition_id=transition)

        activate = EmitEvent(event=change(Transition.TRANSITION_ACTIVATE))
        context.register_event_handler(
            OnStateTransition(
                target_lifecycle_node=self,
                start_state="configuring",
                goal_state="inactive",
                entities=[activate],
                handle_once=True,
            )
        )
        context.emit_event_sync(change(Transition.TRANSITION_CONFIGURE))

    def change_state(self, context: Any, transition_id: int) -> None:
        """Ask the node to make a transition; a failure is reported and ends nothing."""
        task = context.asyncio_loop.create_task(self._change_state(context, transition_id))
        context.globals.setdefault("cancel_on_shutdown", []).append(task.cancel)
        context.add_completion_future(task)

    async def _change_state(self, context: Any, transition_id: int) -> None:
        request = self._client.srv_type.Request()
        request.transition.id = transition_id
        if not await self._wait_for_services(context):
            return
        answer = asyncio.get_running_loop().create_future()
        loop = context.asyncio_loop
        self._client.call_async(request).add_done_callback(
            lambda done: loop.call_soon_threadsafe(lambda: answer.done() or answer.set_result(done.result()))
        )
        response = await answer
        if response is None or not response.success:
            context.log.line("ERROR", "launch", f"{self.node_name} failed to make the transition {transition_id}")

    async def _wait_for_services(self, context: Any) -> bool:
        """Wait as long as the process runs, however long it takes to start; tell once that it takes long."""
        patience = context.asyncio_loop.time() + _SERVICE_SECONDS
        while not self._client.service_is_ready():
            if self._ended is not None and self._ended.is_set():
                return False
            if context.asyncio_loop.time() > patience:
                patience = math.inf
                context.log.line("ERROR", "launch", f"{self.node_name} offers no lifecycle services; waiting for them")
            await asyncio.sleep(0.05)
        return True


class _ChangeStateHandler(BaseEventHandler):
    """Answers ``ChangeState`` events that are meant for one node."""

    def __init__(self, action: LifecycleNode) -> None:
        super().__init__(matcher=lambda event: isinstance(event, ChangeState) and event.lifecycle_node_matcher(action))
        self._action = action

    def handle(self, event: Any, context: Any) -> None:
        """Ask the node."""
        super().handle(event, context)
        self._action.change_state(context, event.transition_id)
