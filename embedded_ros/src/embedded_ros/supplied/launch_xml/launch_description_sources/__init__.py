"""Sources of launch descriptions in XML."""

from __future__ import annotations

from typing import Any

__all__ = ["XMLLaunchDescriptionSource"]


class XMLLaunchDescriptionSource:
    """A launch file in XML; including one is not supported."""

    def __init__(self, launch_file_path: Any = None, **options: Any) -> None:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            "launch_xml.launch_description_sources.XMLLaunchDescriptionSource is not supported by embedded_ros; "
            "use a Python launch file"
        )
