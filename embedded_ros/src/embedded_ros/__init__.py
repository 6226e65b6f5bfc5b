"""Run rclpy nodes with nothing but pip, on the real ROS 2 wire.

``activate()`` is the only entry point: it makes ``rclpy``, ``tf2_ros``, ``sensor_msgs`` and their kin importable where
no genuine ROS 2 is installed, and does nothing where one is.
"""

from __future__ import annotations

import _signal  # the built-in part of ``signal``, which takes some milliseconds to import
import sys


def _is_tool() -> bool:
    """Return whether the interpreter was started for a tool: by ``-m embedded_ros...`` or by the script of that name."""
    program = sys.argv[0] if sys.argv else ""
    if program == "-m":  # the interpreter is looking for the module that it was told to run
        started = zip(sys.orig_argv, sys.orig_argv[1:])
        return any(flag == "-m" and module.partition(".")[0] == __name__ for flag, module in started)
    return program.endswith(("/embedded-ros", "\\embedded-ros.exe"))


# Ctrl-C ends a tool without a traceback until the tool handles it by itself. This comes before all other imports, because
# they take most of the time until then.
if _is_tool() and _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from embedded_ros.activation import ActivationError, activate, is_active  # noqa: E402

__version__ = "0.1.0"
__all__ = ["ActivationError", "__version__", "activate", "is_active"]
