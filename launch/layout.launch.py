"""Layouts from live sensors or from a bag: `ros2 launch spatial_perception layout.launch.py --show-args`."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

PACKAGE = "spatial_perception"
SHARE = Path(get_package_share_directory(PACKAGE))
BOOLEAN = ("true", "false")
LEVELS = ("debug", "info", "warn", "error", "fatal")

# name, default, description, choices
ARGUMENTS = (
    ("namespace", "", "Namespace of all nodes and relative topics, such as robot_1.", None),
    ("use_sim_time", "false", "Follow /clock: true for bags and simulation. Must be alike in all nodes.", BOOLEAN),
    ("params_file", str(SHARE / "config" / "lidar.yaml"), "Parameters: lidar, rgbd, both.yaml in config/, or yours.", None),
    ("autostart", "true", "Configure and activate at once; false where a lifecycle manager does that.", BOOLEAN),
    ("respawn", "false", "Start the node again should it ever end by itself.", BOOLEAN),
    ("log_level", "info", "Least severity that is logged.", LEVELS),
    ("clouds", "", "PointCloud2 topics, comma separated; empty: those of the params_file.", None),
    ("rgbd", "", "Namespaces of RGB-D cameras, comma separated; empty: those of the params_file.", None),
    ("map_frame", "", "Frame of the map; empty: that of the params_file (map). odom where nothing localises.", None),
    ("estimator", "", "Estimator, folder or hub id of a checkpoint; empty: that of the params_file (geometric).", None),
    ("bag", "", "A rosbag2 (folder, .mcap, .db3) to replay into the node; sets use_sim_time.", None),
    ("bag_rate", "1.0", "Speed of the replay.", None),
    ("bag_loop", "false", "Replay again and again; each round starts a new map.", BOOLEAN),
    ("use_rviz", "false", "Open RViz, where it is installed.", BOOLEAN),
    ("rviz_config", str(SHARE / "rviz" / "layout.rviz"), "What RViz shows.", None),
    ("foxglove", "false", "Start foxglove_bridge, where it is installed; open config/foxglove_layout.json there.", BOOLEAN),
    ("record", "", "Folder of a new bag (mcap) with layouts, markers, transforms and timings; empty: none.", None),
)  # fmt: skip

RECORDED = ("layout_node/layout", "layout_node/markers", "layout_node/boxes", "layout_node/timing")


def generate_launch_description() -> LaunchDescription:
    """All arguments, then what they ask for."""
    declared = [
        DeclareLaunchArgument(
            name, default_value=default, description=text, **({"choices": list(choices)} if choices else {})
        )
        for name, default, text, choices in ARGUMENTS
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The processes."""
    given = {name: LaunchConfiguration(name).perform(context) for name, *_ in ARGUMENTS}
    found: list[LaunchDescriptionEntity] = [layout_node(given)]
    if given["bag"]:
        found.append(replay(given))
    if given["use_rviz"] == "true":
        found.append(rviz(given))
    if given["foxglove"] == "true":
        found.append(optional("foxglove_bridge", "foxglove_bridge", {"address": "127.0.0.1"}))
    if given["record"]:
        found.append(recorder(given))
    return found


def sim_time(given: dict[str, str]) -> bool:
    """Whether nodes follow /clock."""
    return given["use_sim_time"] == "true" or bool(given["bag"])


def layout_node(given: dict[str, str]) -> Node:
    """The node; arguments that were given win over the parameter file."""
    own: dict[str, object] = {"autostart": given["autostart"] == "true", "use_sim_time": sim_time(given)}
    for argument, name in (("clouds", "inputs.clouds"), ("rgbd", "inputs.rgbd")):
        if given[argument]:
            own[name] = [topic.strip() for topic in given[argument].split(",")]
    for argument, name in (("map_frame", "frames.map"), ("estimator", "estimation.estimator")):
        if given[argument]:
            own[name] = given[argument]
    return Node(
        package=PACKAGE, executable="layout_node", name="layout_node", namespace=given["namespace"], output="screen",
        parameters=[given["params_file"], own], respawn=given["respawn"] == "true", respawn_delay=2.0,
        arguments=["--ros-args", "--log-level", given["log_level"]],
    )  # fmt: skip


def replay(given: dict[str, str]) -> Node:
    """The bag as topics, with /clock."""
    parameters = {"path": given["bag"], "rate": float(given["bag_rate"]), "loop": given["bag_loop"] == "true"}
    return Node(package=PACKAGE, executable="replay", name="replay", output="screen", parameters=[parameters])


def rviz(given: dict[str, str]) -> LaunchDescriptionEntity:
    """RViz with our configuration."""
    return optional(
        "rviz2", "rviz2", {"use_sim_time": sim_time(given)}, ["-d", given["rviz_config"]], given["namespace"]
    )


def optional(
    package: str,
    executable: str,
    parameters: dict[str, object],
    arguments: list[str] | None = None,
    namespace: str = "",
) -> LaunchDescriptionEntity:
    """A node of another package, or a line that says it is not installed."""
    try:
        get_package_share_directory(package)
    except LookupError:
        return LogInfo(msg=f"{package} is not installed here; left out")
    return Node(
        package=package,
        executable=executable,
        namespace=namespace,
        parameters=[parameters],
        arguments=arguments or [],
        output="log",
    )


def recorder(given: dict[str, str]) -> LaunchDescriptionEntity:
    """`ros2 bag record`, or that of the embedded runtime where ROS is not installed."""
    prefix = f"/{given['namespace'].strip('/')}/" if given["namespace"].strip("/") else "/"
    topics = [*(prefix + name for name in RECORDED), "/tf", "/tf_static", "/diagnostics"]
    if shutil.which("ros2"):
        command = ["ros2", "bag", "record", "--storage", "mcap", "--output", given["record"], *topics]
    elif importlib.util.find_spec("embedded_ros"):
        command = [sys.executable, "-m", "embedded_ros", "bag", "record", "--output", given["record"], *topics]
    else:
        return LogInfo(msg="nothing here can record bags; left out")
    return ExecuteProcess(cmd=command, output="log", sigterm_timeout="10")
