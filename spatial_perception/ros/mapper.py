"""The thread that takes waiting messages into the map, and what starts the map anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TypeAlias

from spatial_perception.errors import SpatialPerceptionError
from spatial_perception.mapping.filters import BodyBox, CloudLimits, filter_height, filter_sensed
from spatial_perception.mapping.pose import Pose, transformed
from spatial_perception.mapping.scene_frame import JumpLimits, SceneKeeper
from spatial_perception.mapping.voxel_map import MapSettings, VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.layout_settings import Filters, LayoutSettings
from spatial_perception.ros.transforms import TransformQueue, Waiting

Sensed: TypeAlias = Callable[[], PointCloud]
"""What waits: it decodes its message into a cloud in the sensor's axes, outside the callback that received it."""

_IDLE = 0.1
_RETRY = 0.01


@dataclass(frozen=True)
class Snapshot:
    """The map at one moment: epoch, version, the cloud with the stamp of the last message used, and when (monotonic
    clock, s) that one arrived."""

    epoch: int
    version: int
    cloud: PointCloud
    arrived: float


def limits_of(filters: Filters) -> CloudLimits:
    """The limits that parameters describe; raises ConfigError where they contradict each other."""
    r = filters.body_radius
    body: tuple[BodyBox, ...] = ()
    if r:
        body = (BodyBox((-r, -r, -0.2), (r, r, filters.body_height)),)
    return CloudLimits(filters.range_min, filters.range_max, filters.height_min, filters.height_max, body)


class Mapper:
    """Owns map, epochs and the thread that inserts. Callbacks only call `received`, which returns at once.

    `on_epoch(reason)` is called when the map starts anew, `on_used(topic)` and `on_refused(topic, reason)` per message;
    all of them from any thread.
    """

    def __init__(
        self,
        settings: LayoutSettings,
        queue: TransformQueue[Sensed],
        base: TransformQueue[Sensed],
        on_epoch: Callable[[str], None],
        on_used: Callable[[str], None],
        on_refused: Callable[[str, str], None],
    ) -> None:
        self._frames, self._decay = settings.frames, settings.map.decay
        self.limits = limits_of(settings.filters)
        self._queue, self._base = queue, base
        self._on_epoch, self._on_used, self._on_refused = on_epoch, on_used, on_refused
        m, jumps = settings.map, settings.jumps
        chosen = MapSettings(m.voxel, m.max_voxels, m.max_bytes, decay_misses=m.decay_misses)
        self.map = VoxelMap(chosen, settings.frames.map)
        limits = JumpLimits(jumps.backward, jumps.forward, jumps.shift, jumps.turn)
        self.keeper = SceneKeeper(settings.frames.map, limits=limits)
        self.seconds = 0.0
        """How long the last cloud took."""
        self.points_dropped = 0
        self._changed = 0
        self._arrived = monotonic()
        # `_lock` guards the map and may be held for as long as a cloud takes; `_time_lock` only ever for a moment.
        self._lock, self._time_lock = threading.RLock(), threading.Lock()
        self._pending: str | None = None
        self.epoch = self.keeper.frame.epoch
        """Number of the epoch that the map is of."""
        self._active = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def change(self) -> float:
        """Voxels that came and went since `settled`, as a share of the map."""
        return self._changed / max(len(self.map), 1)

    def start(self) -> None:
        """Begin to take messages."""
        self._active.set()
        self._thread = threading.Thread(target=self._run, name="mapper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop taking messages; the map stays."""
        self._active.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._queue.clear()

    def received(self, topic: str, frame_id: str, stamp: int, sensed: Sensed) -> None:
        """A message arrived: notice jumps of time at once, leave the rest to the thread."""
        self.observe(topic, stamp)
        if self.keeper.is_stale(topic, stamp / 1e9):
            self._queue.drop(topic, "from before a jump of time")
            return
        self._queue.add(topic, frame_id, stamp, sensed)

    def observe(self, source: str, stamp: int) -> None:
        """Note the time (ns) of a topic or clock; what waits from before a jump is forgotten."""
        with self._time_lock:
            reason = self.keeper.stamped(source, stamp / 1e9)
            if reason:
                self._pending = reason
                self._queue.clear()

    def reset(self, reason: str, stamp: float) -> None:
        """Start a new epoch on request."""
        with self._time_lock:
            self._pending = self.keeper.reset(reason, stamp)
            self._queue.clear()
        self.catch_up()

    def catch_up(self) -> None:
        """Empty the map where a new epoch began."""
        with self._lock:
            with self._time_lock:
                reason, self._pending = self._pending, None
                self.epoch = self.keeper.frame.epoch
            if reason is not None:
                self.map.clear()
                self._changed = 0
                self._on_epoch(reason)

    def snapshot(self, min_hits: int) -> Snapshot:
        """The map as it is."""
        with self._lock:
            self.catch_up()
            return Snapshot(self.epoch, self.map.version, self.map.to_cloud(min_hits), self._arrived)

    def settled(self, snapshot: Snapshot) -> None:
        """Count changes from this snapshot on."""
        with self._lock:
            if snapshot.epoch == self.epoch:
                self._changed = 0

    def _run(self) -> None:
        while self._active.is_set():
            if self._pending is not None:
                self.catch_up()
            taken = self._queue.take()
            if taken is None:
                self._queue.wait(_RETRY if len(self._queue) else _IDLE)
                continue
            self._insert_safely(*taken)

    def _insert_safely(self, item: Waiting[Sensed], pose: Pose) -> None:
        try:
            self._insert(item, pose)
        except (SpatialPerceptionError, MemoryError) as error:
            self._lose(item, str(error) or "out of memory")
        except Exception as error:  # A bad message must not end the thread.
            self._lose(item, f"{type(error).__name__}: {error}")

    def _lose(self, item: Waiting[Sensed], reason: str) -> None:
        self._queue.drop(item.topic, "unusable message")
        self._on_refused(item.topic, reason)

    def _insert(self, item: Waiting[Sensed], pose: Pose) -> None:
        started = perf_counter()
        cloud, sensed = filter_sensed(item.payload(), self.limits, self._sensor_in_base(item))
        cloud, high = filter_height(transformed(cloud, pose, self._frames.map), self.limits)
        with self._lock:
            self._check_correction(item)
            self.catch_up()
            update = self.map.insert(cloud, pose.position if self._decay else None)
            self._changed += update.added + update.removed + update.evicted
            self._arrived = item.arrived
            self.points_dropped += (sensed + high).total + update.dropped
        self.seconds = perf_counter() - started
        if len(cloud):
            self._on_used(item.topic)
        else:
            self._on_refused(item.topic, f"none of its points is within the limits ({(sensed + high).total} dropped)")

    def _sensor_in_base(self, item: Waiting[Sensed]) -> Pose | None:
        return self._base.lookup(item.frame_id, item.stamp) if self.limits.body else None

    def _check_correction(self, item: Waiting[Sensed]) -> None:
        """Whether odom jumped in the map, where that is watched and known."""
        odom = self._frames.odom
        correction = self._queue.lookup(odom, item.stamp) if odom and odom != self._frames.map else None
        if correction is not None:
            with self._time_lock:
                self._pending = self.keeper.corrected(correction, item.stamp / 1e9) or self._pending
