"""Every test process takes a ROS domain of its own and speaks on the loopback only."""

from __future__ import annotations

import os
import pathlib
import signal
import tempfile

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
