"""``tf2_sensor_msgs``: transforming point clouds."""

from __future__ import annotations

from .tf2_sensor_msgs import do_transform_cloud, from_msg_msg, to_msg_msg, transform_points

__all__ = ["do_transform_cloud", "from_msg_msg", "to_msg_msg", "transform_points"]
