"""Playing bags."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from rosbags.rosbag2 import Reader, ReaderError

from embedded_ros.bags.recorder import BagError
from embedded_ros.bags.schema import from_bag_qos
from embedded_ros.messages.classes import message_class
from embedded_ros.messages.model import UnknownInterfaceError
from embedded_ros.messages.registry import register_text

_LONGEST_SLEEP = 0.05


@dataclasses.dataclass(frozen=True)
class PlayOptions:
    """How to play: speed factor, repeats, rate of ``/clock`` in Hz (0: none), seconds left out at the start."""

    rate: float = 1.0
    loop: bool = False
    clock_hz: float = 0.0
    start_offset: float = 0.0
    topics: tuple[str, ...] = ()


class Player:
    """Publishes the messages of a bag with their distances in time.

    Raises BagError when the bag cannot be read.
    """

    def __init__(self, node: Any, path: str, options: PlayOptions) -> None:
        if options.rate <= 0:
            raise BagError(f"rate must be positive, not {options.rate:g}")
        self._node, self._options = node, options
        self._reader = open_bag(path)
        self._publishers: dict[int, Any] = {}
        self.count = 0
        for connection in self._reader.connections:
            if not options.topics or connection.topic in options.topics:
                self._add(connection)
        self._clock = self._clock_publisher() if options.clock_hz > 0 else None
        self._next_clock = 0

    def _add(self, connection: Any) -> None:
        try:
            cls = message_class(connection.msgtype)
        except UnknownInterfaceError:
            _learn(connection)
            cls = message_class(connection.msgtype)
        qos = from_bag_qos(connection.ext.offered_qos_profiles)
        self._publishers[connection.id] = self._node.create_publisher(cls, connection.topic, qos)

    def _clock_publisher(self) -> Any:
        from rosgraph_msgs.msg import Clock

        return self._node.create_publisher(Clock, "/clock", 10)

    def play(self, ok: Callable[[], bool]) -> None:
        """Play until the end (with ``loop``: again and again, if there is anything) or until ``ok`` says no."""
        while ok():
            before = self.count
            self._play_once(ok)
            if not self._options.loop or self.count == before:
                return

    def _play_once(self, ok: Callable[[], bool]) -> None:
        start = self._reader.start_time + int(self._options.start_offset * 1e9)
        began = time.monotonic_ns()
        self._next_clock = start
        for stamp, connection, data in self._messages(start):
            due = began + (stamp - start) / self._options.rate
            while ok() and time.monotonic_ns() < due:
                self._tick(start + (time.monotonic_ns() - began) * self._options.rate)
                time.sleep(max(0.0, min((due - time.monotonic_ns()) / 1e9, self._step())))
            if not ok():
                return
            self._tick(stamp)
            self._publishers[connection.id].publish(bytes(data))
            self.count += 1

    def _messages(self, start: int) -> Iterator[tuple[int, Any, Any]]:
        chosen = [connection for connection in self._reader.connections if connection.id in self._publishers]
        for connection, stamp, data in self._reader.messages(chosen, start=start) if chosen else ():
            yield stamp, connection, data

    def _step(self) -> float:
        return min(_LONGEST_SLEEP, 1.0 / self._options.clock_hz) if self._clock is not None else _LONGEST_SLEEP

    def _tick(self, now: float) -> None:
        """Publish ``/clock`` when its next beat, in the bag's time, has come."""
        if self._clock is None or now < self._next_clock:
            return
        self._next_clock = int(now + 1e9 * self._options.rate / self._options.clock_hz)
        seconds, nanoseconds = divmod(int(now), 10**9)
        message = self._clock.msg_type()
        message.clock.sec, message.clock.nanosec = seconds, nanoseconds
        self._clock.publish(message)

    def close(self) -> None:
        """Close the bag."""
        self._reader.close()


def open_bag(path: str) -> Reader:
    """Return an open reader; raises BagError."""
    try:
        reader = Reader(path)
        reader.open()
    except (ReaderError, OSError) as error:
        raise BagError(f"cannot read bag {path}: {error}") from error
    return reader


def _learn(connection: Any) -> None:
    """Register the type of a topic from the definition stored in the bag."""
    text = connection.msgdef.data
    if not text:
        raise BagError(f"{connection.topic}: type {connection.msgtype} is unknown, and the bag does not define it")
    main, *others = text.split("=" * 80 + "\n")
    for part in others:
        head, _, body = part.partition("\n")
        name = head.replace("MSG: ", "").strip()
        try:
            message_class("/".join([name.split("/")[0], "msg", name.split("/")[-1]]))
        except UnknownInterfaceError:
            register_text(name, body)
    register_text(connection.msgtype, main)
