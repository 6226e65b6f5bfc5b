"""Flat scans to sensor_msgs/LaserScan."""

from __future__ import annotations

from array import array

from sensor_msgs.msg import LaserScan

from spatial_perception.navigation.obstacles import FlatScan
from spatial_perception.ros.convert.stamps import header_message


def scan_message(scan: FlatScan, frame_id: str) -> LaserScan:
    """The message of a scan in the frame of the scanner, x ahead; infinite ranges mean nothing in range."""
    message = LaserScan(header=header_message(frame_id, scan.stamp))
    message.angle_min, message.angle_max = float(scan.angle_min), float(scan.angle_max)
    message.angle_increment = float(scan.angle_increment)
    message.range_min, message.range_max = float(scan.range_min), float(scan.range_max)
    message.ranges = array("f", scan.ranges.tobytes())
    return message
