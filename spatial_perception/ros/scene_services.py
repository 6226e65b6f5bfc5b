"""The services of `scene_node`: what a description means, how far things are apart, where something would stand, goals."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING, Any

from geometry_msgs.msg import Vector3
from rclpy.callback_groups import ReentrantCallbackGroup

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Layout
from spatial_perception.msg import Answer as Codes
from spatial_perception.navigation.navigator import NavigationMap, Navigator
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.lookup import Measure, ground, measure
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.solver import SpatialSolver
from spatial_perception.ros.asking import TICK
from spatial_perception.ros.consumer_settings import RobotBody
from spatial_perception.ros.convert.answers import check_text, entity_box, point
from spatial_perception.ros.object_goals import fill_goals, pose2
from spatial_perception.ros.question_desk import Inquiry
from spatial_perception.srv import GetObjectGoal, Ground, MeasureDistance, ProposeEdit

if TYPE_CHECKING:
    from spatial_perception.ros.nodes.scene_node import SceneNode

_MODES: dict[int, Measure] = {
    MeasureDistance.Request.CENTER: "center",
    MeasureDistance.Request.GAP: "gap",
    MeasureDistance.Request.HORIZONTAL: "horizontal",
}
_EDITS = ("Move", "Place", "Fits")
_NO_EDIT = "That is no proposal to move or place something; say for instance: put a chair next to the desk."


class SceneServices:
    """Offers the services. Each call is a question like any other: it waits its turn, has a time limit, may be refused."""

    def __init__(self, node: SceneNode) -> None:
        self._node = node
        self._solver = SpatialSolver()
        self._made: tuple[Layout, RobotBody, NavigationMap] | None = None
        group = ReentrantCallbackGroup()
        node.create_service(Ground, "~/ground", self._ground, callback_group=group)
        node.create_service(MeasureDistance, "~/measure_distance", self._measure, callback_group=group)
        node.create_service(ProposeEdit, "~/propose_edit", self._propose, callback_group=group)
        node.create_service(GetObjectGoal, "~/get_object_goal", self._goal, callback_group=group)

    def _ground(self, request: Any, response: Any) -> Any:
        answer = self._asked(response, request.description, lambda inquiry, scene: ground(inquiry.text, scene))
        response.entities, response.boxes = list(answer.entities), [entity_box(box) for box in answer.boxes]
        return response

    def _measure(self, request: Any, response: Any) -> Any:
        kind = _MODES.get(request.mode)
        response.distance = nan
        if kind is None:
            response.status, response.message = Codes.PARSE_ERROR, f"unknown mode {request.mode}; 0, 1 and 2 are known"
            return response
        first, second = request.first, request.second
        answer = self._asked(
            response, f"{first[:256]} - {second[:256]}", lambda _, scene: measure(first, second, scene, kind)
        )
        if answer.answered and answer.value is not None and answer.segments:
            response.distance = answer.value
            response.points = [point(end) for end in answer.segments[0]]
            response.entities = list(answer.entities)
        return response

    def _propose(self, request: Any, response: Any) -> Any:
        answer = self._asked(response, request.instruction, self._edited, request.max_time)
        response.checks = [check_text(check) for check in answer.checks]
        response.entities = list(answer.entities)
        if answer.proposal is not None and answer.answered:
            p = answer.proposal
            response.proposed, response.repaired = [entity_box(p.new)], p.repaired
            response.current = [entity_box(box) for box in _boxes(p.old)]
            response.offset = Vector3(**{axis: float(v) for axis, v in zip("xyz", p.offset)})
        return response

    def _edited(self, inquiry: Inquiry, scene: Scene) -> Answer:
        answer = self._solver.ask(
            inquiry.text, scene, max_time=max(inquiry.left, 0.001), cancelled=lambda: inquiry.is_over
        )
        if answer.kind in _EDITS or not answer.kind:
            return answer
        return Answer(answer.question, _NO_EDIT, Status.PARSE_ERROR, confidence=0.0)

    def _goal(self, request: Any, response: Any) -> Any:
        def work(inquiry: Inquiry, scene: Scene) -> Answer:
            place, robot = self._place(inquiry), pose2(self._node.robot_pose(), scene.layout.frame_id)
            return fill_goals(request, response, place, scene, robot)

        self._asked(response, request.label, work)
        if response.status != Codes.OK:
            response.poses, response.entities, response.rooms, response.gaps = [], [], [], []
        return response

    def _place(self, inquiry: Inquiry) -> NavigationMap:
        """The navigation map of the layout that an inquiry is about, made when goals are first asked for."""
        assert inquiry.scene is not None
        layout, body, made = inquiry.scene.layout, self._node.settings.robot, self._made
        if made is None or made[0] is not layout or made[1] != body:
            settings = NavigationSettings(radius=body.radius, height=body.height, step=body.step)
            made = (layout, body, Navigator(settings).update(layout))
            self._made = made
        return made[2]

    def _asked(
        self, response: Any, text: str, work: Callable[[Inquiry, Scene], Answer | None], max_time: float = 0.0
    ) -> Answer:
        """Ask and wait; fills in status, message and header."""
        node, desk = self._node, self._node.desk
        inquiry = node.inquiry(text, max_time, work=work)
        if desk is None:
            message = node.refusal(inquiry, "the node is not active; activate it first")
        else:
            desk.submit(inquiry)
            while not inquiry.finished.wait(TICK) and node.context.ok():
                desk.expire()
            message = node.message(inquiry)
        response.status, response.message = message.status, message.text
        if hasattr(response, "header"):
            response.header = message.header
        assert inquiry.answer is not None
        return inquiry.answer


def _boxes(box: OrientedBox | None) -> tuple[OrientedBox, ...]:
    return () if box is None else (box,)
