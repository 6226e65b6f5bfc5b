"""Signals at any moment, small socket buffers, a disk that is full."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import pytest

_NODE = """
import sys, time
import embedded_ros; embedded_ros.activate()
import rclpy
from rclpy.executors import MultiThreadedExecutor
from std_msgs.msg import String
rclpy.init()
node = rclpy.create_node("ticking")
publisher = node.create_publisher(String, "ticks", 10)
node.create_subscription(String, "ticks", lambda message: None, 10)
node.create_timer(0.005, lambda: publisher.publish(String(data="tick")))
print("up", flush=True)
mode = sys.argv[1]
if mode == "spin":
    rclpy.spin(node)
elif mode == "threads":
    executor = MultiThreadedExecutor(3); executor.add_node(node); executor.spin()
elif mode == "sleep":
    from rclpy.duration import Duration
    node.get_clock().sleep_for(Duration(seconds=60))
elif mode == "service":
    from std_srvs.srv import Trigger
    node.create_client(Trigger, "nobody").wait_for_service()
elif mode == "careful":
    from rclpy.executors import ExternalShutdownException
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
"""


def start(*arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("mode", ["spin", "threads", "sleep", "service", "careful"])
def test_a_signal_ends_a_node_at_once_and_quietly(mode, number, end_of, limit):
    process = start("-c", _NODE, mode)
    assert process.stdout.readline() == "up\n"
    time.sleep(0.2)
    seconds, output = end_of(process, number)
    assert "Traceback" not in output
    assert seconds < limit
    if mode == "careful":
        assert process.returncode == 0


_WHEN_IMPORTED = """
import os, signal, sys
import importlib.abc
class Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["INTERRUPT_AT"]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupter())
"""


@pytest.mark.parametrize(
    "module",
    ["embedded_ros.activation", "embedded_ros.cli.main", "argparse", "embedded_ros.cli.topic", "rclpy", "rclpy.executors",
     "cyclonedds", "numpy", "rosbags.typesys", "embedded_ros.wire.binding", "rclpy.node"],
)  # fmt: skip
def test_tools_can_be_interrupted_in_the_midst_of_any_import(module, tmp_path):
    """The interrupt comes from within the process itself, so that it strikes exactly there from the very start on."""
    (tmp_path / "sitecustomize.py").write_text(_WHEN_IMPORTED)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "INTERRUPT_AT": module}
    process = start("-m", "embedded_ros", "topic", "echo", "/none", "std_msgs/msg/String", env=environment)
    try:
        output, _ = process.communicate(timeout=400)
    finally:
        process.kill()
    assert "Traceback" not in output
    assert process.returncode in (0, -signal.SIGINT, 130)  # 0: the interrupt ended what echo does until then


@pytest.fixture(scope="module")
def interpreter_start():
    """Seconds after which the interpreter itself has surely started, as busy as the machine is."""
    begin = time.monotonic()
    subprocess.run([sys.executable, "-c", "import embedded_ros"], check=True)
    return 1.5 * (time.monotonic() - begin) + 0.05


@pytest.mark.parametrize("delay", [0.0, 0.15, 0.3, 0.6])
@pytest.mark.parametrize(
    "arguments", [("topic", "echo", "/nothing", "std_msgs/msg/String"), ("bag", "record", "-a", "-o")]
)
def test_tools_can_be_interrupted_at_any_moment(arguments, delay, tmp_path, interpreter_start, end_of, limit):
    if arguments[0] == "bag":
        arguments = (*arguments, str(tmp_path / "bag"))
    process = start("-m", "embedded_ros", *arguments, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    time.sleep(interpreter_start + delay)
    seconds, output = end_of(process, signal.SIGINT)
    assert "Traceback" not in output
    assert seconds < limit


_SENDER = """
import time, numpy as np
import embedded_ros; embedded_ros.activate()
import rclpy
from sensor_msgs.msg import PointCloud2
rclpy.init(); node = rclpy.create_node("sender")
publisher = node.create_publisher(PointCloud2, "/clouds", 5)
while not publisher.get_subscription_count():
    time.sleep(0.01)
for index in range(10):
    publisher.publish(PointCloud2(height=index, data=np.full(2_800_000, index, np.uint8)))
    time.sleep(0.1)
time.sleep(1.5)
"""


def test_small_socket_buffers_lose_nothing():
    """208 KiB, as Linux has it by default; a process of its own, because the domain is configured once per process."""
    receiver = """
import sys, subprocess, time
import embedded_ros; embedded_ros.activate()
import rclpy
from sensor_msgs.msg import PointCloud2
rclpy.init(); node = rclpy.create_node("receiver")
seen = []
node.create_subscription(PointCloud2, "/clouds", lambda m: seen.append((m.height, int(m.data[-1]), len(m.data))), 5)
sender = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
end = time.monotonic() + 60
while len(seen) < 10 and time.monotonic() < end:
    rclpy.spin_once(node, timeout_sec=0.1)
sender.wait()
print(seen == [(i, i, 2_800_000) for i in range(10)], len(seen))
"""
    settings = {**os.environ, "EMBEDDED_ROS_RECEIVE_BUFFER": "212992"}
    done = subprocess.run(
        [sys.executable, "-c", receiver, _SENDER], env=settings, capture_output=True, text=True, timeout=400
    )
    assert done.stdout == "True 10\n", done.stdout + done.stderr


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_full_disk_while_recording_is_told_in_one_line(storage, ros, node, tmp_path):
    from std_msgs.msg import UInt8MultiArray

    publisher = node.create_publisher(UInt8MultiArray, "/blobs", 10)
    stop = threading.Event()

    def publish():
        while not stop.wait(0.01):
            publisher.publish(UInt8MultiArray(data=bytes(200_000)))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        process = start(
            *("-m", "embedded_ros", "bag", "record", "/blobs", "-s", storage, "-o", str(tmp_path / "bag")),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)),
        )
        output, _ = process.communicate(timeout=400)
    finally:
        stop.set()
        thread.join()
    assert process.returncode == 1
    assert "recording stopped after" in output
    assert "Traceback" not in output
