"""Keeps interrupts out of the runtime's own bookkeeping.

Python calls a signal handler between any two bytecodes of the main thread, and that of SIGINT raises KeyboardInterrupt
there. Between the taking and the giving back of a lock, a callback group or a sample it would leave them taken for ever,
and something would wait for them for ever. So a handler that strikes in code of the runtime is held back until that code
waits, hands over to code of the user, or returns to it. What decides is the stack itself: there is no counter that the
next interrupt could leave wrong.
"""

from __future__ import annotations

import _thread
import functools
import os
import pathlib
import signal
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

Handler = Callable[[int, "FrameType | None"], Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

_HERE = pathlib.Path(__file__).parent
_RUNTIME = (__file__, *(f"{_HERE / name}{os.sep}" for name in ("messages", "supplied", "wire")))
_PROGRAMS = str(_HERE / "supplied" / "launch")  # launch and launch_ros have signal handlers of their own
_SITE = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})  # packages of users lie there too
_STANDARD = ("<", *{sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
_LIBRARIES = tuple(site + name + os.sep for site in _SITE for name in ("cyclonedds", "numpy", "rosbags", "yaml"))
_RETRY = 0.001  # seconds until a handler that was held back is tried again

_interruptible: set[CodeType] = set()
_held: list[tuple[int, Handler]] = []  # one at most
_resent: list[int] = []
_sending = threading.Lock()


def interruptible(function: _Function) -> _Function:
    """Mark a function that waits or calls the user: an interrupt may strike in it and in all that it calls."""
    _interruptible.add(function.__code__)
    return function


def call(number: int, handler: Handler, frame: FrameType | None) -> None:
    """Call a signal handler now, or when the runtime's code in ``frame`` is done; a second signal does not wait."""
    if _held or not _must_wait(frame):
        _held.clear()
        handler(number, frame)
    else:
        _held.append((number, handler))
        _thread.start_new_thread(_resend, (threading.get_ident(), number))


def guarded(handler: Handler) -> Handler:
    """Return a signal handler that does the same, but never in the midst of the runtime's bookkeeping."""

    def strike(number: int, frame: FrameType | None) -> None:
        if not is_retry(number, frame):
            call(number, handler, frame)

    return strike


def is_retry(number: int, frame: FrameType | None) -> bool:
    """Return whether a signal is only the second chance of a handler that was held back, and call that if it may be."""
    if number not in _resent:
        return False
    _resent.remove(number)
    if _held and not _must_wait(frame):
        _call_held(frame)
    return True


def deliver() -> None:
    """Call the handler that was held back, if there is one; for places of the runtime where nothing is half done."""
    if _held and threading.current_thread() is threading.main_thread():
        with _sending:
            held = bool(_held)
        if held:
            _call_held(sys._getframe(1))


def _call_held(frame: FrameType | None) -> None:
    number, handler = _held.pop()
    handler(number, frame)


def _must_wait(frame: FrameType | None) -> bool:
    """Return whether the innermost code that is neither a library's nor generated belongs to the runtime."""
    while frame is not None:
        if frame.f_code in _interruptible:
            return False
        is_runtime = _is_runtime(frame.f_code.co_filename)
        if is_runtime is not None:
            return is_runtime
        frame = frame.f_back
    return False


@functools.cache
def _is_runtime(filename: str) -> bool | None:
    """Return True for the runtime, False for the user, None for what either of them may call."""
    if filename.startswith(_RUNTIME):
        return not filename.startswith(_PROGRAMS)
    neutral = _LIBRARIES if filename.startswith(_SITE) else _STANDARD
    return None if filename.startswith(neutral) else False


def _resend(main: int, number: int) -> None:
    """Send the signal until its handler has been called: the main thread may be in a wait of the user's by now."""
    while True:
        time.sleep(_RETRY)
        with _sending:
            if not _held:
                return
            if number not in _resent:
                _resent.append(number)
                _send(main, number)


def _send(main: int, number: int) -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)
    else:
        _thread.interrupt_main(number)
