"""What happens on SIGINT and SIGTERM: every context that asked for it is shut down, so that spinning ends."""

from __future__ import annotations

import contextlib
import enum
import signal
import sys
import threading
import weakref
from types import FrameType, TracebackType
from typing import Any

from embedded_ros import interrupts

__all__ = ["SignalHandlerGuardCondition", "SignalHandlerOptions", "get_current_signal_handlers_options"]


class SignalHandlerOptions(enum.IntFlag):
    """Which signals are handled."""

    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


_contexts: weakref.WeakSet[Any] = weakref.WeakSet()
_previous: dict[int, Any] = {}
_received: list[int] = []
_hook: list[Any] = []
_SIGNALS = {SignalHandlerOptions.SIGINT: signal.SIGINT, SignalHandlerOptions.SIGTERM: signal.SIGTERM}


def install_signal_handlers(options: SignalHandlerOptions = SignalHandlerOptions.ALL) -> None:
    """Handle the signals from now on; only the main thread can, others leave things as they are."""
    if threading.current_thread() is not threading.main_thread():
        return
    for option, number in _SIGNALS.items():
        if options & option and number not in _previous:
            _previous[number] = signal.signal(number, _on_signal)
    if not _hook:
        _hook.append(sys.excepthook)
        sys.excepthook = _quiet_excepthook
        _hook.append(sys.unraisablehook)
        sys.unraisablehook = _quiet_unraisablehook


def uninstall_signal_handlers() -> None:
    """Give the signals back to whoever had them before."""
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        interrupts.deliver()
    finally:
        for number in list(_previous):
            handler = _previous.pop(number)
            if signal.getsignal(number) is _on_signal:
                signal.signal(number, handler)


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    """Return which signals are handled."""
    found = SignalHandlerOptions.NO
    for option, number in _SIGNALS.items():
        if number in _previous:
            found |= option
    return found


def register_context(context: Any) -> None:
    """Shut this context down on a signal."""
    _contexts.add(context)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Shut all contexts down, then do what the program had asked for before rclpy, unless it has to be held back.

    Only flags and reentrant queues are touched here: the handler may interrupt any code of the main thread.
    """
    if interrupts.is_retry(number, frame):
        return
    _received.append(number)
    for context in list(_contexts):
        with contextlib.suppress(ReferenceError):
            context._request_shutdown()
    previous = _previous.get(number)
    if callable(previous):
        interrupts.call(number, previous, frame)


def _quiet_excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print no traceback when a program ends because of a signal that it did not handle itself.

    Between `init()` and its first node, the signal shows in what the program asks next of a context that is shut down.
    """
    from rclpy.exceptions import NotInitializedException
    from rclpy.executors import ExternalShutdownException

    if not (_received and issubclass(kind, (KeyboardInterrupt, ExternalShutdownException, NotInitializedException))):
        _hook[0](kind, error, trace)


def _quiet_unraisablehook(unraisable: Any) -> None:
    """Print nothing when the interrupt of a signal strikes a finalizer; the shutdown has begun all the same."""
    if not (_received and issubclass(unraisable.exc_type, KeyboardInterrupt)):
        _hook[1](unraisable)


class SignalHandlerGuardCondition:
    """Kept by genuine rclpy for executors; this runtime wakes executors by other means."""

    def __init__(self, context: Any = None) -> None:
        raise NotImplementedError("rclpy.signals.SignalHandlerGuardCondition is not supported by embedded_ros")
