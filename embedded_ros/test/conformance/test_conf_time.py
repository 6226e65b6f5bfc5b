"""Times, durations and clocks."""

from __future__ import annotations

import pytest
from builtin_interfaces.msg import Duration as DurationMsg
from builtin_interfaces.msg import Time as TimeMsg
from rclpy.clock import Clock, ClockType, JumpThreshold, ROSClock
from rclpy.duration import Duration
from rclpy.time import Time

S = 10**9


def test_construction():
    assert Time().nanoseconds == 0
    assert Time(seconds=1, nanoseconds=5).nanoseconds == S + 5
    assert Time(seconds=1.5).nanoseconds == 1_500_000_000
    assert Time(seconds=3, nanoseconds=7).seconds_nanoseconds() == (3, 7)
    assert Time().clock_type == ClockType.SYSTEM_TIME
    assert Time(clock_type=ClockType.STEADY_TIME).clock_type == ClockType.STEADY_TIME
    assert Duration(seconds=-1.5).nanoseconds == -1_500_000_000
    assert Duration(seconds=1, nanoseconds=-1).nanoseconds == S - 1


def test_limits():
    with pytest.raises(ValueError, match="negative"):
        Time(seconds=-1)
    with pytest.raises(ValueError, match="negative"):
        Time(nanoseconds=-1)
    assert Time(nanoseconds=2**63 - 1).nanoseconds == 2**63 - 1
    with pytest.raises(OverflowError):
        Time(nanoseconds=2**63)
    with pytest.raises(OverflowError):
        Duration(nanoseconds=2**63)
    with pytest.raises(TypeError):
        Time(clock_type="SYSTEM_TIME")


def test_arithmetic():
    time, duration = Time(seconds=10), Duration(seconds=1)
    assert (time + duration).nanoseconds == 11 * S
    assert (duration + time).nanoseconds == 11 * S
    assert (time - duration).nanoseconds == 9 * S
    difference = Time(seconds=3) - time
    assert isinstance(difference, Duration)
    assert difference.nanoseconds == -7 * S
    steady = Time(seconds=1, clock_type=ClockType.STEADY_TIME)
    assert (steady + duration).clock_type == ClockType.STEADY_TIME


def test_arithmetic_that_makes_no_sense():
    time = Time(seconds=1)
    with pytest.raises(TypeError):
        time + time
    with pytest.raises(TypeError):
        time + 1
    with pytest.raises(TypeError):
        time - 1
    with pytest.raises(TypeError):
        Duration(seconds=1) - time
    with pytest.raises(TypeError):
        time - Time(clock_type=ClockType.ROS_TIME)
    with pytest.raises(ValueError, match="negative"):
        time - Duration(seconds=2)
    with pytest.raises(OverflowError):
        Time(nanoseconds=2**63 - 1) + Duration(nanoseconds=1)


def test_comparison():
    early, late = Time(nanoseconds=1), Time(nanoseconds=2)
    assert early < late
    assert early <= late
    assert late > early
    assert late >= early
    assert early != late
    assert early == Time(nanoseconds=1)
    assert Duration(seconds=1) == Duration(nanoseconds=S)
    assert Duration(seconds=1) < Duration(seconds=2)
    assert Duration(seconds=1) != 1
    assert early != 1


def test_times_of_different_clocks_cannot_be_compared():
    ros, system = Time(clock_type=ClockType.ROS_TIME), Time(clock_type=ClockType.SYSTEM_TIME)
    for compare in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
        with pytest.raises(TypeError):
            getattr(ros, compare)(system)
    with pytest.raises(TypeError):
        assert Time() < 1
    with pytest.raises(TypeError):
        assert Duration() < 1


def test_messages():
    message = Time(seconds=5, nanoseconds=6).to_msg()
    assert isinstance(message, TimeMsg)
    assert (message.sec, message.nanosec) == (5, 6)
    back = Time.from_msg(message)
    assert (back.nanoseconds, back.clock_type) == (5 * S + 6, ClockType.ROS_TIME)
    assert Time.from_msg(message, clock_type=ClockType.STEADY_TIME).clock_type == ClockType.STEADY_TIME
    with pytest.raises(TypeError):
        Time.from_msg(DurationMsg())
    negative = Duration(nanoseconds=-1).to_msg()
    assert (negative.sec, negative.nanosec) == (-1, 999_999_999)
    assert Duration.from_msg(negative).nanoseconds == -1
    with pytest.raises(TypeError):
        Duration.from_msg(TimeMsg())


def test_repr():
    assert repr(Time(nanoseconds=7, clock_type=ClockType.ROS_TIME)) == "Time(nanoseconds=7, clock_type=ROS_TIME)"
    assert repr(Duration(nanoseconds=7)) == "Duration(nanoseconds=7)"


@pytest.mark.parametrize("clock_type", [ClockType.SYSTEM_TIME, ClockType.STEADY_TIME, ClockType.ROS_TIME])
def test_clocks(clock_type):
    clock = Clock(clock_type=clock_type)
    assert clock.clock_type == clock_type
    first, second = clock.now(), clock.now()
    assert first.clock_type == clock_type
    assert first <= second
    assert isinstance(clock, ROSClock) == (clock_type == ClockType.ROS_TIME)


def test_clock_defaults():
    assert Clock().clock_type == ClockType.SYSTEM_TIME
    assert ROSClock().clock_type == ClockType.ROS_TIME
    assert not ROSClock().ros_time_is_active
    with pytest.raises(TypeError):
        Clock(clock_type="STEADY_TIME")


def test_sleeping(ros):
    clock = Clock(clock_type=ClockType.STEADY_TIME)
    begin = clock.now()
    assert clock.sleep_for(Duration(seconds=0.05))
    assert clock.sleep_until(begin + Duration(seconds=0.1))
    elapsed = (clock.now() - begin).nanoseconds
    assert 0.1 * S <= elapsed < 1.0 * S
    assert clock.sleep_until(begin)  # the past: returns at once
    with pytest.raises(ValueError, match="clock type"):
        clock.sleep_until(Time(clock_type=ClockType.SYSTEM_TIME))


def test_jump_thresholds():
    JumpThreshold(min_forward=Duration(seconds=1), min_backward=Duration(seconds=-1), on_clock_change=True)
    JumpThreshold(min_forward=None, min_backward=None, on_clock_change=True)
    with pytest.raises(ValueError, match="min_forward"):
        JumpThreshold(min_forward=Duration(seconds=-1), min_backward=None)
    with pytest.raises(ValueError, match="min_backward"):
        JumpThreshold(min_forward=None, min_backward=Duration(seconds=1))
    with pytest.raises(ValueError, match="callable"):
        ROSClock().create_jump_callback(JumpThreshold(min_forward=None, min_backward=None, on_clock_change=True))
