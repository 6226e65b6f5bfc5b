"""Public home of ``expand_topic_name``."""

from __future__ import annotations

from rclpy._names import expand_topic_name

__all__ = ["expand_topic_name"]
