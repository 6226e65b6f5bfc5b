"""Every test process takes a ROS domain of its own and speaks on the loopback only."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

_SAFE_DOMAINS = range(1, 102)  # ports of higher domains reach into Linux's ephemeral range
_locks = []


def _take_domain() -> int:
    """Return a domain id that no other test process on this machine holds; the lock lives as long as the process."""
    import fcntl

    folder = pathlib.Path(tempfile.gettempdir()) / "embedded_ros_domains"
    folder.mkdir(exist_ok=True)
    start = os.getpid() % len(_SAFE_DOMAINS)
    for step in range(len(_SAFE_DOMAINS)):
        domain = _SAFE_DOMAINS[(start + step) % len(_SAFE_DOMAINS)]
        lock = (folder / str(domain)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        return domain
    raise RuntimeError("all ROS domains are taken by other test processes")


os.environ["ROS_DOMAIN_ID"] = str(_take_domain())
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
for _name in ("ROS_LOCALHOST_ONLY", "ROS_STATIC_PEERS", "ROS_NAMESPACE", "CYCLONEDDS_URI"):
    os.environ.pop(_name, None)

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # as shells start background jobs; child processes would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    import embedded_ros
except ImportError:  # a genuine ROS 2 without this package: the conformance tests run all the same
    RUNTIME_IS_OURS = False
else:
    RUNTIME_IS_OURS = embedded_ros.activate()


@pytest.fixture
def ros():
    """rclpy between init() and shutdown()."""
    import rclpy

    rclpy.init()
    yield rclpy
    rclpy.try_shutdown()


@pytest.fixture
def node(ros):
    """A node named ``test_node`` that is destroyed afterwards."""
    node = ros.create_node("test_node")
    yield node
    node.destroy_node()


def _denied(task: str) -> float:
    """Return the seconds that a task was ready to run while others had the processors (0 where the kernel does not tell)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(pathlib.Path(f"/proc/{task}/schedstat").read_text().split()[1]) / 1e9
    return 0.0


class Stopwatch:
    """Counts seconds, but not those in which a busy machine let neither this thread nor the watched process run.

    So a limit tells what hangs from what is merely slow, whatever else runs beside the tests.
    """

    def __init__(self, process: subprocess.Popen | None = None) -> None:
        self._tasks = ["thread-self", *([str(process.pid)] if process else [])]
        self._start, self._begin = time.monotonic(), self._now()

    def _now(self) -> float:
        return time.monotonic() - sum(map(_denied, self._tasks))

    def seconds(self) -> float:
        """Return the seconds since the beginning; of an ended process before it is waited for."""
        return self._now() - self._begin

    def passed(self) -> float:
        """Return all seconds since the beginning."""
        return time.monotonic() - self._start


@pytest.fixture
def stopwatch():
    """A stopwatch class: ``stopwatch().seconds()``, ``stopwatch(process).seconds()``."""
    return Stopwatch


@pytest.fixture
def limit():
    """One second, and as much again as a busy machine now takes to run nothing at all more than an idle one."""
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return 1.0 + max(0.0, time.monotonic() - begin - 0.15)


@pytest.fixture
def end_of():
    """A function that sends a signal to a process; returns the seconds until its end, by a stopwatch, and its output.

    Raises AssertionError when it does not end within 200 seconds.
    """

    def end(process: subprocess.Popen, number: int) -> tuple[float, str]:
        watch = Stopwatch(process)
        # not Popen.send_signal, which would wait for a process that has just ended, and so take its clock away
        os.kill(process.pid, number)
        killer = threading.Timer(200.0, process.kill)
        killer.start()
        output = process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = watch.seconds()
        killer.cancel()
        assert process.wait() != -signal.SIGKILL, f"it hangs; its output: {output[-3000:]}"
        return seconds, output

    return end
