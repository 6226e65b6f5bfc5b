"""Interrupts at every point of the runtime's own code: nothing stays taken, nothing hangs, nothing is swallowed."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

_ROUNDS = int(os.environ.get("EMBEDDED_ROS_INTERRUPTS", "60"))  # more of them find rarer faults

# A trace function counts the bytecodes of the main thread and raises the signal before a random one of them.
_AT_ANY_BYTECODE = """
import faulthandler, random, signal, sys, threading, time
import embedded_ros; embedded_ros.activate()
import numpy as np, rclpy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger

kind, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
cloud = PointCloud2(data=np.zeros(100_000, np.uint8))

def build(node):
    groups = [MutuallyExclusiveCallbackGroup(), ReentrantCallbackGroup(), node.default_callback_group]
    texts, clouds = node.create_publisher(String, "texts", 10), node.create_publisher(PointCloud2, "clouds", 2)
    node.create_subscription(String, "texts", lambda message: None, 10, callback_group=groups[0])
    node.create_subscription(PointCloud2, "clouds", lambda message: message.data[-1], 2, callback_group=groups[1])
    node.create_service(Trigger, "serve", lambda request, response: response, callback_group=groups[0])
    client = node.create_client(Trigger, "serve", callback_group=groups[1])
    def tick():
        texts.publish(String(data="tick")); clouds.publish(cloud)
        if client.service_is_ready():
            client.call_async(Trigger.Request()).add_done_callback(lambda done: None)
    node.create_timer(0.001, tick, groups[1])
    return groups

def strike_after(opcodes):
    left = [opcodes]
    def trace(frame, event, argument):
        frame.f_trace_opcodes = True
        if event == "opcode":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace
    return trace

def leftovers(node, executor, groups):
    taken = [group for group in groups if not group.can_execute(None)]
    marked = [entity._label() for entity in node._impl_entities() if entity._executor_event]
    locked = []
    def look():
        if not node.context.graph._lock.acquire(timeout=1.0):
            locked.append("graph")
        else:
            node.context.graph._lock.release()
    thread = threading.Thread(target=look); thread.start(); thread.join()
    return taken + marked + locked + ([executor._running] if executor._running else [])

for turn in range(rounds):
    opcodes = chance.randrange(1, 40_000)
    faulthandler.dump_traceback_later(20, exit=True)
    rclpy.init()
    node = rclpy.create_node("busy", start_parameter_services=False)
    groups = build(node)
    executor = MultiThreadedExecutor(3) if kind == "threads" else SingleThreadedExecutor()
    executor.add_node(node)
    outcome = "nothing"
    sys.settrace(strike_after(opcodes))
    try:
        executor.spin()
    except KeyboardInterrupt:
        outcome = "KeyboardInterrupt"
    except ExternalShutdownException:
        outcome = "ExternalShutdownException"
    sys.settrace(None)
    begin = time.monotonic()
    ended = executor.shutdown(timeout_sec=10.0)
    seconds = time.monotonic() - begin
    left = leftovers(node, executor, groups)
    node.destroy_node(); rclpy.try_shutdown()
    if outcome != "KeyboardInterrupt" or not ended or left or seconds > 1.0:
        print(kind, "seed", seed, "turn", turn, "opcode", opcodes, outcome, ended, left, seconds)
print("end")
"""


@pytest.mark.parametrize("kind", ["one", "threads"])
def test_an_interrupt_before_any_bytecode_of_a_spin_leaves_nothing_taken(kind):
    seed = int.from_bytes(os.urandom(3), "little")
    done = subprocess.run(
        [sys.executable, "-c", _AT_ANY_BYTECODE, kind, str(_ROUNDS), str(seed)],
        capture_output=True,
        text=True,
        timeout=60 + 5 * _ROUNDS,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0), f"seed {seed}"


# Each wait begins in the main thread, a signal comes, and the wait is over.
_WAITS = """
import signal, sys, threading, time
import embedded_ros; embedded_ros.activate()
import rclpy, tf2_ros
from example_interfaces.action import Fibonacci
from rclpy.action import ActionClient
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.task import Future
from rclpy.time import Time
from rclpy.wait_for_message import wait_for_message
from std_msgs.msg import String
from std_srvs.srv import Trigger

def call(node):
    silent = rclpy.create_node("silent")
    silent.create_service(Trigger, "silent", lambda request, response: response)
    client = node.create_client(Trigger, "silent")
    client.wait_for_service()
    client.call(Trigger.Request())

