"""Folder of the packages that stand in for genuine ROS 2 ones.

They are imported under their public names only (``rclpy``, never ``embedded_ros.supplied.rclpy``), so that every class
exists once. The empty search path below makes the other spelling fail.
"""

from __future__ import annotations

__path__: list[str] = []
