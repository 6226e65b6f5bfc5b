"""Launch files that start ROS nodes: names, parameters, remappings, lifecycle."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

MANIFEST = "<?xml version='1.0'?><package format='3'><name>demo_pkg</name><version>0.1.0</version></package>"
REPORTER = """\
#!/usr/bin/env python3
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

def main():
    rclpy.init()
    node = Node("reporter")
    node.declare_parameter("rate", 1)
    node.declare_parameter("label", "none")
    node.declare_parameter("nested.gain", 0.0)
    values = [node.get_parameter(n).value for n in ("rate", "label", "nested.gain", "use_sim_time")]
    print("REPORT", node.get_fully_qualified_name(), node.resolve_topic_name("scan"), values, flush=True)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()

if __name__ == "__main__":
    main()
"""
MANAGED = """\
#!/usr/bin/env python3
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn

class Managed(LifecycleNode):
    def on_configure(self, state):
        print("CONFIGURED", flush=True)
        return TransitionCallbackReturn.SUCCESS
    def on_activate(self, state):
        print("ACTIVATED", flush=True)
        return super().on_activate(state)

rclpy.init()
node = Managed("managed")
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
node.destroy_node()
rclpy.try_shutdown()
"""
HEAD = """
from launch import LaunchDescription
from launch.actions import *
from launch.events import Shutdown as ShutdownEvent, matches_action
from launch.event_handlers import *
from launch.substitutions import *
from launch_ros.actions import *
from launch_ros.substitutions import FindPackageShare
from launch_ros.parameter_descriptions import ParameterValue

