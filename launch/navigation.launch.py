"""Layouts, what a planner needs of them, and answers: `ros2 launch spatial_perception navigation.launch.py --show-args`.

Arguments of layout.launch.py (clouds, rgbd, bag, use_rviz, ...) can be given as well.
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from spatial_perception.ros.launching import BOOLEAN, LEVELS, PACKAGE, declared, given_values, managed_node

SHARE = Path(get_package_share_directory(PACKAGE))

# name, default, description, choices
SHARED = (
    ("namespace", "", "Namespace of all nodes and relative topics, such as robot_1.", None),
    ("use_sim_time", "false", "Follow /clock: true for bags and simulation. Must be alike in all nodes.", BOOLEAN),
    ("autostart", "true", "Configure and activate at once; false where a lifecycle manager does that.", BOOLEAN),
    ("respawn", "false", "Start a node again should it ever end by itself.", BOOLEAN),
    ("log_level", "info", "Least severity that is logged.", LEVELS),
    ("bag", "", "A rosbag2 (folder, .mcap, .db3) to replay into the nodes; sets use_sim_time.", None),
)  # fmt: skip
OWN = (
    ("layout", "true", "Start layout_node too; false where it runs already.", BOOLEAN),
    ("navigation", "true", "Start navigation_node.", BOOLEAN),
    ("scene", "true", "Start scene_node.", BOOLEAN),
    ("navigation_params_file", str(SHARE / "config" / "navigation.yaml"), "Parameters of both nodes; copy and change it.", None),
    ("layout_topic", "", "Topic of layouts; empty: that of the navigation_params_file (layout_node/layout).", None),
    ("map_topic", "", "Publish the grid there, such as /map; empty: navigation_node/map.", None),
    ("base_frame", "", "Frame of the robot; empty: that of the navigation_params_file (base_link).", None),
)  # fmt: skip


def generate_launch_description() -> LaunchDescription:
    """All arguments, then what they ask for."""
    layout = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "layout.launch.py")),
        launch_arguments={name: LaunchConfiguration(name) for name, *_ in SHARED}.items(),
        condition=IfCondition(LaunchConfiguration("layout")),
    )
    return LaunchDescription([*declared((*SHARED, *OWN)), layout, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The nodes that are wanted."""
    given = given_values(context, (*SHARED, *OWN))
    remapped = [("~/map", given["map_topic"])] if given["map_topic"] else []
    nodes = (("navigation", "navigation_node", remapped), ("scene", "scene_node", []))
    return [node(given, name, remappings) for wanted, name, remappings in nodes if given[wanted] == "true"]


def node(given: dict[str, str], name: str, remappings: list[tuple[str, str]]) -> Node:
    """One node; arguments that were given win over the parameter file."""
    own: dict[str, object] = {}
    for argument, parameter in (("layout_topic", "inputs.layout"), ("base_frame", "frames.base")):
        if given[argument]:
            own[parameter] = given[argument]
    return managed_node(given, name, given["navigation_params_file"], own, remappings=remappings)
