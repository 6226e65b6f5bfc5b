"""The one way in which threads of the runtime wait, so that a signal always ends the wait."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable

from embedded_ros import interrupts

# Python handles a signal between two of its own steps: one that comes just before a wait in C does not end that wait.
LONGEST_WAIT = 0.5  # seconds


class Wakeup:
    """Wakes one waiting thread; ``set`` may be called from anywhere, signal handlers and finalizers included."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._signalled = False

    def set(self) -> None:
        """End the current or the next wait."""
        if not self._signalled:
            self._signalled = True
            self._queue.put(None)

    def wait(self, timeout: float | None) -> None:
        """Wait for ``set``, at most ``timeout`` seconds; may end early, so callers look again what there is to do."""
        try:
            self._block(LONGEST_WAIT if timeout is None else min(timeout, LONGEST_WAIT))
        finally:
            self._signalled = False
        interrupts.deliver()

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None) -> bool:
        """Return whether ``predicate`` became true within ``timeout`` seconds (None: no limit); it is asked at each ``set``."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not predicate():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            self.wait(left)
        return True

    @interrupts.interruptible
    def _block(self, limit: float) -> None:
        with contextlib.suppress(queue.Empty):
            self._queue.get(timeout=limit) if limit > 0 else self._queue.get_nowait()
