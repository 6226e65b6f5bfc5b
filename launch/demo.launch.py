"""A simulated robot drives through a home, and its layout appears: nothing but this package is needed.

`ros2 launch spatial_perception demo.launch.py --show-args`
"""

from __future__ import annotations

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from spatial_perception.ros.launching import BOOLEAN, LEVELS, PACKAGE, declared, given_values, package_node

SHARE = Path(get_package_share_directory(PACKAGE))

# name, default, description, choices
OWN = (
    ("seed", "1", "Which home; the same number gives the same home and drive.", None),
    ("rooms", "3", "Rooms of the home, 1 to 6.", None),
    ("speed", "0.6", "Top speed of the robot (m/s).", None),
    ("drift", "0.0", "How far odometry is off after a minute (m); localisation makes up for it.", None),
    ("lidar", "spinning", "Scanner: 22.5 degrees up and down, or a dome up to 65 degrees.", ("spinning", "dome", "none")),
    ("camera_rate", "5.0", "Pictures of the RGB-D camera per second; 0: no camera.", None),
    ("real_time_factor", "1.0", "Simulated seconds per second, as far as the machine keeps up.", None),
)  # fmt: skip
PASSED = (
    ("namespace", "", "Namespace of all nodes and relative topics, such as robot_1; /clock and /tf are shared.", None),
    ("params_file", str(SHARE / "config" / "simulation.yaml"), "Parameters of layout_node.", None),
    ("autostart", "true", "Configure and activate layout_node at once.", BOOLEAN),
    ("estimator", "", "Estimator, folder or hub id of a checkpoint; empty: that of the params_file (auto).", None),
    ("scene", "true", "Start scene_node, which answers questions about the layout.", BOOLEAN),
    ("navigation", "false", "Start navigation_node: maps, routes, rooms and goals for Nav2.", BOOLEAN),
    ("log_level", "info", "Least severity that is logged.", LEVELS),
    ("use_rviz", "false", "Open RViz, where it is installed.", BOOLEAN),
    ("rviz_config", str(SHARE / "rviz" / "layout.rviz"), "What RViz shows.", None),
    ("foxglove", "false", "Show in Foxglove: foxglove_bridge where it is installed, else foxglove_sink "
                          "(pip extra foxglove). There import config/foxglove_layout.json.", BOOLEAN),
    ("foxglove_port", "8765", "Port of the websocket, on this machine only.", None),
    ("record", "", "Folder of a new bag (mcap) with results and truth; empty: none.", None),
    ("record_topics", "simulated_robot/truth,simulated_robot/path", "Further topics for the bag, comma separated.", None),
    ("rerun", "", "File (.rrd) to record to, for the rerun viewer (pip extra viewer); empty: none.", None),
    ("truth", "simulated_robot/truth", "Topic of the true layout, shown beside in the rerun recording.", None),
)  # fmt: skip
KINDS = {"seed": int, "rooms": int, "lidar": str}


def generate_launch_description() -> LaunchDescription:
    """All arguments, the robot, and the nodes that map, answer and navigate."""
    passed = {name: LaunchConfiguration(name) for name, *_ in PASSED}
    layout = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(SHARE / "launch" / "navigation.launch.py")),
        launch_arguments={**passed, "use_sim_time": "true", "layout": "true"}.items(),
    )
    return LaunchDescription([*declared((*OWN, *PASSED)), OpaqueFunction(function=robot), layout])


def robot(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The robot, with the arguments in the types of its parameters."""
    given, parameters = given_values(context, (*OWN, *PASSED)), {}
    for name, *_ in OWN:
        try:
            parameters[name] = KINDS.get(name, float)(given[name])
        except ValueError:
            raise RuntimeError(f"{name}:={given[name]} is no number") from None
    return [package_node(given, "simulated_robot", parameters)]
