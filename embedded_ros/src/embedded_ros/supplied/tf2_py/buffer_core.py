"""``BufferCore``: the tree of frames as ROS messages see it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.time import Time

from .exceptions import TransformException
from .rigid import Rigid
from .tree import FrameTree

_DEFAULT_CACHE_SECONDS = 10
_NORM_TOLERANCE = 1e-2  # as tf2: |q|^2 may differ from 1 by this much
_LOG_PERIOD = 1.0


class BufferCore:
    """Stores transforms and answers lookups without waiting.

    Times may be ``rclpy.time.Time`` or ``builtin_interfaces.msg.Time``; zero asks for the latest common time.
    """

    def __init__(self, cache_time: Duration | None = None) -> None:
        duration = cache_time if cache_time is not None else Duration(seconds=_DEFAULT_CACHE_SECONDS)
        if not isinstance(duration, Duration):
            raise TypeError(f"cache_time is {type(duration).__name__}, expected rclpy.duration.Duration")
        self._tree = FrameTree(duration.nanoseconds)

    # ------------------------------------------------------------------ writing

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Store a moving transform. Invalid or too old ones are dropped with a warning."""
        self._insert(transform, authority, static=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds at all times. Invalid ones are dropped with a warning."""
        self._insert(transform, authority, static=True)

    def clear(self) -> None:
        """Forget all moving transforms."""
        self._tree.clear()

    def _insert(self, message: TransformStamped, authority: str, static: bool) -> None:
        if not hasattr(message, "child_frame_id"):
            raise TypeError(f"transform is {type(message).__name__}, expected geometry_msgs.msg.TransformStamped")
        child, parent = message.child_frame_id.lstrip("/"), message.header.frame_id.lstrip("/")
        transform = rigid_of(message)
        problem = _problem_of(child, parent, transform)
        if problem:
            get_logger("tf2").error(f"{problem} (authority {authority})", throttle_duration_sec=_LOG_PERIOD)
            return
        stamp = nanoseconds_of(message.header.stamp)
        if not self._tree.insert(child, parent, stamp, transform, authority, static):
            get_logger("tf2").warning(
                f"TF_OLD_DATA ignoring data from the past for frame {child} at time {stamp / 1e9:.6f} "
                f"according to authority {authority}; it is older than the buffer reaches back",
                throttle_duration_sec=_LOG_PERIOD,
            )

    # ------------------------------------------------------------------ reading

    def lookup_transform_core(self, target_frame: str, source_frame: str, time: Any) -> TransformStamped:
        """Return the transform that takes data from ``source_frame`` into ``target_frame`` at ``time``."""
        stamp, transform = self._tree.lookup(target_frame, source_frame, nanoseconds_of(time))
        return message_of(stamp, target_frame, source_frame, transform)

    def lookup_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> TransformStamped:
        """Return the transform from ``source_frame`` at its time to ``target_frame`` at its time over a fixed frame."""
        stamp, transform = self._tree.lookup_full(
            target_frame, nanoseconds_of(target_time), source_frame, nanoseconds_of(source_time), fixed_frame
        )
        return message_of(stamp, target_frame, source_frame, transform)

    def can_transform_core(self, target_frame: str, source_frame: str, time: Any) -> tuple[bool, str]:
        """Return whether a lookup would succeed now, and the reason when not."""
        return _attempt(lambda: self._tree.lookup(target_frame, source_frame, nanoseconds_of(time)))

    def can_transform_full_core(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> tuple[bool, str]:
        """Return whether a lookup over a fixed frame would succeed now, and the reason when not."""
        times = nanoseconds_of(target_time), nanoseconds_of(source_time)
        return _attempt(lambda: self._tree.lookup_full(target_frame, times[0], source_frame, times[1], fixed_frame))

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Return the latest time at which both frames are connected; zero when all transforms between are static."""
        return Time(nanoseconds=self._tree.latest_common_time(target_frame, source_frame))

    # ------------------------------------------------------------------ describing

    def all_frames_as_string(self) -> str:
        """Return one line per frame that has a parent."""
        return "".join(f"Frame {frame} exists with parent {parent}.\n" for frame, parent, _ in self._tree.records())

    def all_frames_as_yaml(self) -> str:
        """Return a YAML document with parent, broadcaster, rate (Hz) and times (s) of every frame."""
        return "".join(_yaml_entry(*record) for record in self._tree.records()) or "{}"

    def _frameExists(self, frame_id: str) -> bool:
        """Return whether a frame is known."""
        return self._tree.has(frame_id)

    def _getFrameStrings(self) -> list[str]:
        """Return the names of all known frames."""
        return self._tree.names()

    def _allFramesAsDot(self) -> str:
        """Return the tree as a Graphviz document."""
        edges = "".join(f'"{parent}" -> "{frame}";\n' for frame, parent, _ in self._tree.records())
        return f"digraph G {{\n{edges}}}"

    def _chain(
        self, target_frame: str, target_time: Any, source_frame: str, source_time: Any, fixed_frame: str
    ) -> list[str]:
        """Return the frames that a lookup over a fixed frame passes."""
        return self._tree.chain(
            target_frame, nanoseconds_of(target_time), source_frame, nanoseconds_of(source_time), fixed_frame
        )


def nanoseconds_of(time: Any) -> int:
    """Return an rclpy or message time in nanoseconds; TypeError for anything else."""
    nanoseconds = getattr(time, "nanoseconds", None)
    if nanoseconds is not None:
        return nanoseconds
    try:
        return time.sec * 1_000_000_000 + time.nanosec
    except AttributeError:
        raise TypeError(
            f"time is {type(time).__name__}, expected rclpy.time.Time or builtin_interfaces.msg.Time"
        ) from None


def rigid_of(message: Any) -> Rigid:
    """Return the seven numbers of a ``TransformStamped`` or ``Transform``."""
    transform = getattr(message, "transform", message)
    t, q = transform.translation, transform.rotation
    return t.x, t.y, t.z, q.x, q.y, q.z, q.w


def message_of(stamp: int, target: str, source: str, transform: Rigid) -> TransformStamped:
    """Return a ``TransformStamped`` from its parts."""
    message = TransformStamped()
    header, parts = message.header, message.transform
    header.stamp.sec, header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    header.frame_id, message.child_frame_id = target, source
    t, q = parts.translation, parts.rotation
    t.x, t.y, t.z, q.x, q.y, q.z, q.w = transform
    return message


def _problem_of(child: str, parent: str, transform: Rigid) -> str:
    if not child:
        return "TF_NO_CHILD_FRAME_ID: ignoring transform because child_frame_id is not set"
    if not parent:
        return f'TF_NO_FRAME_ID: ignoring transform with child_frame_id "{child}" because frame_id is not set'
    if child == parent:
        return f'TF_SELF_TRANSFORM: ignoring transform of "{child}" because frame_id and child_frame_id are the same'
    if not all(map(math.isfinite, transform)):
        return f'TF_NAN_INPUT: ignoring transform for child_frame_id "{child}" because of a nan or infinite value'
    if abs(math.fsum(value * value for value in transform[3:]) - 1.0) > _NORM_TOLERANCE:
        return f'TF_DENORMALIZED_QUATERNION: ignoring transform for child_frame_id "{child}": not a unit quaternion'
    return ""


def _attempt(lookup: Callable[[], Any]) -> tuple[bool, str]:
    try:
        lookup()
    except TransformException as error:
        return False, str(error)
    return True, ""


def _yaml_entry(frame: str, parent: str, cache: Any) -> str:
    count, oldest, latest = cache.span()
    rate = count / max((latest - oldest) / 1e9, 1e-4) if count > 1 else 10000.0
    return (
        f"{frame}: \n  parent: '{parent}'\n  broadcaster: '{cache.authority}'\n  rate: {rate:.3f}\n"
        f"  most_recent_transform: {latest / 1e9:.6f}\n  oldest_transform: {oldest / 1e9:.6f}\n"
        f"  buffer_length: {(latest - oldest) / 1e9:.3f}\n"
    )
