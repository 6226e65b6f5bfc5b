"""Times and headers. Values count seconds as float, which at present dates is good to a quarter of a microsecond."""

from __future__ import annotations

from typing import Protocol

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

_MOST_SECONDS = 2**31 - 1


class Stamped(Protocol):
    """Anything with whole seconds and nanoseconds: builtin_interfaces/Time and Duration."""

    sec: int
    nanosec: int


def seconds(stamp: Stamped) -> float:
    """A time in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def nanoseconds(stamp: Stamped) -> int:
    """A time in nanoseconds, without loss."""
    return stamp.sec * 10**9 + stamp.nanosec


def stamp_message(time: float) -> Time:
    """A time (s) as a message; times outside what the message can hold become its nearest one."""
    whole, rest = divmod(round(min(max(time, 0.0), _MOST_SECONDS) * 1e9), 10**9)
    return Time(sec=whole, nanosec=rest)


def header_message(frame_id: str, time: float) -> Header:
    """A header of a frame and a time (s)."""
    return Header(stamp=stamp_message(time), frame_id=frame_id)
