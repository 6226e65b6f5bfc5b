"""Recording topics into a bag."""

from __future__ import annotations

import contextlib
import pathlib
import re
import time
from collections.abc import Callable
from typing import Any

from rosbags.rosbag2 import StoragePlugin, Writer, WriterError

from embedded_ros.bags.schema import message_text, to_bag_qos
from embedded_ros.messages.classes import message_class
from embedded_ros.messages.hashing import type_hash
from embedded_ros.messages.model import UnknownInterfaceError

STORAGES = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
_DISCOVERY_SEC = 0.25


class BagError(RuntimeError):
    """A bag cannot be written or read."""


class Recorder:
    """Records topics of a node's graph.

    folder: new folder of the bag; storage: ``mcap`` or ``sqlite3``.
    wanted: tells by name whether a topic is recorded.
    Raises BagError when the folder exists or cannot be made. After a failure to write (say a full disk) ``failure``
    tells the cause, nothing more is recorded, and the node lives on.
    """

    def __init__(self, node: Any, folder: str, wanted: Callable[[str], bool], storage: str = "mcap") -> None:
        self._node, self._wanted = node, wanted
        try:
            self._writer = Writer(pathlib.Path(folder), version=9, storage_plugin=STORAGES[storage])
            self._writer.open()
        except (WriterError, OSError) as error:
            raise BagError(f"cannot record to {folder}: {error}") from error
        self.failure: str | None = None
        self.count = 0
        self._subscriptions: dict[str, Any] = {}
        self._skipped: set[str] = set()
        self._timer = node.create_timer(_DISCOVERY_SEC, self.discover)
        self.discover()

    @property
    def topics(self) -> list[str]:
        """Return the topics that are recorded."""
        return sorted(self._subscriptions)

    def discover(self) -> None:
        """Begin to record topics that have appeared."""
        for topic, types in self._node.get_topic_names_and_types():
            if (
                topic not in self._subscriptions
                and topic not in self._skipped
                and self._wanted(topic)
                and self.failure is None
            ):
                publishers = self._node.get_publishers_info_by_topic(topic)
                if publishers:
                    self._begin(topic, types, [info.qos_profile for info in publishers])

    def _begin(self, topic: str, types: list[str], offered: list[Any]) -> None:
        from embedded_ros.cli.topic import matching_qos

        try:
            cls = message_class(types[0])
            text = message_text(types[0])
        except UnknownInterfaceError as error:
            self._skipped.add(topic)
            self._node.get_logger().warn(f"{topic} is not recorded: {error}")
            return
        connection = self._writer.add_connection(
            topic,
            types[0],
            msgdef=text,
            rihs01=type_hash(types[0]),
            offered_qos_profiles=[to_bag_qos(qos) for qos in offered],
        )

        def write(data: bytes) -> None:
            self._write(connection, data)

        self._subscriptions[topic] = self._node.create_subscription(
            cls, topic, write, matching_qos(self._node, topic), raw=True
        )

    def _write(self, connection: Any, data: bytes) -> None:
        if self.failure is not None:
            return
        try:
            self._writer.write(connection, time.time_ns(), data)
            self.count += 1
        except Exception as error:  # the storages raise errors of their own kinds for a full disk
            self.failure = f"recording stopped after {self.count} messages: {error}"
            self._node.get_logger().error(self.failure)

    def close(self) -> None:
        """End the bag: index and metadata; raises BagError when they cannot be written."""
        for subscription in self._subscriptions.values():
            self._node.destroy_subscription(subscription)
        self._node.destroy_timer(self._timer)
        try:
            self._writer.close()
        except Exception as error:
            with contextlib.suppress(Exception):
                self._writer.abort()
            self.failure = self.failure or f"the bag is incomplete: {error}"
        if self.failure is not None:
            raise BagError(self.failure)


def topic_filter(topics: list[str], everything: bool, regex: str | None, exclude: str | None) -> Callable[[str], bool]:
    """Return whether a topic is wanted: named, matching a regular expression, or any that is not hidden."""
    from embedded_ros.cli.common import absolute, is_hidden

    named = {absolute(topic) for topic in topics}

    def wanted(topic: str) -> bool:
        if exclude and re.search(exclude, topic):
            return False
        if topic in named or (regex and re.search(regex, topic)):
            return True
        return everything and not is_hidden(topic)

    return wanted
