"""Jumps of a node's clock, as when a bag starts again under simulated time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.clock import ClockChange, JumpThreshold
from rclpy.duration import Duration

if TYPE_CHECKING:
    from rclpy.clock import Clock, JumpHandle, TimeJump


def watch_clock(clock: Clock, tolerance: float, on_jump: Callable[[str], None]) -> JumpHandle:
    """Call `on_jump(reason)` when a clock jumps back by more than `tolerance` (s) or changes its source.

    The callback lives as long as the returned handle.
    """
    threshold = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-tolerance), on_clock_change=True)

    def tell(jump: TimeJump) -> None:
        if jump.clock_change in (ClockChange.ROS_TIME_ACTIVATED, ClockChange.ROS_TIME_DEACTIVATED):
            on_jump("the clock changed between wall and simulated time")
        else:
            on_jump(f"the clock jumped back by {-jump.delta.nanoseconds / 1e9:.1f} s")

    return clock.create_jump_callback(threshold, post_callback=tell)
