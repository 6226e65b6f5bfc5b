"""What is known of one frame over time: a sorted history for moving frames, one entry for static ones.

Times are integer nanoseconds. A cache answers with ``(parent, transform)`` where the transform maps coordinates of the
frame into its parent, or with an ``Outside`` that says which times are stored.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from .rigid import Rigid, interpolate

Link = tuple[str, Rigid]


@dataclass(frozen=True)
class Outside:
    """A time that a cache cannot answer: the request, and the oldest and latest stored times (ns, None if empty)."""

    requested: int
    oldest: int | None
    latest: int | None


class StaticCache:
    """The single, timeless transform of a static frame."""

    is_static = True

    def __init__(self) -> None:
        self._link: Link | None = None
        self.authority = ""

    def insert(self, stamp: int, parent: str, transform: Rigid, authority: str) -> bool:
        """Replace the stored transform; always succeeds."""
        self._link, self.authority = (parent, transform), authority
        return True

    def at(self, stamp: int) -> Link | Outside:
        """Return the link, which holds at every time."""
        return self._link if self._link is not None else Outside(stamp, None, None)

    def latest(self) -> tuple[int, str | None]:
        """Return ``(0, parent)``: static frames do not limit the latest common time."""
        return 0, self._link[0] if self._link is not None else None

    def clear(self) -> None:
        """Keep the transform: static frames survive jumps in time."""

    def span(self) -> tuple[int, int, int]:
        """Return number of entries, oldest and latest time (ns)."""
        return int(self._link is not None), 0, 0


class TimeCache:
    """A history of transforms sorted by time and no longer than ``duration`` (ns)."""

    is_static = False

    def __init__(self, duration: int) -> None:
        self.duration = duration
        self.authority = ""
        self._stamps: list[int] = []
        self._links: list[Link] = []

    def insert(self, stamp: int, parent: str, transform: Rigid, authority: str) -> bool:
        """Store a transform; False when it is older than the history reaches back. A repeated stamp is replaced."""
        stamps, links = self._stamps, self._links
        self.authority = authority
        if not stamps or stamp > stamps[-1]:
            stamps.append(stamp)
            links.append((parent, transform))
            self._forget(stamp - self.duration)
            return True
        if stamp < stamps[-1] - self.duration:
            return False
        index = bisect_left(stamps, stamp)
        if stamps[index] == stamp:
            links[index] = (parent, transform)
        else:
            stamps.insert(index, stamp)
            links.insert(index, (parent, transform))
        return True

    def _forget(self, horizon: int) -> None:
        if self._stamps[0] < horizon:
            drop = bisect_left(self._stamps, horizon)
            del self._stamps[:drop], self._links[:drop]

    def at(self, stamp: int) -> Link | Outside:
        """Return the link at a time (ns; 0 means the latest), interpolated between its neighbours."""
        stamps, links = self._stamps, self._links
        if not stamps:
            return Outside(stamp, None, None)
        if stamp == 0 or stamp == stamps[-1]:
            return links[-1]
        if stamp < stamps[0] or stamp > stamps[-1]:
            return Outside(stamp, stamps[0], stamps[-1])
        after = bisect_right(stamps, stamp)
        before = after - 1
        if stamps[before] == stamp or links[before][0] != links[after][0]:
            return links[before]  # across a change of parent there is nothing to interpolate
        fraction = (stamp - stamps[before]) / (stamps[after] - stamps[before])
        return links[before][0], interpolate(links[before][1], links[after][1], fraction)

    def latest(self) -> tuple[int, str | None]:
        """Return the newest time (ns) and the parent at that time; ``(0, None)`` when empty."""
        return (self._stamps[-1], self._links[-1][0]) if self._stamps else (0, None)

    def clear(self) -> None:
        """Forget everything."""
        self._stamps.clear()
        self._links.clear()

    def span(self) -> tuple[int, int, int]:
        """Return number of entries, oldest and latest time (ns)."""
        return (len(self._stamps), self._stamps[0], self._stamps[-1]) if self._stamps else (0, 0, 0)
