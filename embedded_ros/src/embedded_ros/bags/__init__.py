"""Recording and playing bags in the layout of rosbag2 (mcap and sqlite3)."""

from __future__ import annotations
