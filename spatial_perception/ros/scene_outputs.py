"""What `scene_node` publishes: answers and what they look like."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING, Any

from visualization_msgs.msg import MarkerArray

from spatial_perception.layout.entities import Vec3
from spatial_perception.msg import Answer as AnswerMsg
from spatial_perception.reasoning.answers import Answer
from spatial_perception.ros.convert.answer_markers import answer_markers
from spatial_perception.ros.convert.answers import AnswerContext, answer_message
from spatial_perception.ros.convert.marker_diff import MarkerDiff
from spatial_perception.ros.qos import LATCHED

if TYPE_CHECKING:
    from rclpy.node import Node

    from spatial_perception.ros.question_desk import Inquiry
    from spatial_perception.ros.scene_keeper import KnownScene


class SceneOutputs:
    """The publishers. The last answer is drawn until the next one; answers themselves are not latched."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._drawn, self._frame_id = MarkerDiff(), ""
        self._answers = node.create_publisher(AnswerMsg, "~/answer", 10)
        self._markers = node.create_publisher(MarkerArray, "~/markers", LATCHED)

    def close(self) -> None:
        """Take the topics back."""
        for publisher in (self._answers, self._markers):
            self._node.destroy_publisher(publisher)

    def publish(self, message: AnswerMsg) -> None:
        """Send an answer."""
        self._answers.publish(message)

    def draw(self, answer: Answer, message: AnswerMsg, robot: Vec3 | None) -> None:
        """Show an answer in place of the one before."""
        with self._lock:
            self._frame_id = message.header.frame_id
            self._markers.publish(self._drawn.update(answer_markers(answer, message.header, robot), message.header))

    def clear(self, stamp: float) -> None:
        """Show nothing any more."""
        with self._lock:
            if self._frame_id:
                self._markers.publish(self._drawn.cleared(self._frame_id, stamp))


def message_of(inquiry: Inquiry, current: KnownScene | None) -> Any:
    """The message of a settled inquiry; geometry is in the frame of the layout that it was answered from."""
    answer = inquiry.answer
    assert answer is not None
    took = monotonic() - inquiry.began
    if current is None or inquiry.scene is None:
        return answer_message(answer, AnswerContext(answerer=inquiry.answerer, duration=took), inquiry.status)
    tracked = current.known.tracked
    context = AnswerContext(tracked.frame_id, tracked.stamp, current.known.context.epoch, inquiry.answerer, took)
    return answer_message(answer, context, inquiry.status)
