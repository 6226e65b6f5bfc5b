"""Waiting in user code: on any clock until a time, and for futures that another thread finishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.duration import Duration

from embedded_ros.wakeup import Wakeup

if TYPE_CHECKING:
    from rclpy.clock import Clock
    from rclpy.task import Future
    from rclpy.time import Time


def sleep_until(clock: Clock, until: Time, context: Any) -> bool:
    """Return True when the time came, False when the context ended or the clock changed its source first."""
    from rclpy.clock import ClockChange, JumpThreshold
    from rclpy.exceptions import NotInitializedException
    from rclpy.utilities import get_default_context

    context = context or get_default_context()
    if not context.ok():
        raise NotInitializedException()
    wakeup = Wakeup()
    context.add_wakeup(wakeup)
    changed: list[Any] = []

    def on_jump(jump: Any) -> None:
        if jump.clock_change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            changed.append(jump)
        wakeup.set()

    step = Duration(nanoseconds=1)
    threshold = JumpThreshold(min_forward=step, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
    with clock.create_jump_callback(threshold, post_callback=on_jump):
        while context.ok() and not changed and clock.now() < until:
            simulated = clock.clock_type is ClockType.ROS_TIME and clock.ros_time_is_active
            wakeup.wait(None if simulated else (until - clock.now()).nanoseconds / S_TO_NS)
    return context.ok() and not changed


def wait_for_future(future: Future, context: Any, timeout: float | None) -> bool:
    """Return whether a future was done within ``timeout`` seconds (None: no limit) and before the context's shutdown."""
    wakeup = Wakeup()
    context.add_wakeup(wakeup)
    future._on_done_now(wakeup.set)
    wakeup.wait_for(lambda: future.done() or not context.ok(), timeout)
    return future.done()
