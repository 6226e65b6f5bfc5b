"""``LaunchService``: runs launch descriptions."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from .event import Event
from .event_handler import as_entities
from .events import IncludeLaunchDescription, Shutdown
from .events.process import ShutdownProcess, SignalProcess
from .launch_context import LaunchContext
from .launch_description_entity import LaunchDescriptionEntity

_ESCALATION = (signal.SIGTERM, signal.SIGKILL)


class LaunchService:
    """Visits descriptions, answers events and supervises processes until there is nothing left to do.

    SIGINT, SIGTERM and SIGHUP end all processes in an orderly way; a second and a third one are less patient.
    """

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False, debug: bool = False) -> None:
        self.__context = LaunchContext(argv=argv, noninteractive=noninteractive)
        self._debug = debug
        self._interruptions = 0

    @property
    def context(self) -> LaunchContext:
        """The state of the launch."""
        return self.__context

    def include_launch_description(self, launch_description: LaunchDescriptionEntity) -> None:
        """Add a description, before or while the launch runs."""
        self.emit_event(IncludeLaunchDescription(launch_description))

    def emit_event(self, event: Event) -> None:
        """Queue an event; may be called from any thread."""
        loop = self.context.loop
        if loop is not None and loop.is_running():
            loop.call_soon_threadsafe(self.context.emit_event_sync, event)
        else:
            self.context.emit_event_sync(event)

    def shutdown(self) -> None:
        """End the launch; may be called from any thread."""
        self.emit_event(Shutdown(reason="LaunchService.shutdown() called"))

    def run(self, *, shutdown_when_idle: bool = True) -> int:
        """Run until all is done; returns 0, or 1 after an error in the launch itself."""
        return asyncio.run(self.run_async(shutdown_when_idle=shutdown_when_idle))

    async def run_async(self, *, shutdown_when_idle: bool = True) -> int:
        """Run in the current event loop; see ``run``."""
        context = self.context
        context.loop, context.wake = asyncio.get_running_loop(), asyncio.Event()
        with self._signals(context.loop):
            try:
                await self._process(shutdown_when_idle)
            finally:
                for action in context.processes:
                    action.kill()
                for future in context.globals.get("closers", ()):
                    future()
                context.log.close()
                context.loop = context.wake = None
        return 1 if context.failed else 0

    async def _process(self, shutdown_when_idle: bool) -> None:
        context = self.context
        while True:
            context.wake.clear()
            while context.events:
                self._answer(context.events.popleft())
                await asyncio.sleep(0)
            if not context.is_busy:
                if context.is_shutdown:
                    return
                if shutdown_when_idle:
                    context.emit_event_sync(Shutdown(reason="idle"))
                    continue
            if not context.events:
                await context.wake.wait()

    def _answer(self, event: Event) -> None:
        """Handle one event; an error in it is reported and ends the launch."""
        try:
            self._handle(event)
        except Exception as error:
            if self._debug:
                raise
            self.context.failed = True
            self.context.log.line("ERROR", "launch", f"{type(error).__name__}: {error}")
            if not self.context.is_shutdown:
                self.context.events.clear()
                self.context.emit_event_sync(Shutdown(reason="an error in the launch"))

    def _handle(self, event: Event) -> None:
        context = self.context
        if isinstance(event, IncludeLaunchDescription):
            self._visit(event.launch_description)
        elif isinstance(event, SignalProcess):
            _for_matching(context.processes, event, lambda action: action.send_signal(event.signal))
        elif isinstance(event, ShutdownProcess):
            _for_matching(context.processes, event, lambda action: action.stop(context))
        first_shutdown = isinstance(event, Shutdown) and not context.is_shutdown
        if isinstance(event, Shutdown):
            if context.is_shutdown:
                return
            context.is_shutdown = True
        for handler in list(context.event_handlers):
            if handler.matches(event):
                for entity in as_entities(handler.handle(event, context)):
                    self._visit(entity)
        if first_shutdown:
            self._stop_all()

    def _stop_all(self) -> None:
        for action in list(self.context.processes):
            action.stop(self.context)
        for cancel in self.context.globals.get("cancel_on_shutdown", ()):
            cancel()

    def _visit(self, entity: LaunchDescriptionEntity) -> None:
        for child in entity.visit(self.context) or ():
            self._visit(child)

    # ------------------------------------------------------------------ signals

    @contextlib.contextmanager
    def _signals(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        usable = threading.current_thread() is threading.main_thread()
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers if usable else ():
            loop.add_signal_handler(number, self._interrupt, number)
        try:
            yield
        finally:
            for number in numbers if usable else ():
                loop.remove_signal_handler(number)
                signal.signal(number, before[number] or signal.SIG_DFL)

    def _interrupt(self, number: int) -> None:
        name = signal.Signals(number).name
        if self._interruptions == 0:
            self.context.log.line("WARNING", "launch", f"interrupted by {name}")
            self.context.emit_event_sync(
                Shutdown(reason=f"interrupted by {name}", due_to_sigint=number == signal.SIGINT)
            )
        else:
            harder = _ESCALATION[min(self._interruptions, len(_ESCALATION)) - 1]
            for action in self.context.processes:
                action.send_signal(harder)
        self._interruptions += 1


def _for_matching(actions: Iterable[Any], event: Any, do: Any) -> None:
    for action in list(actions):
        if event.process_matcher(action):
            do(action)
