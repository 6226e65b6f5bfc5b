"""Futures and tasks."""

from __future__ import annotations

import pytest
from rclpy.task import Future, Task


def test_result():
    future = Future()
    assert not future.done()
    future.set_result("sentinel")
    assert future.done()
    assert future.result() == "sentinel"
    assert future.exception() is None


def test_exception():
    future = Future()
    future.set_exception(ValueError("cause"))
    assert future.done()
    assert isinstance(future.exception(), ValueError)
    with pytest.raises(ValueError, match="cause"):
        future.result()


def test_cancel():
    future = Future()
    future.cancel()
    assert future.cancelled()


def test_callbacks_are_called_once_with_the_future():
    future, seen = Future(), []
    future.add_done_callback(seen.append)
    assert not seen
    future.set_result(1)
    assert seen == [future]
    future.add_done_callback(seen.append)  # done already: called at once
    assert seen == [future, future]


def test_awaiting_a_future():
    future, seen = Future(), []

    async def waiter():
        seen.append(await future)

    coroutine = waiter()
    coroutine.send(None)
    future.set_result(5)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    assert seen == [5]


def test_task_of_a_function():
    task = Task(lambda a, b: a + b, (1,), {"b": 2})
    task()
    assert task.done()
    assert task.result() == 3


def test_task_of_a_coroutine_goes_on_when_it_is_called_again():
    future = Future()

    async def work():
        return await future

    task = Task(work)
    task()
    assert not task.done()
    future.set_result("later")
    task()
    assert task.result() == "later"


def test_task_keeps_the_exception():
    def fail():
        raise RuntimeError("cause")

    task = Task(fail)
    task()
    assert isinstance(task.exception(), RuntimeError)
    with pytest.raises(RuntimeError):
        task.result()


def test_tasks_run_in_an_executor(ros):
    from rclpy.executors import SingleThreadedExecutor

    executor = SingleThreadedExecutor()
    outer = Future(executor=executor)

    async def work(value):
        return value + await outer

    task = executor.create_task(work, 1)
    executor.create_task(lambda: outer.set_result(2))
    executor.spin_until_future_complete(task, timeout_sec=60.0)
    assert task.result() == 3
    executor.shutdown()
