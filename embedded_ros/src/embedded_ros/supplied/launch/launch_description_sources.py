"""Sources of launch descriptions, by the module name that launch files use."""

from __future__ import annotations

from launch._submodules import register_submodules

from .launch_description_source import (
    AnyLaunchDescriptionSource,
    FrontendLaunchDescriptionSource,
    InvalidLaunchFileError,
    LaunchDescriptionSource,
    PythonLaunchDescriptionSource,
    get_launch_description_from_python_launch_file,
    load_python_launch_file_as_module,
)

InvalidPythonLaunchFileError = InvalidLaunchFileError

__all__ = [
    "AnyLaunchDescriptionSource",
    "FrontendLaunchDescriptionSource",
    "InvalidLaunchFileError",
    "InvalidPythonLaunchFileError",
    "LaunchDescriptionSource",
    "PythonLaunchDescriptionSource",
    "get_launch_description_from_python_launch_file",
    "load_python_launch_file_as_module",
]

register_submodules(__name__, __all__)
