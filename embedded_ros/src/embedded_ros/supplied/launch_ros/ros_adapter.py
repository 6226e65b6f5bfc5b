"""The node by which a launch talks to lifecycle nodes."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

_KEY = "ros_adapter"


class RosAdapter:
    """A hidden node, spun in a thread of its own until the launch ends."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor

        self.context = rclpy.Context()
        rclpy.init(args=[], context=self.context, signal_handler_options=rclpy.SignalHandlerOptions.NO)
        self.node = rclpy.create_node(
            f"launch_ros_{os.getpid()}", context=self.context, start_parameter_services=False, enable_rosout=False
        )
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name="launch_ros", daemon=True)
        self._thread.start()

    def _spin(self) -> None:
        from rclpy.executors import ExternalShutdownException

        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        """End the thread and the node."""
        self._executor.shutdown(timeout_sec=1.0)
        self.context.try_shutdown()
        self._thread.join(timeout=1.0)
        self.node.destroy_node()


def get_ros_node(context: Any) -> Any:
    """Return the node of a launch, made when it is first asked for."""
    if _KEY not in context.globals:
        adapter = RosAdapter()
        context.globals[_KEY] = adapter
        context.globals.setdefault("closers", []).append(adapter.close)
    return context.globals[_KEY].node
