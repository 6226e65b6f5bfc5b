"""The thread that takes waiting messages into the map, and what starts the map anew."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from spatial_perception.errors import CloudFileError, SpatialPerceptionError
from spatial_perception.mapping.filters import BodyBox, CloudLimits, filter_height, filter_sensed
from spatial_perception.mapping.keyframes import Keyframe, KeyframeBuffer, KeyframeSettings
from spatial_perception.mapping.pose import Pose, transformed
from spatial_perception.mapping.scene_frame import JumpLimits, SceneKeeper
from spatial_perception.mapping.storage import Scene, load_scene, save_scene
from spatial_perception.mapping.voxel_map import MapSettings, VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.layout_settings import Filters, LayoutSettings
from spatial_perception.ros.transforms import TransformQueue, Waiting

_IDLE = 0.1
_RETRY = 0.01
_TIMES = 300


@dataclass(frozen=True, eq=False)
class Sensed:
    """What waits, to be worked off outside the callback that received it: `cloud()` decodes its message into the axes of
    the sensor, `view(pose, stamp)`, where there are images, makes a keyframe of them as they are."""

    cloud: Callable[[], PointCloud]
    view: Callable[[Pose, float], Keyframe] | None = None


@dataclass(frozen=True)
class Snapshot:
    """The map at one moment: epoch, version, the cloud with the stamp of the last message used, when (monotonic clock, s)
    that one arrived, and how many voxels had come and gone since the start."""

    epoch: int
    version: int
    cloud: PointCloud
    arrived: float
    changes: int


def limits_of(filters: Filters) -> CloudLimits:
    """The limits that parameters describe; raises ConfigError where they contradict each other."""
    r = filters.body_radius
    body: tuple[BodyBox, ...] = ()
    if r:
        body = (BodyBox((-r, -r, -0.2), (r, r, filters.body_height)),)
    return CloudLimits(filters.range_min, filters.range_max, filters.height_min, filters.height_max, body)


def keyframe_settings(settings: LayoutSettings) -> KeyframeSettings:
    """Which images are kept, from parameters."""
    k = settings.keyframes
    return KeyframeSettings(k.distance, k.angle, k.refresh, k.max_count, k.max_bytes)


class Mapper:
    """Owns map, keyframes, epochs and the thread that inserts. Callbacks only call `received`, which returns at once.

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
        self.keyframes = KeyframeBuffer(keyframe_settings(settings))
        self._times: deque[float] = deque(maxlen=_TIMES)
        self.points_dropped = 0
        # Only the thread that holds `_lock` counts changes; what was settled may be noted by any.
        self._changes = self._settled = 0
        self._arrived = monotonic()
        # `_lock` guards the map and may be held for as long as a cloud takes; `_time_lock` only ever for a moment.
        self._lock, self._time_lock = threading.RLock(), threading.Lock()
        self._pending: str | None = None
        self.epoch = self.keeper.frame.epoch
        """Number of the epoch that the map is of."""
        self._active = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def seconds_per_cloud(self) -> tuple[float, float]:
        """Median and 95th percentile (s) of how long the last clouds took from their decoding on; zeros before the first."""
        times = list(self._times)
        return (float(np.median(times)), float(np.percentile(times, 95))) if times else (0.0, 0.0)

    @property
    def change(self) -> float:
        """Voxels that came and went since `settled`, as a share of the map."""
        return (self._changes - self._settled) / max(len(self.map), 1)

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
                self.keyframes.clear()
                self._settled = self._changes
                self._on_epoch(reason)

    def snapshot(self, min_hits: int, min_share: float = 0.0) -> Snapshot:
        """The map as it is: voxels with so many hits, and with such a share of the most hits around them."""
        with self._lock:
            self.catch_up()
            voxels = self.map.voxels(min_hits)
            state = self.epoch, self.map.version, self._arrived, self._changes
        epoch, version, arrived, changes = state
        return Snapshot(epoch, version, voxels.cloud(min_share), arrived, changes)

    def settled(self, snapshot: Snapshot) -> None:
        """Count changes from this snapshot on. Takes no lock: callers hold theirs."""
        if snapshot.epoch == self.epoch:
            self._settled = snapshot.changes

    def save(self, folder: Path) -> Scene:
        """Write map and keyframes to a folder; returns what was written. Raises OutputError."""
        with self._lock:
            self.catch_up()
            scene = Scene(
                copy.deepcopy(self.map), self.keeper.frame, KeyframeBuffer.of(self.keyframes, self.keyframes.settings)
            )
        save_scene(scene, folder)
        return scene

    def load(self, folder: Path, stamp: float) -> Scene:
        """Go on with a saved map and its keyframes, as a new epoch; `stamp` (s) is now.

        Raises CloudFileError where the folder holds no map, or one of another frame or voxel size.
        """
        scene = load_scene(folder, self.keyframes.settings, self.map.settings)
        if scene.map.frame_id != self.map.frame_id:
            raise CloudFileError(
                f"{folder} is a map of frame '{scene.map.frame_id}', this node maps in '{self.map.frame_id}'; "
                "set frames.map alike"
            )
        with self._lock:
            self.reset(f"map of {folder.name}", stamp)
            # Versions go on counting: caches must not take this map for an earlier one.
            scene.map.version += self.map.version + 1
            self.map, self.keyframes = scene.map, scene.keyframes
            self._changes += len(self.map)
        return scene

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
        cloud, sensed = filter_sensed(item.payload.cloud(), self.limits, self._sensor_in_base(item))
        cloud, high = filter_height(transformed(cloud, pose, self._frames.map), self.limits)
        with self._lock:
            self._check_correction(item)
            self.catch_up()
            update = self.map.insert(cloud, pose.position if self._decay else None)
            self._changes += update.added + update.removed + update.evicted
            self._keep_view(item, pose)
            self._arrived = item.arrived
            self.points_dropped += (sensed + high).total + update.dropped
        self._times.append(perf_counter() - started)
        if len(cloud):
            self._on_used(item.topic)
        else:
            self._on_refused(item.topic, f"none of its points is within the limits ({(sensed + high).total} dropped)")

    def _keep_view(self, item: Waiting[Sensed], pose: Pose) -> None:
        stamp = item.stamp / 1e9
        if item.payload.view is not None and self.keyframes.is_wanted(pose, stamp):
            self.keyframes.offer(item.payload.view(pose, stamp))

    def _sensor_in_base(self, item: Waiting[Sensed]) -> Pose | None:
        return self._base.lookup(item.frame_id, item.stamp) if self.limits.body else None

    def _check_correction(self, item: Waiting[Sensed]) -> None:
        """Whether odom jumped in the map, where that is watched and known."""
        odom = self._frames.odom
        correction = self._queue.lookup(odom, item.stamp) if odom and odom != self._frames.map else None
        if correction is not None:
            with self._time_lock:
                self._pending = self.keeper.corrected(correction, item.stamp / 1e9) or self._pending
