"""Sources of launch descriptions in YAML."""

from __future__ import annotations

from typing import Any

__all__ = ["YAMLLaunchDescriptionSource"]


class YAMLLaunchDescriptionSource:
    """A launch file in YAML; including one is not supported."""

    def __init__(self, launch_file_path: Any = None, **options: Any) -> None:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            "launch_yaml.launch_description_sources.YAMLLaunchDescriptionSource is not supported by embedded_ros; "
            "use a Python launch file"
        )
