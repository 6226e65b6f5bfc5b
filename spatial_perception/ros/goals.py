"""The action `~/estimate_layout`: an estimation on request, with progress and cancel."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, get_args

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup

from spatial_perception.action import EstimateLayout
from spatial_perception.models.base import Task
from spatial_perception.ros.convert.layouts import LayoutContext, layout_message
from spatial_perception.ros.estimations import NO_DATA, SUPERSEDED, Estimations, Request
from spatial_perception.ros.estimator_process import CANCELED, INVALID, MEMORY, TIMEOUT, EntityProgress

if TYPE_CHECKING:
    from rclpy.action.server import ServerGoalHandle

    from spatial_perception.ros.nodes.layout_node import LayoutNode

Result = EstimateLayout.Result
_CODES = {
    NO_DATA: Result.NO_DATA,
    INVALID: Result.INVALID_REQUEST,
    TIMEOUT: Result.TIMEOUT,
    MEMORY: Result.OUT_OF_MEMORY,
    CANCELED: Result.CANCELED,
    SUPERSEDED: Result.SUPERSEDED,
}
_TICK = 0.02
_FEEDBACK_PERIOD = 0.5


class GoalRunner:
    """Serves goals; each is a request that no periodic estimation displaces."""

    def __init__(self, node: LayoutNode) -> None:
        self._node = node
        # Each goal waits in a thread of the executor, which has some to spare.
        self._server = ActionServer(
            node, EstimateLayout, "~/estimate_layout", self._execute, callback_group=ReentrantCallbackGroup(),
            goal_callback=lambda goal: GoalResponse.ACCEPT, cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )  # fmt: skip

    def _execute(self, handle: ServerGoalHandle) -> Any:
        goal, settings = handle.request, self._node.settings.estimation
        task = goal.task or settings.task
        estimations = self._node.estimations
        if estimations is None:
            return _aborted(handle, Result.INACTIVE, "the node is not active; activate it first")
        if task not in get_args(Task):
            return _aborted(
                handle, Result.INVALID_REQUEST, f"unknown task '{task}'; choose from {', '.join(get_args(Task))}"
            )
        request = Request(task, tuple(goal.categories) or self._node.categories)
        self._serve(handle, request, estimations)
        return _answer(handle, request)

    def _serve(self, handle: ServerGoalHandle, request: Request, estimations: Estimations) -> None:
        """Wait for a request, sending feedback when it gets on, and twice a second."""
        said, is_canceled = 0.0, False
        progress = [("waiting", EntityProgress(0, 0.0, None))]
        request.on_progress = lambda *what: progress.append(what)
        estimations.submit(request, urgent=True)
        while not request.done.wait(_TICK) and self._node.context.ok():
            if handle.is_cancel_requested and not is_canceled:
                is_canceled = True
                estimations.cancel(request)
            if len(progress) > 1 or monotonic() - said > _FEEDBACK_PERIOD:
                said = monotonic()
                handle.publish_feedback(_latest(progress, request.task))
        if len(progress) > 1 and self._node.context.ok():
            handle.publish_feedback(_latest(progress, request.task))


def _latest(progress: list[tuple[str, EntityProgress]], task: str) -> Any:
    """Feedback on the last of the steps, with the last layout among them; only the last step stays in the list."""
    count = len(progress)
    steps = progress[:count]
    del progress[: count - 1]
    stage, so_far = steps[-1]
    layout = next((item.layout for _, item in reversed(steps) if item.layout is not None), None)
    feedback = EstimateLayout.Feedback(stage=stage, entity_count=so_far.entities)
    feedback.tokens_per_second = float(so_far.tokens_per_second)
    if layout is not None:
        feedback.layout = layout_message(layout, LayoutContext(task=task))
    return feedback


def _answer(handle: ServerGoalHandle, request: Request) -> Any:
    if request.fault is None and request.message is not None:
        handle.succeed()
        return Result(error_code=Result.NONE, layout=request.message)
    kind, text = request.fault or (CANCELED, "the node ends")
    code = _CODES.get(kind, Result.ESTIMATOR_FAILED)
    if handle.is_cancel_requested:
        handle.canceled()
        return Result(error_code=code, error_msg=text)
    return _aborted(handle, code, text)


def _aborted(handle: ServerGoalHandle, code: int, text: str) -> Any:
    handle.abort()
    return Result(error_code=code, error_msg=text)
