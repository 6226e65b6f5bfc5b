"""Bring together messages of several filters that belong to the same moment."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from rclpy.clock import ROSClock
from rclpy.duration import Duration

from .simple_filter import SimpleFilter, stamp_of

Queue = dict[int, Any]


class TimeSynchronizer(SimpleFilter):
    """Calls back with one message of each filter once all have exactly the same stamp.

    queue_size: how many messages of each filter are kept while waiting; the oldest stamps go first.
    """

    def __init__(self, fs: Sequence[SimpleFilter], queue_size: int) -> None:
        super().__init__()
        self.queue_size = queue_size
        self.lock = threading.RLock()
        self.connectInput(fs)

    def connectInput(self, fs: Sequence[SimpleFilter]) -> None:
        """Take messages from filters; the order is the order of the arguments of the callbacks."""
        self.queues: list[Queue] = [{} for _ in fs]
        self.input_connections = [
            f.registerCallback(self.add, queue, index) for index, (f, queue) in enumerate(zip(fs, self.queues))
        ]

    def add(self, msg: Any, my_queue: Queue, my_queue_index: int | None = None) -> None:
        """Put a message into its queue and pass on every set that is complete now."""
        stamp = stamp_of(msg, False, "message_filters")
        if stamp is None:
            return
        with self.lock:
            self._store(my_queue, stamp.nanoseconds, msg)
            for common in sorted(set.intersection(*map(set, self.queues))):
                self._release((common,) * len(self.queues))

    def _store(self, queue: Queue, stamp: int, msg: Any) -> None:
        queue[stamp] = msg
        while len(queue) > self.queue_size:
            del queue[min(queue)]

    def _release(self, stamps: Sequence[int]) -> None:
        """Take one message of each queue out and pass the set on."""
        self.signalMessage(*[queue.pop(stamp) for queue, stamp in zip(self.queues, stamps)])


class ApproximateTimeSynchronizer(TimeSynchronizer):
    """Calls back with one message of each filter whose stamps differ by less than ``slop`` seconds.

    Each arriving message is combined with the stamps nearest to its own, the nearest of the first filter first.
    allow_headerless: messages without a stamp get the current ROS time. sync_arrival_time: all of them do.
    """

    def __init__(
        self,
        fs: Sequence[SimpleFilter],
        queue_size: int,
        slop: float,
        allow_headerless: bool = False,
        sync_arrival_time: bool = False,
    ) -> None:
        self.slop = Duration(seconds=slop)
        self.allow_headerless = allow_headerless
        self.sync_arrival_time = sync_arrival_time
        super().__init__(fs, queue_size)

    def add(self, msg: Any, my_queue: Queue, my_queue_index: int | None = None) -> None:
        """Put a message into its queue and pass on the first set it completes."""
        if self.sync_arrival_time:
            stamp = ROSClock().now()
        else:
            stamp = stamp_of(msg, self.allow_headerless, "message_filters_approx")
        if stamp is None:
            return
        with self.lock:
            self._store(my_queue, stamp.nanoseconds, msg)
            for stamps in self._combinations(stamp.nanoseconds, my_queue_index):
                if max(stamps) - min(stamps) < self.slop.nanoseconds and self._holds(stamps):
                    self._release(stamps)
                    return

    def _combinations(self, stamp: int, own: int | None) -> Iterator[tuple[int, ...]]:
        """Yield one stamp per queue, nearest to ``stamp`` first; the own queue contributes just ``stamp``."""
        slop = self.slop.nanoseconds
        candidates: list[list[int]] = []
        for index, queue in enumerate(self.queues):
            near = [stamp] if index == own else [other for other in queue if abs(other - stamp) <= slop]
            candidates.append(sorted(near, key=lambda other: abs(other - stamp)))
        return itertools.product(*candidates)

    def _holds(self, stamps: Sequence[int]) -> bool:
        return all(stamp in queue for queue, stamp in zip(self.queues, stamps))
