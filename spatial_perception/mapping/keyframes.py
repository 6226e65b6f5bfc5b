"""Posed images worth keeping: a bounded set of views that differ from one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spatial_perception.errors import ConfigError
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.pose import Pose


@dataclass(frozen=True, slots=True, eq=False)
class StoredImage:
    """An image as it was received: nothing is decoded before someone needs it.

    `data` are the bytes; `encoding` is the raw encoding (rgb8, 16UC1, ...) or, with `compressed`, the format of the
    message (jpeg, png, "16UC1; compressedDepth png"). `width`, `height` (pixels) and `step` (bytes) describe raw rows.
    """

    data: bytes | bytearray | memoryview
    encoding: str
    width: int = 0
    height: int = 0
    step: int = 0
    big_endian: bool = False
    compressed: bool = False

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return memoryview(self.data).nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """A view: `pose` of the camera's optical frame in the map at `stamp` (s), its colour and, where there is one, its
    depth image with the camera that it belongs to."""

    stamp: float
    pose: Pose
    camera: CameraModel
    colour: StoredImage
    depth: StoredImage | None = None
    depth_camera: CameraModel | None = None

    @property
    def nbytes(self) -> int:
        """Size of the images in memory."""
        return self.colour.nbytes + (self.depth.nbytes if self.depth else 0)


@dataclass(frozen=True, slots=True)
class KeyframeSettings:
    """A view is new when no kept one lies within `distance` (m) and `angle` (rad); one older than `refresh` (s) is
    replaced by a view from its place. `max_count` and `max_bytes` bound the buffer."""

    distance: float = 0.4
    angle: float = 0.35
    refresh: float = 60.0
    max_count: int = 128
    max_bytes: int = 128 * 2**20

    def __post_init__(self) -> None:
        if not (self.distance > 0 and self.angle > 0 and self.refresh > 0) or min(self.max_count, self.max_bytes) < 1:
            raise ConfigError("keyframes need positive distance, angle and refresh, and room for at least one")

    def separation(self, a: Pose, b: Pose) -> float:
        """How different two views are: 1 at the limit between the same and a new one."""
        shift, turn = a.distance(b)
        return max(shift / self.distance, turn / self.angle)


class KeyframeBuffer:
    """Keyframes in the order of their stamps; when full, the one that its neighbours make most superfluous goes."""

    def __init__(self, settings: KeyframeSettings | None = None) -> None:
        self.settings = settings or KeyframeSettings()
        self.refused = 0
        self.evicted = 0
        self._frames: list[Keyframe] = []

    @classmethod
    def of(cls, frames: Iterable[Keyframe], settings: KeyframeSettings | None = None) -> KeyframeBuffer:
        """A buffer of views that were chosen before; those beyond the bounds go as in `offer`."""
        result = cls(settings)
        for frame in frames:
            result.offer(frame)
        return result

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Keyframe]:
        return iter(tuple(self._frames))

    @property
    def nbytes(self) -> int:
        """Size of all images in memory."""
        return sum(frame.nbytes for frame in self._frames)

    def is_wanted(self, pose: Pose, stamp: float) -> bool:
        """Whether a view from this pose would be kept: lets callers skip decoding and copying."""
        return all(self._outdated(frame, stamp) for frame in self._near(pose))

    def offer(self, frame: Keyframe) -> bool:
        """Keep a view if it is new, or as a fresher one of a place seen long ago; False (and counted) otherwise."""
        near = self._near(frame.pose)
        if frame.nbytes > self.settings.max_bytes or any(not self._outdated(old, frame.stamp) for old in near):
            self.refused += 1
            return False
        self._frames = [old for old in self._frames if all(old is not gone for gone in near)]
        while self._frames and self._is_full(frame.nbytes):
            self._frames.pop(self._most_superfluous())
            self.evicted += 1
        self._frames.append(frame)
        self._frames.sort(key=lambda kept: kept.stamp)
        return True

    def clear(self) -> None:
        """Forget all views, as when the map starts anew."""
        self._frames.clear()

    def _near(self, pose: Pose) -> list[Keyframe]:
        return [frame for frame in self._frames if self.settings.separation(frame.pose, pose) < 1.0]

    def _outdated(self, frame: Keyframe, stamp: float) -> bool:
        return stamp - frame.stamp > self.settings.refresh

    def _is_full(self, extra: int) -> bool:
        return len(self._frames) >= self.settings.max_count or self.nbytes + extra > self.settings.max_bytes

    def _most_superfluous(self) -> int:
        """The older one of the two views that are most alike."""
        if len(self._frames) < 2:
            return 0
        pairs = (
            (self.settings.separation(self._frames[i].pose, self._frames[j].pose), i)
            for i in range(len(self._frames))
            for j in range(i + 1, len(self._frames))
        )
        return min(pairs)[1]
