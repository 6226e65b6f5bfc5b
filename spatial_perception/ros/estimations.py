"""Estimations one after another, in a process of their own: the newest periodic one wins, requests are all answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, perf_counter
from typing import Any

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Layout
from spatial_perception.ros.estimator_process import (
    CANCELED,
    FAILED,
    MEMORY,
    EntityProgress,
    EstimationError,
    EstimatorProcess,
    Query,
)
from spatial_perception.ros.layout_settings import Estimation
from spatial_perception.ros.mapper import Snapshot
from spatial_perception.ros.worker import LatestWorker

SUPERSEDED = "superseded"
NO_DATA = "no data"
MIN_POINTS = 50
_CHECKS = 3
"""The first estimations of an epoch judge heading and gravity of the cloud; later every twentieth does."""

_NOTHING = EntityProgress(0, 0.0, None)

Progress = Callable[[str, EntityProgress], None]


@dataclass(frozen=True)
class Found:
    """A layout with its snapshot, the task it answers, the seconds of its stages and sentences for people."""

    layout: Layout
    snapshot: Snapshot
    task: str
    stages: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]


@dataclass(eq=False)
class Request:
    """One estimation: `found` and the published `message`, or `fault` (kind, message), are set when `done` is."""

    task: str
    categories: tuple[str, ...]
    on_progress: Progress = lambda stage, so_far: None
    found: Found | None = None
    message: Any = None
    fault: tuple[str, str] | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Estimations:
    """Runs requests on snapshots of the map. `on_found(request)` and `on_fault(kind, message)` are called from its thread.

    `on_found` may set another layout (tracked ids) into the request before it is done.
    """

    def __init__(
        self,
        settings: Estimation,
        snapshot: Callable[[], Snapshot],
        on_found: Callable[[Request], None],
        on_fault: Callable[[str, str], None],
    ) -> None:
        self.timeout = settings.timeout
        self._snapshot, self._on_found, self._on_fault = snapshot, on_found, on_fault
        self._process = EstimatorProcess(
            settings.estimator, parsed(settings.settings), settings.load_timeout,
            niceness=settings.niceness, threads=settings.threads,
        )  # fmt: skip
        self._previous: tuple[int, Layout] | None = None
        self._runs: tuple[int, int] = (-1, 0)
        self._worker = LatestWorker(self._work, self._failed, self._lost, name="estimation")
        self.last_latency = 0.0

    @property
    def busy(self) -> bool:
        """Whether one is under way or waiting."""
        return self._worker.busy

    @property
    def counts(self) -> tuple[int, int, int]:
        """Estimations done, failed, superseded."""
        counts = self._worker.counts
        return counts.done, counts.failed, counts.superseded

    @property
    def process(self) -> EstimatorProcess:
        """The process that does the work."""
        return self._process

    def load(self) -> None:
        """Load the estimator; raises EstimationError."""
        self._process.start()

    def submit(self, request: Request, urgent: bool = False) -> Request:
        """Hand over a request; it is done at once where an urgent one waits already and this one is not."""
        self._worker.submit(request, urgent)
        return request

    def cancel(self, request: Request) -> None:
        """Take a request back, or stop it within a fifth of a second."""
        if self._worker.withdraw(request):
            self._finish(request, CANCELED, "canceled on request")
        elif self._worker.current is request:
            self._process.cancel()

    def stop_current(self) -> None:
        """Stop what is under way; the estimator stays loaded where it can be stopped politely."""
        if self._worker.busy:
            self._process.cancel()

    def close(self) -> None:
        """Stop everything and free what the estimator took."""
        self._process.close()
        self._worker.stop(5.0)
        self._process.close()

    def _work(self, request: Request) -> None:
        started = perf_counter()
        request.on_progress("snapshot", _NOTHING)
        snapshot = self._snapshot()
        if len(snapshot.cloud) < MIN_POINTS:
            raise EstimationError(
                NO_DATA, f"the map holds {len(snapshot.cloud)} points; wait for clouds with transforms"
            )
        taken = perf_counter()
        request.on_progress("estimate", _NOTHING)
        estimate = self._process.estimate(
            self._query(request, snapshot), self.timeout, lambda so_far: request.on_progress("estimate", so_far)
        )
        self._previous = (snapshot.epoch, estimate.layout) if request.task == "all" else self._previous
        stages = (("snapshot", taken - started), *estimate.stages)
        request.on_progress("track", EntityProgress(len(estimate.layout), 0.0, estimate.layout))
        request.found = Found(estimate.layout, snapshot, request.task, stages, estimate.notes)
        self._on_found(request)
        self.last_latency = monotonic() - snapshot.arrived
        request.done.set()

    def _query(self, request: Request, snapshot: Snapshot) -> Query:
        draft, check = self._draft(snapshot.epoch), self._is_check_due(snapshot.epoch)
        return Query(snapshot.cloud, request.task, request.categories, draft, snapshot.epoch, check)

    def _draft(self, epoch: int) -> Layout | None:
        return self._previous[1] if self._previous is not None and self._previous[0] == epoch else None

    def _is_check_due(self, epoch: int) -> bool:
        count = self._runs[1] + 1 if self._runs[0] == epoch else 1
        self._runs = (epoch, count)
        return count <= _CHECKS or count % 20 == 0

    def _failed(self, request: Request, error: Exception) -> None:
        kind = (
            error.kind if isinstance(error, EstimationError) else MEMORY if isinstance(error, MemoryError) else FAILED
        )
        text = str(error) if isinstance(error, EstimationError) else f"{type(error).__name__}: {error}"
        self._finish(request, kind, text)
        self._on_fault(kind, text)

    def _lost(self, request: Request) -> None:
        self._finish(request, SUPERSEDED, "a newer request took its place; ask again")

    @staticmethod
    def _finish(request: Request, kind: str, message: str) -> None:
        request.fault = (kind, message)
        request.found = None
        request.done.set()


def parsed(settings: str) -> dict[str, object]:
    """Settings of an estimator from JSON text; raises ConfigError where it is no object."""
    try:
        value = json.loads(settings or "{}")
    except ValueError as error:
        raise ConfigError(f'estimation.settings is no JSON ({error}); write for example {{"voxel": 0.03}}') from error
    if not isinstance(value, dict):
        raise ConfigError('estimation.settings must be a JSON object, for example {"voxel": 0.03}')
    return value