def generate_launch_description():
"""


@pytest.fixture
def package(tmp_path):
    for name, text in (("scripts/reporter", REPORTER), ("scripts/managed", MANAGED)):
        file = tmp_path / "demo_pkg" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    (tmp_path / "demo_pkg/package.xml").write_text(MANIFEST)
    (tmp_path / "demo_pkg/launch").mkdir()
    (tmp_path / "demo_pkg/config").mkdir()
    return tmp_path / "demo_pkg"


@pytest.fixture
def start(package):
    running = []

    def start(body: str, *arguments: str) -> subprocess.Popen[str]:
        (package / "launch/demo.launch.py").write_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "))
        source = pathlib.Path(__file__).parents[2] / "src"
        environment = {
            **os.environ,
            "PYTHONPATH": str(source),
            "EMBEDDED_ROS_PACKAGE_PATH": str(package),
            "ROS_LOG_DIR": str(package.parent / "log"),
        }
        code = "import sys; from embedded_ros.launch_runtime import main; sys.exit(main(sys.argv[1:]))"
        process = subprocess.Popen(
            [sys.executable, "-c", code, "demo_pkg", "demo.launch.py", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


def read_until(process, *texts: str) -> str:
    seen = ""
    while not all(text in seen for text in texts):
        line = process.stdout.readline()
        assert line, f"ended without {texts}: {seen}"
        seen += line
    return seen


def test_nodes_get_names_parameters_and_remappings(start, package, end_of):
    (package / "config/params.yaml").write_text(
        "/**:\n  ros__parameters:\n    rate: 5\n    nested: {gain: 0.5}\n"
        "/fleet/front/driver:\n  ros__parameters:\n    label: from the file\n"
    )
    process = start(
        """
        params = PathJoinSubstitution([FindPackageShare("demo_pkg"), "config", "params.yaml"])
        return LaunchDescription([
            DeclareLaunchArgument("rate", default_value="7"),
            SetParameter("use_sim_time", True),
            GroupAction([
                PushRosNamespace("fleet"),
                Node(package="demo_pkg", executable="reporter", name="driver", namespace="front", output="screen",
                     parameters=[params, {"rate": LaunchConfiguration("rate")}], remappings=[("scan", "/lidar")]),
            ]),
            Node(package="demo_pkg", executable="reporter", output="screen",
                 parameters=[{"label": ParameterValue(LaunchConfiguration("rate"), value_type=str), "nested": {"gain": 2.5}}]),
        ])
        """,
        "rate:=30",
        "sigterm_timeout:=60",
    )
    seen = read_until(
        process,
        "REPORT /fleet/front/driver /lidar [30, 'from the file', 0.5, True]",
        "REPORT /reporter /scan [1, '30', 2.5, True]",
    )
    assert "[reporter-1]" in seen
    seconds, output = end_of(process, signal.SIGINT)
    assert process.returncode == 0
    assert seconds < 10
    assert "sending SIGTERM" not in output
    assert output.count("process has finished cleanly") == 2
    assert "Traceback" not in output


def test_lifecycle_nodes_are_taken_through_their_states_by_events(start):
    process = start("""
        from launch_ros.event_handlers import OnStateTransition
        from launch_ros.events.lifecycle import ChangeState
        from lifecycle_msgs.msg import Transition
        node = LifecycleNode(package="demo_pkg", executable="managed", name="managed", namespace="", output="screen")
        def change(transition):
            return EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))
        return LaunchDescription([
            RegisterEventHandler(OnStateTransition(target_lifecycle_node=node, goal_state="inactive",
                start_state="configuring", entities=[LogInfo(msg="is inactive"), change(Transition.TRANSITION_ACTIVATE)])),
            RegisterEventHandler(OnStateTransition(target_lifecycle_node=node, goal_state="active",
                entities=[LogInfo(msg="is active"), EmitEvent(event=ShutdownEvent(reason="all done"))])),
            node,
            change(Transition.TRANSITION_CONFIGURE),
        ])
    """)
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output
    for text in ("CONFIGURED", "is inactive", "ACTIVATED", "is active"):
        assert text in output


def test_lifecycle_nodes_may_start_by_themselves(start):
    process = start("""
        return LaunchDescription([
            LifecycleNode(package="demo_pkg", executable="managed", name="managed", namespace="a", output="screen",
                          autostart=True),
        ])
    """)
    read_until(process, "CONFIGURED", "ACTIVATED")
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output


def test_a_lifecycle_node_that_ends_before_it_offers_services_is_not_waited_for(start, package):
    (package / "scripts/short").write_text("#!/usr/bin/env python3\nprint('short')\n")
    (package / "scripts/short").chmod(0o755)
    process = start("""
        return LaunchDescription([
            LifecycleNode(package="demo_pkg", executable="short", name="short", namespace="", autostart=True),
        ])
    """)
    output, _ = process.communicate(timeout=400)
    assert "process has finished cleanly" in output
    assert process.returncode == 0


def test_a_missing_executable_is_reported_with_those_there_are(start):
    process = start('return LaunchDescription([Node(package="demo_pkg", executable="walker")])')
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 1
    assert "'walker'; it has managed, reporter" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("name", ["ComposableNodeContainer", "LoadComposableNodes"])
def test_compiled_components_are_refused_by_name(start, name):
    process = start(f"return LaunchDescription([{name}()])")
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 1
    assert f"launch_ros.actions.{name} is not supported" in output


def test_static_transforms_are_published_and_can_be_echoed(start):
    process = start("""
        return LaunchDescription([
            Node(package="tf2_ros", executable="static_transform_publisher", arguments=[
                "--x", "1", "--yaw", "1.5707963", "--frame-id", "base", "--child-frame-id", "laser"]),
            Node(package="tf2_ros", executable="static_transform_publisher", output="screen", name="old_style",
                 arguments=["0", "-1", "0", "0", "0", "0", "base", "camera"]),
            Node(package="tf2_ros", executable="tf2_echo", arguments=["laser", "camera", "10"], output="screen"),
        ])
    """)
    seen = read_until(process, "Translation: [-1.000, 1.000, 0.000]", "-90.000]")
    assert "process has died" not in seen
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output
    assert "Traceback" not in output
