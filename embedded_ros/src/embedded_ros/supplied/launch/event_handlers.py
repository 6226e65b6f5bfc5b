"""Handlers of the events of processes and of the end of a launch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch._submodules import register_submodules

from .event import Event
from .event_handler import BaseEventHandler, Entities, EventHandler
from .events import ExecutionComplete, Shutdown
from .events.process import ProcessExited, ProcessIO, ProcessStarted

__all__ = [
    "EventHandler",
    "OnExecutionComplete",
    "OnProcessExit",
    "OnProcessIO",
    "OnProcessStart",
    "OnShutdown",
]
Answer = Callable[[Any, Any], Entities] | Entities


class OnActionEventBase(BaseEventHandler):
    """Answers events of one type, of one action, of those that a function chooses, or of all."""

    def __init__(
        self, *, target_action: Any, answer: Answer, event_type: type[Event], handle_once: bool = False
    ) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, event_type) and _is_target(target_action, event.action),
            handle_once=handle_once,
        )
        self._answer = answer

    def handle(self, event: Event, context: Any) -> Entities:
        """Return the entities, or those that the callback returns."""
        super().handle(event, context)
        return _resolve(self._answer, event, context)


class OnProcessStart(OnActionEventBase):
    """Acts when a process has started."""

    def __init__(self, *, on_start: Answer, target_action: Any = None, **kwargs: Any) -> None:
        super().__init__(target_action=target_action, answer=on_start, event_type=ProcessStarted, **kwargs)


class OnProcessExit(OnActionEventBase):
    """Acts when a process has ended."""

    def __init__(self, *, on_exit: Answer, target_action: Any = None, **kwargs: Any) -> None:
        super().__init__(target_action=target_action, answer=on_exit, event_type=ProcessExited, **kwargs)


class OnExecutionComplete(OnActionEventBase):
    """Acts when an action has been executed."""

    def __init__(self, *, on_completion: Answer, target_action: Any = None, **kwargs: Any) -> None:
        super().__init__(target_action=target_action, answer=on_completion, event_type=ExecutionComplete, **kwargs)


class OnProcessIO(BaseEventHandler):
    """Acts on what processes write; the callbacks take the event."""

    def __init__(
        self,
        *,
        target_action: Any = None,
        on_stdin: Callable[[Any], Entities] | None = None,
        on_stdout: Callable[[Any], Entities] | None = None,
        on_stderr: Callable[[Any], Entities] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            matcher=lambda event: isinstance(event, ProcessIO) and _is_target(target_action, event.action), **kwargs
        )
        self._on_stdout = on_stdout
        self._on_stderr = on_stderr

    def handle(self, event: Any, context: Any) -> Entities:
        """Return what the callback of the stream returns."""
        super().handle(event, context)
        callback = self._on_stdout if event.from_stdout else self._on_stderr
        return callback(event) if callback is not None else None


class OnShutdown(BaseEventHandler):
    """Acts when the launch is ending; the callback takes the event and the context."""

    def __init__(self, *, on_shutdown: Answer, **kwargs: Any) -> None:
        super().__init__(matcher=lambda event: isinstance(event, Shutdown), **kwargs)
        self._answer = on_shutdown

    def handle(self, event: Event, context: Any) -> Entities:
        """Return the entities, or those that the callback returns."""
        super().handle(event, context)
        return _resolve(self._answer, event, context)


def _is_target(target: Any, action: Any) -> bool:
    if target is None:
        return True
    return bool(target(action)) if callable(target) else action is target


def _resolve(answer: Answer, event: Event, context: Any) -> Entities:
    return answer(event, context) if callable(answer) else answer


register_submodules(__name__, __all__)
