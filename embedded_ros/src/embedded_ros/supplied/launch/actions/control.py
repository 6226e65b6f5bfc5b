"""Actions about the launch itself: functions, events, timers, messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from ..action import Action
from ..event import Event
from ..event_handler import BaseEventHandler
from ..events import Shutdown as ShutdownEvent
from ..events import TimerEvent
from ..launch_description_entity import LaunchDescriptionEntity
from ..substitution import SomeSubstitutions, perform
from .configurations import PopLaunchConfigurations, PushLaunchConfigurations


class OpaqueFunction(Action):
    """Calls ``function(context, *args, **kwargs)`` and visits the entities it returns."""

    def __init__(
        self,
        *,
        function: Callable[..., Any],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        **left_over: Any,
    ) -> None:
        super().__init__(**left_over)
        self._function = function
        self._args = tuple(args or ())
        self._kwargs = kwargs or {}

    def execute(self, context: Any) -> Any:
        """Call the function."""
        return self._function(context, *self._args, **self._kwargs)


class OpaqueCoroutine(Action):
    """Runs ``coroutine(context, *args, **kwargs)`` beside the launch, which waits for it."""

    def __init__(
        self,
        *,
        coroutine: Callable[..., Any],
        args: Iterable[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        ignore_context: bool = False,
        **left_over: Any,
    ) -> None:
        super().__init__(**left_over)
        self._coroutine = coroutine
        self._args = tuple(args or ())
        self._kwargs = kwargs or {}
        self._ignore_context = ignore_context

    def execute(self, context: Any) -> None:
        """Start the coroutine."""
        front = () if self._ignore_context else (context,)
        task = context.asyncio_loop.create_task(self._coroutine(*front, *self._args, **self._kwargs))
        context.add_completion_future(task)
        context.globals.setdefault("cancel_on_shutdown", []).append(task.cancel)


class LogInfo(Action):
    """Prints a message."""

    _level = "INFO"

    def __init__(self, *, msg: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.msg = msg

    def execute(self, context: Any) -> None:
        """Print it."""
        context.log.line(self._level, "launch.user", perform(context, self.msg))


class LogWarning(LogInfo):
    """Prints a warning."""

    _level = "WARNING"


class LogError(LogInfo):
    """Prints an error."""

    _level = "ERROR"


class RegisterEventHandler(Action):
    """Has an event handler answer events from now on."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: Any) -> None:
        """Register it."""
        context.register_event_handler(self.event_handler)


class UnregisterEventHandler(Action):
    """Takes an event handler off."""

    def __init__(self, event_handler: BaseEventHandler, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event_handler = event_handler

    def execute(self, context: Any) -> None:
        """Unregister it."""
        context.unregister_event_handler(self.event_handler)


class EmitEvent(Action):
    """Brings about an event."""

    def __init__(self, *, event: Event, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.event = event

    def execute(self, context: Any) -> None:
        """Queue the event."""
        context.emit_event_sync(self.event)


class Shutdown(EmitEvent):
    """Ends the launch."""

    def __init__(self, *, reason: str = "reason not given", **kwargs: Any) -> None:
        super().__init__(event=ShutdownEvent(reason=reason), **kwargs)


class TimerAction(Action):
    """Visits actions after a time in seconds.

    cancel_on_shutdown: whether the end of the launch ends the wait as well (otherwise it waits for the timer).
    """

    def __init__(
        self,
        *,
        period: float | SomeSubstitutions,
        actions: Iterable[LaunchDescriptionEntity],
        cancel_on_shutdown: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.period = period
        self.actions = list(actions)
        self._cancel_on_shutdown = cancel_on_shutdown
        self._task: asyncio.Task[None] | None = None

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the actions."""
        return list(self.actions)

    def execute(self, context: Any) -> None:
        """Start the timer."""
        if context.is_shutdown:
            return
        period = float(self.period) if isinstance(self.period, (int, float)) else float(perform(context, self.period))
        self._task = context.asyncio_loop.create_task(self._wait(context, period, dict(context.launch_configurations)))
        context.add_completion_future(self._task)
        if self._cancel_on_shutdown:
            context.globals.setdefault("cancel_on_shutdown", []).append(self._task.cancel)

    async def _wait(self, context: Any, period: float, configurations: dict[str, Any]) -> None:
        await asyncio.sleep(period)
        context.emit_event_sync(TimerEvent(timer_action=self))
        context.register_event_handler(_TimerHandler(self, configurations))

    def cancel(self) -> None:
        """Stop the timer."""
        if self._task is not None:
            self._task.cancel()


class _TimerHandler(BaseEventHandler):
    """Visits the actions of a timer with the launch configurations of the moment when it was started."""

    def __init__(self, timer: TimerAction, configurations: dict[str, Any]) -> None:
        super().__init__(matcher=lambda event: isinstance(event, TimerEvent) and event.timer_action is timer)
        self._timer = timer
        self._configurations = configurations

    def handle(self, event: Event, context: Any) -> Any:
        """Return the actions in a scope of their own."""
        context.unregister_event_handler(self)
        using = OpaqueFunction(function=self._use_configurations)
        return [PushLaunchConfigurations(), using, *self._timer.actions, PopLaunchConfigurations()]

    def _use_configurations(self, context: Any) -> None:
        context.launch_configurations = dict(self._configurations)
