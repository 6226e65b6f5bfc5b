"""Clocks, also one that follows ``/clock``, and callbacks when a clock jumps."""

from __future__ import annotations

import enum
import threading
import time as _time
from collections.abc import Callable
from typing import Any

from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.time import Time

__all__ = ["Clock", "ClockChange", "ClockType", "JumpHandle", "JumpThreshold", "ROSClock", "TimeJump"]


class ClockChange(enum.IntEnum):
    """How the source of time changed in a jump."""

    ROS_TIME_NO_CHANGE = 1
    ROS_TIME_ACTIVATED = 2
    ROS_TIME_DEACTIVATED = 3
    SYSTEM_TIME_NO_CHANGE = 4


class JumpThreshold:
    """How far time must jump for a callback."""

    def __init__(
        self, *, min_forward: Duration | None, min_backward: Duration | None, on_clock_change: bool = True
    ) -> None:
        """Set the limits; raises ValueError when a limit has the wrong sign or nothing is asked for."""
        if min_forward is not None and min_forward.nanoseconds <= 0:
            raise ValueError("min_forward must be a positive non-zero duration")
        if min_backward is not None and min_backward.nanoseconds >= 0:
            raise ValueError("min_backward must be a negative non-zero duration")
        if min_forward is None and min_backward is None and not on_clock_change:
            raise ValueError("At least one jump threshold must be set")
        self.min_forward = min_forward
        self.min_backward = min_backward
        self.on_clock_change = on_clock_change

    def _exceeded(self, change: ClockChange, delta: Duration) -> bool:
        if change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            return self.on_clock_change
        forward = self.min_forward is not None and delta >= self.min_forward
        backward = self.min_backward is not None and delta <= self.min_backward
        return forward or backward


class TimeJump:
    """A jump of a clock: kind of change and distance."""

    def __init__(self, clock_change: ClockChange, delta: Duration) -> None:
        self._clock_change = clock_change
        self._delta = delta

    @property
    def clock_change(self) -> ClockChange:
        """Return how the source of time changed."""
        return self._clock_change

    @property
    def delta(self) -> Duration:
        """Return new time minus old time."""
        return self._delta


class JumpHandle:
    """A registered jump callback."""

    def __init__(
        self, *, clock: Clock, threshold: JumpThreshold,
        pre_callback: Callable[[], None] | None, post_callback: Callable[[TimeJump], None] | None,
    ) -> None:  # fmt: skip
        if pre_callback is None and post_callback is None:
            raise ValueError("One of pre_callback or post_callback must be callable")
        for callback in (pre_callback, post_callback):
            if callback is not None and not callable(callback):
                raise ValueError("pre_callback and post_callback must be callable if given")
        self._clock, self._threshold = clock, threshold
        self._pre_callback, self._post_callback = pre_callback, post_callback

    def unregister(self) -> None:
        """Stop the callbacks."""
        self._clock._remove_jump_handle(self)

    def __enter__(self) -> JumpHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.unregister()


class Clock:
    """A clock of a given kind; ROS time gives a ``ROSClock``."""

    def __new__(cls, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> Clock:
        """Return a clock of the kind; raises TypeError when that is none."""
        if not isinstance(clock_type, ClockType):
            raise TypeError("Clock type must be a ClockType enum")
        return super().__new__(ROSClock if clock_type is ClockType.ROS_TIME else cls)

    def __init__(self, *, clock_type: ClockType = ClockType.SYSTEM_TIME) -> None:
        self._clock_type = clock_type
        self._jump_handles: list[JumpHandle] = []
        self._lock = threading.RLock()

    @property
    def clock_type(self) -> ClockType:
        """Return the kind of the clock."""
        return self._clock_type

    def __repr__(self) -> str:
        return f"Clock(clock_type={self._clock_type.name})"

    def now(self) -> Time:
        """Return the current time."""
        steady = self._clock_type is ClockType.STEADY_TIME
        return Time(nanoseconds=_time.monotonic_ns() if steady else _time.time_ns(), clock_type=self._clock_type)

    def create_jump_callback(
        self, threshold: JumpThreshold, *, pre_callback: Callable[[], None] | None = None,
        post_callback: Callable[[TimeJump], None] | None = None,
    ) -> JumpHandle:  # fmt: skip
        """Call back around jumps beyond ``threshold``; keep the returned handle, the callback lives as long."""
        handle = JumpHandle(clock=self, threshold=threshold, pre_callback=pre_callback, post_callback=post_callback)
        with self._lock:
            self._jump_handles.append(handle)
        return handle

    def sleep_until(self, until: Time, context: Any = None) -> bool:
        """Sleep until a point in time; return False when the context was shut down or the time source changed first."""
        if until.clock_type != self._clock_type:
            raise ValueError("until's clock type does not match this clock's type")
        from rclpy._waiting import sleep_until

        return sleep_until(self, until, context)

    def sleep_for(self, rel_time: Duration, context: Any = None) -> bool:
        """Sleep for a span of this clock's time; return like ``sleep_until``."""
        return self.sleep_until(self.now() + rel_time, context)

    def _remove_jump_handle(self, handle: JumpHandle) -> None:
        with self._lock:
            self._jump_handles = [other for other in self._jump_handles if other is not handle]

    def _handles_beyond(self, change: ClockChange, delta: Duration) -> list[JumpHandle]:
        with self._lock:
            return [handle for handle in self._jump_handles if handle._threshold._exceeded(change, delta)]


class ROSClock(Clock):
    """Follows ``/clock`` when a time source says so, the system's clock otherwise."""

    def __new__(cls) -> ROSClock:
        """Return a new clock."""
        return object.__new__(cls)

    def __init__(self, *, clock_type: ClockType = ClockType.ROS_TIME) -> None:
        super().__init__(clock_type=ClockType.ROS_TIME)
        self._override: int | None = None
        self._active = False

    @property
    def ros_time_is_active(self) -> bool:
        """Whether the time is set from outside."""
        return self._active

    def now(self) -> Time:
        """Return simulated time when active, else system time."""
        nanoseconds = (self._override or 0) if self._active else _time.time_ns()
        return Time(nanoseconds=nanoseconds, clock_type=ClockType.ROS_TIME)

    def _set_ros_time_is_active(self, enabled: bool) -> None:
        if enabled == self._active:
            return
        before = self.now()
        change = ClockChange.ROS_TIME_ACTIVATED if enabled else ClockChange.ROS_TIME_DEACTIVATED
        handles = self._handles_beyond(change, Duration())
        _call_before(handles)
        self._active = enabled
        _call_after(handles, TimeJump(change, self.now() - before))

    def set_ros_time_override(self, time: Time) -> None:
        """Set the simulated time; raises TypeError for anything but a ROS time."""
        if not isinstance(time, Time) or time.clock_type is not ClockType.ROS_TIME:
            raise TypeError("Time must be specified as rclpy.time.Time of ROS time")
        if not self._active:
            self._override = time.nanoseconds
            return
        delta = Duration(nanoseconds=time.nanoseconds - (self._override or 0))
        handles = self._handles_beyond(ClockChange.ROS_TIME_NO_CHANGE, delta)
        _call_before(handles)
        self._override = time.nanoseconds
        _call_after(handles, TimeJump(ClockChange.ROS_TIME_NO_CHANGE, delta))


def _call_before(handles: list[JumpHandle]) -> None:
    for handle in handles:
        if handle._pre_callback is not None:
            handle._pre_callback()


def _call_after(handles: list[JumpHandle], jump: TimeJump) -> None:
    for handle in handles:
        if handle._post_callback is not None:
            handle._post_callback(jump)
