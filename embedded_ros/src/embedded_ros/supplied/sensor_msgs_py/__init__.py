"""``sensor_msgs_py``: helpers for sensor messages."""
