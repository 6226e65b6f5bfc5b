"""What executors need from everything that has a callback."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

from embedded_ros.interrupts import interruptible


@interruptible
async def await_or_execute(callback: Callable[..., Any], *args: Any) -> Any:
    """Call a function, or await it when it is a coroutine function."""
    outcome = callback(*args)
    return await outcome if inspect.isawaitable(outcome) else outcome


class Entity:
    """Base of subscriptions, services, clients, timers, guard conditions and waitables."""

    def __init__(self, callback_group: Any, node: Any = None) -> None:
        self.callback_group = callback_group
        self._executor_event = False
        self._destroyed = False
        self._node_ref: Callable[[], Any] = weakref.ref(node) if node is not None else (lambda: None)

    def _is_ready(self) -> bool:
        """Return whether there is work; quick, called often."""
        raise NotImplementedError

    def _take(self) -> Any:
        """Return the work to do, None when another thread was faster."""
        raise NotImplementedError

    async def _execute(self, work: Any) -> None:
        """Do the work."""
        raise NotImplementedError

    def _label(self) -> str:
        """Return what to call this entity in log messages."""
        return type(self).__name__.lower()

    def _wake_executor(self) -> None:
        """Let the executor look at this entity."""
        node = self._node_ref()
        executor = node.executor if node is not None else None
        if executor is not None:
            executor.wake()
