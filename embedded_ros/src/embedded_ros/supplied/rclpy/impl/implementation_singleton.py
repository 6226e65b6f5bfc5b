"""Where programs look for what genuine rclpy has compiled."""

from __future__ import annotations

from rclpy import _rclpy_pybind11 as rclpy_implementation

__all__ = ["rclpy_implementation"]
