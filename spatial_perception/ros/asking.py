"""How questions come in and answers go out: the action `~/ask` and the topic `~/question`."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from std_msgs.msg import String

from spatial_perception.action import Ask
from spatial_perception.errors import CloudError
from spatial_perception.msg import Answer as AnswerMsg
from spatial_perception.ros.convert.images import colour_pixels, stored_image
from spatial_perception.ros.question_desk import Inquiry, QuestionDesk

if TYPE_CHECKING:
    from rclpy.action.server import ServerGoalHandle

    from spatial_perception.ros.nodes.scene_node import SceneNode

TICK = 0.02
_ABORTED = (AnswerMsg.REFUSED, AnswerMsg.FAILED, AnswerMsg.CANCELED, AnswerMsg.TIMEOUT)
MOST_IMAGES = 64
_FEEDBACK_PERIOD = 0.5
_QUEUED = 20
"""Questions on the topic that the middleware keeps while the callback is busy."""


class AskAction:
    """Serves goals; each waits in a thread of the executor, which has some to spare."""

    def __init__(self, node: SceneNode) -> None:
        self._node = node
        self._server = ActionServer(
            node, Ask, "~/ask", self._execute, callback_group=ReentrantCallbackGroup(),
            goal_callback=lambda goal: GoalResponse.ACCEPT, cancel_callback=lambda handle: CancelResponse.ACCEPT,
        )  # fmt: skip

    def _execute(self, handle: ServerGoalHandle) -> Any:
        goal, node = handle.request, self._node
        inquiry = node.inquiry(goal.question, goal.max_time, options=tuple(goal.options))
        problem = _see(inquiry, goal.images) or node.look_from(inquiry, goal.viewer)
        desk = node.desk
        if problem or desk is None:
            return self._end(handle, node.refusal(inquiry, problem or "the node is not active; activate it first"))
        desk.submit(inquiry)
        self._wait(handle, inquiry, desk)
        return self._end(handle, node.message(inquiry))

    def _wait(self, handle: ServerGoalHandle, inquiry: Inquiry, desk: QuestionDesk) -> None:
        """Until the answer is there, sending feedback when it gets on, and twice a second."""
        said, before = ("", ""), 0.0
        while not inquiry.finished.wait(TICK) and self._node.context.ok():
            if handle.is_cancel_requested:
                desk.cancel(inquiry)
            elif inquiry.left <= 0:
                desk.expire()
            elif (inquiry.stage, inquiry.partial) != said or monotonic() - before > _FEEDBACK_PERIOD:
                said, before = (inquiry.stage, inquiry.partial), monotonic()
                handle.publish_feedback(Ask.Feedback(stage=said[0], text=said[1], ahead=desk.ahead(inquiry)))

    def _end(self, handle: ServerGoalHandle, message: AnswerMsg) -> Any:
        """A goal that got an answer succeeds, whatever the answer says; aborted is what was not taken on, late, or failed."""
        if handle.is_cancel_requested:
            handle.canceled()
        elif message.status in _ABORTED:
            handle.abort()
        else:
            handle.publish_feedback(Ask.Feedback(stage="answered", text=message.text))
            handle.succeed()
        return Ask.Result(answer=message)


def _see(inquiry: Inquiry, images: Any) -> str:
    """Give an inquiry the images of a goal; returns what is wrong with them."""
    if len(images) > MOST_IMAGES:
        return f"{len(images)} images are too many; give at most {MOST_IMAGES}"
    try:
        inquiry.images = tuple(colour_pixels(stored_image(image)) for image in images)
    except CloudError as error:
        return f"an image cannot be read: {error}"
    return ""


class QuestionTopic:
    """Takes questions from `~/question`; their answers go to `~/answer`, as all do."""

    def __init__(self, node: SceneNode) -> None:
        self._node = node
        group = MutuallyExclusiveCallbackGroup()
        self._subscription = node.create_subscription(String, "~/question", self._ask, _QUEUED, callback_group=group)

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_subscription(self._subscription)

    def _ask(self, message: Any) -> None:
        desk = self._node.desk
        if desk is not None:
            desk.submit(self._node.inquiry(message.data))
