"""A Foxglove websocket server that passes on ROS messages as they are, and only those that somebody looks at."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from spatial_perception.errors import MissingExtraError, OutputError
from spatial_perception.ros.convert.definitions import definition, message_class

if TYPE_CHECKING:
    from rclpy.node import Node

REMEDY = "pip install 'spatial_perception[foxglove]' (with ROS 2 installed also: apt install ros-$ROS_DISTRO-foxglove-bridge)"
_DEPTH, _STATIC_DEPTH = 10, 100


def import_foxglove() -> Any:
    """The foxglove module; raises MissingExtraError, naming the extra, when it is absent or too old."""
    try:
        import foxglove
        import foxglove.websocket
    except ImportError as error:
        raise MissingExtraError(f"foxglove-sdk cannot be imported ({error}); {REMEDY}") from error
    if not all(hasattr(foxglove, name) for name in ("Channel", "Context", "Schema", "start_server")):
        raise MissingExtraError(f"this foxglove-sdk is too old; upgrade: {REMEDY}")
    return foxglove


@dataclass
class Shown:
    """A topic that is offered: its type, the channel, and the subscription while somebody looks."""

    topic: str
    kind: Any
    channel: Any
    subscription: Any = None
    latched: bool = False


class FoxgloveServer:
    """Offers topics on a websocket. `update` is to be called now and then, in the executor of the node.

    Raises MissingExtraError without foxglove-sdk, OutputError where the address cannot be used.
    """

    def __init__(self, node: Node, address: str, port: int, topics: Sequence[str], use_sim_time: bool) -> None:
        self._foxglove, self._node, self._use_sim_time = import_foxglove(), node, use_sim_time
        self._wanted = [re.compile(pattern) for pattern in topics]
        self._context = self._foxglove.Context()
        self._shown: dict[str, Shown] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._newcomers: set[str] = set()
        capability = self._foxglove.websocket.Capability
        try:
            self._server = self._foxglove.start_server(
                name=node.get_name(), host=address, port=port, context=self._context,
                server_listener=_listener(self._foxglove, self), capabilities=[capability.Time] if use_sim_time else [],
            )  # fmt: skip
        except (OSError, RuntimeError) as error:
            raise OutputError(
                f"{address}:{port} cannot be used ({error}); choose another port, or 0 for any"
            ) from error

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.port)

    def close(self) -> None:
        """Disconnect everybody."""
        self._server.stop()

    def looked_at(self, topic: str) -> None:
        """Somebody has just begun to look at a topic; called from threads of the server."""
        with self._lock:
            self._newcomers.add(topic)

    def update(self) -> None:
        """Offer topics that have appeared, take away those that have gone, subscribe to what is looked at."""
        with self._lock:
            newcomers, self._newcomers = self._newcomers, set()
        if self._use_sim_time:
            self._server.broadcast_time(self._node.get_clock().now().nanoseconds)
        for shown in self._shown.values():
            # Whoever comes late to a latched topic gets its last message by a fresh subscription.
            if shown.subscription is not None and (
                not shown.channel.has_sinks() or (shown.latched and shown.topic in newcomers)
            ):
                self._unsubscribe(shown)
            if shown.subscription is None and shown.channel.has_sinks():
                self._subscribe(shown)

    def discover(self) -> None:
        """Offer topics that have appeared, take away those that nobody publishes any more."""
        found = {name: kinds[0] for name, kinds in self._node.get_topic_names_and_types() if self._is_wanted(name)}
        for topic, kind in found.items():
            if topic not in self._shown and topic not in self._refused and self._node.count_publishers(topic):
                self._offer(topic, kind)
        for topic in [name for name in self._shown if not self._node.count_publishers(name)]:
            shown = self._shown.pop(topic)
            self._unsubscribe(shown)
            shown.channel.close()

    def _is_wanted(self, topic: str) -> bool:
        hidden = any(part.startswith("_") for part in topic.split("/"))
        return not hidden and any(pattern.fullmatch(topic) for pattern in self._wanted)

    def _offer(self, topic: str, kind: str) -> None:
        try:
            schema = self._foxglove.Schema(name=kind, encoding="ros2msg", data=definition(kind).encode())
        except (ImportError, AttributeError, ValueError) as error:
            self._refused.add(topic)
            self._node.get_logger().warning(f"{topic} is not shown: its type {kind} is not known here ({error})")
            return
        channel = self._foxglove.Channel(topic, message_encoding="cdr", schema=schema, context=self._context)
        self._shown[topic] = Shown(topic, message_class(kind), channel)

    def _subscribe(self, shown: Shown) -> None:
        publishers = [info.qos_profile for info in self._node.get_publishers_info_by_topic(shown.topic)]
        reliable = all(qos.reliability == ReliabilityPolicy.RELIABLE for qos in publishers)
        shown.latched = bool(publishers) and all(
            qos.durability == DurabilityPolicy.TRANSIENT_LOCAL for qos in publishers
        )
        qos = QoSProfile(
            depth=_STATIC_DEPTH if "tf" in shown.topic else _DEPTH,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if shown.latched else DurabilityPolicy.VOLATILE,
        )

        def forward(data: bytes) -> None:
            shown.channel.log(bytes(data), log_time=self._node.get_clock().now().nanoseconds)

        shown.subscription = self._node.create_subscription(shown.kind, shown.topic, forward, qos, raw=True)

    def _unsubscribe(self, shown: Shown) -> None:
        if shown.subscription is not None:
            self._node.destroy_subscription(shown.subscription)
            shown.subscription = None


def _listener(foxglove: Any, server: FoxgloveServer) -> Any:
    """What tells the server of newcomers; its class must be that of the SDK."""

    class Listener(foxglove.ServerListener):
        def on_subscribe(self, client: Any, channel: Any) -> None:
            server.looked_at(channel.topic)

    return Listener()
