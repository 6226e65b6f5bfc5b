"""Poses of sensors and robots in the frame of a home: the `Pose` of mapping."""

from __future__ import annotations

from spatial_perception.mapping.pose import Pose, Quaternion

__all__ = ["Pose", "Quaternion"]
