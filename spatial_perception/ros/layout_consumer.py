"""What nodes that live off a layout share: life cycle, parameters, the layout, the robot's pose, jumps of time, health."""

from __future__ import annotations

from abc import abstractmethod
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import Updater
from pydantic import BaseModel
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from tf2_ros import Buffer, TransformListener

from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.diagnostics import CLOCK_MISMATCH
from spatial_perception.ros.layout_feed import Known, LayoutFeed
from spatial_perception.ros.parameters import NodeSettings
from spatial_perception.ros.robot_pose import RobotPose
from spatial_perception.ros.time_jumps import watch_clock

if TYPE_CHECKING:
    from diagnostic_updater import DiagnosticStatusWrapper

S = TypeVar("S", bound=BaseModel)
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
TICK = 0.5
_PATIENCE, _REPEAT = 4.0, 60.0


class LayoutConsumer(LifecycleNode, Generic[S]):
    """Configure makes outputs, activate subscribes, deactivate unsubscribes, cleanup takes outputs back.

    The settings model has `autostart`, `frames` (ConsumerFrames), `inputs.layout` and `jumps` (ConsumerJumps).
    """

    def __init__(self, name: str, model: type[S]) -> None:
        super().__init__(name)
        self._parameters_of_node = NodeSettings(self, model, self._on_parameters)
        self.feed: LayoutFeed | None = None
        self._listener: TransformListener | None = None
        self._buffer = Buffer()
        self.robot = RobotPose(self, self._buffer, self.settings.frames.base)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._tick_group = MutuallyExclusiveCallbackGroup()
        self._tick_timer = self.create_timer(TICK, self._tick, callback_group=self._tick_group, clock=self._steady)
        self._tick_timer.cancel()
        self._explained = 0.0
        self.updater = Updater(self)
        self.updater.setHardwareID("none")
        self.updater.add("layout", self._layout_status)

    @property
    def settings(self) -> Any:
        """The parameters in force, of type S."""
        return self._parameters_of_node.values

    @property
    def now(self) -> float:
        """The time (s) on the clock of the node."""
        return float(self.get_clock().now().nanoseconds) / 1e9

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

    def start(self) -> None:
        """Configure and activate, where that is wanted; to be called at the end of construction."""
        if self.settings.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def close(self) -> None:
        """Stop all work and take the outputs back."""
        self._stop()
        self.free()

    # ------------------------------------------------------------------ for subclasses
    @abstractmethod
    def make(self) -> None:
        """Make the outputs; may raise SpatialPerceptionError, which fails the transition."""

    @abstractmethod
    def free(self) -> None:
        """Take the outputs back; may be called twice."""

    @abstractmethod
    def on_layout(self, known: Known) -> None:
        """A layout came."""

    @abstractmethod
    def on_clear(self, reason: str) -> None:
        """All that is known is void."""

    def on_tick(self) -> None:
        """Twice a second, by the wall clock, while active."""

    def on_stop(self) -> None:
        """The node is deactivated, or ends; may be called twice."""

    def on_settings(self, before: S, after: S) -> None:
        """Parameters were changed."""

    # ------------------------------------------------------------------ life cycle
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make outputs; FAILURE with one line of cause where that cannot be."""
        try:
            self.make()
        except (SpatialPerceptionError, OSError, MemoryError) as error:
            self.get_logger().error(f"cannot configure: {error}")
            self.free()
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe."""
        s = self.settings
        self._listener = TransformListener(self._buffer, self, spin_thread=False)
        self._jump_handle = watch_clock(self.get_clock(), s.jumps.backward, self._on_jump)
        self.feed = LayoutFeed(self, s.inputs.layout, s.jumps.backward, self.on_layout, self._on_epoch)
        self._explained = monotonic() - _REPEAT + _PATIENCE
        self._tick_timer.reset()
        self.get_logger().info(f"listening to {self.feed.state.topic}")
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe; outputs stay."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take the outputs back."""
        self.free()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """As deactivate and cleanup."""
        self.close()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything and be unconfigured again."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def _stop(self) -> None:
        self._tick_timer.cancel()
        feed, self.feed = self.feed, None
        self.on_stop()
        if feed is None:
            return
        feed.close()
        self._jump_handle.unregister()
        if self._listener is not None:
            self._listener.unregister()
            self._listener = None
        self._buffer.clear()

    # ------------------------------------------------------------------ events
    def _on_parameters(self, before: S, after: S) -> None:
        self.on_settings(before, after)

    def _on_epoch(self, reason: str) -> None:
        self.get_logger().warning(f"what was known is void: {reason}")
        self.on_clear(reason)

    def _on_jump(self, reason: str) -> None:
        self._buffer.clear()
        if self.feed is not None:
            self.feed.forget()
        self._on_epoch(reason)

    def _tick(self) -> None:
        feed = self.feed
        if feed is None:
            return
        if feed.known is None and feed.state.received == 0 and monotonic() - self._explained > _REPEAT:
            self._explained = monotonic()
            self.get_logger().warning(feed.explain())
        self.on_tick()

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
