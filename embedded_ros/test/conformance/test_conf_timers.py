"""Timers: period, phase, cancel, reset, simulated time."""

from __future__ import annotations

import time

import pytest
from rclpy.clock import Clock, ClockType, JumpThreshold
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock as ClockMsg

S = 10**9


def test_a_timer_keeps_its_phase(node, spin):
    """Neither a slow callback nor a busy machine shifts the beat: calls are due at whole periods after the first."""
    dues, calls = [], []

    def slow():
        calls.append(time.monotonic())
        dues.append(time.monotonic() + timer.time_until_next_call() / S)
        time.sleep(0.02)  # must not add to the period

    timer = node.create_timer(0.05, slow)
    assert spin.until(node, lambda: len(dues) >= 11, 60.0)
    shifts = sorted(abs((due - dues[0] + 0.025) % 0.05 - 0.025) for due in dues)
    assert shifts[len(shifts) // 2] < 0.005
    assert calls[10] - calls[0] > 0.45


def test_periods(node):
    timer = node.create_timer(0.5, lambda: None)
    assert timer.timer_period_ns == S // 2
    assert 0 < timer.time_until_next_call() <= S // 2
    assert 0 <= timer.time_since_last_call() < S // 2
    assert not timer.is_ready()
    timer.timer_period_ns = S
    assert timer.timer_period_ns == S
    with pytest.raises(Exception):  # noqa: B017, PT011 - the type differs between distributions
        node.create_timer(-1.0, lambda: None)


def test_cancel_and_reset(node, spin):
    calls = []
    timer = node.create_timer(0.02, lambda: calls.append(1))
    assert not timer.is_canceled()
    assert spin.until(node, lambda: len(calls) >= 2)
    timer.cancel()
    assert timer.is_canceled()
    before = len(calls)
    spin.for_seconds(node, 0.15)
    assert len(calls) == before
    timer.reset()
    assert not timer.is_canceled()
    assert spin.until(node, lambda: len(calls) > before)


def test_reset_starts_the_period_anew(node, spin):
    calls = []
    timer = node.create_timer(0.3, lambda: calls.append(time.monotonic()))
    spin.for_seconds(node, 0.2)
    timer.reset()
    begin = time.monotonic()
    assert spin.until(node, lambda: calls)
    assert calls[0] - begin >= 0.25


def test_a_callback_may_cancel_its_timer(node, spin):
    calls = []
    timer = node.create_timer(0.02, lambda: (calls.append(1), timer.cancel()))
    spin.for_seconds(node, 0.2)
    assert calls == [1]


def test_missed_periods_are_not_made_up_for(node, spin):
    calls = []
    node.create_timer(0.02, lambda: calls.append(1))
    time.sleep(0.3)
    spin.for_seconds(node, 0.03)
    assert 1 <= len(calls) <= 5


def test_destroying_a_timer(node, spin):
    calls = []
    timer = node.create_timer(0.02, lambda: calls.append(1))
    assert timer in list(node.timers)
    assert node.destroy_timer(timer)
    spin.for_seconds(node, 0.1)
    assert calls == []


def test_timers_of_a_clock_of_their_own(node, spin):
    calls = []
    node.create_timer(0.02, lambda: calls.append(1), clock=Clock(clock_type=ClockType.STEADY_TIME))
    assert spin.until(node, lambda: len(calls) >= 3)


def test_rates(make_node, spin):
    node = make_node()
    spin.background(node)
    rate = node.create_rate(20)
    rate.sleep()
    begin = time.monotonic()
    for _ in range(4):
        rate.sleep()
    assert time.monotonic() - begin == pytest.approx(0.2, abs=0.08)
    node.destroy_rate(rate)


# ---------------------------------------------------------------------- simulated time


@pytest.fixture
def simulation(make_node, spin):
    """A node that follows ``/clock``, and a function that sets the time in seconds and waits until it has arrived."""
    node = make_node("follower", parameter_overrides=[Parameter("use_sim_time", value=True)])
    master = make_node("master")
    publisher = master.create_publisher(ClockMsg, "/clock", 10)
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)

    def set_time(seconds: float) -> bool:
        stamp = Time(seconds=seconds)
        publisher.publish(ClockMsg(clock=stamp.to_msg()))
        return spin.until(node, lambda: node.get_clock().now().nanoseconds == stamp.nanoseconds)

    return node, set_time


def test_the_clock_follows(simulation):
    node, set_time = simulation
    assert node.get_clock().ros_time_is_active
    assert node.get_clock().now().nanoseconds == 0
    assert set_time(100.0)
    assert set_time(100.5)
    assert node.get_clock().now().clock_type == ClockType.ROS_TIME


def test_timers_follow(simulation, spin):
    node, set_time = simulation
    set_time(10.0)
    calls = []
    node.create_timer(1.0, lambda: calls.append(node.get_clock().now().nanoseconds))
    spin.for_seconds(node, 0.2)
    assert calls == []
    set_time(10.5)
    spin.for_seconds(node, 0.1)
    assert calls == []
    set_time(11.2)
    assert spin.until(node, lambda: calls)
    assert calls == [11 * S + S // 5]


def test_jumps_are_reported(simulation):
    node, set_time = simulation
    set_time(50.0)
    before, after = [], []
    threshold = JumpThreshold(min_forward=Duration(seconds=5), min_backward=Duration(seconds=-1), on_clock_change=False)
    handle = node.get_clock().create_jump_callback(
        threshold, pre_callback=lambda: before.append(1), post_callback=after.append
    )
    set_time(51.0)
    assert not after
    set_time(60.0)
    assert [jump.delta.nanoseconds for jump in after] == [9 * S]
    set_time(20.0)
    assert after[-1].delta.nanoseconds == -40 * S
    assert len(before) == 2
    handle.unregister()
    set_time(90.0)
    assert len(after) == 2


def test_simulated_time_can_be_switched(simulation, spin):
    node, set_time = simulation
    set_time(5.0)
    assert node.set_parameters([Parameter("use_sim_time", value=False)])[0].successful
    assert not node.get_clock().ros_time_is_active
    assert node.get_clock().now().nanoseconds > 10**9 * S
    assert not node.set_parameters([Parameter("use_sim_time", value="yes")])[0].successful
