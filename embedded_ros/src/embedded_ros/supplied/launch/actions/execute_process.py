"""Actions that start processes."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..event_handlers import OnProcessExit
from ..events.process import ProcessExited, ProcessStarted, ProcessStderr, ProcessStdout
from ..process import ChildProcess
from ..substitution import SomeSubstitutions, perform

_SIGTERM_AFTER, _SIGKILL_AFTER = 5.0, 5.0
_ON_SCREEN = {
    "screen": {"stdout", "stderr"},
    "both": {"stdout", "stderr"},
    "full": {"stdout", "stderr"},
    "log": {"stderr"},
    "own_log": set(),
}
_IO_EVENTS = {"stdout": ProcessStdout, "stderr": ProcessStderr}


class ExecuteProcess(Action):
    """Starts a program and watches over it.

    cmd: the words of the command, each a text or a substitution. output: ``screen``, ``both``, ``full``, ``log``
    (errors on the screen, the rest in the log file) or ``own_log``. shell: run the command in a shell. respawn: start it
    again after it ends, at most ``respawn_max_retries`` times (negative: always). on_exit: what to do after its end.
    sigterm_timeout, sigkill_timeout: seconds until the next step when it does not end.
    """

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutions],
        prefix: SomeSubstitutions | None = None,
        name: SomeSubstitutions | None = None,
        cwd: SomeSubstitutions | None = None,
        env: dict[Any, Any] | None = None,
        additional_env: dict[Any, Any] | None = None,
        shell: bool = False,
        sigterm_timeout: SomeSubstitutions | float | None = None,
        sigkill_timeout: SomeSubstitutions | float | None = None,
        emulate_tty: bool = False,
        output: SomeSubstitutions = "log",
        output_format: str = "[{this.process_description.final_name}] {line}",
        log_cmd: bool = False,
        cached_output: bool = False,
        on_exit: Any = None,
        respawn: Any = False,
        respawn_delay: float | None = None,
        respawn_max_retries: int = -1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._cmd = list(cmd)
        self._prefix, self._name, self._cwd = prefix, name, cwd
        self._env, self._additional_env = env, additional_env or {}
        self._shell, self._output, self._log_cmd = shell, output, log_cmd
        self._timeouts = (sigterm_timeout, sigkill_timeout)
        self._on_exit = on_exit
        self._respawn, self._respawn_delay, self._respawn_max_retries = (
            respawn,
            respawn_delay or 0.0,
            respawn_max_retries,
        )
        self._child: ChildProcess | None = None
        self._ended: asyncio.Event | None = None
        self._stopping = False
        self._stop_task: asyncio.Task[None] | None = None
        self.process_details: dict[str, Any] | None = None
        self.return_code: int | None = None

    @property
    def name(self) -> str | None:
        """The name with its number, None before the start."""
        return self.process_details["name"] if self.process_details else None

    # ------------------------------------------------------------------ starting

    def command(self, context: Any) -> list[str]:
        """Return the words of the command."""
        return [word for word in (perform(context, part) for part in self._cmd) if word]

    def execute(self, context: Any) -> None:
        """Work out command and environment now, then start the process and watch over it."""
        if context.is_shutdown:
            return
        words = self.command(context)
        if not words:
            raise RuntimeError("ExecuteProcess has an empty command")
        prefix = shlex.split(perform(context, self._prefix)) if self._prefix else []
        self._set_details(context, prefix, words)
        if self._on_exit is not None:
            context.register_event_handler(OnProcessExit(target_action=self, on_exit=self._on_exit))
        sink = self._sink(context, _screen_streams(context, self._output))
        respawn = _flag(context, self._respawn)
        limits = [
            _seconds(context, value, key, default)
            for value, key, default in zip(
                self._timeouts, ("sigterm_timeout", "sigkill_timeout"), (_SIGTERM_AFTER, _SIGKILL_AFTER)
            )
        ]
        self._limits = (limits[0], limits[1])
        self._ended = asyncio.Event()
        task = context.asyncio_loop.create_task(self._supervise(context, sink, respawn))
        context.processes.append(self)
        context.add_completion_future(task)

    def _set_details(self, context: Any, prefix: list[str], words: list[str]) -> None:
        environment = dict(context.environment) if self._env is None else _texts(context, self._env)
        environment.setdefault("PYTHONUNBUFFERED", "1")
        environment.update(_texts(context, self._additional_env))
        base = perform(context, self._name) if self._name else os.path.basename(words[0].split()[0])
        self.process_details = {
            "name": f"{base}-{context.next_process_number()}",
            "cmd": [*prefix, *words],
            "cwd": perform(context, self._cwd) if self._cwd else None,
            "env": environment,
            "pid": 0,
        }

    def _sink(self, context: Any, on_screen: set[str]) -> Any:
        name = self.process_details["name"]

        def sink(stream: str, line: bytes) -> None:
            context.log.output(name, line.decode("utf-8", "replace").rstrip("\r"), screen=stream in on_screen)
            context.emit_event_sync(_IO_EVENTS[stream](text=line + b"\n", **self._event_fields()))

        return sink

    def _event_fields(self) -> dict[str, Any]:
        return {"action": self, **self.process_details}

    # ------------------------------------------------------------------ watching

    async def _supervise(self, context: Any, sink: Any, respawn: bool) -> None:
        retries = 0
        try:
            while True:
                await self._run_once(context, sink)
                may_retry = self._respawn_max_retries < 0 or retries < self._respawn_max_retries
                if not respawn or self._stopping or context.is_shutdown or not may_retry:
                    return
                retries += 1
                await asyncio.sleep(self._respawn_delay)
                if self._stopping or context.is_shutdown:
                    return
        finally:
            self._ended.set()
            context.processes.remove(self)

    async def _run_once(self, context: Any, sink: Any) -> None:
        details = self.process_details
        words = details["cmd"]
        child = ChildProcess(" ".join(words) if self._shell else words, details["env"], details["cwd"], sink)
        try:
            await child.start()
        except OSError as error:
            context.failed = True
            context.log.line("ERROR", details["name"], f"cannot start {shlex.join(words)}: {error}")
            self._report_end(context, 127)
            return
        self._child = child
        details["pid"] = child.pid
        command = f": {shlex.join(words)}" if self._log_cmd else ""
        context.log.line("INFO", details["name"], f"process started with pid [{child.pid}]{command}")
        context.emit_event_sync(ProcessStarted(**self._event_fields()))
        if self._stopping:
            child.send(signal.SIGINT)
        self._report_end(context, await child.wait())

    def _report_end(self, context: Any, status: int) -> None:
        details = self.process_details
        self.return_code = status
        if status == 0 or (self._stopping and status in (-signal.SIGINT, -signal.SIGTERM, 130)):
            context.log.line("INFO", details["name"], f"process has finished cleanly [pid {details['pid']}]")
        else:
            context.log.line(
                "ERROR",
                details["name"],
                f"process has died [pid {details['pid']}, exit code {status}, cmd '{shlex.join(details['cmd'])}']",
            )
        context.emit_event_sync(ProcessExited(returncode=status, **self._event_fields()))

    # ------------------------------------------------------------------ stopping

    def stop(self, context: Any) -> None:
        """Ask the process to end, ever less politely; returns at once."""
        if self._stopping:
            return
        self._stopping = True
        self._stop_task = context.asyncio_loop.create_task(self._stop(context))

    async def _stop(self, context: Any) -> None:
        child = self._child
        if child is None:
            return

        def tell(name: str) -> None:
            if name != "SIGINT":
                context.log.line("WARNING", self.process_details["name"], f"does not end; sending {name}")

        await child.stop(self._ended, *self._limits, tell)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        if self._child is not None:
            self._child.send(number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)


class ExecuteLocal(ExecuteProcess):
    """The same as ``ExecuteProcess``, by the name of the genuine base class."""


def _texts(context: Any, values: dict[Any, Any]) -> dict[str, str]:
    return {perform(context, key): perform(context, value) for key, value in values.items()}


def _screen_streams(context: Any, output: SomeSubstitutions) -> set[str]:
    name = context.environment.get("OVERRIDE_LAUNCH_PROCESS_OUTPUT") or perform(context, output)
    if name not in _ON_SCREEN:
        raise ValueError(f"output {name!r} is not one of {sorted(_ON_SCREEN)}")
    return _ON_SCREEN[name]


def _flag(context: Any, value: Any) -> bool:
    return value if isinstance(value, bool) else perform(context, value).strip().lower() in ("true", "1", "yes")


def _seconds(context: Any, value: Any, name: str, default: float) -> float:
    if value is None:
        return float(context.launch_configurations.get(name, default))
    return float(value) if isinstance(value, (int, float)) else float(perform(context, value))
