"""The process that estimates, so that neither its work nor its faults touch the node. Started by `EstimatorProcess`.

It speaks over its standard streams: one JSON object per line, after a request the raw bytes of the cloud. Requests are
`estimate` and `cancel`; answers `ready`, `entity`, `done`, `error`. It ends with its input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from time import monotonic, perf_counter
from typing import Any, BinaryIO

import numpy as np

from spatial_perception.errors import CloudError, SpatialPerceptionError
from spatial_perception.layout.entities import Entity, Layout
from spatial_perception.layout.json import layout_to_dict, parse_json
from spatial_perception.layout.text import collect
from spatial_perception.layout.transforms import rotate
from spatial_perception.models.base import LayoutEstimator
from spatial_perception.pointcloud.alignment import Alignment, align
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.up_axis import estimate_up
from spatial_perception.ros.memory import give_back

MEMORY = "memory"
FAILED = "failed"
CANCELED = "canceled"
INVALID = "invalid"
_MAX_TILT = float(np.radians(5.0))
_SURE = 0.6
_MAX_TURN = float(np.radians(1.0))
_SHOW_PERIOD = 0.25
"""Seconds between two layouts so far, while an estimator works."""


class Channel:
    """Lines of JSON and raw bytes over two streams; writing is safe from several threads."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink, self._lock = source, sink, threading.Lock()

    def send(self, header: dict[str, Any], *blobs: bytes | memoryview) -> None:
        """Write one message; raises OSError where the other side is gone."""
        with self._lock:
            self._sink.write(json.dumps(header).encode() + b"\n")
            for blob in blobs:
                self._sink.write(blob)
            self._sink.flush()

    def receive(self) -> dict[str, Any] | None:
        """The next message, None at the end."""
        line = self._source.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def receive_bytes(self, count: int) -> bytes:
        """Raw bytes that follow a message; raises EOFError where there are fewer."""
        data = self._source.read(count)
        if len(data) != count:
            raise EOFError("the node is gone")
        return data


class Heading:
    """The direction of the walls, kept while a scene lasts: with the frame the text of earlier layouts stays valid."""

    def __init__(self) -> None:
        self._scene: int | None = None
        self._kept = Alignment(np.eye(3), np.eye(3))

    def of(self, cloud: PointCloud, scene: int, renew: bool) -> Alignment:
        """The alignment of a cloud with z up in metres; looked for in a new scene and, with `renew`, changed where the walls
        turn out to stand another way.
        """
        if renew or scene != self._scene:
            # Localisation knows which way is up and how long a metre is: only the heading of the walls is sought.
            _, found = align(thinned(cloud), up="z", scale="keep")
            if scene != self._scene or abs(_turn(found.yaw - self._kept.yaw)) > _MAX_TURN:
                self._kept = found
            self._scene = scene
        return self._kept


def _turn(angle: float) -> float:
    """An angle (rad) up to quarter turns, which change nothing for walls."""
    return (angle + np.pi / 4) % (np.pi / 2) - np.pi / 4


