"""Clients of actions."""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections.abc import Callable
from typing import Any

from rclpy._waiting import wait_for_future
from rclpy.qos import QoSProfile, qos_profile_action_status_default, qos_profile_services_default
from rclpy.task import Future
from rclpy.type_support import check_is_valid_action_type

_UNKNOWN = 0
_FINISHED = (4, 5, 6)  # succeeded, canceled, aborted


class ClientGoalHandle:
    """A goal that a client sent."""

    def __init__(self, action_client: ActionClient, goal_id: Any, goal_response: Any) -> None:
        self._action_client = action_client
        self._goal_id = goal_id
        self._goal_response = goal_response
        self._status = _UNKNOWN

    @property
    def goal_id(self) -> Any:
        """Return the goal's unique_identifier_msgs/UUID."""
        return self._goal_id

    @property
    def stamp(self) -> Any:
        """Return when the server accepted the goal."""
        return self._goal_response.stamp

    @property
    def accepted(self) -> bool:
        """Return whether the server accepted the goal."""
        return self._goal_response.accepted

    @property
    def status(self) -> int:
        """Return the goal's last known status (action_msgs/GoalStatus)."""
        return self._status

    def cancel_goal(self) -> Any:
        """Return the response to a cancel request, waiting for it while another thread spins."""
        return self._action_client._cancel_goal(self)

    def cancel_goal_async(self) -> Future:
        """Ask to cancel; return a future of the response."""
        return self._action_client._cancel_goal_async(self)

    def get_result(self) -> Any:
        """Return status and result, waiting for them while another thread spins."""
        return self._action_client._get_result(self)

    def get_result_async(self) -> Future:
        """Return a future of status and result."""
        return self._action_client._get_result_async(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientGoalHandle) and self._goal_id == other._goal_id

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClientGoalHandle <id={bytes(self._goal_id.uuid)!r}, accepted={self.accepted}, status={self.status}>"


