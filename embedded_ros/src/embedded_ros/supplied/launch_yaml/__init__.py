"""Launch files in YAML: only their names are here, because they are not supported."""

from launch_yaml import launch_description_sources

__all__ = ["launch_description_sources"]
