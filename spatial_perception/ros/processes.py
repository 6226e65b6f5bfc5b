"""The processes of a running system: started together, watched, and all ended within a second, with everything below them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType

from spatial_perception.errors import NodeError

_PATIENCE = 0.6
"""How long (s) processes may take to end by themselves after the interrupt."""
_TICK = 0.01
_PR_SET_PDEATHSIG = 1


class Processes:
    """Each process leads a group of its own: Ctrl-C at the terminal reaches only us, and we end them in good order.

    What they print goes to `logs`/NAME.log. On Linux they end with us even where we are killed.
    """

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment, self._logs = dict(environment), logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a process; raises NodeError where its program is not there."""
        with self.log(name).open("wb") as log:
            try:
                self._running[name] = subprocess.Popen(
                    list(command), env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True, preexec_fn=_ending_with(os.getpid()),
                )  # fmt: skip
            except OSError as error:
                raise NodeError(f"{name} cannot be started: {error}") from error

    def log(self, name: str) -> Path:
        """The file that a process prints to."""
        return self._logs / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line that a process printed and where to read on, to be appended to a message."""
        lines = [line.strip() for line in self.log(name).read_text(errors="replace").splitlines() if line.strip()]
        return f"{': ' + lines[-1] if lines else ''} (see {self.log(name)})"

    @property
    def names(self) -> tuple[str, ...]:
        """What was started, in that order."""
        return tuple(self._running)

    def check(self) -> None:
        """Raise NodeError where a process has ended, with the last line that it printed."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                raise NodeError(f"{name} ended with status {status}{self.last_words(name)}")

    def stop(self) -> None:
        """Interrupt all, and kill what is left after a moment; a second Ctrl-C does not stop that. May be called again."""
        with _undisturbed():
            self._stop()

    def _stop(self) -> None:
        for process in self._running.values():
            _signal(process, signal.SIGINT)
        deadline = monotonic() + _PATIENCE
        while monotonic() < deadline and any(p.poll() is None for p in self._running.values()):
            sleep(_TICK)
        for process in self._running.values():
            # Also where the leader has ended: something below it may be left.
            _signal(process, signal.SIGKILL)
            process.wait()
        self._running.clear()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let interrupts pass by, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the whole group of a process, as far as it is still there."""
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _ending_with(parent: int) -> Callable[[], None] | None:
    """What a child does before its program: it gets the interrupt when the parent dies. Nothing where Linux is not."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def end_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)  # it died before the kernel knew whom to tell

    return end_with_parent
