"""``LaunchContext``: the state of a running launch."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable
from typing import Any

from .event import Event
from .log import LaunchLog
from .substitution import SomeSubstitutions, perform


class LaunchContext:
    """Configurations, environment, event handlers, waiting events and running processes of one launch."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        self.argv = list(argv or [])
        self.noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self.locals: dict[str, Any] = {}
        self.globals: dict[str, Any] = {}
        self.anonymous_names: dict[str, str] = {}
        self.current_launch_file: str | None = None
        self.is_shutdown = False
        self.failed = False
        self.log = LaunchLog()
        self.event_handlers: list[Any] = []
        self.events: deque[Event] = deque()
        self.processes: list[Any] = []
        self.process_count = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        self.wake: asyncio.Event | None = None
        self._pending: set[asyncio.Future[Any]] = set()
        self._saved_configurations: list[dict[str, Any]] = []
        self._saved_environments: list[dict[str, str]] = []

    # ------------------------------------------------------------------ texts and values

    @property
    def environment(self) -> Any:
        """The environment variables of this process, which those it starts inherit."""
        return os.environ

    def perform_substitution(self, substitution: SomeSubstitutions) -> str:
        """Return the text of a substitution."""
        return perform(self, substitution)

    def extend_locals(self, values: dict[str, Any]) -> None:
        """Make values available to ``LocalSubstitution``."""
        self.locals.update(values)

    def extend_globals(self, values: dict[str, Any]) -> None:
        """Make values available for the rest of the launch."""
        self.globals.update(values)

    def get_local_argument(self, name: str) -> Any:
        """Return a value given by an event handler; AttributeError if there is none."""
        for values in (self.locals, self.globals):
            if name in values:
                return values[name]
        raise AttributeError(f"no local launch argument named {name!r}; there are {sorted(self.locals)}")

    # ------------------------------------------------------------------ scopes

    def push_configurations(self) -> None:
        """Remember the launch configurations."""
        self._saved_configurations.append(dict(self.launch_configurations))

    def pop_configurations(self) -> None:
        """Restore what was remembered last; RuntimeError when nothing was."""
        if not self._saved_configurations:
            raise RuntimeError("no launch configurations to pop")
        self.launch_configurations = self._saved_configurations.pop()

    def push_environment(self) -> None:
        """Remember the environment."""
        self._saved_environments.append(dict(os.environ))

    def pop_environment(self) -> None:
        """Restore the environment remembered last; RuntimeError when there is none."""
        if not self._saved_environments:
            raise RuntimeError("no environment to pop")
        os.environ.clear()
        os.environ.update(self._saved_environments.pop())

    # ------------------------------------------------------------------ events

    def register_event_handler(self, event_handler: Any) -> None:
        """Have a handler answer events from now on; later ones are asked first."""
        self.event_handlers.insert(0, event_handler)

    def unregister_event_handler(self, event_handler: Any) -> None:
        """Take a handler off; ValueError if it is not registered."""
        self.event_handlers.remove(event_handler)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event."""
        self.events.append(event)
        self.notify()

    async def emit_event(self, event: Event) -> None:
        """Queue an event from a coroutine."""
        self.emit_event_sync(event)

    def notify(self) -> None:
        """Wake the loop that runs the launch."""
        if self.wake is not None:
            self.wake.set()

    # ------------------------------------------------------------------ work under way

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the launch; RuntimeError when it is not running."""
        if self.loop is None:
            raise RuntimeError("the launch is not running")
        return self.loop

    @property
    def is_busy(self) -> bool:
        """Whether events or work are pending."""
        return bool(self.events or self._pending)

    def add_completion_future(self, future: asyncio.Future[Any]) -> None:
        """Keep the launch running until a future is done; an exception of it fails the launch."""
        self._pending.add(future)
        future.add_done_callback(self._completed)

    def _completed(self, future: asyncio.Future[Any]) -> None:
        self._pending.discard(future)
        if not future.cancelled() and future.exception() is not None:
            self.failed = True
            self.log.line("ERROR", "launch", f"{future.exception()}")
        self.notify()

    def next_process_number(self) -> int:
        """Return the number of the next process: 1, 2, ..."""
        self.process_count += 1
        return self.process_count