class ActionClient:
    """Sends goals to an action server."""

    def __init__(
        self, node: Any, action_type: Any, action_name: str, *, callback_group: Any = None,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_sub_qos_profile: QoSProfile | None = None,
        status_sub_qos_profile: QoSProfile = qos_profile_action_status_default,
    ) -> None:  # fmt: skip
        """Join an action by name; raises NoTypeSupportImportedException and InvalidTopicNameException."""
        check_is_valid_action_type(action_type)
        self._node, self._action_type, self._action_name = node, action_type, action_name
        self._lock = threading.Lock()
        self._feedback_callbacks: dict[bytes, Callable[[Any], Any]] = {}
        self._goal_handles: dict[bytes, weakref.ReferenceType[ClientGoalHandle]] = {}
        group = {"callback_group": callback_group}
        base, impl = f"{node.resolve_service_name(action_name)}/_action", action_type.Impl
        self._send_client = node.create_client(
            impl.SendGoalService, f"{base}/send_goal", qos_profile=goal_service_qos_profile, **group
        )
        self._cancel_client = node.create_client(
            impl.CancelGoalService, f"{base}/cancel_goal", qos_profile=cancel_service_qos_profile, **group
        )
        self._result_client = node.create_client(
            impl.GetResultService, f"{base}/get_result", qos_profile=result_service_qos_profile, **group
        )
        feedback_qos = feedback_sub_qos_profile or QoSProfile(depth=10)
        self._feedback_sub = node.create_subscription(
            impl.FeedbackMessage, f"{base}/feedback", self._on_feedback, feedback_qos, **group
        )
        self._status_sub = node.create_subscription(
            impl.GoalStatusMessage, f"{base}/status", self._on_status, status_sub_qos_profile, **group
        )

    def send_goal(
        self, goal: Any, *, feedback_callback: Callable[[Any], Any] | None = None, goal_uuid: Any = None
    ) -> Any:
        """Return status and result of a goal (None when rejected), waiting while another thread spins."""
        handle = self._wait(self.send_goal_async(goal, feedback_callback, goal_uuid))
        return handle.get_result() if handle.accepted else None

    def send_goal_async(
        self, goal: Any, feedback_callback: Callable[[Any], Any] | None = None, goal_uuid: Any = None
    ) -> Future:
        """Send a goal; return a future of its ClientGoalHandle. Raises TypeError for another type."""
        if not isinstance(goal, self._action_type.Goal):
            raise TypeError(f"Expected {self._action_type.Goal}, got {type(goal)}")
        request = self._action_type.Impl.SendGoalService.Request(
            goal=goal, goal_id=goal_uuid or self._generate_random_uuid()
        )
        key = bytes(request.goal_id.uuid)
        if feedback_callback is not None:
            self._feedback_callbacks[key] = feedback_callback
        outcome = Future(executor=self._node.executor)

        def accepted(future: Future) -> None:
            if future.cancelled() or future.exception() is not None:
                self._feedback_callbacks.pop(key, None)
                outcome.set_exception(future.exception()) if future.exception() is not None else outcome.cancel()
                return
            handle = ClientGoalHandle(self, request.goal_id, future.result())
            if handle.accepted:
                with self._lock:
                    self._goal_handles[key] = weakref.ref(handle)
            else:
                self._feedback_callbacks.pop(key, None)
            outcome.set_result(handle)

        self._send_client.call_async(request).add_done_callback(accepted)
        return outcome

    def server_is_ready(self) -> bool:
        """Return whether a server is there."""
        services = (self._send_client, self._cancel_client, self._result_client)
        topics = (self._feedback_sub, self._status_sub)
        return all(c.service_is_ready() for c in services) and all(s.get_publisher_count() for s in topics)

    def wait_for_server(self, timeout_sec: float | None = None) -> bool:
        """Return whether a server appeared within ``timeout_sec`` seconds (None: wait until shutdown)."""
        deadline = None if timeout_sec is None or timeout_sec < 0 else time.monotonic() + timeout_sec
        while self._node.context.ok() and not self.server_is_ready():
            left = 0.1 if deadline is None else min(0.1, deadline - time.monotonic())
            if left <= 0:
                break
            self._node.context.graph.wait_until(self.server_is_ready, left)
        return self.server_is_ready()

    def destroy(self) -> None:
        """Leave the action."""
        for client in (self._send_client, self._cancel_client, self._result_client):
            self._node.destroy_client(client)
        for subscription in (self._feedback_sub, self._status_sub):
            self._node.destroy_subscription(subscription)

    def _generate_random_uuid(self) -> Any:
        from unique_identifier_msgs.msg import UUID

        return UUID(uuid=uuid.uuid4().bytes)

    def _wait(self, future: Future) -> Any:
        wait_for_future(future, self._node.context, None)
        return future.result()

    def _cancel_goal(self, handle: ClientGoalHandle) -> Any:
        return self._wait(self._cancel_goal_async(handle))

    def _cancel_goal_async(self, handle: ClientGoalHandle) -> Future:
        request = self._action_type.Impl.CancelGoalService.Request()
        request.goal_info.goal_id = handle.goal_id
        return self._cancel_client.call_async(request)

    def _get_result(self, handle: ClientGoalHandle) -> Any:
        return self._wait(self._get_result_async(handle))

    def _get_result_async(self, handle: ClientGoalHandle) -> Future:
        future = self._result_client.call_async(self._action_type.Impl.GetResultService.Request(goal_id=handle.goal_id))

        def finished(done: Future) -> None:
            if not done.cancelled() and done.exception() is None:
                handle._status = done.result().status
                self._feedback_callbacks.pop(bytes(handle.goal_id.uuid), None)

        future.add_done_callback(finished)
        return future

    def _on_feedback(self, message: Any) -> Any:
        callback = self._feedback_callbacks.get(bytes(message.goal_id.uuid))
        return callback(message) if callback is not None else None

    def _on_status(self, message: Any) -> None:
        for status in message.status_list:
            key = bytes(status.goal_info.goal_id.uuid)
            with self._lock:
                reference = self._goal_handles.get(key)
                handle = reference() if reference is not None else None
                if handle is not None:
                    handle._status = status.status
                if handle is None or status.status in _FINISHED:
                    self._goal_handles.pop(key, None)

    def __enter__(self) -> ActionClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()
