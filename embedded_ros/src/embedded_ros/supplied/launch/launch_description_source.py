"""Where launch descriptions come from."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types
from typing import Any

from .launch_description import LaunchDescription
from .substitution import SomeSubstitutions, TextSubstitution, normalize_to_list_of_substitutions, perform


class InvalidLaunchFileError(RuntimeError):
    """A file is no launch file that can be read."""


class LaunchDescriptionSource:
    """A description that is read, once, when it is asked for."""

    def __init__(
        self,
        launch_description: LaunchDescription | None = None,
        location: SomeSubstitutions = "",
        method: str = "unspecified mechanism from a script",
    ) -> None:
        self._description = launch_description
        self._location = location
        self._path = ""
        self.method = method

    @property
    def location(self) -> str:
        """The path of the file, empty before it is known."""
        return self._path

    def get_launch_description(self, context: Any) -> LaunchDescription:
        """Return the description, read from the file if need be."""
        if self._description is None:
            self._path = perform(context, self._location)
            outside, context.current_launch_file = context.current_launch_file, self._path
            try:
                self._description = self._read(self._path)
            finally:
                context.current_launch_file = outside
        return self._description

    def try_get_launch_description_without_context(self) -> LaunchDescription | None:
        """Return the description if its location is a plain text, else None."""
        if self._description is None:
            parts = normalize_to_list_of_substitutions(self._location)
            if not parts or not all(isinstance(part, TextSubstitution) for part in parts):
                return None
            self._path = "".join(part.perform(None) for part in parts)
            self._description = self._read(self._path)
        return self._description

    def _read(self, path: str) -> LaunchDescription:
        raise NotImplementedError(f"{type(self).__name__} cannot read {path}")


class PythonLaunchDescriptionSource(LaunchDescriptionSource):
    """A Python launch file with a function ``generate_launch_description``."""

    def __init__(self, launch_file_path: SomeSubstitutions) -> None:
        super().__init__(None, launch_file_path, "interpreted python launch file")

    def _read(self, path: str) -> LaunchDescription:
        return get_launch_description_from_python_launch_file(path)


class AnyLaunchDescriptionSource(LaunchDescriptionSource):
    """A launch file of any supported kind; XML and YAML files are not among them."""

    def __init__(self, launch_file_path: SomeSubstitutions) -> None:
        super().__init__(None, launch_file_path, "interpreted launch file")

    def _read(self, path: str) -> LaunchDescription:
        return read_launch_file(path)


class FrontendLaunchDescriptionSource(AnyLaunchDescriptionSource):
    """A launch file in a markup language; not supported."""


def read_launch_file(path: str) -> LaunchDescription:
    """Return the description in a file; NotImplementedError for XML and YAML files."""
    if pathlib.Path(path).suffix.lower() in (".xml", ".yaml", ".yml"):
        raise NotImplementedError(f"launch files in XML or YAML are not supported by embedded_ros: {path}")
    return get_launch_description_from_python_launch_file(path)


def load_python_launch_file_as_module(path: str) -> types.ModuleType:
    """Return a launch file as a module; InvalidLaunchFileError when it cannot be read."""
    if not pathlib.Path(path).is_file():
        raise InvalidLaunchFileError(f"launch file {path} does not exist")
    spec = importlib.util.spec_from_file_location("python_launch_file", path)
    if spec is None or spec.loader is None:
        # a name without the suffix .py
        from importlib.machinery import SourceFileLoader

        spec = importlib.util.spec_from_loader("python_launch_file", SourceFileLoader("python_launch_file", path))
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def get_launch_description_from_python_launch_file(path: str) -> LaunchDescription:
    """Return what ``generate_launch_description`` of a file returns; InvalidLaunchFileError when there is none."""
    module = load_python_launch_file_as_module(path)
    make = getattr(module, "generate_launch_description", None)
    if make is None:
        raise InvalidLaunchFileError(f"launch file {path} has no function generate_launch_description()")
    return make()
