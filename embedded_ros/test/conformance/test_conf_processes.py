"""Several processes: messages and services between them, and how a node ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from std_msgs.msg import String
from std_srvs.srv import SetBool

HEAD = """\
try:
    import embedded_ros
except ImportError:
    pass
else:
    embedded_ros.activate()
import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from std_msgs.msg import String
from std_srvs.srv import SetBool
"""


@pytest.fixture
def start():
    """A function that runs code in a process of its own."""
    running = []

    def start(code: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


SPINNER = """
rclpy.init()
node = rclpy.create_node("spinner")
print("ready", flush=True)
try:
    {spin}
except KeyboardInterrupt:
    print("KeyboardInterrupt", flush=True)
except ExternalShutdownException:
    print("ExternalShutdownException", flush=True)
node.destroy_node()
rclpy.try_shutdown()
print("ended", flush=True)
"""
ONE = "rclpy.spin(node)"
MANY = "e = MultiThreadedExecutor(); e.add_node(node); e.spin()"


@pytest.mark.parametrize("spin", [ONE, MANY], ids=["single", "multi"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_spin(start, spin, number, end_of):
    process = start(SPINNER.format(spin=spin))
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    seconds, output = end_of(process, number)
    assert seconds < 3.0
    assert output.endswith("ended\n")
    assert ("KeyboardInterrupt" if number == signal.SIGINT else "ExternalShutdownException") in output
    assert process.returncode == 0, process.stderr.read()


def test_a_signal_wakes_a_waiting_thread(start):
    process = start("""
        import time
        rclpy.init()
        node = rclpy.create_node("waiter")
        client = node.create_client(SetBool, "/never")
        print("ready", flush=True)
        try:
            client.wait_for_service()
        except KeyboardInterrupt:
            print("KeyboardInterrupt", flush=True)
        rclpy.try_shutdown()
        print("ended", flush=True)
    """)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=400)
    assert output.endswith("ended\n")


def test_messages_and_services_between_processes(start, node, spin):
    process = start("""
        rclpy.init()
        node = rclpy.create_node("partner")
        publisher = node.create_publisher(String, "/answers", 10)
        node.create_subscription(String, "/questions", lambda m: publisher.publish(String(data=m.data[::-1])), 10)
        def switch(request, response):
            response.success, response.message = request.data, "from the partner"
            return response
        node.create_service(SetBool, "/switch", switch)
        print("ready", flush=True)
        try:
            rclpy.spin(node)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
    """)
    assert process.stdout.readline() == "ready\n"
    received = []
    publisher = node.create_publisher(String, "/questions", 10)
    node.create_subscription(String, "/answers", received.append, 10)
    client = node.create_client(SetBool, "/switch")
    assert spin.until(
        node,
        lambda: publisher.get_subscription_count() > 0
        and node.count_publishers("/answers") > 0
        and client.service_is_ready(),
    )
    spin.for_seconds(node, 0.3)
    publisher.publish(String(data="abc"))
    assert spin.until(node, lambda: received)
    assert received[0].data == "cba"
    future = client.call_async(SetBool.Request(data=True))
    assert spin.until(node, future.done)
    assert future.result().message == "from the partner"
    assert "partner" in node.get_node_names()


def test_a_peer_that_vanishes_leaves_the_graph(start, node, spin):
    process = start("""
        rclpy.init()
        node = rclpy.create_node("leaver")
        node.create_publisher(String, "/last_words", 10)
        print("ready", flush=True)
        try:
            rclpy.spin(node)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        node.destroy_node()
        rclpy.try_shutdown()
    """)
    assert process.stdout.readline() == "ready\n"
    assert spin.until(node, lambda: node.count_publishers("/last_words") == 1 and "leaver" in node.get_node_names())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=400)
    assert spin.until(node, lambda: node.count_publishers("/last_words") == 0 and "leaver" not in node.get_node_names())
