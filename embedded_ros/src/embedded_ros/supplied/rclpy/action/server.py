"""Servers of actions."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Any

from rclpy._entity import await_or_execute
from rclpy._rclpy_pybind11 import RCLError
from rclpy.action._results import ResultStore
from rclpy.constants import S_TO_NS
from rclpy.qos import QoSProfile, qos_profile_action_status_default, qos_profile_services_default
from rclpy.type_support import check_is_valid_action_type

RESULT_TIMEOUT = 10  # seconds a result is kept after the goal's end


class GoalResponse(enum.Enum):
    """Answer to a new goal."""

    REJECT = 1
    ACCEPT = 2


class CancelResponse(enum.Enum):
    """Answer to a cancel request."""

    REJECT = 1
    ACCEPT = 2


class GoalEvent(enum.IntEnum):
    """What happens to a goal."""

    EXECUTE = 1
    CANCEL_GOAL = 2
    SUCCEED = 3
    ABORT = 4
    CANCELED = 5


_ACCEPTED, _EXECUTING, _CANCELING, _SUCCEEDED, _CANCELED, _ABORTED = 1, 2, 3, 4, 5, 6
_ACTIVE = (_ACCEPTED, _EXECUTING, _CANCELING)
_MOVES = {
    (_ACCEPTED, GoalEvent.EXECUTE): _EXECUTING,
    (_ACCEPTED, GoalEvent.CANCEL_GOAL): _CANCELING,
    (_EXECUTING, GoalEvent.CANCEL_GOAL): _CANCELING,
    (_EXECUTING, GoalEvent.SUCCEED): _SUCCEEDED,
    (_EXECUTING, GoalEvent.ABORT): _ABORTED,
    (_CANCELING, GoalEvent.SUCCEED): _SUCCEEDED,
    (_CANCELING, GoalEvent.ABORT): _ABORTED,
    (_CANCELING, GoalEvent.CANCELED): _CANCELED,
}


class ServerGoalHandle:
    """A goal that a server accepted."""

    def __init__(self, action_server: ActionServer, goal_info: Any, goal_request: Any) -> None:
        self._action_server, self._goal_info, self._goal_request = action_server, goal_info, goal_request
        self._status = _ACCEPTED
        self._lock = threading.Lock()

    @property
    def request(self) -> Any:
        """Return the goal."""
        return self._goal_request

    @property
    def goal_id(self) -> Any:
        """Return the goal's unique_identifier_msgs/UUID."""
        return self._goal_info.goal_id

    @property
    def status(self) -> int:
        """Return the status (action_msgs/GoalStatus)."""
        return self._status

    @property
    def is_active(self) -> bool:
        """Return whether the goal has not ended."""
        return self._status in _ACTIVE

    @property
    def is_cancel_requested(self) -> bool:
        """Return whether the goal is to be cancelled."""
        return self._status == _CANCELING

    def execute(self, execute_callback: Callable[[Any], Any] | None = None) -> None:
        """Begin to execute the goal, now or later than accepted."""
        self._action_server._execute_goal_soon(self, execute_callback)

    def publish_feedback(self, feedback: Any) -> None:
        """Send feedback; raises TypeError for another type."""
        if not isinstance(feedback, self._action_server._action_type.Impl.FeedbackMessage):
            if not isinstance(feedback, self._action_server._action_type.Feedback):
                raise TypeError(f"Expected {self._action_server._action_type.Feedback}, got {type(feedback)}")
            feedback = self._action_server._action_type.Impl.FeedbackMessage(feedback=feedback)
        feedback.goal_id = self.goal_id
        self._action_server._feedback_pub.publish(feedback)

    def succeed(self, response: Any = None) -> None:
        """End as succeeded; raises RCLError when the goal has ended."""
        self._move(GoalEvent.SUCCEED)

    def abort(self, response: Any = None) -> None:
        """End as aborted; raises RCLError when the goal has ended."""
        self._move(GoalEvent.ABORT)

    def canceled(self, response: Any = None) -> None:
        """End as cancelled; raises RCLError unless that was requested."""
        self._move(GoalEvent.CANCELED)

    def destroy(self) -> None:
        """Forget the goal."""
        self._action_server._results.forget(self)

    def _move(self, event: GoalEvent) -> None:
        with self._lock:
            status = _MOVES.get((self._status, event))
            if status is None:
                raise RCLError(
                    f"Failed to update goal state: goal in status {self._status} cannot take event {event.name}"
                )
            self._status = status
        self._action_server._publish_status()

    def __repr__(self) -> str:
        return f"ServerGoalHandle <id={bytes(self.goal_id.uuid)!r}, status={self._status}>"


