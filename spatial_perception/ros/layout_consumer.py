"""What nodes that live off a layout share: the layout, the robot's pose, health."""

from __future__ import annotations

from abc import abstractmethod
from time import monotonic
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import Updater

from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.diagnostics import CLOCK_MISMATCH
from spatial_perception.ros.layout_feed import Known, LayoutFeed
from spatial_perception.ros.managed_node import ManagedNode, S
from spatial_perception.ros.robot_pose import RobotPose

if TYPE_CHECKING:
    from diagnostic_updater import DiagnosticStatusWrapper

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_PATIENCE, _REPEAT = 4.0, 60.0


class LayoutConsumer(ManagedNode[S]):
    """A node that listens to layouts; a new epoch and jumps of time void what it knows.

    The settings model has `autostart`, `frames` (ConsumerFrames), `inputs.layout` and `jumps` (ConsumerJumps).
    """

    def __init__(self, name: str, model: type[S]) -> None:
        super().__init__(name, model)
        self.feed: LayoutFeed | None = None
        self.robot = RobotPose(self, self.transforms, self.settings.frames.base)
        self._explained = 0.0
        self.updater = Updater(self)
        self.updater.setHardwareID("none")
        self.updater.add("layout", self._layout_status)

    @property
    def is_active(self) -> bool:
        """Whether the node listens."""
        return self.feed is not None

    @property
    def known(self) -> Known | None:
        """The last layout, None before the first one and after a jump."""
        feed = self.feed
        return None if feed is None else feed.known

    def robot_pose(self) -> Pose | None:
        """Where the robot is in the frame of the layout, None where nobody knows."""
        known = self.known
        frame = "" if known is None else known.tracked.frame_id
        return self.robot.find(frame, self.settings.frames.pose_age)

    # ------------------------------------------------------------------ for subclasses
    @abstractmethod
    def on_layout(self, known: Known) -> None:
        """A layout came."""

    @abstractmethod
    def on_clear(self, reason: str) -> None:
        """All that is known is void."""

    def on_turn(self) -> None:
        """Twice a second, by the wall clock, while active."""

    def on_stop(self) -> None:
        """The node is deactivated, or ends; may be called twice."""

    # ------------------------------------------------------------------ work
    def listen(self) -> None:
        """Subscribe to layouts."""
        s = self.settings
        self.feed = LayoutFeed(self, s.inputs.layout, s.jumps.backward, self.on_layout, self._on_epoch)
        self._explained = monotonic() - _REPEAT + _PATIENCE
        self.get_logger().info(f"listening to {self.feed.state.topic}")

    def silence(self) -> None:
        """Unsubscribe; outputs stay."""
        feed, self.feed = self.feed, None
        self.on_stop()
        if feed is not None:
            feed.close()

    # ------------------------------------------------------------------ events
    def _on_epoch(self, reason: str) -> None:
        self.get_logger().warning(f"what was known is void: {reason}")
        self.on_clear(reason)

    def on_clock_jump(self, reason: str) -> None:
        """The layout is of another time."""
        if self.feed is not None:
            self.feed.forget()
        self._on_epoch(reason)

    def on_tick(self) -> None:
        """Explain a layout that does not come."""
        feed = self.feed
        if feed is None:
            return
        if feed.known is None and feed.state.received == 0 and monotonic() - self._explained > _REPEAT:
            self._explained = monotonic()
            self.get_logger().warning(feed.explain())
        self.on_turn()

    def _layout_status(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        feed = self.feed
        if feed is None:
            status.summary(OK, "inactive: no subscription")
            return status
        if feed.known is None:
            status.summary(
                WARN, feed.explain() if not feed.state.received else "what was known is void; waiting for a layout"
            )
            return status
        known, age = feed.known, self.now - feed.known.tracked.stamp
        status.summary(OK, f"{len(known.tracked.tracks)} entities, epoch {known.context.epoch}")
        if abs(age) > CLOCK_MISMATCH:
            status.summary(WARN, "stamps and clock are of different times: set use_sim_time alike in all nodes")
        status.add("age of the layout", f"{age:.1f} s")
        status.add("layouts received", str(feed.state.received))
        status.add("longest callback", f"{1000 * feed.state.longest_callback:.1f} ms")
        status.add("pose of the robot", self.robot.problem or "known")
        return status
