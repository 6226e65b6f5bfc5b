"""The tree of frames: who is attached to whom over time, and the transform between any two of them.

Knows neither messages nor clocks: names are strings, times integer nanoseconds (0 means the latest common time),
transforms tuples of seven floats. All methods are safe to call from several threads.
"""

from __future__ import annotations

import threading

from .cache import Outside, StaticCache, TimeCache
from .exceptions import ConnectivityException, ExtrapolationException, InvalidArgumentException, LookupException
from .rigid import IDENTITY, Rigid, compose, invert

Cache = StaticCache | TimeCache
_MAX_DEPTH = 1000
_SECOND = 1_000_000_000


def seconds(stamp: int) -> str:
    """Return a time in nanoseconds as seconds with six decimals, as tf2 prints it."""
    return f"{stamp / _SECOND:.6f}"


class FrameTree:
    """Transforms between named frames with a limited memory."""

    def __init__(self, duration: int) -> None:
        self._duration = duration
        self._caches: dict[str, Cache | None] = {}
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ writing

    def insert(
        self, child: str, parent: str, stamp: int, transform: Rigid, authority: str, static: bool = False
    ) -> bool:
        """Store the transform from ``child`` to ``parent``; False when it is older than what is remembered.

        A frame that turns from moving to static, or back, starts anew.
        """
        with self._lock:
            cache = self._caches.get(child)
            if cache is None or cache.is_static != static:
                cache = self._caches[child] = StaticCache() if static else TimeCache(self._duration)
            self._caches.setdefault(parent, None)
            return cache.insert(stamp, parent, transform, authority)

    def clear(self) -> None:
        """Forget all moving transforms; static ones and the names of the frames stay."""
        with self._lock:
            for cache in self._caches.values():
                if cache is not None:
                    cache.clear()

    # ------------------------------------------------------------------ reading

    def names(self) -> list[str]:
        """Return the names of all known frames in order of appearance."""
        with self._lock:
            return list(self._caches)

    def has(self, frame: str) -> bool:
        """Return whether a frame is known, as a child or as a parent."""
        return frame in self._caches

    def records(self) -> list[tuple[str, str, Cache]]:
        """Return ``(frame, latest parent, cache)`` of every frame that has data."""
        with self._lock:
            rows = [(name, cache.latest()[1], cache) for name, cache in self._caches.items() if cache is not None]
            return [(name, parent, cache) for name, parent, cache in rows if parent is not None]

    def lookup(self, target: str, source: str, stamp: int) -> tuple[int, Rigid]:
        """Return ``(time, transform)`` that takes coordinates of ``source`` into ``target``.

        stamp: nanoseconds; 0 asks for the latest time at which the whole chain is known, which is then returned.
        Raises the exceptions of tf2, naming the frames and times.
        """
        with self._lock:
            self._require(target, "target_frame")
            self._require(source, "source_frame")
            if target == source:
                return stamp or self._latest(target)[0], IDENTITY
            if not stamp:
                stamp = self._latest_common_time(target, source)
            return stamp, self._between(target, source, stamp)

    def lookup_full(
        self, target: str, target_time: int, source: str, source_time: int, fixed: str
    ) -> tuple[int, Rigid]:
        """Return the transform from ``source`` to ``target``, each at its time, ``fixed`` being at rest between."""
        with self._lock:
            self._require(fixed, "fixed_frame")
            _, to_fixed = self.lookup(fixed, source, source_time)
            stamp, from_fixed = self.lookup(target, fixed, target_time)
            return stamp, compose(from_fixed, to_fixed)

    def latest_common_time(self, target: str, source: str) -> int:
        """Return the latest time (ns) at which the chain between two frames is known; 0 if all of it is static."""
        with self._lock:
            self._require(target, "target_frame")
            self._require(source, "source_frame")
            return self._latest(target)[0] if target == source else self._latest_common_time(target, source)

    def chain(self, target: str, target_time: int, source: str, source_time: int, fixed: str) -> list[str]:
        """Return the frames passed on the way from ``source`` over ``fixed`` to ``target``."""
        with self._lock:
            up = self._path(fixed, source, source_time)
            down = self._path(target, fixed, target_time)
            return up + [name for name in down if name not in up]

    # ------------------------------------------------------------------ walking the tree

    def _require(self, frame: str, argument: str) -> None:
        if frame in self._caches:
            return
        if not frame:
            raise InvalidArgumentException(
                f"Invalid argument passed to lookupTransform argument {argument}: frame ids cannot be empty"
            )
        if frame.startswith("/"):
            raise InvalidArgumentException(
                f'Invalid argument "{frame}" passed to lookupTransform argument {argument}: '
                "frame ids cannot start with a '/'"
            )
        raise LookupException(f'"{frame}" passed to lookupTransform argument {argument} does not exist.')

    def _latest(self, frame: str) -> tuple[int, str | None]:
        cache = self._caches.get(frame)
        return cache.latest() if cache is not None else (0, None)

    def _climb(self, start: str, stop: str, stamp: int) -> tuple[list[str], list[Rigid], Outside | None]:
        """Walk from ``start`` upwards until ``stop`` or the root: names, links passed, and the time gap met, if any."""
        names, links = [start], []
        frame = start
        for _ in range(_MAX_DEPTH):
            cache = None if frame == stop else self._caches.get(frame)
            if cache is None:
                return names, links, None
            found = cache.at(stamp)
            if isinstance(found, Outside):
                return names, links, found
            frame = found[0]
            names.append(frame)
            links.append(found[1])
        raise LookupException(f"The tf tree is invalid because it contains a loop through frame [{frame}]")

    def _between(self, target: str, source: str, stamp: int) -> Rigid:
        source_names, source_links, source_gap = self._climb(source, target, stamp)
        if source_names[-1] == target:
            return _fold(source_links)
        target_names, target_links, target_gap = self._climb(target, source, stamp)
        if target_names[-1] == source:
            return invert(_fold(target_links))
        meeting = _first_common(source_names, target_names)
        if meeting is None:
            self._fail(target, source, (source_names[-1], source_gap), (target_names[-1], target_gap))
        up, down = meeting
        return compose(invert(_fold(target_links[:down])), _fold(source_links[:up]))

    def _fail(self, target: str, source: str, *ends: tuple[str, Outside | None]) -> None:
        """Raise why two climbs did not meet: data missing in time, else two separate trees."""
        for frame, gap in ends:
            if gap is not None and (gap.latest is not None or self._connected(target, source)):
                raise ExtrapolationException(_gap_message(gap, frame, target, source))
        raise ConnectivityException(
            f"Could not find a connection between '{target}' and '{source}' because they are not part of the same tree."
            " Tf has two or more unconnected trees."
        )

    def _connected(self, target: str, source: str) -> bool:
        try:
            self._latest_common_time(target, source)
        except ConnectivityException:
            return False
        return True

    def _latest_common_time(self, target: str, source: str) -> int:
        source_names, source_times = self._climb_latest(source, target)
        if source_names[-1] == target:
            return _earliest(source_times)
        target_names, target_times = self._climb_latest(target, source)
        if target_names[-1] == source:
            return _earliest(target_times)
        meeting = _first_common(source_names, target_names)
        if meeting is None:
            self._fail(target, source)
        up, down = meeting
        return _earliest(source_times[:up] + target_times[:down])

    def _climb_latest(self, start: str, stop: str) -> tuple[list[str], list[int]]:
        names, times = [start], []
        while names[-1] != stop and len(names) <= _MAX_DEPTH:
            stamp, parent = self._latest(names[-1])
            if parent is None:
                return names, times
            names.append(parent)
            times.append(stamp)
        if len(names) > _MAX_DEPTH:
            raise LookupException(f"The tf tree is invalid because it contains a loop through frame [{names[-1]}]")
        return names, times

    def _path(self, target: str, source: str, stamp: int) -> list[str]:
        self.lookup(target, source, stamp)  # raises what is wrong
        stamp = stamp or self.latest_common_time(target, source)
        source_names, _, _ = self._climb(source, target, stamp)
        if source_names[-1] == target:
            return source_names
        target_names, _, _ = self._climb(target, source, stamp)
        up, down = _first_common(source_names, target_names) or (0, len(target_names) - 1)
        return source_names[: up + 1] + target_names[:down][::-1]


