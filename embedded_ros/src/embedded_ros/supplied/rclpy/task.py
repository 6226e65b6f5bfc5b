"""Futures and tasks."""

from __future__ import annotations

import inspect
import sys
import threading
import traceback
import warnings
import weakref
from collections.abc import Callable, Generator
from typing import Any

from embedded_ros.interrupts import interruptible

_PENDING, _CANCELLED, _FINISHED = "PENDING", "CANCELLED", "FINISHED"


class Future:
    """The outcome of something that is not done yet; may be awaited in callbacks."""

    def __init__(self, *, executor: Any = None) -> None:
        self._state = _PENDING
        self._result: Any = None
        self._exception: BaseException | None = None
        self._exception_fetched = False
        self._callbacks: list[Callable[[Future], Any]] = []
        self._lock = threading.Lock()
        self._executor: Callable[[], Any] = lambda: None
        self._set_executor(executor)

    def __del__(self) -> None:
        if getattr(self, "_exception", None) is not None and not self._exception_fetched:
            print(f"The following exception was never retrieved: {self._exception}", file=sys.stderr)

    def __await__(self) -> Generator[Any, None, Any]:
        while self._pending():
            yield self
        return self.result()

    def _pending(self) -> bool:
        return self._state is _PENDING

    def cancel(self) -> None:
        """Cancel, unless it is done."""
        self._finish(_CANCELLED, None, None)

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self._state is _CANCELLED

    def done(self) -> bool:
        """Return whether there is a result, an exception or a cancellation."""
        return self._state is not _PENDING

    def result(self) -> Any:
        """Return the result (None when there is none yet); raises the exception if that is the outcome."""
        if self._exception is not None:
            self._exception_fetched = True
            raise self._exception
        return self._result

    def exception(self) -> BaseException | None:
        """Return the exception, None when there is none."""
        self._exception_fetched = True
        return self._exception

    def set_result(self, result: Any) -> None:
        """Set the result and call the callbacks."""
        self._finish(_FINISHED, result, None)

    def set_exception(self, exception: BaseException) -> None:
        """Set an exception as the outcome and call the callbacks."""
        self._exception_fetched = False
        self._finish(_FINISHED, None, exception)

    def _finish(self, state: str, result: Any, exception: BaseException | None) -> None:
        with self._lock:
            if self._state is not _PENDING and state is _CANCELLED:
                return
            self._result, self._exception, self._state = result, exception, state
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._schedule(callback)

    def _schedule(self, callback: Callable[[Future], Any]) -> None:
        """Let the executor call back, or do it here when there is none."""
        executor = None if isinstance(callback, _Direct) else self._executor()
        if executor is not None:
            executor.create_task(callback, self)
        else:
            self._call(callback)

    def _call(self, callback: Callable[[Future], Any]) -> None:
        try:
            callback(self)
        except Exception as error:  # an error of one callback must not hide the outcome from the others
            warnings.warn(
                f"Unhandled exception in done callback: {error}\n{traceback.format_exc()}", RuntimeWarning, stacklevel=2
            )

    def _set_executor(self, executor: Any) -> None:
        self._executor = (lambda: None) if executor is None else weakref.ref(executor)

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        """Call ``callback(future)`` when done, at once (by the executor if there is one) when it is done already."""
        with self._lock:
            pending = self._state is _PENDING
            if pending:
                self._callbacks.append(callback)
        if not pending:
            self._schedule(callback)

    def remove_done_callback(self, callback: Callable[[Future], Any]) -> bool:
        """Forget a callback; return whether there was one."""
        with self._lock:
            before = len(self._callbacks)
            self._callbacks = [other for other in self._callbacks if other != callback]
            return len(self._callbacks) < before

    def _on_done_now(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` in the finishing thread itself; for waking waiters only."""
        with self._lock:
            if self._state is _PENDING:
                if _Direct(callback) not in self._callbacks:
                    self._callbacks.append(_Direct(callback))
                return
        callback()


class _Direct:
    """A callback that only wakes someone; cheap enough to skip the executor."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def __call__(self, future: Future) -> None:
        self._callback()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Direct) and self._callback == other._callback

    __hash__ = None  # type: ignore[assignment]


@interruptible
def _call(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


class Task(Future):
    """Runs a function or coroutine, step by step where it awaits."""

    def __init__(self, handler: Any, args: Any = None, kwargs: Any = None, executor: Any = None) -> None:
        super().__init__(executor=executor)
        self._args = args or []
        self._kwargs = kwargs or {}
        self._handler = handler
        self._executing = False
        self._task_lock = threading.Lock()
        self._blocked_on: Future | None = None
        if inspect.iscoroutinefunction(handler):
            self._handler = handler(*self._args, **self._kwargs)
            self._args, self._kwargs = [], {}

    def __call__(self) -> None:
        """Run, or run on until the next await; an exception becomes the outcome."""
        if not self._pending() or self._executing or not self._task_lock.acquire(blocking=False):
            return
        try:
            if not self._pending():
                return
            self._executing = True
            self._step()
        finally:
            self._executing = False
            self._task_lock.release()

    def _step(self) -> None:
        self._blocked_on = None
        try:
            if inspect.iscoroutine(self._handler):
                self._block_on(self._handler.send(None))
                return
            outcome = _call(self._handler, self._args, self._kwargs)
            if inspect.iscoroutine(outcome):
                self._handler, self._args, self._kwargs = outcome, [], {}
                self._block_on(outcome.send(None))
                return
            self.set_result(outcome)
        except StopIteration as stop:
            self.set_result(stop.value)
        except Exception as error:
            self.set_exception(error)
        if self.done():
            self._handler, self._args, self._kwargs = None, [], {}

    def _block_on(self, awaited: Any) -> None:
        """Remember what the coroutine waits for; anything but a future means: go on at the next chance."""
        self._blocked_on = awaited if isinstance(awaited, Future) else None

    def is_runnable(self) -> bool:
        """Return whether another step makes sense now."""
        return self._pending() and not self._executing and (self._blocked_on is None or self._blocked_on.done())

    def executing(self) -> bool:
        """Return whether it runs right now."""
        return self._executing

    def cancel(self) -> None:
        """Cancel; a coroutine gets closed."""
        if self._pending() and inspect.iscoroutine(self._handler) and not self._executing:
            self._handler.close()
        super().cancel()
