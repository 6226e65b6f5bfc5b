"""Remembers the latest messages of a filter."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.time import Time

from .simple_filter import SimpleFilter, stamp_of


class Cache(SimpleFilter):
    """The last ``cache_size`` messages in order of arrival, to be asked for by time."""

    def __init__(self, f: SimpleFilter | None = None, cache_size: int = 1, allow_headerless: bool = False) -> None:
        super().__init__()
        self.cache_size = cache_size
        self.cache_msgs: list[Any] = []
        self.cache_times: list[Time] = []
        self.allow_headerless = allow_headerless
        self._lock = threading.RLock()
        if f is not None:
            self.connectInput(f)

    def connectInput(self, f: SimpleFilter) -> None:
        """Take messages from a filter."""
        self.incoming_connection = f.registerCallback(self.add)

    def add(self, msg: Any) -> None:
        """Remember a message and pass it on."""
        stamp = stamp_of(msg, self.allow_headerless, "message_filters_cache")
        if stamp is None:
            return
        with self._lock:
            self.cache_times.append(stamp)
            self.cache_msgs.append(msg)
            if len(self.cache_msgs) > self.cache_size:
                del self.cache_msgs[0], self.cache_times[0]
        self.signalMessage(msg)

    def getInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages between two times, both inclusive."""
        assert from_stamp <= to_stamp
        with self._lock:
            return [msg for msg, time in zip(self.cache_msgs, self.cache_times) if from_stamp <= time <= to_stamp]

    def getElemAfterTime(self, stamp: Time) -> Any | None:
        """Return the first message at or after a time, None if there is none."""
        with self._lock:
            return next((msg for msg, time in zip(self.cache_msgs, self.cache_times) if time >= stamp), None)

    def getElemBeforeTime(self, stamp: Time) -> Any | None:
        """Return the last message at or before a time, None if there is none."""
        with self._lock:
            pairs = zip(reversed(self.cache_msgs), reversed(self.cache_times))
            return next((msg for msg, time in pairs if time <= stamp), None)

    def getSurroundingInterval(self, from_stamp: Time, to_stamp: Time) -> list[Any]:
        """Return the messages between two times with, where there is one, the neighbour on either side."""
        assert from_stamp <= to_stamp
        with self._lock:
            before = max((i for i, time in enumerate(self.cache_times) if time <= from_stamp), default=0)
            last = len(self.cache_times) - 1
            after = min((i for i, time in enumerate(self.cache_times) if time >= to_stamp), default=last)
            return self.cache_msgs[before : after + 1]

    def getLatestTime(self) -> Time | None:
        """Return the time of the newest message, None when empty."""
        with self._lock:
            return self.cache_times[-1] if self.cache_times else None

    getLastestTime = getLatestTime

    def getOldestTime(self) -> Time | None:
        """Return the time of the oldest message, None when empty."""
        with self._lock:
            return self.cache_times[0] if self.cache_times else None

    def getLast(self) -> Any | None:
        """Return the newest message, None when empty."""
        with self._lock:
            return self.cache_msgs[-1] if self.cache_msgs else None
