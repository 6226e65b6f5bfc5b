"""Names of environment variables and folders."""

from __future__ import annotations

AMENT_PREFIX_PATH_ENV_VAR = "AMENT_PREFIX_PATH"
RESOURCE_INDEX_SUBFOLDER = "share/ament_index/resource_index"
SOURCE_PATH_ENV_VAR = "EMBEDDED_ROS_PACKAGE_PATH"