WAITS = {
    "service": lambda node: node.create_client(Trigger, "none").wait_for_service(),
    "service_within": lambda node: node.create_client(Trigger, "none").wait_for_service(timeout_sec=60.0),
    "call": call,
    "server": lambda node: ActionClient(node, Fibonacci, "none").wait_for_server(),
    "sleep": lambda node: node.get_clock().sleep_for(Duration(seconds=60)),
    "rate": lambda node: node.create_rate(0.01).sleep(),
    "lookup": lambda node: tf2_ros.Buffer(node=node).can_transform("a", "b", Time(), Duration(seconds=60)),
    "message": lambda node: wait_for_message(String, node, "none"),
    "node": lambda node: node.wait_for_node("/none", 60.0),
    "future": lambda node: rclpy.spin_until_future_complete(node, Future()),
    "spin": lambda node: rclpy.spin(node),
    "once": lambda node: rclpy.spin_once(node),
}

for name, wait in WAITS.items():
    for number in (signal.SIGINT, signal.SIGTERM):
        rclpy.init()
        node, sent, outcome = rclpy.create_node("waits"), [], "returned"
        ready = threading.Event()
        def send():
            ready.wait()
            time.sleep(0.2)
            sent.append(time.monotonic())
            signal.pthread_kill(threading.main_thread().ident, number)
        sender = threading.Thread(target=send)
        sender.start()
        try:
            ready.set()
            wait(node)
        except KeyboardInterrupt:
            outcome = "KeyboardInterrupt"
        except Exception as error:
            outcome = type(error).__name__
        seconds = time.monotonic() - sent[0] if sent else -1.0
        sender.join()
        node.destroy_node()
        rclpy.try_shutdown()
        print(name, number.name, outcome, f"{seconds:.3f}", flush=True)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "NOTHING"])
def test_a_signal_between_init_and_the_first_node_ends_a_program_quietly(name):
    strike = "" if name == "NOTHING" else f"os.kill(os.getpid(), signal.{name}); time.sleep(0.1)"
    code = f"""
import os, signal, time
import embedded_ros; embedded_ros.activate()
import rclpy
try:
    rclpy.init()
    {strike}
except KeyboardInterrupt:
    pass
rclpy.create_node("late")
print("made")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=400)
    assert "Traceback" not in done.stderr, done.stderr
    assert ("made" in done.stdout) == (name == "NOTHING")


def test_a_signal_ends_every_wait():
    done = subprocess.run([sys.executable, "-c", _WAITS], capture_output=True, text=True, timeout=400)
    assert (done.stderr, done.returncode) == ("", 0)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 24
    for name, number, outcome, seconds in lines:
        assert 0.0 <= float(seconds) < 1.0, (name, number)
        assert number == "SIGTERM" or outcome == "KeyboardInterrupt", (name, outcome)
        assert number == "SIGINT" or outcome in ("returned", "ExternalShutdownException", "ROSInterruptException"), name


_NODE = """
import sys
import numpy as np
import rclpy
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger
import tf2_ros

rclpy.init()
node = rclpy.create_node("busy")
group = ReentrantCallbackGroup()
listener = tf2_ros.TransformListener(tf2_ros.Buffer(), node)
texts, clouds = node.create_publisher(String, "texts", 10), node.create_publisher(PointCloud2, "clouds", 2)
node.create_subscription(String, "texts", lambda message: None, 10, callback_group=group)
node.create_subscription(PointCloud2, "clouds", lambda message: message.data.sum(), 2, callback_group=group)
node.create_service(Trigger, "~/serve", lambda request, response: response, callback_group=group)
client = node.create_client(Trigger, "~/serve", callback_group=group)
cloud = PointCloud2(data=np.zeros(1_600_000, np.uint8))

def tick():
    texts.publish(String(data="tick"))
    if client.service_is_ready():
        client.call_async(Trigger.Request())

node.create_timer(0.005, tick, group)
node.create_timer(0.05, lambda: clouds.publish(cloud), group)
executor = MultiThreadedExecutor(3) if "threads" in sys.argv else SingleThreadedExecutor()
executor.add_node(node)
if "plain" in sys.argv:
    executor.spin()
else:
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
"""
_LAUNCH = """
from launch import LaunchDescription
from launch.actions import ExecuteProcess
import sys

def generate_launch_description():
    command = [sys.executable, "-m", "embedded_ros", "run", {node!r}, "threads"]
    return LaunchDescription([ExecuteProcess(cmd=command, output="screen") for _ in range(2)])
"""
_SIGNALS = int(os.environ.get("EMBEDDED_ROS_SIGNALS", "1"))  # for each program; more of them find rarer faults


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Command lines of the runtime, and other processes that keep them busy."""
    folder = tmp_path_factory.mktemp("programs")
    (node := folder / "busy.py").write_text(_NODE)
    (launch := folder / "busy.launch.py").write_text(_LAUNCH.format(node=str(node)))
    busy = subprocess.Popen([sys.executable, "-m", "embedded_ros", "run", str(node)], start_new_session=True)
    recording = ["bag", "record", "-a", "-d", "2", "-o", str(folder / "bag")]
    subprocess.run(
        [sys.executable, "-m", "embedded_ros", *recording], check=True, stdout=subprocess.DEVNULL, timeout=60
    )
    yield [
        ("run", str(node)), ("run", str(node), "plain"), ("run", str(node), "threads"), ("run", str(node), "threads", "plain"),
        ("launch", str(launch)), ("bag", "record", "-a", "-o", "FOLDER"), ("bag", "play", str(folder / "bag"), "--loop"),
        ("topic", "hz", "/texts"), ("topic", "echo", "/clouds"), ("topic", "pub", "/numbers", "std_msgs/msg/Int32", "-r", "200"),
        ("service", "call", "/none", "std_srvs/srv/Trigger"), ("param", "list"),
    ]  # fmt: skip
    busy.send_signal(signal.SIGINT)
    busy.wait(60)


