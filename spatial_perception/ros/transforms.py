"""Messages that wait for their transform: bounded, counted, without exceptions and without waiting threads."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rclpy.time import Time
from tf2_ros import TransformException

from spatial_perception.errors import CloudError
from spatial_perception.mapping.pose import Pose

if TYPE_CHECKING:
    from geometry_msgs.msg import TransformStamped
    from tf2_ros import Buffer

Payload = TypeVar("Payload")

NO_FRAME = "no frame_id"
TF_MISSING = "no transform in time"
TF_TOO_OLD = "older than the transforms kept"
TF_INVALID = "transform with impossible numbers"
QUEUE_FULL = "queue full"


@dataclass(frozen=True, eq=False)
class Waiting(Generic[Payload]):
    """A message on hold: its topic, frame, stamp (ns) and content, and when it arrived (monotonic clock, s)."""

    topic: str
    frame_id: str
    stamp: int
    payload: Payload
    arrived: float


@dataclass(frozen=True)
class MissingTransform:
    """The last transform that was not there: of `source` in `target`, and what tf2 says."""

    target: str
    source: str
    reason: str


def pose_of(transform: TransformStamped) -> Pose:
    """The pose in a transform message; raises CloudError for numbers that are no pose."""
    t, r = transform.transform.translation, transform.transform.rotation
    return Pose.of_quaternion((t.x, t.y, t.z), (r.x, r.y, r.z, r.w))


def pose_between(buffer: Buffer, target: str, source: str, stamp: int) -> Pose | None:
    """The pose of `source` in `target` at a stamp (ns), None where TF does not tell; never raises for what it cannot tell."""
    try:
        return pose_of(buffer.lookup_transform(target, source, Time(nanoseconds=stamp)))
    except (TransformException, CloudError):
        return None


class TransformQueue(Generic[Payload]):
    """Messages in order of arrival per topic, each released with the pose of its frame in `target` at its stamp.

    A message waits at most `patience` (s, by the wall clock, so that a paused simulation delays but does not stall what
    follows) and at most `size` wait; the oldest goes first. With `latest` set, only the newest of each topic waits.
    `drops` counts what was lost by (topic, reason), `missing` holds the transform that each topic last waited for. All
    methods may be called from any thread.
    """

    def __init__(self, buffer: Buffer, target: str, patience: float, size: int, latest: bool = False) -> None:
        self.target, self.patience, self.size, self.latest = target, patience, size, latest
        self.drops: Counter[tuple[str, str]] = Counter()
        self.missing: dict[str, MissingTransform] = {}
        self.arrived = threading.Condition()
        self._buffer = buffer
        self._items: deque[Waiting[Payload]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, topic: str, frame_id: str, stamp: int, payload: Payload) -> None:
        """Put a message on hold; returns at once."""
        frame_id = frame_id.lstrip("/")
        if not frame_id:
            self.drop(topic, NO_FRAME)
            return
        with self.arrived:
            if self.latest:
                self._discard([item for item in self._items if item.topic == topic], QUEUE_FULL)
            self._items.append(Waiting(topic, frame_id, stamp, payload, monotonic()))
            self._discard(list(self._items)[: max(0, len(self._items) - self.size)], QUEUE_FULL)
            self.arrived.notify_all()

    def clear(self) -> None:
        """Forget all that wait, without counting them as lost."""
        with self.arrived:
            self._items.clear()

    def drop(self, topic: str, reason: str, count: int = 1) -> None:
        """Count messages of a topic as lost."""
        with self.arrived:
            self.drops[topic, reason] += count

    def wait(self, timeout: float) -> None:
        """Sleep until a message arrives, at most `timeout` (s)."""
        with self.arrived:
            self.arrived.wait(timeout)

    def take(self) -> tuple[Waiting[Payload], Pose] | None:
        """The first message whose transform is there, with the pose of its frame; None where none can go yet.

        A message blocks later ones of its own topic only, and not beyond its patience.
        """
        with self.arrived:
            items = list(self._items)
        held: set[str] = set()
        for item in items:
            if item.topic in held:
                continue
            pose = self._resolve(item)
            if isinstance(pose, Pose):
                return (item, pose) if self._remove(item) else None
            if pose:
                self._give_up(item, pose)
            else:
                held.add(item.topic)
        return None

    def lookup(self, frame_id: str, stamp: int) -> Pose | None:
        """The pose of a frame in the target at a stamp (ns), or None; see `pose_between`."""
        return pose_between(self._buffer, self.target, frame_id, stamp)

    def _resolve(self, item: Waiting[Payload]) -> Pose | str:
        """The pose, else why the message is lost, else an empty text: keep waiting."""
        if item.frame_id == self.target:
            return Pose()
        try:
            return pose_of(self._buffer.lookup_transform(self.target, item.frame_id, Time(nanoseconds=item.stamp)))
        except CloudError as error:
            self.missing[item.topic] = MissingTransform(self.target, item.frame_id, str(error))
            return TF_INVALID
        except TransformException as error:
            self.missing[item.topic] = MissingTransform(self.target, item.frame_id, " ".join(str(error).split()))
        if self._is_past(item):
            return TF_TOO_OLD
        return TF_MISSING if monotonic() - item.arrived > self.patience else ""

    def _is_past(self, item: Waiting[Payload]) -> bool:
        """Whether newer transforms are there, so that the one asked for will not come any more."""
        try:
            latest: Any = self._buffer.get_latest_common_time(self.target, item.frame_id)
        except TransformException:
            return False
        return bool(latest.nanoseconds > item.stamp)

    def _remove(self, item: Waiting[Payload]) -> bool:
        with self.arrived:
            if not any(other is item for other in self._items):
                return False
            self._items = deque(other for other in self._items if other is not item)
        return True

    def _give_up(self, item: Waiting[Payload], reason: str) -> None:
        if self._remove(item):
            self.drop(item.topic, reason)

    def _discard(self, items: list[Waiting[Payload]], reason: str) -> None:
        for item in items:
            self._items.remove(item)
            self.drops[item.topic, reason] += 1
