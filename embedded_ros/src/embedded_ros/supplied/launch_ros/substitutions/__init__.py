"""Substitutions that find packages, executables and parameters."""

from __future__ import annotations

import pathlib
from typing import Any

from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch._submodules import register_submodules
from launch.substitution import SomeSubstitutions, Substitution, describe, perform
from launch.substitutions import PathJoinSubstitution, SubstitutionFailure

__all__ = [
    "ExecutableInPackage",
    "FindPackage",
    "FindPackagePrefix",
    "FindPackageShare",
    "Parameter",
    "ParameterSubstitution",
]


class FindPackage(Substitution):
    """A folder of a package; more parts can be appended with ``/``."""

    def __init__(self, package: SomeSubstitutions) -> None:
        self.package = package

    def find(self, package_name: str) -> str:
        """Return the folder of a package."""
        raise NotImplementedError(f"{type(self).__name__}.find")

    def perform(self, context: Any) -> str:
        """Return the folder; PackageNotFoundError when there is no such package."""
        return self.find(perform(context, self.package))

    def describe(self) -> str:
        """Return how it is written in a launch file."""
        return f"{type(self).__name__}({describe(self.package)})"

    def __truediv__(self, other: SomeSubstitutions) -> PathJoinSubstitution:
        return PathJoinSubstitution([self, other])


class FindPackagePrefix(FindPackage):
    """Where a package is installed."""

    def find(self, package_name: str) -> str:
        """Return the prefix."""
        return get_package_prefix(package_name)


class FindPackageShare(FindPackage):
    """The folder with the shared files of a package."""

    def find(self, package_name: str) -> str:
        """Return the shared folder."""
        return get_package_share_directory(package_name)


class ExecutableInPackage(Substitution):
    """The path of an executable that is a file of a package."""

    def __init__(self, executable: SomeSubstitutions, package: SomeSubstitutions) -> None:
        self.executable = executable
        self.package = package

    def perform(self, context: Any) -> str:
        """Return the path; SubstitutionFailure when the package has no such file."""
        from embedded_ros.run import find_executable

        command = find_executable(perform(context, self.package), perform(context, self.executable))
        if not pathlib.Path(command[-1]).is_file():
            raise SubstitutionFailure(f"{command[-1]} is an entry point, not a file")
        return command[-1]


class Parameter(Substitution):
    """The value of a parameter that ``SetParameter`` has set for all nodes of the scope."""

    def __init__(self, name: SomeSubstitutions, *, default: SomeSubstitutions | None = None) -> None:
        self.name = name
        self.default = default

    def perform(self, context: Any) -> str:
        """Return the value as text; SubstitutionFailure when it is not set and has no default."""
        name = perform(context, self.name)
        for entry in reversed(context.launch_configurations.get("global_params", ())):
            if isinstance(entry, tuple) and entry[0] == name:
                return str(entry[1])
        if self.default is None:
            raise SubstitutionFailure(f"parameter '{name}' is not set")
        return perform(context, self.default)


ParameterSubstitution = Parameter

register_submodules(__name__, __all__)
