"""Topics that come and go with the things that they are about: one for each room, one for each zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spatial_perception.ros.convert.stamps import stamp_message
from spatial_perception.ros.qos import LATCHED

if TYPE_CHECKING:
    from rclpy.node import Node


class TopicFamily:
    """Latched topics below a prefix, each for one thing with a header; publishes what changed, takes back what vanished."""

    def __init__(self, node: Node, kind: Any, prefix: str) -> None:
        self._node, self._kind, self._prefix = node, kind, prefix
        self._publishers: dict[str, Any] = {}
        self._messages: dict[str, Any] = {}

    def update(self, messages: Mapping[str, Any]) -> int:
        """What there is now, by name; returns how many were published. The time in a header counts for nothing."""
        for name in set(self._publishers) - set(messages):
            self._node.destroy_publisher(self._publishers.pop(name))
            del self._messages[name]
        sent = 0
        for name, message in messages.items():
            if name not in self._publishers:
                self._publishers[name] = self._node.create_publisher(self._kind, f"{self._prefix}{name}", LATCHED)
            elif _same(self._messages[name], message):
                continue
            self._messages[name] = message
            self._publishers[name].publish(message)
            sent += 1
        return sent

    def repeat(self, stamp: float) -> None:
        """Publish all to which somebody listens anew, with the time (s) of now."""
        for name, publisher in self._publishers.items():
            if publisher.get_subscription_count():
                self._messages[name].header.stamp = stamp_message(stamp)
                publisher.publish(self._messages[name])

    def close(self) -> None:
        """Take all topics back."""
        self.update({})


def _same(a: Any, b: Any) -> bool:
    return bool(a.header.frame_id == b.header.frame_id and a.polygon == b.polygon)
