"""When the runtime steps in, and when it keeps out; each case in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def python(tmp_path):
    """Run code with a folder of made-up packages on the path; return (exit status, output)."""

    def run(code: str, packages: dict[str, str] | None = None, **environment: str) -> tuple[int, str]:
        for name, text in (packages or {}).items():
            file = tmp_path / "site" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        settings = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), **environment}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)], env=settings, capture_output=True, text=True, cwd=tmp_path
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_nothing_is_importable_before_activation(python):
    assert "ModuleNotFoundError" in python("import embedded_ros, rclpy")[1]


def test_activation_supplies_everything_and_names_itself(python):
    code = """
        import logging, sys; logging.basicConfig(level=logging.INFO)
        import embedded_ros
        assert embedded_ros.activate() and embedded_ros.activate() and embedded_ros.is_active()
        assert type(sys.meta_path[-1]).__name__ == "SuppliedFinder"
        import rclpy, rclpy.node, std_msgs.msg, sensor_msgs, tf2_ros
        from vision_msgs.msg import Detection3DArray
        assert rclpy.node.Node.__module__ == "rclpy.node" and sensor_msgs.msg.Image
    """
    status, output = python(code)
    assert status == 0, output
    assert output.count("embedded_ros supplies rclpy") == 1


def test_a_genuine_rclpy_wins(python):
    code = "import embedded_ros; print(embedded_ros.activate(), embedded_ros.is_active()); import rclpy; print(rclpy.GENUINE)"
    status, output = python(code, {"rclpy/__init__.py": "GENUINE = 42"})
    assert (status, output) == (0, "False False\n42\n")


def test_force_beats_a_genuine_rclpy(python):
    code = "import embedded_ros; print(embedded_ros.activate()); import rclpy; print(hasattr(rclpy, 'GENUINE'))"
    status, output = python(code, {"rclpy/__init__.py": "GENUINE = 42"}, EMBEDDED_ROS="force")
    assert (status, output) == (0, "True\nFalse\n")


def test_off_keeps_out(python):
    status, output = python("import embedded_ros; print(embedded_ros.activate()); import rclpy", EMBEDDED_ROS="off")
    assert status == 1
    assert output.startswith("False\n")
    assert "No module named 'rclpy'" in output


def test_message_packages_without_rclpy_are_refused(python):
    code = (
        "import embedded_ros\ntry: embedded_ros.activate()\nexcept embedded_ros.ActivationError as error: print(error)"
    )
    status, output = python(code, {"sensor_msgs/__init__.py": ""})
    assert status == 0
    assert "ROS 2 package(s) without rclpy" in output
    assert "sensor_msgs" in output


def test_late_activation_is_refused(python):
    code = """
        import std_msgs, embedded_ros
        try: embedded_ros.activate("force")
        except embedded_ros.ActivationError as error: print(error)
    """
    status, output = python(code, {"std_msgs/__init__.py": ""})
    assert status == 0
    assert "std_msgs is imported already" in output


def test_unknown_mode(python):
    assert (
        "use one of auto, off, force" in python("import embedded_ros; embedded_ros.activate()", EMBEDDED_ROS="maybe")[1]
    )


def test_a_plain_folder_does_not_hide_a_package(python):
    code = "import embedded_ros; embedded_ros.activate(); import launch; print(hasattr(launch, 'LaunchDescription'))"
    status, output = python(code, {"launch/demo.launch.py": ""})
    assert (status, output) == (0, "True\n")


def test_the_inner_spelling_fails(python):
    assert (
        "No module named"
        in python("import embedded_ros; embedded_ros.activate(); import embedded_ros.supplied.rclpy")[1]
    )


def test_interfaces_of_a_source_package(python, tmp_path):
    folder = tmp_path / "my_robot"
    (folder / "msg").mkdir(parents=True)
    (folder / "srv").mkdir()
    (folder / "action").mkdir()
    (folder / "package.xml").write_text("<package><name>my_robot</name></package>")
    (folder / "msg/Level.msg").write_text(
        "uint8 LOW=1\nuint8 level 3\nstd_msgs/Header header\nLevelPart[<=2] parts # some\n"
    )
    (folder / "msg/LevelPart.msg").write_text('string name "x # y"\nfloat32[3] place [1, 2, 3]\nbool on true\n')
    (folder / "srv/Ask.srv").write_text("string question\n---\nint32 answer 42\n")
    (folder / "action/Go.action").write_text("float64 distance\n---\nbool arrived\n---\nfloat64 left\n")
    code = """
        import embedded_ros; embedded_ros.activate()
        from my_robot.msg import Level, LevelPart
        from my_robot.srv import Ask
        from my_robot.action import Go
        part = LevelPart()
        assert (part.name, part.place.tolist(), part.on) == ("x # y", [1.0, 2.0, 3.0], True)
        assert (Level.LOW, Level().level, Ask.Response().answer) == (1, 3, 42)
        from rclpy.serialization import serialize_message, deserialize_message
        level = Level(parts=[part])
        assert deserialize_message(serialize_message(level), Level) == level
        assert Go.Impl.SendGoalService.Request(goal=Go.Goal(distance=2.0)).goal.distance == 2.0
        try: Level(parts=[part] * 3)
        except AssertionError as error: print(error)
    """
    status, output = python(code, EMBEDDED_ROS_PACKAGE_PATH=str(tmp_path))
    assert status == 0, output
    assert "'parts'" in output


def test_identifiers_follow_the_distribution_of_the_peers(python):
    code = "import embedded_ros; embedded_ros.activate(); from rmw_dds_common.msg import Gid; print(len(Gid().data))"
    sizes = [python(code, ROS_DISTRO=name)[1] for name in ("humble", "iron", "jazzy", "kilted", "unheard_of")]
    assert sizes == ["24\n"] + ["16\n"] * 4


@pytest.mark.parametrize("name", ["humble", "iron", "kilted"])
def test_services_and_nodes_exist_with_the_types_of_every_distribution(python, name):
    code = """
import embedded_ros
embedded_ros.activate()
import rclpy
from example_interfaces.action import Fibonacci
from std_srvs.srv import Trigger
rclpy.init(domain_id=99)
node = rclpy.create_node("some_node")
node.create_service(Trigger, "serve", lambda request, response: response)
print(Trigger.Response().success, Fibonacci.Goal().order)
rclpy.shutdown()
"""
    assert python(code, ROS_DISTRO=name) == (0, "False 0\n")
