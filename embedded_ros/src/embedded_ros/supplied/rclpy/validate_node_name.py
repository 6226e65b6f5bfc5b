"""Public home of ``validate_node_name``."""

from __future__ import annotations

from rclpy._names import validate_node_name

__all__ = ["validate_node_name"]
