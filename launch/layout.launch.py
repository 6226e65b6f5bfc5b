"""Layouts from live sensors or from a bag: `ros2 launch spatial_perception layout.launch.py --show-args`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import ExecuteProcess, LogInfo, OpaqueFunction
from launch_ros.actions import Node

from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.ros.launching import (
    BOOLEAN,
    LEVELS,
    PACKAGE,
    declared,
    given_values,
    managed_node,
    package_node,
    uses_sim_time,
)
from spatial_perception.ros.runtime import find_runtime

SHARE = Path(get_package_share_directory(PACKAGE))

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
    ("estimator", "", "Estimator, folder or hub id of a checkpoint; empty: that of the params_file (auto).", None),
    ("bag", "", "A rosbag2 (folder, .mcap, .db3) to replay into the node; sets use_sim_time.", None),
    ("bag_rate", "1.0", "Speed of the replay.", None),
    ("bag_loop", "false", "Replay again and again; each round starts a new map.", BOOLEAN),
    ("use_rviz", "false", "Open RViz, where it is installed.", BOOLEAN),
    ("rviz_config", str(SHARE / "rviz" / "layout.rviz"), "What RViz shows.", None),
    ("foxglove", "false", "Show in Foxglove: foxglove_bridge where it is installed, else foxglove_sink "
                          "(pip extra foxglove). There import config/foxglove_layout.json.", BOOLEAN),
    ("foxglove_port", "8765", "Port of the websocket, on this machine only.", None),
    ("record", "", "Folder of a new bag (mcap) with layouts, markers, boxes, map, transforms, timings; empty: none.", None),
    ("record_topics", "", "Further topics for the bag, comma separated, such as points.", None),
    ("rerun", "", "File (.rrd) to record layouts, map and way of the robot to, for the rerun viewer (pip extra viewer); "
                  "empty: none.", None),
    ("truth", "", "Topic of a true layout, shown beside in the rerun recording; empty: none.", None),
)  # fmt: skip

RECORDED = (*(f"layout_node/{name}" for name in ("layout", "markers", "boxes", "cloud", "timing")),
            "scene_node/answer", "scene_node/markers")  # fmt: skip


def generate_launch_description() -> LaunchDescription:
    """All arguments, then what they ask for."""
    return LaunchDescription([*declared(ARGUMENTS), OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The processes."""
    given = given_values(context, ARGUMENTS)
    check(given)
    found: list[LaunchDescriptionEntity] = [layout_node(given)]
    for wanted, make in (("bag", replay), ("record", recorder), ("rerun", rerun)):
        found += [make(given)] if given[wanted] else []
    for wanted, make in (("use_rviz", rviz), ("foxglove", foxglove)):
        found += [make(given)] if given[wanted] == "true" else []
    return found


def check(given: dict[str, str]) -> None:
    """Raise RuntimeError, which ends the launch with this line, for what cannot work."""
    for name in ("params_file", "bag", *(["rviz_config"] if given["use_rviz"] == "true" else [])):
        if given[name] and not Path(given[name]).expanduser().exists():
            raise RuntimeError(f"{name}:={given[name]}: no such file; check the path")
    if given["record"] and Path(given["record"]).exists():
        raise RuntimeError(f"record:={given['record']}: exists already; give the name of a new folder")
    if given["rerun"] and not given["rerun"].endswith(".rrd"):
        raise RuntimeError(f"rerun:={given['rerun']}: recordings end in .rrd; rename it")
    for name, kind in (("bag_rate", float), ("foxglove_port", int)):
        try:
            kind(given[name])
        except ValueError:
            raise RuntimeError(f"{name}:={given[name]} is no number") from None


def listed(text: str) -> list[str]:
    """What is separated by commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def layout_node(given: dict[str, str]) -> Node:
    """The node; arguments that were given win over the parameter file."""
    own: dict[str, object] = {}
    for argument, name in (("clouds", "inputs.clouds"), ("rgbd", "inputs.rgbd")):
        if given[argument]:
            own[name] = listed(given[argument])
    for argument, name in (("map_frame", "frames.map"), ("estimator", "estimation.estimator")):
        if given[argument]:
            own[name] = given[argument]
    return managed_node(given, "layout_node", given["params_file"], own)


def replay(given: dict[str, str]) -> Node:
    """The bag as topics, with /clock; under the names that the bag has, whatever the namespace."""
    parameters = {"path": given["bag"], "rate": float(given["bag_rate"]), "loop": given["bag_loop"] == "true"}
    return package_node({**given, "namespace": ""}, "replay", parameters)


def rviz(given: dict[str, str]) -> LaunchDescriptionEntity:
    """RViz with our configuration."""
    if not is_installed("rviz2"):
        return LogInfo(msg="use_rviz:=true is left out: rviz2 is not installed here; foxglove:=true needs no ROS 2")
    return Node(
        package="rviz2", executable="rviz2", namespace=given["namespace"], output="log",
        parameters=[{"use_sim_time": uses_sim_time(given)}], arguments=["-d", given["rviz_config"]],
    )  # fmt: skip


def foxglove(given: dict[str, str]) -> LaunchDescriptionEntity:
    """The bridge of the ROS distribution, else our own."""
    parameters = {"address": "127.0.0.1", "port": int(given["foxglove_port"]), "use_sim_time": uses_sim_time(given)}
    if is_installed("foxglove_bridge"):
        return Node(package="foxglove_bridge", executable="foxglove_bridge", output="log", parameters=[parameters])
    if importlib.util.find_spec("foxglove") is None:
        return LogInfo(
            msg="foxglove:=true is left out: install foxglove_bridge, or pip install 'spatial_perception[foxglove]'"
        )
    return package_node(given, "foxglove_sink", parameters)


def rerun(given: dict[str, str]) -> LaunchDescriptionEntity:
    """The recording for the rerun viewer."""
    if importlib.util.find_spec("rerun") is None:
        return LogInfo(msg="rerun:= is left out: it needs rerun-sdk; pip install 'spatial_perception[viewer]'")
    parameters = {"path": given["rerun"], "truth": given["truth"], "use_sim_time": uses_sim_time(given)}
    if given["map_frame"]:
        parameters["map_frame"] = given["map_frame"]
    return package_node(given, "rerun_recorder", parameters)


def recorder(given: dict[str, str]) -> LaunchDescriptionEntity:
    """`ros2 bag record`, or that of the embedded runtime where ROS is not installed."""
    try:
        runtime = find_runtime()
    except SpatialPerceptionError as error:
        return LogInfo(msg=f"record:= is left out: {error}")
    prefix = f"/{given['namespace'].strip('/')}/" if given["namespace"].strip("/") else "/"
    named = [*RECORDED, *listed(given["record_topics"])]
    topics = [name if name.startswith("/") else prefix + name for name in named]
    command = runtime.recorder(given["record"], [*topics, "/tf", "/tf_static", "/diagnostics"])
    return ExecuteProcess(cmd=command, output="log", sigterm_timeout="10")


def is_installed(package: str) -> bool:
    """Whether a ROS package is there."""
    try:
        get_package_share_directory(package)
    except LookupError:
        return False
    return True
