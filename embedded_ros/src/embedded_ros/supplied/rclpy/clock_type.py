"""Kinds of clocks."""

from __future__ import annotations

import enum


class ClockType(enum.IntEnum):
    """Kind of a clock or of a point in time."""

    UNINITIALIZED = 0
    ROS_TIME = 1
    SYSTEM_TIME = 2
    STEADY_TIME = 3
