"""Parts of rclpy that are tried out; none of them is supported."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("AsyncioClock", "EventsExecutor"):
        raise NotImplementedError(f"rclpy.experimental.{name} is not supported by embedded_ros")
    raise AttributeError(f"module 'rclpy.experimental' has no attribute {name!r}")
