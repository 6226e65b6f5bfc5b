"""Writes what is generated from the parameters of nodes: `python -m spatial_perception.ros.documentation docs/nodes config`.

That is the table of each page in `docs/nodes`, and `config/navigation.yaml`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel

from spatial_perception.ros.parameters import declarations, table

IN_FILE = ("navigation_node", "scene_node")
"""The nodes of `config/navigation.yaml`."""
BEGIN = "<!-- parameters: written by `python -m spatial_perception.ros.documentation docs/nodes config` -->\n"
END = "<!-- end of parameters -->\n"


def models() -> dict[str, type[BaseModel]]:
    """The settings of each node by its name."""
    from spatial_perception.ros.layout_settings import LayoutSettings
    from spatial_perception.ros.navigation_settings import NavigationNodeSettings
    from spatial_perception.ros.nodes.foxglove_sink import FoxgloveSettings
    from spatial_perception.ros.nodes.replay import ReplaySettings
    from spatial_perception.ros.nodes.rerun_recorder import RerunSettings
    from spatial_perception.ros.nodes.simulated_robot import RobotSettings
    from spatial_perception.ros.scene_settings import SceneSettings

    return {
        "layout_node": LayoutSettings,
        "scene_node": SceneSettings,
        "navigation_node": NavigationNodeSettings,
        "simulated_robot": RobotSettings,
        "replay": ReplaySettings,
        "foxglove_sink": FoxgloveSettings,
        "rerun_recorder": RerunSettings,
    }


def with_table(page: str, model: type[BaseModel]) -> str:
    """A page with the table of a model between its two marks; raises ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the table of parameters")
    return f"{before}{BEGIN}\n{table(model)}\n{END}{after}"


def parameter_file(names: Sequence[str]) -> str:
    """A file with all parameters of some nodes, in whatever namespace, at their defaults, each with its meaning."""
    parts = [f"# All parameters of {' and '.join(names)} at their defaults. Ranges: docs/nodes/\n"]
    for name in names:
        parts.append(f"/**/{name}:\n  ros__parameters:\n")
        above: list[str] = []
        for declared in declarations(models()[name]):
            *group, last = declared.name.split(".")
            if group and group != above:
                parts.append(f"    {'.'.join(group)}:\n")
            above = group
            parts.append(f"{'  ' * (2 + len(group))}{last}: {json.dumps(declared.ros_default)}  # {declared.text}\n")
    return "".join(parts)


def main() -> int:
    """Bring the files of two folders up to date; where ROS is not installed, over the embedded runtime."""
    arguments = argparse.ArgumentParser(description="Bring the tables of parameters up to date.")
    arguments.add_argument("pages", nargs="?", type=Path, default=Path("docs/nodes"), help="folder of the nodes' pages")
    arguments.add_argument("config", nargs="?", type=Path, default=Path("config"), help="folder of parameter files")
    folders = arguments.parse_args()
    if find_spec("rclpy") is None:
        import embedded_ros

        embedded_ros.activate()
    for name, model in models().items():
        page = folders.pages / f"{name}.md"
        page.write_text(with_table(page.read_text(encoding="utf-8"), model), encoding="utf-8")
    (folders.config / "navigation.yaml").write_text(parameter_file(IN_FILE), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
