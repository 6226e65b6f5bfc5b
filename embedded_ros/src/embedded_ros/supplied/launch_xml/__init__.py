"""Launch files in XML: only their names are here, because they are not supported."""

from launch_xml import launch_description_sources

__all__ = ["launch_description_sources"]
