"""Tests of the public rclpy API that hold for every implementation of it.

``pytest embedded_ros/test/conformance`` runs them with whatever rclpy is installed, else with this runtime.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time

import pytest

os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # genuine messages of newer distributions check types only on demand


class Spinner:
    """Spins nodes in the test's thread, or in threads of an executor, until something has happened."""

    def __init__(self) -> None:
        self._running = []

    def until(self, node, condition, timeout: float = 60.0) -> bool:
        """Spin one node or an executor until the condition holds; returns whether it does in time."""
        import rclpy

        deadline = time.monotonic() + timeout
        while not condition() and time.monotonic() < deadline:
            if hasattr(node, "spin_once"):
                node.spin_once(timeout_sec=0.05)
            else:
                rclpy.spin_once(node, timeout_sec=0.05)
        return bool(condition())

    def for_seconds(self, node, seconds: float) -> None:
        """Spin for a while."""
        end = time.monotonic() + seconds
        self.until(node, lambda: time.monotonic() >= end, seconds + 1)

    def background(self, *nodes, threads: int = 1):
        """Spin nodes in the background until the end of the test; returns the executor."""
        from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor

        executor = SingleThreadedExecutor() if threads == 1 else MultiThreadedExecutor(num_threads=threads)
        for node in nodes:
            executor.add_node(node)

        def spin() -> None:
            with contextlib.suppress(ExternalShutdownException):
                executor.spin()

        thread = threading.Thread(target=spin, daemon=True)
        thread.start()
        self._running.append((executor, thread))
        return executor

    def stop(self) -> None:
        """End everything that spins in the background."""
        for executor, thread in self._running:
            executor.shutdown(timeout_sec=60.0)
            thread.join(timeout=60.0)


@pytest.fixture
def spin(ros):
    spinner = Spinner()
    yield spinner
    spinner.stop()


@pytest.fixture
def make_node(ros):
    """A function that makes nodes which are destroyed after the test."""
    made = []

    def make(name="test_node", **kwargs):
        made.append(ros.create_node(name, **kwargs))
        return made[-1]

    yield make
    for node in reversed(made):
        node.destroy_node()


def wait_for(condition, timeout: float = 60.0) -> bool:
    deadline = time.monotonic() + timeout
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


@pytest.fixture
def eventually():
    """A function that waits, without spinning, until a condition holds."""
    return wait_for