def _fold(links: list[Rigid]) -> Rigid:
    """Return the product of the links passed on the way up (first link first)."""
    if not links:
        return IDENTITY
    total = links[0]
    for link in links[1:]:
        total = compose(link, total)
    return total


def _first_common(a: list[str], b: list[str]) -> tuple[int, int] | None:
    """Return the positions in both lists of the first name of ``a`` that ``b`` holds as well."""
    positions = {name: index for index, name in enumerate(b)}
    for index, name in enumerate(a):
        if name in positions:
            return index, positions[name]
    return None


def _earliest(times: list[int]) -> int:
    """Return the least of the times that are not 0 (static), 0 if there is none."""
    return min((stamp for stamp in times if stamp), default=0)


def _gap_message(gap: Outside, frame: str, target: str, source: str) -> str:
    where = f", when looking up transform from frame [{source}] to frame [{target}]; the gap is at [{frame}]"
    asked = seconds(gap.requested)
    if gap.oldest is None or gap.latest is None:
        return f"Lookup would require extrapolation at time {asked}, but no data is in the buffer{where}"
    if gap.oldest == gap.latest:
        only = seconds(gap.latest)
        return f"Lookup would require extrapolation at time {asked}, but only time {only} is in the buffer{where}"
    if gap.requested > gap.latest:
        side, held = "future", f"latest data is at time {seconds(gap.latest)}"
    else:
        side, held = "past", f"earliest data is at time {seconds(gap.oldest)}"
    return f"Lookup would require extrapolation into the {side}.  Requested time {asked} but the {held}{where}"