class Server:
    """Answers requests one after another; a thread reads ahead, so that `cancel` is noticed meanwhile."""

    def __init__(self, channel: Channel, estimator: LayoutEstimator) -> None:
        self._channel, self._estimator = channel, estimator
        self._requests: SimpleQueue[tuple[dict[str, Any], PointCloud] | None] = SimpleQueue()
        self._canceled: set[int] = set()
        self._heading = Heading()
        self._canvas: Any = None

    def serve(self) -> None:
        """Work until the input ends."""
        threading.Thread(target=self._read, daemon=True).start()
        while (request := self._requests.get()) is not None:
            self._answer(*request)
            del request  # or its cloud would stay until the next one comes
            give_back()

    def _read(self) -> None:
        try:
            while (header := self._channel.receive()) is not None:
                if header["kind"] == "cancel":
                    self._canceled.add(header["id"])
                else:
                    self._requests.put((header, self._cloud(header)))
        except EOFError:
            pass
        self._requests.put(None)

    def _cloud(self, header: dict[str, Any]) -> PointCloud:
        count = header["points"]
        xyz = np.frombuffer(self._channel.receive_bytes(12 * count), np.float32).reshape(-1, 3)
        rgb = np.frombuffer(self._channel.receive_bytes(3 * count), np.uint8).reshape(-1, 3) if header["rgb"] else None
        return PointCloud(xyz, rgb, header["frame_id"], header["stamp"])

    def _answer(self, header: dict[str, Any], cloud: PointCloud) -> None:
        number = header["id"]
        try:
            answer = self._estimated(header, cloud)
        except MemoryError as error:
            answer = _fault(MEMORY, error)
        except SpatialPerceptionError as error:
            answer = _fault(FAILED, error)
        except Exception as error:
            answer = _fault(MEMORY if type(error).__name__ == "OutOfMemoryError" else FAILED, error)
        self._canceled.discard(number)
        self._channel.send(answer | {"id": number})

    def _estimated(self, header: dict[str, Any], cloud: PointCloud) -> dict[str, Any]:
        started, received = perf_counter(), monotonic()
        alignment = self._heading.of(cloud, header["scene"], header["check"])
        aligned = alignment.apply(cloud)
        aligned_at = perf_counter()
        layout = alignment.restore(self._run(header, aligned, alignment))
        if header["id"] in self._canceled:
            return {"kind": "error", "error": CANCELED, "message": "canceled on request"}
        stages = [
            ["transfer", received - header["sent"]],
            ["align", aligned_at - started],
            ["estimate", perf_counter() - aligned_at],
        ]
        notes = list(gravity_notes(thinned(cloud))) if header["check"] else []
        return {"kind": "done", "layout": layout_to_dict(layout), "stages": stages, "notes": notes}

    def _run(self, header: dict[str, Any], cloud: PointCloud, alignment: Alignment) -> Layout:
        """The layout; estimators that can be watched report each entity and can be stopped between two of them.

        Those that write in bins keep them while there is a layout before: what is unchanged is then written unchanged.
        """
        previous = parse_json(json.dumps(header["previous"])) if header["previous"] else None
        draft = None if previous is None else rotate(previous, -alignment.yaw)
        request = (cloud, header["task"], tuple(header["categories"]), draft)
        run = getattr(self._estimator, "run", None)
        if run is None:
            return self._estimator.estimate(*request)
        number = header["id"]
        canvas = None if previous is None else self._canvas
        watched = run(*request, canvas=canvas, cancelled=lambda: number in self._canceled)
        self._watch(number, watched, alignment)
        layout = watched.layout()
        self._canvas = watched.canvas
        return layout

    def _watch(self, number: int, watched: Any, alignment: Alignment) -> None:
        """Report each entity, and now and then all so far."""
        started, shown, found = perf_counter(), -_SHOW_PERIOD, list[Entity]()
        for entity in watched:
            found.append(entity)
            passed = perf_counter() - started
            tokens = sum(getattr(item, "tokens", 0) for item in watched.statistics)
            answer = {"kind": "entity", "id": number, "count": len(found), "tokens_per_second": tokens / passed}
            if passed - shown >= _SHOW_PERIOD:
                shown = passed
                answer["layout"] = layout_to_dict(alignment.restore(collect(found)))
            self._channel.send(answer)


def thinned(cloud: PointCloud, most: int = 40_000) -> PointCloud:
    """Every n-th point, so that at most `most` remain: enough to tell directions."""
    step = -(-len(cloud) // most)
    return cloud.select(np.arange(0, len(cloud), step)) if step > 1 else cloud


def gravity_notes(cloud: PointCloud) -> Iterator[str]:
    """A sentence where floor and ceiling of a cloud clearly do not lie across the z axis of its frame."""
    try:
        up = estimate_up(cloud.xyz)
    except CloudError:
        return
    tilt = float(np.arccos(np.clip(up.axis[2], -1.0, 1.0)))
    if up.confidence >= _SURE and tilt > _MAX_TILT:
        yield (
            f"the cloud says that up is {np.degrees(tilt):.0f} deg off the z axis of {cloud.frame_id}: "
            "check the transform of the sensor and the levelling of the localisation"
        )


def _fault(kind: str, error: Exception) -> dict[str, Any]:
    text = " ".join(str(error).split()) or type(error).__name__
    known = isinstance(error, (SpatialPerceptionError, MemoryError))
    return {"kind": "error", "error": kind, "message": text if known else f"{type(error).__name__}: {text}"}


def main() -> int:
    """Load the estimator named on the command line (with settings as JSON, and how far to step back) and serve."""
    name, settings, niceness = sys.argv[1:]
    os.nice(int(niceness))
    # Signals to the whole group are for the node; this process ends when the node closes its input.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    channel = Channel(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    # Whatever prints goes to the node's log, not between the answers.
    os.dup2(2, 1)
    try:
        from spatial_perception.models.registry import load_estimator

        estimator = load_estimator(name, **json.loads(settings))
    except (SpatialPerceptionError, MemoryError, OSError, ImportError) as error:
        channel.send(_fault(INVALID, error) | {"id": 0})
        return 1
    channel.send({"kind": "ready", "id": 0, "name": estimator.name, "pid": os.getpid()})
    try:
        Server(channel, estimator).serve()
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
