"""Find packages: installed ones first, then source folders and importable Python packages."""

from __future__ import annotations

import pathlib

from embedded_ros.packages import source_folder, source_packages

from .resources import get_resources, has_resource

_RESOURCE_TYPE = "packages"


class PackageNotFoundError(KeyError):
    """A package is not found anywhere."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


def get_packages_with_prefixes() -> dict[str, str]:
    """Return the prefix of every package by name; a source folder is its own prefix."""
    sources = {name: str(folder) for name, folder in source_packages().items()}
    return {**sources, **get_resources(_RESOURCE_TYPE)}


def get_package_prefix(package_name: str) -> str:
    """Return the prefix of a package: where it is installed, or its source folder.

    Raises PackageNotFoundError, ValueError when the name is no valid package name.
    """
    if not package_name or "/" in package_name or "\\" in package_name:
        raise ValueError(f"{package_name!r} is not a valid package name")
    prefix = has_resource(_RESOURCE_TYPE, package_name)
    if prefix is not None:
        return prefix
    folder = source_folder(package_name)
    if folder is None:
        raise PackageNotFoundError(
            f"package {package_name!r} not found; it is in no prefix of AMENT_PREFIX_PATH, in no folder of "
            "EMBEDDED_ROS_PACKAGE_PATH, not above the current folder and not importable"
        )
    return str(folder)


def get_package_share_path(package_name: str, print_warning: bool = True) -> pathlib.Path:
    """Return the folder with the shared files (``launch``, ``config``) of a package; PackageNotFoundError if none."""
    prefix = pathlib.Path(get_package_prefix(package_name))
    installed = prefix / "share" / package_name
    return (
        installed if has_resource(_RESOURCE_TYPE, package_name) is not None else _share_in_source(prefix, package_name)
    )


def get_package_share_directory(package_name: str, print_warning: bool = True) -> str:
    """Return the shared folder of a package as a string."""
    return str(get_package_share_path(package_name, print_warning))


def _share_in_source(folder: pathlib.Path, package_name: str) -> pathlib.Path:
    """Return ``share/<name>`` inside the folder where it exists, else the folder itself."""
    inner = folder / "share" / package_name
    return inner if inner.is_dir() else folder