def spawn(*arguments: str) -> subprocess.Popen:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([sys.executable, *arguments], text=True, start_new_session=True, **pipes)


def test_signals_at_random_moments_end_every_program(programs, tmp_path, end_of, limit):
    seed = int.from_bytes(os.urandom(3), "little")
    chance = random.Random(seed)
    for turn in range(_SIGNALS * len(programs)):
        arguments = programs[turn % len(programs)]
        number, delay = chance.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM]), chance.random() * 1.5
        fresh = tuple(word.replace("FOLDER", str(tmp_path / str(turn))) for word in arguments)
        process = spawn("-m", "embedded_ros", *fresh)
        time.sleep(delay)
        seconds, output = end_of(process, number)
        where = f"seed {seed} turn {turn}: {arguments} after {delay:.3f} s, signal {number}: {seconds:.2f} s\n{output[-3000:]}"
        assert "Exception ignored" not in output, where
        # Python's own start, before the runtime is imported, prints a traceback in which nothing of the runtime stands.
        assert not re.search(r'File "[^"]*/embedded_ros/[^"]*", line', output), where
        assert seconds < limit + (1.0 if arguments[0] == "launch" else 0.0), where


_READER = """
import embedded_ros; embedded_ros.activate()
import rclpy
from sensor_msgs.msg import PointCloud2
rclpy.init(); node = rclpy.create_node("reader")
node.create_subscription(PointCloud2, "/kept", lambda message: None, 5)
print("up", flush=True)
rclpy.spin(node)
"""
_KEEPER = """
import embedded_ros; embedded_ros.activate()
import sys, numpy as np, rclpy
from rclpy.qos import HistoryPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2
rclpy.init(); node = rclpy.create_node("keeper")
publisher = node.create_publisher(PointCloud2, "/kept", QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=1))
cloud = PointCloud2(data=np.zeros(2_000_000, np.uint8))
def tick():
    publisher.publish(cloud)
    print(publisher.get_subscription_count(), flush=True)
node.create_timer(0.02, tick)
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from std_msgs.msg import String
hear = lambda message: print("heard", message.data, flush=True)
node.create_subscription(String, "/words", hear, 10, callback_group=MutuallyExclusiveCallbackGroup())
rclpy.spin(node, MultiThreadedExecutor(3) if "threads" in sys.argv else None)
"""


@pytest.fixture
def blocked():
    """A function that starts a publisher and stops its reader, so that the publisher's write waits for the reader."""
    processes = []

    def start(*arguments: str) -> subprocess.Popen:
        reader, keeper = spawn("-c", _READER), spawn("-c", _KEEPER, *arguments)
        processes.extend((reader, keeper))
        assert reader.stdout.readline() == "up\n"
        while keeper.stdout.readline() == "0\n":
            pass
        reader.send_signal(signal.SIGSTOP)
        time.sleep(1.5)  # the writer's room is used up by now
        return keeper

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("mode", ["one", "threads"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_publisher_that_waits_for_a_hanging_reader_can_be_ended(blocked, mode, number, end_of, limit):
    """With KEEP_ALL a write blocks in C for as long as the reader does not keep up."""
    keeper = blocked(mode)
    seconds, output = end_of(keeper, number)
    assert seconds < limit + 1.0  # after ten seconds the reader would count as dead
    assert "Traceback" not in output


def test_a_publisher_that_waits_for_a_hanging_reader_holds_up_nothing_else(blocked, node, stopwatch):
    """Other topics of the process are heard meanwhile."""
    from sensor_msgs.msg import PointCloud2
    from std_msgs.msg import String

    keeper = blocked("threads")
    words = node.create_publisher(String, "/words", 10)
    node.create_subscription(PointCloud2, "/kept", lambda message: None, 5)  # one more reader: a new status
    while not (words.get_subscription_count() and node.count_publishers("/kept")):
        time.sleep(0.01)
    time.sleep(0.5)
    watch = stopwatch(keeper)
    words.publish(String(data="now"))
    while keeper.stdout.readline() not in ("heard now\n", ""):
        pass
    assert watch.seconds() < 5.0  # after ten seconds the reader counts as dead, and all goes on
