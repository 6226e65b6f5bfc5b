"""A thread for work that must not hold a callback: the newest job wins, faults are reported, nothing escapes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Job = TypeVar("Job")


@dataclass(frozen=True)
class WorkerCounts:
    """Jobs done, failed, and replaced by a newer one before their turn."""

    done: int = 0
    failed: int = 0
    superseded: int = 0


class LatestWorker(Generic[Job]):
    """Does one job at a time in its own thread; of those that wait only the newest is kept.

    `submit` never blocks. A job submitted as `urgent` is not displaced by one that is not. What a job raises is passed to
    `on_error` and the worker goes on; MemoryError too. `superseded` is told of each job that lost its place.
    """

    def __init__(
        self,
        work: Callable[[Job], None],
        on_error: Callable[[Job, Exception], None],
        superseded: Callable[[Job], None] = lambda job: None,
        name: str = "worker",
    ) -> None:
        self._work, self._on_error, self._superseded = work, on_error, superseded
        self._changed = threading.Condition()
        self._waiting: tuple[Job, bool] | None = None
        self._current: Job | None = None
        self._stopping = False
        self._counts = WorkerCounts()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def counts(self) -> WorkerCounts:
        """What was done so far."""
        return self._counts

    @property
    def current(self) -> Job | None:
        """The job under way."""
        return self._current

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waiting."""
        return self._current is not None or self._waiting is not None

    def submit(self, job: Job, urgent: bool = False) -> bool:
        """Hand over a job; returns False where it was dropped at once, since the worker ends or an urgent one waits."""
        with self._changed:
            displaced = self._waiting
            accepted = not self._stopping and (urgent or displaced is None or not displaced[1])
            lost = displaced[0] if accepted and displaced is not None else None if accepted else job
            if accepted:
                self._waiting = (job, urgent)
                self._changed.notify()
            if lost is not None:
                self._count(superseded=1)
        if lost is not None:
            self._superseded(lost)
        return accepted

    def withdraw(self, job: Job) -> bool:
        """Take back a job that still waits; returns False where it is under way or gone."""
        with self._changed:
            mine = self._waiting is not None and self._waiting[0] is job
            if mine:
                self._waiting = None
        return mine

    def stop(self, timeout: float | None = None) -> bool:
        """Drop what waits, let what is under way end, and end; returns whether that took less than `timeout` (s)."""
        with self._changed:
            self._stopping = True
            lost, self._waiting = self._waiting, None
            self._changed.notify()
        if lost is not None:
            self._superseded(lost[0])
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _count(self, done: int = 0, failed: int = 0, superseded: int = 0) -> None:
        old = self._counts
        self._counts = WorkerCounts(old.done + done, old.failed + failed, old.superseded + superseded)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._current = None
                self._changed.wait_for(lambda: self._stopping or self._waiting is not None)
                if self._waiting is None:
                    return
                (self._current, _), self._waiting = self._waiting, None
            self._do(self._current)

    def _do(self, job: Job) -> None:
        try:
            self._work(job)
        except Exception as error:
            self._count(failed=1)
            self._on_error(job, error)
        else:
            self._count(done=1)