class ActionServer:
    """Executes goals."""

    def __init__(
        self, node: Any, action_type: Any, action_name: str, execute_callback: Callable[[Any], Any], *,
        callback_group: Any = None,
        goal_callback: Callable[[Any], Any] | None = None, handle_accepted_callback: Callable[[Any], Any] | None = None,
        cancel_callback: Callable[[Any], Any] | None = None,
        goal_service_qos_profile: QoSProfile = qos_profile_services_default,
        result_service_qos_profile: QoSProfile = qos_profile_services_default,
        cancel_service_qos_profile: QoSProfile = qos_profile_services_default,
        feedback_pub_qos_profile: QoSProfile | None = None,
        status_pub_qos_profile: QoSProfile = qos_profile_action_status_default,
        result_timeout: float = RESULT_TIMEOUT,
    ) -> None:  # fmt: skip
        """Serve an action by name; results are kept ``result_timeout`` seconds after a goal's end.

        Raises NoTypeSupportImportedException, InvalidTopicNameException and TypeError for callbacks that are none.
        """
        check_is_valid_action_type(action_type)
        if not callable(execute_callback):
            raise TypeError("Failed to register goal execution callback: not callable")
        self._node, self._action_type, self._group = node, action_type, callback_group or node.default_callback_group
        self._execute_callback = execute_callback
        self.register_goal_callback(goal_callback)
        self.register_handle_accepted_callback(handle_accepted_callback)
        self.register_cancel_callback(cancel_callback)
        self._lock = threading.RLock()
        base, impl = f"{node.resolve_service_name(action_name)}/_action", action_type.Impl
        group = {"callback_group": self._group}
        self._status_pub = node.create_publisher(
            impl.GoalStatusMessage, f"{base}/status", status_pub_qos_profile, **group
        )
        feedback_qos = feedback_pub_qos_profile or QoSProfile(depth=10)
        self._feedback_pub = node.create_publisher(impl.FeedbackMessage, f"{base}/feedback", feedback_qos, **group)
        self._results = ResultStore(node, action_type, int(result_timeout * S_TO_NS), self._group)
        self._services = [
            node.create_service(
                impl.SendGoalService, f"{base}/send_goal", self._on_goal, qos_profile=goal_service_qos_profile, **group
            ),
            node.create_service(
                impl.CancelGoalService,
                f"{base}/cancel_goal",
                self._on_cancel,
                qos_profile=cancel_service_qos_profile,
                **group,
            ),
            node.create_service(
                impl.GetResultService,
                f"{base}/get_result",
                self._results.on_request,
                qos_profile=result_service_qos_profile,
                **group,
            ),
        ]

    # Callbacks

    def register_handle_accepted_callback(self, callback: Callable[[Any], Any] | None) -> None:
        """Set what happens to accepted goals; None executes them at once. Raises TypeError."""
        self._handle_accepted_callback = _checked(callback, "handle accepted") or (lambda handle: handle.execute())

    def register_goal_callback(self, callback: Callable[[Any], Any] | None) -> None:
        """Set what accepts or rejects goals; None accepts all. Raises TypeError."""
        self._goal_callback = _checked(callback, "goal") or (lambda request: GoalResponse.ACCEPT)

    def register_cancel_callback(self, callback: Callable[[Any], Any] | None) -> None:
        """Set what accepts or rejects cancelling; None rejects all. Raises TypeError."""
        self._cancel_callback = _checked(callback, "cancel") or (lambda handle: CancelResponse.REJECT)

    def register_execute_callback(self, callback: Callable[[Any], Any]) -> None:
        """Set what executes goals; raises TypeError."""
        if not callable(callback):
            raise TypeError("Failed to register goal execution callback: not callable")
        self._execute_callback = callback

    # Goals

    async def _on_goal(self, request: Any, response: Any) -> Any:
        from action_msgs.msg import GoalInfo

        if self._results.handle(request.goal_id) is not None:
            self._node.get_logger().error("Failed to accept new goal: its id is in use")
            return response
        answer = await self._ask(self._goal_callback, request.goal, GoalResponse, "goal")
        response.accepted = answer is GoalResponse.ACCEPT
        if response.accepted:
            response.stamp = self._node.get_clock().now().to_msg()
            handle = ServerGoalHandle(self, GoalInfo(goal_id=request.goal_id, stamp=response.stamp), request.goal)
            self._results.add(handle)
            self._publish_status()
            # The client must hear that its goal is accepted before anything else happens to it.
            self._node._impl_wake_executor()
            self._schedule(self._handle_accepted, handle)
        return response

    async def _ask(self, callback: Callable[[Any], Any], argument: Any, kind: type[enum.Enum], what: str) -> Any:
        try:
            answer = await await_or_execute(callback, argument)
        except Exception as error:
            self._node.get_logger().error(f"Error raised in {what} callback: {error}")
            return kind.REJECT  # type: ignore[attr-defined]
        if not isinstance(answer, kind):
            self._node.get_logger().warn(f"{what} callback returned {answer!r}, not a {kind.__name__}; rejecting")
            return kind.REJECT  # type: ignore[attr-defined]
        return answer

    def _schedule(self, function: Callable[..., Any], *args: Any) -> None:
        executor = self._node.executor
        if executor is not None:
            executor.create_task(function, *args)

    async def _handle_accepted(self, handle: ServerGoalHandle) -> None:
        await await_or_execute(self._handle_accepted_callback, handle)

    def _execute_goal_soon(self, handle: ServerGoalHandle, execute_callback: Callable[[Any], Any] | None) -> None:
        if not handle.is_cancel_requested:
            handle._move(GoalEvent.EXECUTE)
        self._schedule(self._execute_goal, execute_callback or self._execute_callback, handle)

    async def _execute_goal(self, callback: Callable[[Any], Any], handle: ServerGoalHandle) -> None:
        """Run the execute callback; a goal that it did not end is aborted."""
        try:
            result = await await_or_execute(callback, handle)
        except Exception as error:
            self._node.get_logger().error(f"Error raised in execute callback: {type(error).__name__}: {error}")
            result = None
        if result is None:
            result = self._action_type.Result()
        elif not isinstance(result, self._action_type.Result):
            self._node.get_logger().error(
                f"execute callback returned {type(result).__name__}, not {self._action_type.Result}"
            )
            result = self._action_type.Result()
        if handle.is_active:
            self._node.get_logger().warn(
                f"Goal state not set, assuming aborted. Goal ID: {bytes(handle.goal_id.uuid).hex()}"
            )
            handle.abort()
        self._results.finish(handle, result)

    async def _on_cancel(self, request: Any, response: Any) -> Any:
        """Cancel one goal, those up to a time, or all, as the request says (action_msgs/CancelGoal)."""
        chosen = self._results.select(request.goal_info)
        for handle in chosen:
            if not handle.is_active or handle.is_cancel_requested:
                continue
            if (
                await self._ask(self._cancel_callback, handle, CancelResponse, "cancel") is CancelResponse.ACCEPT
                and handle.is_active
            ):
                handle._move(GoalEvent.CANCEL_GOAL)
                response.goals_canceling.append(handle._goal_info)
        if not response.goals_canceling:
            response.return_code = self._results.refusal(request.goal_info, chosen)
        return response

    def _publish_status(self) -> None:
        from action_msgs.msg import GoalStatus

        with self._lock:
            listed = [
                GoalStatus(goal_info=handle._goal_info, status=handle.status) for handle in self._results.handles()
            ]
            if self._node.context.ok() and not self._status_pub._destroyed:
                self._status_pub.publish(self._action_type.Impl.GoalStatusMessage(status_list=listed))

    def destroy(self) -> None:
        """Stop serving."""
        self._results.close()
        for service in self._services:
            self._node.destroy_service(service)
        for publisher in (self._status_pub, self._feedback_pub):
            self._node.destroy_publisher(publisher)

    def __enter__(self) -> ActionServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()


def _checked(callback: Callable[[Any], Any] | None, what: str) -> Callable[[Any], Any] | None:
    if callback is not None and not callable(callback):
        raise TypeError(f"Failed to register {what} callback: not callable")
    return callback
