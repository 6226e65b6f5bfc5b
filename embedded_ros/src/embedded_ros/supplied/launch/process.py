"""One child process: its start, its output, its end."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

_CHUNK = 65536
_DRAIN_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1

Sink = Callable[[str, bytes], None]


def _load_prctl() -> Any:
    return ctypes.CDLL(None, use_errno=True).prctl if sys.platform.startswith("linux") else None


_prctl = _load_prctl()


def _dying_with(parent: int) -> Callable[[], None]:
    """What a child does before its program: the kernel ends it when the launch is killed without a chance to do so (Linux)."""

    def die_with_parent() -> None:
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)  # the launch died before the kernel knew whom to tell

    return die_with_parent


class ChildProcess:
    """A process in a process group of its own, so that a Ctrl-C in the terminal reaches the launch alone.

    sink: called with ``stdout`` or ``stderr`` and each line as it arrives.
    """

    def __init__(self, command: list[str] | str, environment: dict[str, str], folder: str | None, sink: Sink) -> None:
        self.command = command
        self._environment = environment
        self._folder = folder
        self._sink = sink
        self._process: asyncio.subprocess.Process | None = None
        self._pumps: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """The process id; 0 before the start."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the process; raises OSError when that fails."""
        options: dict[str, Any] = {
            "stdin": asyncio.subprocess.DEVNULL,
            "stdout": asyncio.subprocess.PIPE,
            "stderr": asyncio.subprocess.PIPE,
            "cwd": self._folder,
            "env": self._environment,
            "start_new_session": True,
            "preexec_fn": _dying_with(os.getpid()),
        }
        if isinstance(self.command, str):
            self._process = await asyncio.create_subprocess_shell(self.command, **options)
        else:
            self._process = await asyncio.create_subprocess_exec(*self.command, **options)
        streams = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._pumps = [asyncio.create_task(self._pump(name, stream)) for name, stream in streams.items()]

    async def wait(self) -> int:
        """Return the exit status once the process has ended and its output is read."""
        assert self._process is not None
        status = await self._process.wait()
        # a grandchild may keep the pipes open: do not wait for it
        _, unfinished = await asyncio.wait(self._pumps, timeout=_DRAIN_SECONDS)
        for pump in unfinished:
            pump.cancel()
        return status

    async def _pump(self, name: str, stream: Any) -> None:
        rest = b""
        while chunk := await stream.read(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._sink(name, line)
        if rest:
            self._sink(name, rest)

    def send(self, number: int) -> None:
        """Send a signal to the process and those it started."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    async def stop(self, ended: asyncio.Event, sigterm_after: float, sigkill_after: float, tell: Any) -> None:
        """Ask the process to end: SIGINT, after a while SIGTERM, at last SIGKILL."""
        steps = ((signal.SIGINT, sigterm_after), (signal.SIGTERM, sigkill_after), (signal.SIGKILL, 2.0))
        for number, patience in steps:
            tell(signal.Signals(number).name)
            self.send(number)
            try:
                await asyncio.wait_for(ended.wait(), patience)
            except asyncio.TimeoutError:
                continue
            return
