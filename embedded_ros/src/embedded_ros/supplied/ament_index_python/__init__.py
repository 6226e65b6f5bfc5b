"""``ament_index_python``: find the files of ROS packages."""

from __future__ import annotations

from .packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_package_share_path,
    get_packages_with_prefixes,
)
from .resources import InvalidResourceNameError, get_resource, get_resource_types, get_resources, has_resource
from .search_paths import get_search_paths

__all__ = [
    "InvalidResourceNameError",
    "PackageNotFoundError",
    "get_package_prefix",
    "get_package_share_directory",
    "get_package_share_path",
    "get_packages_with_prefixes",
    "get_resource",
    "get_resource_types",
    "get_resources",
    "get_search_paths",
    "has_resource",
]
