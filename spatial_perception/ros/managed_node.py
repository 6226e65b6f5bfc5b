"""The life cycle that all nodes of this package with a state share; each adds what it makes, hears and frees."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from tf2_ros import Buffer, TransformListener

from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.ros.parameters import NodeSettings
from spatial_perception.ros.time_jumps import watch_clock

S = TypeVar("S", bound=BaseModel)
TICK = 0.5


class ManagedNode(LifecycleNode, Generic[S]):
    """Configure makes what work needs, activate subscribes, deactivate stops work, cleanup frees everything.

    The settings model has `autostart` and `jumps.backward`. `transforms` holds TF while the node is active.
    """

    def __init__(self, name: str, model: type[S]) -> None:
        super().__init__(name)
        self._parameters_of_node = NodeSettings(self, model, self.on_settings)
        self.transforms = Buffer()
        self._listener: TransformListener | None = None
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._tick_group = MutuallyExclusiveCallbackGroup()
        self._tick_timer = self.create_timer(TICK, self.on_tick, callback_group=self._tick_group, clock=self._steady)
        self._tick_timer.cancel()

    @property
    def settings(self) -> Any:
        """The parameters in force, of type S."""
        return self._parameters_of_node.values

    @property
    def now(self) -> float:
        """The time (s) on the clock of the node."""
        return float(self.get_clock().now().nanoseconds) / 1e9

    def start(self) -> None:
        """Configure and activate, where that is wanted; to be called at the end of construction."""
        if self.settings.autostart and self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def close(self) -> None:
        """Stop all work and free everything."""
        self._stop()
        self.free()

    # ------------------------------------------------------------------ for subclasses
    @abstractmethod
    def make(self) -> None:
        """Make what work needs; SpatialPerceptionError, OSError and MemoryError fail the transition with one line."""

    @abstractmethod
    def free(self) -> None:
        """Free what `make` made and take back what was published; may be called twice."""

    @abstractmethod
    def listen(self) -> None:
        """Subscribe and begin to work."""

    @abstractmethod
    def silence(self) -> None:
        """Unsubscribe and stop work; may be called twice."""

    @abstractmethod
    def on_clock_jump(self, reason: str) -> None:
        """The clock was set back or forth; transforms of another time are forgotten already."""

    @abstractmethod
    def on_tick(self) -> None:
        """Twice a second, by the wall clock, while active."""

    def on_settings(self, before: S, after: S) -> None:
        """Parameters were changed."""

    # ------------------------------------------------------------------ life cycle
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Make what work needs; FAILURE with one line of cause where that cannot be."""
        try:
            self.make()
        except (SpatialPerceptionError, OSError, MemoryError) as error:
            self.get_logger().error(f"cannot configure: {error}")
            self.free()
            return TransitionCallbackReturn.FAILURE
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe and begin to work."""
        self._listener = TransformListener(self.transforms, self, spin_thread=False)
        self._jump_handle = watch_clock(self.get_clock(), self.settings.jumps.backward, self._on_jump)
        self.listen()
        self._tick_timer.reset()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop work; what was made stays."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free everything, take the results back from whoever shows them."""
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
        self.silence()
        if self._listener is None:
            return
        self._jump_handle.unregister()
        self._listener.unregister()
        self._listener = None
        self.transforms.clear()

    def _on_jump(self, reason: str) -> None:
        self.transforms.clear()
        self.on_clock_jump(reason)
