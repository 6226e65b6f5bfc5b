"""The default context and small helpers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from rclpy._arguments import parse_arguments
from rclpy.constants import S_TO_NS
from rclpy.context import Context

_default: list[Context] = []
_lock = threading.Lock()


def get_default_context(*, shutting_down: bool = False) -> Context:
    """Return the context that is used where none is given."""
    with _lock:
        if not _default:
            _default.append(Context())
        return _default[0]


def renew_default_context() -> Context:
    """Return a default context that was never initialized, in place of one that has been shut down."""
    with _lock:
        _default[:] = [Context()]
        return _default[0]


def ok(*, context: Context | None = None) -> bool:
    """Return whether a context is initialized and not shut down."""
    return (context or get_default_context()).ok()


def shutdown(*, context: Context | None = None) -> None:
    """Shut a context down; raises RuntimeError when that has happened or it was not initialized."""
    (context or get_default_context()).shutdown()


def try_shutdown(*, context: Context | None = None) -> None:
    """Shut a context down unless that has happened."""
    (context or get_default_context()).try_shutdown()


def remove_ros_args(args: Sequence[str] | None = None) -> list[str]:
    """Return the arguments that are not for ROS."""
    return parse_arguments(sys.argv if args is None else args).others


def get_rmw_implementation_identifier() -> str:
    """Return the middleware's name, as genuine peers name it."""
    return "rmw_cyclonedds_cpp"


def timeout_sec_to_nsec(timeout_sec: float | None) -> int:
    """Return nanoseconds; None or a negative number gives -1, which means no limit."""
    return -1 if timeout_sec is None or timeout_sec < 0 else int(float(timeout_sec) * S_TO_NS)
