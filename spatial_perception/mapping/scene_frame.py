"""The frame that layouts are written in, and when it starts anew.

Layouts are quantised relative to an origin below everything seen. While the map grows the origin stays where it is, so
that the previous layout serves as a draft and ids stay; it moves only when something comes to lie outside its reach.
What makes the whole map wrong (time runs backwards, localisation jumps, someone resets) starts a new epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, isfinite, radians

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Vec3
from spatial_perception.mapping.pose import Pose


@dataclass(frozen=True, slots=True)
class SceneFrame:
    """Frame `frame_id`, counted in epochs; `origin` (m) is subtracted before quantisation, `revision` counts its moves.

    `reason` says why the epoch began, `stamp` (s) when. The origin is None before the first data.
    """

    frame_id: str
    epoch: int = 0
    origin: Vec3 | None = None
    revision: int = 0
    reason: str = "start"
    stamp: float = 0.0

    def next_epoch(self, reason: str, stamp: float) -> SceneFrame:
        """A new beginning, without an origin."""
        return SceneFrame(self.frame_id, self.epoch + 1, None, 0, reason, stamp)


@dataclass(frozen=True, slots=True)
class OriginPolicy:
    """Where origins lie: `margin` (m) below the lowest corner seen, on multiples of `grid` (m); coordinates relative to
    the origin must stay within `extent` (m), the range of the quantisation (z is bounded by it as well)."""

    grid: float = 0.5
    margin: float = 2.0
    extent: float = 32.0

    def __post_init__(self) -> None:
        if not (self.grid > 0 and self.margin >= 0 and self.extent > 2 * self.margin + self.grid):
            raise ConfigError(
                "an origin needs a positive grid, and an extent of more than twice the margin and the grid"
            )

    def origin(self, low: Vec3, high: Vec3) -> Vec3:
        """The origin for bounds (m): the margin shrinks where the extent would not suffice otherwise."""
        return (self._along(low[0], high[0]), self._along(low[1], high[1]), self._along(low[2], high[2]))

    def _along(self, low: float, high: float) -> float:
        spare = max(0.0, self.extent - (high - low) - self.grid)
        return floor((low - min(self.margin, spare / 2)) / self.grid) * self.grid

    def covers(self, origin: Vec3, low: Vec3, high: Vec3) -> bool:
        """Whether bounds lie within reach of the origin."""
        return all(o <= a and b <= o + self.extent for o, a, b in zip(origin, low, high))


def with_bounds(frame: SceneFrame, low: Vec3, high: Vec3, policy: OriginPolicy) -> SceneFrame:
    """The frame for a map with these bounds (m): the same one as long as its origin reaches everything.

    Where the map is larger than the extent the origin follows its lowest corner, and only then: it must not move with
    every cloud.
    """
    if frame.origin is not None and policy.covers(frame.origin, low, high):
        return frame
    origin = policy.origin(low, high)
    if frame.origin is None:
        return replace(frame, origin=origin)
    return frame if origin == frame.origin else replace(frame, origin=origin, revision=frame.revision + 1)


@dataclass(frozen=True, slots=True)
class JumpLimits:
    """What counts as a jump: a stamp more than `backward` (s) before the latest of its source, or more than `forward` (s)
    after it; a correction map->odom that moves by more than `shift` (m) or `turn` (rad) from one to the next."""

    backward: float = 1.0
    forward: float = 3600.0
    shift: float = 0.5
    turn: float = radians(5.0)

    def __post_init__(self) -> None:
        if not min(self.backward, self.forward, self.shift, self.turn) > 0:
            raise ConfigError("limits of jumps must be positive")


class TimeJumps:
    """Notices that time was set back (a bag starts again, a simulator resets) or far forward, per source of stamps.

    Messages of one source overtaking each other by less than the limit are no jump.
    """

    def __init__(self, limits: JumpLimits | None = None) -> None:
        self.limits = limits or JumpLimits()
        self._latest: dict[str, float] = {}
        # What the other sources had reached when one jumped: their messages under way still carry the old time.
        self._before: dict[str, float] = {}
        self._landed = 0.0

    def observe(self, source: str, stamp: float) -> str | None:
        """Note a stamp (s) of a topic or clock; the reason for a new epoch when it jumped, else None.

        One jump is reported once, by the first source that shows it; `is_stale` tells what still comes from before.
        """
        if self.is_stale(source, stamp):
            return None
        self._before.pop(source, None)
        latest = self._latest.get(source, stamp)
        self._latest[source] = max(latest, stamp)
        step = stamp - latest
        if -self.limits.backward <= step <= self.limits.forward:
            return None
        self._before = {name: reached for name, reached in self._latest.items() if name != source}
        self._latest, self._landed = {source: stamp}, stamp
        return f"time of {source} jumped {'back' if step < 0 else 'forward'} by {abs(step):.1f} s"

    def is_stale(self, source: str, stamp: float) -> bool:
        """Whether a message carries the time from before the last jump: its source has not shown the jump yet."""
        reached = self._before.get(source)
        return reached is not None and abs(stamp - reached) <= abs(stamp - self._landed)

    def clear(self) -> None:
        """Forget all sources."""
        self._latest.clear()
        self._before.clear()


class CorrectionJumps:
    """Notices that localisation jumped: map->odom moved at once, so that old and new clouds no longer fit together."""

    def __init__(self, limits: JumpLimits | None = None) -> None:
        self.limits = limits or JumpLimits()
        self._last: Pose | None = None

    def observe(self, map_from_odom: Pose) -> str | None:
        """Note the present correction; the reason for a new epoch when it jumped, else None."""
        last, self._last = self._last, map_from_odom
        if last is None:
            return None
        shift, turn = last.distance(map_from_odom)
        if isfinite(shift) and shift <= self.limits.shift and turn <= self.limits.turn:
            return None
        return f"localisation jumped by {shift:.2f} m and {turn:.3f} rad"

    def clear(self) -> None:
        """Forget the last correction."""
        self._last = None


class SceneKeeper:
    """The present `SceneFrame`, told of everything that may end it. Each method returns the reason when it did.

    Callers clear map, keyframes and tracked ids whenever a reason comes back.
    """

    def __init__(self, frame_id: str, policy: OriginPolicy | None = None, limits: JumpLimits | None = None) -> None:
        self.frame = SceneFrame(frame_id)
        self.policy = policy or OriginPolicy()
        self._times = TimeJumps(limits)
        self._corrections = CorrectionJumps(limits)

    def stamped(self, source: str, stamp: float) -> str | None:
        """A message or clock of a source with this stamp (s) arrived."""
        return self._restart(self._times.observe(source, stamp), stamp, keep_times=True)

    def is_stale(self, source: str, stamp: float) -> bool:
        """Whether a message with this stamp (s) is left over from before the last jump of time and must be dropped."""
        return self._times.is_stale(source, stamp)

    def corrected(self, map_from_odom: Pose, stamp: float) -> str | None:
        """The correction map->odom is known at this stamp (s)."""
        return self._restart(self._corrections.observe(map_from_odom), stamp, keep_times=True)

    def reset(self, reason: str, stamp: float) -> str:
        """Start a new epoch on request; returns the reason."""
        self._restart(reason, stamp, keep_times=False)
        return reason

    def grown(self, low: Vec3, high: Vec3) -> SceneFrame:
        """The map has these bounds (m): the frame, with an origin that reaches them."""
        self.frame = with_bounds(self.frame, low, high, self.policy)
        return self.frame

    def _restart(self, reason: str | None, stamp: float, *, keep_times: bool) -> str | None:
        if reason is None:
            return None
        self.frame = self.frame.next_epoch(reason, stamp)
        self._corrections.clear()
        if not keep_times:
            self._times.clear()
        return reason
