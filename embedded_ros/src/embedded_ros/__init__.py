"""Run rclpy nodes with nothing but pip, on the real ROS 2 wire.

``activate()`` is the only entry point: it makes ``rclpy``, ``tf2_ros``, ``sensor_msgs`` and their kin importable where
no genuine ROS 2 is installed, and does nothing where one is.
"""

from __future__ import annotations

from embedded_ros.activation import ActivationError, activate, is_active

__version__ = "0.1.0"
__all__ = ["ActivationError", "__version__", "activate", "is_active"]
