"""Executables of packages that this runtime supplies, such as ``static_transform_publisher`` of ``tf2_ros``."""

from __future__ import annotations

SUPPLIED_EXECUTABLES = {
    ("tf2_ros", "static_transform_publisher"): "embedded_ros.executables.static_transform_publisher",
    ("tf2_ros", "tf2_echo"): "embedded_ros.executables.tf2_echo",
}
