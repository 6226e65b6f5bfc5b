"""The import finder: which names this runtime supplies and how their modules come about."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import pathlib
import types
from collections.abc import Sequence

_FOLDER = pathlib.Path(__file__).parent / "supplied"
_INTERFACE_KINDS = ("msg", "srv", "action")

# Ordinary Python packages below supplied/. Their submodules are found through the package's own __path__.
SUPPLIED_PACKAGES = (
    "rclpy",
    "tf2_ros",
    "tf2_py",
    "tf2_geometry_msgs",
    "tf2_sensor_msgs",
    "message_filters",
    "sensor_msgs_py",
    "rosidl_runtime_py",
    "cv_bridge",
    "diagnostic_updater",
    "ament_index_python",
    "launch",
    "launch_ros",
    "launch_xml",
    "launch_yaml",
)

# Interface packages whose definitions are at hand without any file of the user's.
MESSAGE_PACKAGES = (
    "action_msgs",
    "actionlib_msgs",
    "builtin_interfaces",
    "composition_interfaces",
    "diagnostic_msgs",
    "example_interfaces",
    "geometry_msgs",
    "lifecycle_msgs",
    "nav2_msgs",
    "nav_msgs",
    "rcl_interfaces",
    "rmw_dds_common",
    "rosbag2_interfaces",
    "rosgraph_msgs",
    "sensor_msgs",
    "service_msgs",
    "shape_msgs",
    "statistics_msgs",
    "std_msgs",
    "std_srvs",
    "stereo_msgs",
    "tf2_msgs",
    "trajectory_msgs",
    "type_description_interfaces",
    "unique_identifier_msgs",
    "vision_msgs",
    "visualization_msgs",
)


class SuppliedFinder(importlib.abc.MetaPathFinder):
    """Finds the supplied packages by their public names, and interface modules (``<package>.msg`` and kin)."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a supplied module, None for every other name."""
        top, _, rest = fullname.partition(".")
        if top in SUPPLIED_PACKAGES:
            return None if rest else _package_spec(top)
        if rest in _INTERFACE_KINDS or (not rest and top in MESSAGE_PACKAGES):
            return _interface_spec(fullname)
        return None if rest else _unknown_package_spec(top)


class PlainFolderFinder(SuppliedFinder):
    """Stands first and acts only where a folder without ``__init__.py`` would be imported by a supplied name.

    ROS packages are full of such folders: ``launch/`` in the folder one works in, ``my_robot/msg/`` in a workspace.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a supplied module that a plain folder hides, None for every other name."""
        top, _, rest = fullname.partition(".")
        supplied = not rest and (top in SUPPLIED_PACKAGES or top in MESSAGE_PACKAGES)
        if not supplied and rest not in _INTERFACE_KINDS:
            return None
        other = importlib.machinery.PathFinder.find_spec(fullname, path)
        if other is None or other.origin is not None:
            return None
        return super().find_spec(fullname, path, target)


class InterfaceLoader(importlib.abc.Loader):
    """Fills ``<package>`` and ``<package>.msg|srv|action`` modules with classes made on first use."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        """Leave the creation to the import system."""
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Give the module a ``__getattr__`` that makes each message class when it is first asked for."""
        from embedded_ros.messages.modules import fill_module

        fill_module(module)


def _package_spec(name: str) -> importlib.machinery.ModuleSpec | None:
    return importlib.machinery.PathFinder.find_spec(name, [str(_FOLDER)])


def _interface_spec(fullname: str) -> importlib.machinery.ModuleSpec | None:
    package, _, kind = fullname.partition(".")
    if package not in MESSAGE_PACKAGES and not _has_interfaces(package, kind):
        return None
    return importlib.machinery.ModuleSpec(fullname, InterfaceLoader(), is_package=not kind)


def _unknown_package_spec(package: str) -> importlib.machinery.ModuleSpec | None:
    """Return a spec for an interface package of the user's that has no Python package of its own."""
    return _interface_spec(package) if package.endswith(("_msgs", "_interfaces", "_srvs", "_actions")) else None


def _has_interfaces(package: str, kind: str) -> bool:
    from embedded_ros.messages.registry import has_interfaces

    return has_interfaces(package, kind)
