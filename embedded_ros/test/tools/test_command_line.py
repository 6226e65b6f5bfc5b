"""The command line tools, each in a process of its own, against nodes of the test process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import yaml


@pytest.fixture
def tool():
    """Run a tool; return (exit status, output, errors)."""

    def run(*arguments: str, timeout: float = 400.0) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "embedded_ros", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=dict(os.environ),
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def busy(ros):
    """A node with a bit of everything, served by a thread."""
    from example_interfaces.action import Fibonacci
    from example_interfaces.srv import AddTwoInts
    from rclpy.action import ActionServer
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
    from rclpy.lifecycle import LifecycleNode
    from std_msgs.msg import String

    node, managed = ros.create_node("busy", namespace="/lab"), LifecycleNode("managed")
    node.declare_parameter("speed", 1.5)
    node.declare_parameter("group.names", ["a", "b"])
    publisher = node.create_publisher(String, "/chatter", 10)
    count = [0]

    def tick():
        count[0] += 1
        publisher.publish(String(data=f"hello {count[0]}"))

    def add(request, response):
        response.sum = request.a + request.b
        return response

    def fibonacci(handle):
        handle.publish_feedback(Fibonacci.Feedback(sequence=[0, 1]))
        handle.succeed()
        return Fibonacci.Result(sequence=[0, 1, 1])

    node.create_timer(0.02, tick)
    node.create_service(AddTwoInts, "/add", add)
    node.received = []
    node.create_subscription(String, "/listen", node.received.append, 10)
    server = ActionServer(node, Fibonacci, "/fib", fibonacci)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.add_node(managed)

    def serve():
        try:
            executor.spin()
        except ExternalShutdownException:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    server.destroy()
    node.destroy_node()
    managed.destroy_node()


def test_topics(busy, tool):
    assert "/chatter [std_msgs/msg/String]" in tool("topic", "list", "-t")[1].splitlines()
    status, output, _ = tool("topic", "echo", "/chatter", "--count", "2")
    documents = [text for text in yaml.safe_load_all(output) if text]
    assert status == 0
    assert len(documents) == 2
    assert documents[0]["data"].startswith("hello ")
    for command, expected in (("hz", "average rate:"), ("bw", "B/s from")):  # longer where a busy machine needs it
        assert any(
            expected in tool("topic", command, "/chatter", "--timeout", seconds)[1] for seconds in ("1", "5", "30")
        )
    assert "Publisher count: 1" in tool("topic", "info", "/chatter", "-v")[1]
    assert tool("topic", "type", "/chatter")[1] == "std_msgs/msg/String\n"
    assert "/nothing has no publisher or subscription" in tool("topic", "echo", "/nothing", "--timeout", "0.5")[2]
    assert "no definition of 'std_msgs/msg/Nope'" in tool("topic", "echo", "/chatter", "std_msgs/msg/Nope")[2]


def test_publishing(busy, tool):
    status, output, _ = tool(
        "topic", "pub", "-t", "3", "-r", "50", "-w", "1", "/listen", "std_msgs/msg/String", "{data: hi}"
    )
    assert status == 0
    assert "publishing #3: std_msgs.msg.String(data='hi')" in output.splitlines()
    assert [message.data for message in busy.received] == ["hi"] * 3


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--once", "/listen", "std_msgs/msg/String", "{text: hi}"), "no field 'text'; it has data"),
        (("-r", "0", "/listen", "std_msgs/msg/String"), "the rate must be positive, not 0"),
        (("/listen", "std_msgs/msg/String", "{data: [}"), "is no YAML: expected the node content, but found '}' at line 1"),
        (("/listen", "String"), "'String' is no interface name; write package/msg/Type"),
    ],
)  # fmt: skip
def test_what_cannot_be_published_is_told_in_one_line(arguments, expected, tool):
    status, _, errors = tool("topic", "pub", *arguments)
    assert status == 1
    assert expected in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_publishing_may_be_given_up_while_nobody_listens(number):
    command = [sys.executable, "-m", "embedded_ros", "topic", "pub", "--once", "/nobody", "std_msgs/msg/String"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout.readline() == "waiting for 1 subscription(s) of /nobody\n"
    process.send_signal(number)
    assert "Traceback" not in process.communicate(timeout=400)[0]


def test_output_is_laid_out_by_lines(capsys):
    from embedded_ros.cli.common import print_yaml

    print_yaml({"data": "hi", "header": {"stamp": {"sec": 1}}, "numbers": [1, 2], "points": [{"x": 1.0}], "none": []})
    text = "data: hi\nheader:\n  stamp:\n    sec: 1\nnumbers: [1, 2]\npoints:\n- x: 1.0\nnone: []\n"
    assert capsys.readouterr().out == text
    print_yaml(0.2)
    assert capsys.readouterr().out == "0.2\n"


def test_a_single_file_can_be_run(tmp_path):
    file = tmp_path / "plain_node.py"
    file.write_text("import sys, rclpy\nprint(rclpy.__name__, sys.argv[1:], __name__)\n")
    command = [sys.executable, "-m", "embedded_ros", "run", str(file), "--ros-args", "-p", "a:=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.stdout == "rclpy ['--ros-args', '-p', 'a:=1'] __main__\n", done.stderr


def test_nodes(busy, tool):
    assert tool("node", "list")[1].splitlines() == ["/lab/busy", "/managed"]
    output = tool("node", "info", "/lab/busy")[1]
    for line in (
        "    /chatter: std_msgs/msg/String",
        "    /add: example_interfaces/srv/AddTwoInts",
        "    /fib: example_interfaces/action/Fibonacci",
    ):
        assert line in output.splitlines()
    assert "there is no node /nobody" in tool("node", "info", "nobody")[2]


def test_parameters(busy, tool, tmp_path):
    assert "  speed" in tool("param", "list", "/lab/busy")[1].splitlines()
    assert "/lab/busy:" in tool("param", "list")[1].splitlines()
    assert tool("param", "get", "/lab/busy", "speed")[1] == "Double value is: 1.5\n"
    assert tool("param", "get", "/lab/busy", "speed", "--hide-type")[1] == "1.5\n"
    assert tool("param", "get", "/lab/busy", "group.names")[1] == "String values are: ['a', 'b']\n"
    described = tool("param", "describe", "/lab/busy", "speed")[1]
    assert described.startswith("Parameter name: speed\n  Type: double\n")
    assert tool("param", "set", "/lab/busy", "speed", "2.5")[0] == 0
    assert busy.get_parameter("speed").value == 2.5
    status, _, errors = tool("param", "set", "/lab/busy", "speed", "fast")
    assert status == 1
    assert "Wrong parameter type" in errors
    dumped = yaml.safe_load(tool("param", "dump", "/lab/busy")[1])
    assert dumped["/lab/busy"]["ros__parameters"]["group"] == {"names": ["a", "b"]}
    file = tmp_path / "params.yaml"
    file.write_text("/lab/busy:\n  ros__parameters:\n    speed: 4.5\n")
    assert tool("param", "load", "/lab/busy", str(file))[0] == 0
    assert busy.get_parameter("speed").value == 4.5
    assert "has no parameter 'weight'" in tool("param", "get", "/lab/busy", "weight")[2]


def test_services(busy, tool):
    assert "/add [example_interfaces/srv/AddTwoInts]" in tool("service", "list", "-t")[1]
    assert tool("service", "type", "/add")[1] == "example_interfaces/srv/AddTwoInts\n"
    assert yaml.safe_load(tool("service", "call", "/add", "example_interfaces/srv/AddTwoInts", "{a: 2, b: 40}")[1]) == {
        "sum": 42
    }
    status, _, errors = tool("service", "call", "/none", "std_srvs/srv/Trigger", "--timeout", "0.5")
    assert status == 1
    assert "not available after 0.5 s" in errors
    status, _, errors = tool("service", "call", "/add", "std_srvs/srv/Trigger", "--timeout", "0.5")
    assert status == 1
    assert "service /add is of type example_interfaces/srv/AddTwoInts, not std_srvs/srv/Trigger" in errors


def test_actions(busy, tool):
    assert tool("action", "list", "-t")[1] == "/fib [example_interfaces/action/Fibonacci]\n"
    status, output, _ = tool("action", "send_goal", "/fib", "example_interfaces/action/Fibonacci", "{order: 3}", "-f")
    assert status == 0
    assert output.startswith("Goal accepted")
    assert "feedback:" in output
    assert "SUCCEEDED" in output
    assert tool("action", "info", "/fib")[1] == "Action: /fib\nAction clients: 0\nAction servers: 1\n    /lab/busy\n"


def test_an_interrupt_cancels_the_goal(ros, node):
    from example_interfaces.action import Fibonacci
    from rclpy.action import ActionServer, CancelResponse
    from rclpy.callback_groups import ReentrantCallbackGroup
    from rclpy.executors import MultiThreadedExecutor

    ended = []

    def execute(handle):
        while not handle.is_cancel_requested:
            time.sleep(0.01)
        handle.canceled()
        ended.append(handle.status)
        return Fibonacci.Result()

    group = ReentrantCallbackGroup()
    server = ActionServer(
        node, Fibonacci, "/slow", execute, cancel_callback=lambda handle: CancelResponse.ACCEPT, callback_group=group
    )
    executor = MultiThreadedExecutor(3)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin)
    thread.start()
    command = ["-m", "embedded_ros", "action", "send_goal", "/slow", "example_interfaces/action/Fibonacci"]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert "Goal accepted" in process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=400)
    executor.shutdown()
    thread.join()
    server.destroy()
    assert ended == [5]
    assert process.returncode == 130, output


def test_lifecycle(busy, tool):
    assert tool("lifecycle", "nodes")[1] == "/managed\n"
    assert tool("lifecycle", "get", "managed")[1] == "unconfigured [1]\n"
    assert tool("lifecycle", "set", "managed", "configure")[1] == "Transitioning successful\n"
    assert tool("lifecycle", "get", "managed")[1] == "inactive [2]\n"
    assert "possible: cleanup, activate, shutdown" in tool("lifecycle", "set", "managed", "configure")[2]


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_bags(busy, tool, tmp_path, storage):
    from rosgraph_msgs.msg import Clock

    ticks = []
    busy.create_subscription(Clock, "/clock", ticks.append, 100)
    bag = str(tmp_path / "bag")
    status, output, _ = tool("bag", "record", "/chatter", "-s", storage, "-o", bag, "-d", "2")
    count = output.splitlines()[-1].removesuffix(" messages recorded")
    assert (status, int(count) > 1) == (0, True)
    told = tool("bag", "info", bag)[1]
    assert f"Messages:          {count}\n" in told
    assert f"Storage id:        {storage}\n" in told
    assert f"Topic: /chatter | Type: std_msgs/msg/String | Count: {count} |" in told
    status, output, _ = tool("bag", "play", bag, "--rate", "4", "--clock", "100")
    assert (status, output.splitlines()[-1]) == (0, f"{count} messages played")
    assert ticks
    assert tool("bag", "play", bag, "--topics", "/other")[1] == "0 messages played\n"
    assert "exists already, not overwriting" in tool("bag", "record", "-a", "-o", bag)[2]


def test_a_looping_bag_plays_until_an_interrupt(busy, tool, tmp_path, end_of):
    from rosgraph_msgs.msg import Clock

    stamps, began_anew = [], threading.Event()

    def hear(message):
        stamps.append(message.clock.sec * 10**9 + message.clock.nanosec)
        if stamps[-1] < max(stamps):
            began_anew.set()

    bag = str(tmp_path / "bag")
    output = tool("bag", "record", "/chatter", "-o", bag, "-d", "2")[1]
    count = int(output.splitlines()[-1].removesuffix(" messages recorded"))
    busy.create_subscription(Clock, "/clock", hear, 100)
    command = ["-m", "embedded_ros", "bag", "play", bag, "--loop", "--clock", "100"]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert began_anew.wait(400)
    _, output = end_of(process, signal.SIGINT)
    assert process.returncode == 0
    assert int(output.splitlines()[-1].removesuffix(" messages played")) >= count


def test_interfaces_and_help(tool):
    assert "bool data" in tool("interface", "show", "std_srvs/srv/SetBool")[1]
    assert "std_srvs/srv/Trigger" in tool("interface", "list", "std_srvs")[1]
    assert tool("--help")[0] == 0
    assert tool("nonsense")[0] == 2
    assert "has no executable" in tool("run", "std_srvs", "nothing")[2]


def test_running_an_executable(tool, tmp_path, monkeypatch):
    package = tmp_path / "demo_pkg"
    (package / "scripts").mkdir(parents=True)
    (package / "package.xml").write_text("<package format='3'><name>demo_pkg</name></package>")
    (package / "scripts/hello").write_text(
        "#!/usr/bin/env python3\nimport sys, rclpy\nprint(sys.argv[1:], rclpy.__name__)\nsys.exit(3)\n"
    )
    (package / "scripts/hello").chmod(0o755)
    monkeypatch.setenv("EMBEDDED_ROS_PACKAGE_PATH", str(package))
    status, output, errors = tool("run", "demo_pkg", "hello", "--flag")
    assert (status, output) == (3, "['--flag'] rclpy\n"), errors
