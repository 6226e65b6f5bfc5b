"""`scene_node`: answers questions about the scene that a layout describes, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nav_msgs.msg import OccupancyGrid

from spatial_perception._version import __version__
from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Layout, Provenance, Vec3
from spatial_perception.mapping.pose import Pose
from spatial_perception.msg import Answer as Codes
from spatial_perception.msg import RoomGraph
from spatial_perception.navigation.robot import Robot
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.parser import parse
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.solver import SpatialSolver
from spatial_perception.reasoning.wording import clean
from spatial_perception.ros.asking import AskAction, QuestionTopic
from spatial_perception.ros.convert.answers import LONGEST, printable
from spatial_perception.ros.convert.rooms import room_graph_from_message
from spatial_perception.ros.layout_consumer import ERROR, OK, WARN, LayoutConsumer
from spatial_perception.ros.layout_feed import Known
from spatial_perception.ros.managed_node import TICK
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.question_desk import Inquiry, QuestionDesk
from spatial_perception.ros.running import run, until_shutdown
from spatial_perception.ros.scene_keeper import SceneKeeper, viewer_of
from spatial_perception.ros.scene_outputs import SceneOutputs, message_of
from spatial_perception.ros.scene_services import SceneServices
from spatial_perception.ros.scene_settings import SceneSettings

if TYPE_CHECKING:
    from diagnostic_updater import DiagnosticStatusWrapper

    from spatial_perception.models.base import QuestionAnswerer

THREADS = 28
"""Each open question may hold a thread of the executor; the bounds of the parameters leave some for all else."""
_EXPIRY = 0.1


class SceneNode(LayoutConsumer[SceneSettings]):
    """Measures the scene first; what geometry cannot answer goes to `model`, a language model, where there is one."""

    def __init__(self, model: QuestionAnswerer | None = None) -> None:
        self._given_model = model
        self.keeper = SceneKeeper()
        self.desk: QuestionDesk | None = None
        self._outputs: SceneOutputs | None = None
        self._solver = SpatialSolver()
        self._model: QuestionAnswerer | None = None
        self._topics: list[Callable[[], object]] = []
        super().__init__("scene_node", SceneSettings)
        self._expiry = self.create_timer(_EXPIRY, self._expire, callback_group=self._tick_group, clock=self._steady)
        self._expiry.cancel()
        self._action = AskAction(self)
        self._services = SceneServices(self)
        self.updater.add("questions", self._question_status)
        self.start()

    # ------------------------------------------------------------------ life cycle
    def make(self) -> None:
        """Load the model, where one is wanted, and advertise the answers."""
        from spatial_perception.models.registry import load_answerer

        name = self.settings.questions.model
        self._model = self._given_model
        if self._model is None and name:
            self._model = load_answerer(name)
            self.get_logger().info(f"language model '{name}' is loaded")
        self._outputs = SceneOutputs(self)
        # The first question would otherwise wait for the dictionary.
        parse("where is the sofa?")

    def free(self) -> None:
        """Take the answers back, let go of the model."""
        if self._outputs is not None:
            self._outputs.close()
        self._outputs = self._model = None
        self.keeper.clear()

    def on_activate(self, state: Any) -> Any:
        """Take questions."""
        q = self.settings.questions
        self.desk = QuestionDesk(
            self._scene_of, self._ask_model if self._model is not None else None, self._settled,
            size=q.queue, threads=q.threads, rate=q.rate,
        )  # fmt: skip
        topic = QuestionTopic(self)
        self._topics = [topic.close]
        if self.settings.inputs.rooms:
            rooms = self.create_subscription(RoomGraph, self.settings.inputs.rooms, self._hear_rooms, LATCHED)
            self._topics.append(lambda: self.destroy_subscription(rooms))
        if self.settings.inputs.grid:
            grid = self.create_subscription(OccupancyGrid, self.settings.inputs.grid, self.keeper.hear_grid, LATCHED)
            self._topics.append(lambda: self.destroy_subscription(grid))
        self._expiry.reset()
        return super().on_activate(state)

    def on_stop(self) -> None:
        """Take no more questions; those that are open are canceled."""
        self._expiry.cancel()
        topics, self._topics = self._topics, []
        for close in topics:
            close()
        desk, self.desk = self.desk, None
        if desk is not None:
            desk.close()
        self.keeper.clear()

    # ------------------------------------------------------------------ the scene
    def on_layout(self, known: Known) -> None:
        """Answer from this layout from now on."""
        body = self.settings.robot
        self.keeper.update(known, Robot(body.radius, body.height, body.step))

    def on_clear(self, reason: str) -> None:
        """Open questions are void, and so is what is shown."""
        self.keeper.clear()
        if self.desk is not None:
            self.desk.clear(reason)
        if self._outputs is not None:
            with until_shutdown(self):
                self._outputs.clear(self.now)

    def _hear_rooms(self, message: Any) -> None:
        self.keeper.hear_rooms(room_graph_from_message(message), message.map_epoch)

    def _scene_of(self, inquiry: Inquiry) -> Scene | None:
        viewer = inquiry.viewer or viewer_of(self.robot_pose())
        found = self.keeper.scene(viewer, self.now, self.settings.scene)
        if found is not None:
            inquiry.source, scene = found
            return replace(scene, images=inquiry.images) if inquiry.images else scene
        # A model that sees may answer from images alone.
        return Scene(Layout(), images=inquiry.images) if inquiry.images and self._model is not None else None

    # ------------------------------------------------------------------ questions
    def inquiry(
        self,
        text: str,
        max_time: float = 0.0,
        *,
        work: Callable[[Inquiry, Scene], Answer | None] | None = None,
        options: tuple[str, ...] = (),
    ) -> Inquiry:
        """A question to submit: cleaned, with a time limit (s) of at most the configured one."""
        most = self.settings.questions.max_time
        allowed = min(max_time, most) if max_time > 0 else most
        cleaned = tuple(clean(option) for option in options[:26])
        return Inquiry(clean(text), work or self._measure, allowed, options=cleaned, answerer=self._solver.name)

    def look_from(self, inquiry: Inquiry, viewer: Any) -> str:
        """Let an inquiry be seen from a pose (PoseStamped), where it has a frame; returns what is wrong with it."""
        known = self.known
        if not viewer.header.frame_id or known is None:
            return ""
        try:
            p, o = viewer.pose.position, viewer.pose.orientation
            pose = Pose.of_quaternion((p.x, p.y, p.z), (o.x, o.y, o.z, o.w))
        except CloudError as error:
            return f"the viewer's pose is no pose: {error}"
        frame = known.tracked.frame_id
        if viewer.header.frame_id.lstrip("/") != frame:
            place = self.robot.look_up(frame, viewer.header.frame_id.lstrip("/"))
            if place is None:
                return f"the viewer's pose cannot be used: {self.robot.problem}"
            pose = place @ pose
        inquiry.viewer = viewer_of(pose)
        return ""

    def refusal(self, inquiry: Inquiry, reason: str) -> Any:
        """The message of an inquiry that never got to the desk."""
        inquiry.answer = Answer(
            inquiry.text, f"The question was not taken on: {reason}", Status.TIMEOUT, confidence=0.0
        )
        inquiry.status = Codes.REFUSED
        return self.message(inquiry)

    def message(self, inquiry: Inquiry) -> Any:
        """The message of a settled inquiry."""
        if inquiry.answer is None:
            return self.refusal(inquiry, "the node ends")
        return message_of(inquiry, inquiry.source)

    def _measure(self, inquiry: Inquiry, scene: Scene) -> Answer | None:
        """By geometry; None hands the question on to the model."""
        limit = max(inquiry.left, 0.001)
        answer = self._solver.ask(
            inquiry.text, scene, inquiry.options, max_time=limit, cancelled=lambda: inquiry.is_over
        )
        understood = answer.status not in (Status.PARSE_ERROR, Status.NO_SCENE)
        return answer if understood or self._model is None or not inquiry.text else None

    def _ask_model(self, inquiry: Inquiry, scene: Scene) -> Answer:
        """By the model, as it speaks. Its words are data; nothing here can verify them, unless it says more than words."""
        assert self._model is not None
        inquiry.answerer = self._model.name
        limit = max(inquiry.left, 0.001)
        pieces = self._model.stream(
            inquiry.text, scene, inquiry.options, max_time=limit, cancelled=lambda: inquiry.is_over
        )
        for piece in pieces:
            inquiry.partial = printable(inquiry.partial + piece)
            if inquiry.is_over or len(inquiry.partial) >= LONGEST:
                break
        text = inquiry.partial.strip()
        provenance = Provenance(self._model.name, __version__)
        return Answer(inquiry.text, text, Status.UNVERIFIED, confidence=0.5, kind="Model", provenance=provenance)

    def _settled(self, inquiry: Inquiry) -> None:
        """Publish and draw an answer."""
        outputs, answer = self._outputs, inquiry.answer
        if outputs is None or answer is None:
            return
        with until_shutdown(self):
            message = self.message(inquiry)
            outputs.publish(message)
            if self.settings.outputs.markers and message.header.frame_id:
                outputs.draw(answer, message, _standing(inquiry))

    def _expire(self) -> None:
        if self.desk is not None:
            self.desk.expire()

    # ------------------------------------------------------------------ diagnostics
    def on_turn(self) -> None:
        """Report a model that does not come to an end."""
        desk = self.desk
        if desk is not None and any(inquiry.left < -TICK for inquiry in desk.model.current):
            self.get_logger().warning(
                "the language model is still busy with a question that was given up", throttle_duration_sec=30.0
            )

    def _question_status(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        desk = self.desk
        if desk is None:
            status.summary(OK, "inactive: no questions are taken")
            return status
        stuck = [inquiry for lane in (desk.solving, desk.model) for inquiry in lane.current if inquiry.left < -TICK]
        status.summary(OK, f"{desk.counts.answered} answered")
        if desk.counts.failed:
            status.summary(ERROR, f"{desk.counts.failed} questions made an answerer fail; see their answers")
        if stuck:
            status.summary(WARN, f"{len(stuck)} questions that were given up still keep an answerer busy")
        status.add("taken, refused, given up", f"{desk.counts.taken}, {desk.counts.refused}, {desk.counts.given_up}")
        status.add("waiting", str(len(desk.solving.waiting) + len(desk.model.waiting)))
        status.add("last answer took", f"{1000 * desk.last_seconds:.0f} ms")
        if self.settings.inputs.grid:
            status.add("grid", self.keeper.grid_problem or "used")
        status.add("language model", "none" if self._model is None else self._model.name)
        return status


def _standing(inquiry: Inquiry) -> Vec3 | None:
    scene = inquiry.scene
    return None if scene is None or scene.robot is None else (scene.robot.x, scene.robot.y, scene.floor)


def main() -> int:
    """Run the node."""
    # Callbacks get their turn soon while questions are worked on.
    sys.setswitchinterval(0.0002)
    return run(SceneNode, threads=THREADS)


if __name__ == "__main__":
    raise SystemExit(main())
