"""Message classes come from a genuine ROS 2, else from the embedded runtime; without either there is nothing to convert."""

import importlib.util
import os

os.environ.setdefault("ROS_PYTHON_CHECK_FIELDS", "1")  # newer distributions check types only on demand

if importlib.util.find_spec("embedded_ros") is not None:
    import embedded_ros

    embedded_ros.activate()

collect_ignore_glob = [] if importlib.util.find_spec("sensor_msgs") is not None else ["test_*.py"]
