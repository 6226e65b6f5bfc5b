"""Hands messages of several inputs on in the order of their stamps."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.duration import Duration
from rclpy.time import Time

from .simple_filter import SimpleFilter

_NEVER = 2**63 - 1
_sequence = itertools.count()  # tells messages with equal stamps apart


@dataclass
class QueueStatus:
    """The state of one input: whether it is waited for, how many messages wait, went out and came too late."""

    active: bool
    queue_size: int
    msgs_processed: int
    msgs_dropped: int


class _Input:
    """The waiting messages of one input and the stamp that its next message is expected to have."""

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Any]] = []
        self.outlet = SimpleFilter()
        self.period = 0
        self.expected = _NEVER
        self.processed = self.dropped = 0

    def first(self) -> int:
        """Return the stamp of the first message, or that of the one that is expected."""
        return self.waiting[0][0] if self.waiting else self.expected

    def pop(self) -> tuple[int, Any]:
        """Take the first message out; the next one is expected a period later."""
        stamp, _, message = heapq.heappop(self.waiting)
        self.expected = stamp + self.period
        self.processed += 1
        return stamp, message


class InputAligner(SimpleFilter):
    """Passes messages of all inputs on in the order of their stamps, each through the outlet of its input.

    An input without a message holds the others back until its next message is due (see ``setInputPeriod``), but no longer
    than ``timeout`` behind the newest stamp seen. Messages older than the last one passed on are dropped and counted.
    """

    def __init__(self, timeout: Duration, *filters: SimpleFilter) -> None:
        super().__init__()
        self.timeout = timeout
        self.name = ""
        self._lock = threading.RLock()
        self._inputs: list[_Input] = []
        self._connections: list[tuple[SimpleFilter, int]] = []
        self._newest = self._last_out = 0
        if filters:
            self.connectInput(*filters)

    def connectInput(self, *filters: SimpleFilter) -> None:
        """Take messages from these filters, and from no others."""
        with self._lock:
            self.disconnectAll()
            self._inputs = [_Input() for _ in filters]
            self._connections = [(f, f.registerCallback(self.add, index)) for index, f in enumerate(filters)]

    def disconnectAll(self) -> None:
        """Take no more messages."""
        for source, connection in self._connections:
            source.unregisterCallback(connection)
        self._connections = []

    def registerCallback(self, index: int, callback: Callable[..., Any], *args: Any) -> int:
        """Have ``callback(message, *args)`` called for the messages of one input."""
        return self._inputs[index].outlet.registerCallback(callback, *args)

    def setName(self, name: str) -> None:
        """Give the filter a name."""
        self.name = name

    def getName(self) -> str:
        """Return the name."""
        return self.name

    def setInputPeriod(self, index: int, period: Duration) -> None:
        """Say how far apart the messages of an input are."""
        self._inputs[index].period = period.nanoseconds

    def getQueueStatus(self, index: int) -> QueueStatus:
        """Return the state of an input."""
        found = self._inputs[index]
        return QueueStatus(found.first() != _NEVER, len(found.waiting), found.processed, found.dropped)

    def setupDispatchTimer(self, node: Any, update_rate: Duration) -> None:
        """Pass messages on once per period of a timer of ``node``."""
        self.dispatch_timer = node.create_timer(update_rate.nanoseconds / 1e9, self.dispatchMessages)

    def add(self, msg: Any, queue_index: int) -> None:
        """Queue a message of an input."""
        stamp = Time.from_msg(msg.header.stamp).nanoseconds
        with self._lock:
            own = self._inputs[queue_index]
            if stamp < self._last_out:
                own.dropped += 1
                return
            self._newest = max(self._newest, stamp)
            heapq.heappush(own.waiting, (stamp, next(_sequence), msg))

    def dispatchMessages(self) -> None:
        """Pass on all messages that need not wait for others."""
        with self._lock:
            while any(own.waiting for own in self._inputs) and self._dispatch_one():
                pass

    def _dispatch_one(self) -> bool:
        own = min(self._inputs, key=_Input.first)
        if own.waiting:
            self._last_out, message = own.pop()
            own.outlet.signalMessage(message)
            return True
        if self._newest - own.expected < self.timeout.nanoseconds:
            return False
        own.expected = _NEVER  # silent for too long: not waited for until it speaks again
        return True
