"""Executors: spinning, callback groups, fairness, errors, guard conditions."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.task import Future
from std_msgs.msg import Int32


@pytest.fixture(params=[SingleThreadedExecutor, MultiThreadedExecutor])
def executor(request, ros):
    executor = request.param()
    yield executor
    executor.shutdown(timeout_sec=60.0)


def spin_for(executor, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.02)


def test_nodes_are_added_once(executor, node):
    assert executor.add_node(node)
    assert not executor.add_node(node)
    assert executor.get_nodes() == [node]
    assert node.executor is executor
    executor.remove_node(node)
    assert executor.get_nodes() == []


def test_spin_once_returns_after_its_timeout(executor, node, stopwatch):
    executor.add_node(node)
    watch = stopwatch()
    executor.spin_once(timeout_sec=0.1)
    assert watch.passed() >= 0.05
    assert watch.seconds() < 1.0


def test_spinning_until_a_future_is_done(executor, node, stopwatch):
    executor.add_node(node)
    future = Future()
    timer = node.create_timer(0.05, lambda: (future.set_result("done"), timer.cancel()))
    executor.spin_until_future_complete(future, timeout_sec=60.0)
    assert future.result() == "done"
    watch = stopwatch()
    executor.spin_until_future_complete(Future(), timeout_sec=0.1)
    assert watch.passed() >= 0.05
    assert watch.seconds() < 1.0


def test_tasks(executor, node):
    executor.add_node(node)

    async def double(value):
        return 2 * value

    task = executor.create_task(double, 4)
    executor.spin_until_future_complete(task, timeout_sec=60.0)
    assert task.result() == 8
    task = executor.create_task(lambda a, b=0: a + b, 1, b=2)
    executor.spin_until_future_complete(task, timeout_sec=60.0)
    assert task.result() == 3


def test_exceptions_of_callbacks_come_out_of_the_spin(ros, node):
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def fail():
        raise RuntimeError("from the callback")

    timer = node.create_timer(0.01, fail)
    with pytest.raises(RuntimeError, match="from the callback"):
        spin_for(executor, 2.0)
    timer.cancel()
    executor.spin_once(timeout_sec=0.01)  # still usable
    executor.shutdown()


def test_shutdown_ends_a_spin_in_another_thread(executor, node):
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    time.sleep(0.1)
    assert executor.shutdown(timeout_sec=60.0)
    thread.join(timeout=60.0)
    assert not thread.is_alive()


def test_nobody_starves(ros, node):
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    counts = [0, 0, 0]

    def count(index):
        def callback(*_):
            counts[index] += 1
            time.sleep(0.002)

        return callback

    node.create_timer(0.001, count(0))
    node.create_timer(0.001, count(1))
    guard = node.create_guard_condition(count(2))
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        guard.trigger()
        executor.spin_once(timeout_sec=0.01)
    assert min(counts) > 0.1 * max(counts)
    executor.shutdown()


def test_a_busy_topic_does_not_keep_a_timer_from_running(ros, node):
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    publisher = node.create_publisher(Int32, "busy", 10)
    calls = {"topic": 0, "timer": 0}

    def again(message):
        calls["topic"] += 1
        publisher.publish(Int32())

    node.create_subscription(Int32, "busy", again, 10)
    node.create_timer(0.05, lambda: calls.__setitem__("timer", calls["timer"] + 1))
    spin_for(executor, 0.2)
    publisher.publish(Int32())
    calls.update(topic=0, timer=0)
    spin_for(executor, 0.8)
    assert calls["topic"] > 10
    assert calls["timer"] >= 8
    executor.shutdown()


def overlap(node, spin, group_of):
    """Run two slow timers with two threads; return the largest number that ran at once."""
    running, most, lock = [0], [0], threading.Lock()

    def slow():
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1

    for index in range(2):
        node.create_timer(0.01, slow, callback_group=group_of(index))
    spin.background(node, threads=3)
    time.sleep(0.5)
    return most[0]


def test_the_default_group_is_mutually_exclusive(node, spin):
    assert isinstance(node.default_callback_group, MutuallyExclusiveCallbackGroup)
    assert overlap(node, spin, lambda index: None) == 1


def test_different_groups_run_in_parallel(node, spin):
    groups = [MutuallyExclusiveCallbackGroup(), MutuallyExclusiveCallbackGroup()]
    assert overlap(node, spin, groups.__getitem__) == 2


def test_a_reentrant_group_runs_in_parallel(node, spin):
    group = ReentrantCallbackGroup()
    assert overlap(node, spin, lambda index: group) >= 2


def test_guard_conditions(node, spin):
    calls = []
    guard = node.create_guard_condition(lambda: calls.append(1))
    spin.for_seconds(node, 0.1)
    assert calls == []
    guard.trigger()
    assert spin.until(node, lambda: calls)
    spin.for_seconds(node, 0.1)
    assert calls == [1]
    assert node.destroy_guard_condition(guard)


def test_triggers_from_another_thread_wake_the_executor(node, spin, eventually):
    calls = []
    guard = node.create_guard_condition(lambda: calls.append(time.monotonic()))
    spin.background(node)
    time.sleep(0.1)
    guard.trigger()
    assert eventually(lambda: calls)


def test_nodes_may_be_added_while_spinning(make_node, spin):
    executor = spin.background(make_node("first"))
    second, calls = make_node("second"), []
    second.create_timer(0.02, lambda: calls.append(1))
    executor.add_node(second)
    deadline = time.monotonic() + 60
    while not calls and time.monotonic() < deadline:
        time.sleep(0.01)
    assert calls


def test_init_and_shutdown():
    import rclpy

    context = rclpy.Context()
    assert not context.ok()
    rclpy.init(context=context)
    assert context.ok()
    with pytest.raises(RuntimeError):
        rclpy.init(context=context)
    called = []
    context.on_shutdown(lambda: called.append(1))
    rclpy.shutdown(context=context)
    assert not context.ok()
    assert called == [1]
    with pytest.raises(RuntimeError):
        rclpy.shutdown(context=context)
    rclpy.try_shutdown(context=context)


def test_a_node_needs_init():
    import rclpy
    from rclpy.exceptions import NotInitializedException

    with pytest.raises(NotInitializedException):
        rclpy.create_node("early", context=rclpy.Context())


def test_shutdown_from_another_thread_ends_the_spin(stopwatch):
    import rclpy
    from rclpy.executors import ExternalShutdownException

    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("spinner", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    threading.Timer(0.2, lambda: rclpy.shutdown(context=context)).start()
    watch = stopwatch()
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()
    assert watch.seconds() < 3
    executor.shutdown()
    node.destroy_node()
