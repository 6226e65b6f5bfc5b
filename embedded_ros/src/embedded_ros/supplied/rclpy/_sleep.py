"""Sleeping on any clock until a time, a shutdown or a change of the time source."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rclpy.clock_type import ClockType
from rclpy.constants import S_TO_NS
from rclpy.context import LONGEST_WAIT
from rclpy.duration import Duration

if TYPE_CHECKING:
    from rclpy.clock import Clock
    from rclpy.time import Time


def sleep_until(clock: Clock, until: Time, context: Any) -> bool:
    """Return True when the time came, False when the context ended or the clock changed its source first."""
    from rclpy.clock import ClockChange, JumpThreshold
    from rclpy.exceptions import NotInitializedException
    from rclpy.utilities import get_default_context

    context = context or get_default_context()
    if not context.ok():
        raise NotInitializedException()
    event = threading.Event()
    changed: list[Any] = []

    def on_jump(jump: Any) -> None:
        if jump.clock_change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            changed.append(jump)
        event.set()

    step = Duration(nanoseconds=1)
    threshold = JumpThreshold(min_forward=step, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
    context.on_shutdown(event.set)
    with clock.create_jump_callback(threshold, post_callback=on_jump):
        while context.ok() and not changed and clock.now() < until:
            simulated = clock.clock_type is ClockType.ROS_TIME and clock.ros_time_is_active
            left = None if simulated else (until - clock.now()).nanoseconds / S_TO_NS
            event.wait(LONGEST_WAIT if left is None else min(max(0.0, left), LONGEST_WAIT))
            event.clear()
    context._forget_on_shutdown(event.set)
    return context.ok() and not changed
