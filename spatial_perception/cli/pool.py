"""Many jobs over several processes: results in the order of the jobs, one bad job never stops the others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.connection import wait
from types import FrameType
from typing import Any, TypeVar

J = TypeVar("J")
R = TypeVar("R")

_TERMINATED = 143
_PATIENCE = 3.0  # s that a worker has to clean up
_DIED = "the process died, most likely for want of memory; use fewer processes (-j) or a smaller cloud"


def run_jobs(
    function: Callable[[J], R],
    jobs: Sequence[J],
    processes: int,
    failed: Callable[[J, str], R],
    done: Callable[[R], None],
) -> list[R]:
    """Results of `function` for all jobs, in their order; `done` hears of each as it comes.

    `function` must not raise for a bad input; `failed` makes the result of a job whose process died. An interrupt
    ends all processes before it passes on.
    """
    count = min(processes or os.cpu_count() or 1, len(jobs))
    if count <= 1:
        return _serial(function, jobs, done)
    results = _parallel(function, jobs, count, done)
    for index, job in enumerate(jobs):
        if index not in results:
            results[index] = _tell(_alone(function, job, failed), done)
    return [results[i] for i in range(len(jobs))]


def _serial(function: Callable[[J], R], jobs: Sequence[J], done: Callable[[R], None]) -> list[R]:
    """One job after the other. An interrupt that lands in a destructor is swallowed there: it ends the loop all the same."""
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.default_int_handler(number, frame)

    on_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, hear) if on_main else None
    try:
        results = []
        for job in jobs:
            results.append(_tell(function(job), done))
            if heard:
                raise KeyboardInterrupt
        return results
    finally:
        if on_main:
            signal.signal(signal.SIGINT, before)


def _tell(result: R, done: Callable[[R], None]) -> R:
    done(result)
    return result


def _parallel(function: Callable[[J], R], jobs: Sequence[J], count: int, done: Callable[[R], None]) -> dict[int, R]:
    """Results by index; those are missing that were not finished when a process died."""
    results: dict[int, R] = {}
    with _executor(count) as executor:
        try:
            futures: dict[Future[R], int] = {executor.submit(_guarded, function, job): i for i, job in enumerate(jobs)}
            for future in as_completed(futures):
                with suppress(BrokenProcessPool):
                    results[futures[future]] = _tell(future.result(), done)
        except BrokenProcessPool:
            return results
        except BaseException:
            _stop(executor)
            raise
    return results


def _alone(function: Callable[[J], R], job: J, failed: Callable[[J, str], R]) -> R:
    """A job in a process of its own, so that the one that kills its process is found."""
    with _executor(1) as executor:
        try:
            return executor.submit(_guarded, function, job).result()
        except BrokenProcessPool:
            return failed(job, _DIED)
        except BaseException:
            _stop(executor)
            raise


def _executor(count: int) -> ProcessPoolExecutor:
    """Fresh interpreters, not forks: threads of numerical libraries do not survive a fork."""
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_start)


def _start() -> None:
    """In a worker: the parent hears Ctrl-C; termination lets a job clean up its half-written files."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave_at_once)


def _guarded(function: Callable[[J], R], job: J) -> R:
    """Run a job; termination unwinds it, and then ends the process, which would otherwise take the next job."""
    signal.signal(signal.SIGTERM, _unwind)
    try:
        return function(job)
    except SystemExit:
        os._exit(_TERMINATED)
    finally:
        signal.signal(signal.SIGTERM, _leave_at_once)


def _unwind(*_: Any) -> None:
    sys.exit(_TERMINATED)


def _leave_at_once(*_: Any) -> None:
    os._exit(_TERMINATED)


def _stop(executor: ProcessPoolExecutor) -> None:
    """End all workers: politely, then by force; then the executor's own thread, which must not meet the end of Python."""
    closing = threading.Thread(target=executor.shutdown, kwargs={"wait": True, "cancel_futures": True}, daemon=True)
    closing.start()
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        if not wait([worker.sentinel], timeout=_PATIENCE):
            worker.kill()
    closing.join(_PATIENCE)
