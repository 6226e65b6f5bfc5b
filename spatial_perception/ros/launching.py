"""What the launch files of this package share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from launch.actions import DeclareLaunchArgument
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

PACKAGE = "spatial_perception"
BOOLEAN = ("true", "false")
LEVELS = ("debug", "info", "warn", "error", "fatal")

Argument = tuple[str, str, str, tuple[str, ...] | None]
"""Name, default, description and choices (None: anything) of an argument of a launch file."""


def declared(arguments: Iterable[Argument]) -> list[DeclareLaunchArgument]:
    """The arguments, as `--show-args` lists them."""
    return [
        DeclareLaunchArgument(
            name, default_value=default, description=text, **({"choices": list(choices)} if choices else {})
        )
        for name, default, text, choices in arguments
    ]


def given_values(context: LaunchContext, arguments: Iterable[Argument]) -> dict[str, str]:
    """What was given for each argument, or its default."""
    return {name: LaunchConfiguration(name).perform(context) for name, *_ in arguments}


def uses_sim_time(given: Mapping[str, str]) -> bool:
    """Whether nodes follow /clock: on request, and beside a bag."""
    return given["use_sim_time"] == "true" or bool(given["bag"])


def package_node(given: Mapping[str, str], executable: str, *parameters: object, **options: Any) -> Node:
    """A node of this package under its own name, in the namespace and with the log level that were given."""
    return Node(
        package=PACKAGE, executable=executable, name=executable, namespace=given["namespace"], output="screen",
        parameters=list(parameters), arguments=["--ros-args", "--log-level", given["log_level"]], **options,
    )  # fmt: skip


def managed_node(given: Mapping[str, str], executable: str, *parameters: object, **options: Any) -> Node:
    """A node with a life cycle; what is set of `autostart` and time wins over the `parameters`."""
    own = {"autostart": given["autostart"] == "true", "use_sim_time": uses_sim_time(given)}
    respawn = given["respawn"] == "true"
    return package_node(given, executable, *parameters, own, respawn=respawn, respawn_delay=2.0, **options)
