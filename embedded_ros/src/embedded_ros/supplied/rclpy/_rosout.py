"""Publishes what a node's logger says on ``/rosout``."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.impl import rcutils_logger
from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.qos import qos_profile_rosout_default


class RosoutSink:
    """A publisher of rcl_interfaces/Log fed by a logger."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.msg import Log

        self._log, self._name = Log, node.get_logger().name
        self._publisher = node.create_publisher(Log, "/rosout", qos_profile_rosout_default)
        self._busy = threading.local()
        rcutils_logger.add_sink(self._name, self._publish)

    def close(self) -> None:
        """Listen to the logger no longer."""
        rcutils_logger.remove_sink(self._name, self._publish)

    def _publish(self, name: str, severity: LoggingSeverity, message: str, stamp: int, frame: Any) -> None:
        if getattr(self._busy, "now", False) or not self._publisher._node.context.ok():
            return
        self._busy.now = True  # publishing may log itself
        try:
            seconds, nanoseconds = divmod(stamp, 10**9)
            entry = self._log(level=int(severity), name=name, msg=message)
            entry.stamp.sec, entry.stamp.nanosec = seconds, nanoseconds
            if frame is not None:
                entry.file, entry.function, entry.line = frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno
            self._publisher.publish(entry)
        except RuntimeError:  # the node is going down
            self.close()
        finally:
            self._busy.now = False
