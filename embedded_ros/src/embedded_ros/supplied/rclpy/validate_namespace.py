"""Public home of ``validate_namespace``."""

from __future__ import annotations

from rclpy._names import validate_namespace

__all__ = ["validate_namespace"]
