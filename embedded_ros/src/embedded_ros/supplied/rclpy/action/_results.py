"""Goals of an action server, and the results that clients ask for before or after a goal's end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future

if TYPE_CHECKING:
    from rclpy.action.server import ServerGoalHandle

_ERROR_REJECTED, _ERROR_UNKNOWN_GOAL_ID, _ERROR_GOAL_TERMINATED = 1, 2, 3
_SWEEP_SEC = 1.0


class ResultStore:
    """Keeps goals while they are active and their results for a while after."""

    def __init__(self, node: Any, action_type: Any, timeout_ns: int, callback_group: Any) -> None:
        self._node, self._action_type, self._timeout = node, action_type, timeout_ns
        self._lock = threading.RLock()
        self._handles: dict[bytes, ServerGoalHandle] = {}
        self._futures: dict[bytes, Future] = {}
        self._ended: dict[bytes, int] = {}
        self._timer = node.create_timer(_SWEEP_SEC, self._sweep, ReentrantCallbackGroup(), autostart=False)

    def add(self, handle: ServerGoalHandle) -> None:
        """Keep a new goal."""
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            self._handles[key] = handle
            self._futures[key] = Future(executor=self._node.executor)

    def handle(self, goal_id: Any) -> ServerGoalHandle | None:
        """Return the goal of an id."""
        return self._handles.get(bytes(goal_id.uuid))

    def handles(self) -> list[ServerGoalHandle]:
        """Return all goals that are kept."""
        with self._lock:
            return list(self._handles.values())

    def finish(self, handle: ServerGoalHandle, result: Any) -> None:
        """Keep a result and give it to whoever waits for it."""
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            future = self._futures.get(key)
            self._ended[key] = self._node.get_clock().now().nanoseconds
        if future is not None and not future.done():
            future.set_result(self._action_type.Impl.GetResultService.Response(status=handle.status, result=result))
        if self._timeout >= 0 and self._timer.is_canceled():
            self._timer.reset()

    def forget(self, handle: ServerGoalHandle) -> None:
        """Keep a goal no longer."""
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            for kept in (self._handles, self._futures, self._ended):
                kept.pop(key, None)

    async def on_request(self, request: Any, response: Any) -> Any:
        """Answer a request for a result when there is one; unknown goals get status unknown."""
        future = self._futures.get(bytes(request.goal_id.uuid))
        if future is None:
            self._node.get_logger().debug("result of an unknown goal requested")
            return response
        return await future

    def select(self, goal_info: Any) -> list[ServerGoalHandle]:
        """Return the goals that a cancel request means: by id, up to a time, both, or all."""
        any_id = not any(bytes(goal_info.goal_id.uuid))
        limit = (goal_info.stamp.sec, goal_info.stamp.nanosec)
        chosen = []
        for handle in self.handles():
            stamp = handle._goal_info.stamp
            same = bytes(handle.goal_id.uuid) == bytes(goal_info.goal_id.uuid)
            if same or (any_id and limit == (0, 0)) or (limit != (0, 0) and (stamp.sec, stamp.nanosec) <= limit):
                chosen.append(handle)
        return chosen

    def refusal(self, goal_info: Any, chosen: list[ServerGoalHandle]) -> int:
        """Return why no goal is cancelled (action_msgs/CancelGoal)."""
        if not any(bytes(goal_info.goal_id.uuid)):
            return _ERROR_REJECTED if chosen else 0
        if not chosen:
            return _ERROR_UNKNOWN_GOAL_ID
        return _ERROR_GOAL_TERMINATED if all(not handle.is_active for handle in chosen) else _ERROR_REJECTED

    def close(self) -> None:
        """Forget everything."""
        self._node.destroy_timer(self._timer)
        with self._lock:
            for future in self._futures.values():
                future.cancel()
            self._handles.clear()
            self._futures.clear()

    def _sweep(self) -> None:
        now = self._node.get_clock().now().nanoseconds
        with self._lock:
            old = [key for key, ended in self._ended.items() if now - ended >= self._timeout]
            for key in old:
                for kept in (self._handles, self._futures, self._ended):
                    kept.pop(key, None)
            if not self._ended:
                self._timer.cancel()
