"""An estimator in a process of its own: it can be stopped at any moment, and memory it took is free again after that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

import spatial_perception
from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.json import layout_to_dict, parse_json
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.estimation_process import CANCELED, FAILED, INVALID, MEMORY, Channel

TIMEOUT = "timeout"
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GRACE = 0.1
_TICK = 0.02


@dataclass(frozen=True, eq=False)
class Query:
    """What to estimate: a cloud with z up in metres, task and categories, an earlier layout of the place as a draft.

    `scene` counts places or epochs: within one the heading of the walls is kept. With `check` the heading is judged anew,
    and the notes say where the cloud itself tells another up direction.
    """

    cloud: PointCloud
    task: str = "all"
    categories: tuple[str, ...] = ()
    previous: Layout | None = None
    scene: int = 0
    check: bool = True


@dataclass(frozen=True)
class EntityProgress:
    """Entities found so far, the speed of decoding (tokens/s, 0 without a language model) and now and then the layout."""

    entities: int
    tokens_per_second: float
    layout: Layout | None


Progress = Callable[[EntityProgress], None]


class EstimationError(EstimatorError):
    """An estimation ended without a layout; `kind` is memory, failed, invalid, canceled or timeout."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Estimate:
    """A layout in the frame of the cloud, how long its stages took (s), and what people should know."""

    layout: Layout
    stages: tuple[tuple[str, float], ...]
    notes: tuple[str, ...]


class EstimatorProcess:
    """Starts, asks, stops and restarts the process. One thread estimates at a time; `cancel` and `close` may come from any.

    `settings` are those of the estimator. The process starts with `start`, or with the first estimation; it steps back by
    `niceness` for other work, and its libraries use at most `threads` threads (0: as many as they like).
    """

    def __init__(
        self,
        name: str,
        settings: dict[str, Any] | None = None,
        start_timeout: float = 120.0,
        *,
        niceness: int = 0,
        threads: int = 0,
    ) -> None:
        self._name, self._settings, self._start_timeout = name, settings or {}, start_timeout
        self._niceness, self._threads = niceness, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: Queue[dict[str, Any] | None] = Queue()
        self._lock = threading.RLock()
        self._number = 0
        self._cancel = threading.Event()
        self.estimator_name = name

    @property
    def pid(self) -> int | None:
        """The process, where one runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start the process and load the estimator; raises EstimationError when that fails or takes too long."""
        self._cancel.clear()
        self._ensure()

    def _ensure(self) -> None:
        """Start the process where none runs."""
        if self.pid is not None:
            return
        self._end()
        self._answers = Queue()
        command = [
            sys.executable,
            "-m",
            "spatial_perception.ros.estimation_process",
            self._name,
            json.dumps(self._settings),
            str(self._niceness),
        ]
        environment = _environment(self._threads)
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            self._process = process
            self._channel = Channel(process.stdout, process.stdin)  # type: ignore[arg-type]
        threading.Thread(target=_pump, args=(self._channel, self._answers), daemon=True).start()
        answer = self._next(monotonic() + self._start_timeout, None)
        if answer["kind"] != "ready":
            self._end()
            raise EstimationError(answer["error"], answer["message"])
        self.estimator_name = answer["name"]

    def estimate(self, query: Query, timeout: float = 60.0, on_progress: Progress | None = None) -> Estimate:
        """The layout of a cloud; raises EstimationError."""
        try:
            return self._estimated(query, timeout, on_progress)
        finally:
            # Not at the beginning: whoever cancels before the work has begun means it as well.
            self._cancel.clear()

    def _estimated(self, query: Query, timeout: float, on_progress: Progress | None) -> Estimate:
        self._ensure()
        self._number += 1
        deadline, cloud = monotonic() + timeout, query.cloud
        if len(cloud) == 0:
            raise EstimationError(FAILED, "the cloud is empty; wait for data")
        rgb = () if cloud.rgb is None else (_raw(cloud.rgb),)
        try:
            self._channel.send(_header(query, self._number), _raw(cloud.xyz), *rgb)
        except (OSError, ValueError) as error:
            raise self._ended() from error
        return self._collected(deadline, on_progress)

    def cancel(self) -> None:
        """End the estimation under way within a fifth of a second: politely, else with the process."""
        self._cancel.set()

    def close(self) -> None:
        """End the process; what is under way fails as canceled. It may be started again."""
        self._cancel.set()
        self._end()

    def _collected(self, deadline: float, on_progress: Progress | None) -> Estimate:
        while True:
            answer = self._next(deadline, self._cancel)
            if answer["id"] != self._number:
                continue
            if answer["kind"] == "done":
                layout = parse_json(json.dumps(answer["layout"]))
                stages = tuple((str(name), float(seconds)) for name, seconds in answer["stages"])
                return Estimate(layout, stages, tuple(answer["notes"]))
            if answer["kind"] == "error":
                raise EstimationError(answer["error"], answer["message"])
            if on_progress is not None:
                so_far = parse_json(json.dumps(answer["layout"])) if "layout" in answer else None
                on_progress(EntityProgress(answer["count"], answer["tokens_per_second"], so_far))

    def _next(self, deadline: float, cancel: threading.Event | None) -> dict[str, Any]:
        """The next answer; raises EstimationError at the deadline, on cancel, and when the process is gone."""
        asked_at: float | None = None
        while True:
            now = monotonic()
            if cancel is not None and cancel.is_set() and asked_at is None:
                asked_at = now
                self._ask_to_cancel()
            if asked_at is not None and now - asked_at > _GRACE:
                self._end()
                raise EstimationError(CANCELED, "canceled on request")
            if now > deadline:
                self._end()
                raise EstimationError(
                    TIMEOUT, "the estimator took too long; raise estimation.timeout or shrink the map"
                )
            try:
                answer = self._answers.get(timeout=_TICK)
            except Empty:
                continue
            if answer is None:
                raise self._ended()
            return answer

    def _ask_to_cancel(self) -> None:
        try:
            self._channel.send({"kind": "cancel", "id": self._number})
        except (OSError, ValueError):
            self._end()

    def _ended(self) -> EstimationError:
        """Why the process is gone, and its remains removed."""
        process = self._process
        status = None if process is None else process.wait()
        self._end()
        if self._cancel.is_set():
            return EstimationError(CANCELED, "canceled on request")
        if status == -9:
            return EstimationError(MEMORY, "the estimator was killed, most likely for want of memory; shrink the map")
        return EstimationError(FAILED, f"the estimator process ended with status {status}; see its output in the log")

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                # What was still to be written has nobody to read it.
                continue


