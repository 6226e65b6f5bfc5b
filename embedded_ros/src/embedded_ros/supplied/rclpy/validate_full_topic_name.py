"""Public home of ``validate_full_topic_name``."""

from __future__ import annotations

from rclpy._names import validate_full_topic_name

__all__ = ["validate_full_topic_name"]
