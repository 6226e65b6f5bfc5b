"""The index of resources that installed packages leave in their prefix."""

from __future__ import annotations

import pathlib

from .constants import RESOURCE_INDEX_SUBFOLDER
from .search_paths import get_search_paths


class InvalidResourceNameError(Exception):
    """A resource type or name is empty or contains a path separator."""


def _check(name: str) -> str:
    if not name or "/" in name or "\\" in name:
        raise InvalidResourceNameError(f"resource name {name!r} must not be empty or contain a path separator")
    return name


def _folders(resource_type: str) -> dict[str, pathlib.Path]:
    _check(resource_type)
    return {prefix: pathlib.Path(prefix, RESOURCE_INDEX_SUBFOLDER, resource_type) for prefix in get_search_paths()}


def get_resource(resource_type: str, resource_name: str) -> tuple[str, str]:
    """Return content and prefix of a resource; LookupError if there is none, OSError if it cannot be read."""
    _check(resource_name)
    for prefix, folder in _folders(resource_type).items():
        if (folder / resource_name).is_file():
            return (folder / resource_name).read_text(encoding="utf-8"), prefix
    raise LookupError(f"Could not find the resource {resource_name!r} of type {resource_type!r}")


def get_resources(resource_type: str) -> dict[str, str]:
    """Return the prefix of every resource of a type by name; the first prefix wins."""
    found: dict[str, str] = {}
    for prefix, folder in _folders(resource_type).items():
        if folder.is_dir():
            for entry in sorted(folder.iterdir()):
                if entry.is_file() and not entry.name.startswith("."):
                    found.setdefault(entry.name, prefix)
    return found


def get_resource_types() -> set[str]:
    """Return the types of resources that exist."""
    roots = [pathlib.Path(prefix, RESOURCE_INDEX_SUBFOLDER) for prefix in get_search_paths()]
    return {entry.name for root in roots if root.is_dir() for entry in root.iterdir() if entry.is_dir()}


def has_resource(resource_type: str, resource_name: str) -> str | None:
    """Return the prefix of a resource, None if there is none."""
    _check(resource_name)
    for prefix, folder in _folders(resource_type).items():
        if (folder / resource_name).is_file():
            return prefix
    return None
