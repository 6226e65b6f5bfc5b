"""Timers and rates."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rclpy._entity import Entity, await_or_execute
from rclpy._rclpy_pybind11 import InvalidHandle
from rclpy.clock import Clock, ClockChange, JumpThreshold, TimeJump
from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.duration import Duration
from rclpy.exceptions import ROSInterruptException
from rclpy.time import Time

from embedded_ros.wakeup import Wakeup


class TimerInfo:
    """When a timer call was due and when it came."""

    def __init__(self, *, expected_call_time: int, actual_call_time: int, clock_type: ClockType) -> None:
        self.expected_call_time = Time(nanoseconds=expected_call_time, clock_type=clock_type)
        self.actual_call_time = Time(nanoseconds=actual_call_time, clock_type=clock_type)


class Timer(Entity):
    """Calls back every period of a clock's time; calls that were missed are skipped, the beat is kept."""

    def __init__(
        self, callback: Callable[..., Any] | None, callback_group: Any, timer_period_ns: int, clock: Clock, *,
        context: Any = None, autostart: bool = True, node: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(callback_group, node)
        self.callback = callback
        self._clock = clock
        self._period = int(timer_period_ns)
        if self._period < 0:
            raise ValueError("timer period must not be negative")
        self._canceled = not autostart
        now = clock.now().nanoseconds
        self._last_call, self._next_call = now, now + self._period
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jump_handle = clock.create_jump_callback(threshold, post_callback=_weak_jump(self))

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        return self._clock

    @property
    def timer_period_ns(self) -> int:
        """Return the period in nanoseconds."""
        return self._period

    @timer_period_ns.setter
    def timer_period_ns(self, value: int) -> None:
        self._period = int(value)
        self._next_call = self._last_call + self._period
        self._wake_executor()

    def is_ready(self) -> bool:
        """Return whether a call is due; raises InvalidHandle after destroy."""
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        return not self._canceled and self._clock.now().nanoseconds >= self._next_call

    def is_canceled(self) -> bool:
        """Return whether the timer is cancelled; raises InvalidHandle after destroy."""
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        return self._canceled

    def cancel(self) -> None:
        """Stop calling back until ``reset``."""
        self._canceled = True

    def reset(self) -> None:
        """Start a new period now, also when cancelled."""
        now = self._clock.now().nanoseconds
        self._next_call = now + self._period
        self._canceled = False
        self._wake_executor()

    def time_since_last_call(self) -> int:
        """Return nanoseconds since the last call, or since the start."""
        return self._clock.now().nanoseconds - self._last_call

    def time_until_next_call(self) -> int | None:
        """Return nanoseconds until the next call (negative when overdue), None when cancelled."""
        return None if self._canceled else self._next_call - self._clock.now().nanoseconds

    def destroy(self) -> None:
        """Stop for good."""
        self._destroyed = True
        self._jump_handle.unregister()

    def _is_ready(self) -> bool:
        return not (self._destroyed or self._canceled) and self._clock.now().nanoseconds >= self._next_call

    def _take(self) -> TimerInfo | None:
        now = self._clock.now().nanoseconds
        if self._canceled or now < self._next_call:
            return None
        expected, self._last_call = self._next_call, now
        self._next_call += self._period
        if self._next_call < now:
            missed = (now - self._next_call) // self._period + 1 if self._period else 0
            self._next_call = self._next_call + missed * self._period if self._period else now
        return TimerInfo(expected_call_time=expected, actual_call_time=now, clock_type=self._clock.clock_type)

    async def _execute(self, work: TimerInfo) -> None:
        if self.callback is not None:
            await await_or_execute(self.callback, *([work] if _wants_info(self.callback) else []))

    def _label(self) -> str:
        return f"a timer of {self._period / 1e9:g} s"

    def _seconds_until_due(self) -> float | None:
        """Return real seconds until due; None when cancelled or when the time is simulated."""
        if (
            self._canceled
            or self._destroyed
            or self._executor_event
            or getattr(self._clock, "ros_time_is_active", False)
        ):
            return None
        return max(0.0, (self._next_call - self._clock.now().nanoseconds) / S_TO_NS)

    def _on_jump(self, jump: TimeJump) -> None:
        """Begin a new period when the source of time changed or time went back behind the last call."""
        if jump.clock_change is not ClockChange.ROS_TIME_NO_CHANGE or self._clock.now().nanoseconds < self._last_call:
            now = self._clock.now().nanoseconds
            self._last_call, self._next_call = now, now + self._period
        self._wake_executor()


def _weak_jump(timer: Timer) -> Callable[[TimeJump], None]:
    import weakref

    method = weakref.WeakMethod(timer._on_jump)

    def call(jump: TimeJump) -> None:
        target = method()
        if target is not None:
            target(jump)

    return call


def _wants_info(callback: Callable[..., Any]) -> bool:
    """Return whether a callback has a parameter for the timer's information."""
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(required) == 1


class Rate:
    """Sleeps so that a loop keeps a rhythm; something else must spin the node meanwhile."""

    def __init__(self, timer: Timer, *, context: Any) -> None:
        self._clock, self._timer = timer.clock, timer
        self._context = context
        self._count, self._stopped = 0, False
        self._sleepers: list[Wakeup] = []
        timer.callback = self._tick

    def _tick(self) -> None:
        self._count += 1
        self._wake()

    def _wake(self) -> None:
        for sleeper in list(self._sleepers):
            sleeper.set()

    def destroy(self) -> None:
        """Stop for good; sleepers wake."""
        self._stopped = True
        self._wake()

    def sleep(self) -> None:
        """Sleep until the next beat; raises ROSInterruptException on shutdown, RuntimeError after destroy."""
        wakeup, before = Wakeup(), self._count
        self._context.add_wakeup(wakeup)
        self._sleepers.append(wakeup)
        try:
            wakeup.wait_for(lambda: self._count > before or self._stopped or not self._context.ok(), None)
        finally:
            self._sleepers.remove(wakeup)
        if not self._context.ok():
            raise ROSInterruptException()
        if self._stopped:
            raise RuntimeError("Rate cannot sleep because it has been destroyed")