def _header(query: Query, number: int) -> dict[str, Any]:
    """The line before the bytes of the cloud."""
    cloud = query.cloud
    return {
        "kind": "estimate", "id": number, "sent": monotonic(), "points": len(cloud), "rgb": cloud.rgb is not None,
        "frame_id": cloud.frame_id, "stamp": cloud.stamp, "task": query.task, "categories": list(query.categories),
        "scene": query.scene, "check": query.check,
        "previous": None if query.previous is None else layout_to_dict(query.previous),
    }  # fmt: skip


def _raw(array: NDArray) -> memoryview:
    """The bytes of an array, without a copy."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _pump(channel: Channel, answers: Queue[dict[str, Any] | None]) -> None:
    """Move answers from the process into the queue; None at the end."""
    try:
        while (answer := channel.receive()) is not None:
            answers.put(answer)
    except (OSError, ValueError):
        pass
    answers.put(None)


def _environment(threads: int) -> dict[str, str]:
    """Ours, with this very package importable, and with a bound of threads where there is one."""
    root = str(Path(spatial_perception.__file__).parent.parent)
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH", "")])])
    bound = {name: str(threads) for name in _THREADS} if threads else {}
    return {**os.environ, **bound, "PYTHONPATH": path}


__all__ = [
    "CANCELED", "FAILED", "INVALID", "MEMORY", "TIMEOUT", "EntityProgress", "Estimate", "EstimationError",
    "EstimatorProcess", "Query",
]  # fmt: skip
