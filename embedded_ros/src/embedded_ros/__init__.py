"""Run rclpy nodes with nothing but pip, on the real ROS 2 wire.

``activate()`` is the only entry point: it makes ``rclpy``, ``tf2_ros``, ``sensor_msgs`` and their kin importable where
no genuine ROS 2 is installed, and does nothing where one is.
"""

from __future__ import annotations

import signal
import sys


def _end_quietly_on_interrupt() -> None:
    """Let Ctrl-C end ``python -m embedded_ros ...`` without a traceback until the tool handles it by itself.

    This comes before all other imports, because they take most of the time until then.
    """
    started = zip(sys.orig_argv, sys.orig_argv[1:])
    is_tool = any(flag == "-m" and module.partition(".")[0] == __name__ for flag, module in started)
    if is_tool and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if sys.argv[:1] == ["-m"]:  # the interpreter is looking for the module that it was told to run
    _end_quietly_on_interrupt()

from embedded_ros.activation import ActivationError, activate, is_active  # noqa: E402

__version__ = "0.1.0"
__all__ = ["ActivationError", "__version__", "activate", "is_active"]
