"""Subscriptions."""

from __future__ import annotations

import enum
import inspect
import time
from collections.abc import Callable
from typing import Any

from rclpy._entity import Entity, await_or_execute
from rclpy.event_handler import EventHandler, SubscriptionEventCallbacks
from rclpy.qos import QoSProfile, to_endpoint_qos

from embedded_ros.messages.codec import CdrError, deserialize
from embedded_ros.wire import names
from embedded_ros.wire.binding import DATA_AVAILABLE
from embedded_ros.wire.participant import Reader


class CallbackType(enum.Enum):
    """Whether a callback also takes information about the message."""

    MessageOnly = 0
    WithMessageInfo = 1


class Subscription(Entity):
    """Calls back with the messages of a topic; made by ``Node.create_subscription``."""

    CallbackType = CallbackType

    def __init__(
        self, node: Any, msg_type: Any, topic: str, callback: Callable[..., Any], callback_group: Any,
        qos_profile: QoSProfile, raw: bool, event_callbacks: SubscriptionEventCallbacks,
    ) -> None:  # fmt: skip
        super().__init__(callback_group, node)
        self.msg_type, self.topic, self.qos_profile, self.raw = msg_type, topic, qos_profile, raw
        self.callback = callback
        self.event_handlers: list[EventHandler] = event_callbacks.create_event_handlers(callback_group, node, topic)
        self._available = False
        dds_name = topic.lstrip("/") if qos_profile.avoid_ros_namespace_conventions else names.topic_to_dds(topic)
        qos = to_endpoint_qos(qos_profile, node._impl_endpoints_of(topic, writers=True))
        self._reader = Reader(node.context.participant, dds_name, msg_type._type_name, qos, on_status=self._on_status)
        for handler in self.event_handlers:
            handler._entity_of = lambda: self._reader.entity

    @property
    def callback(self) -> Callable[..., Any]:
        """Return the callback."""
        return self._callback

    @callback.setter
    def callback(self, value: Callable[..., Any]) -> None:
        self._callback = value
        self._callback_type = _callback_type(value)

    @property
    def topic_name(self) -> str:
        """Return the full topic name."""
        return self.topic

    @property
    def handle(self) -> Reader:
        """Return the reader on the wire."""
        return self._reader

    def get_publisher_count(self) -> int:
        """Return how many publishers this subscription receives from."""
        return self._reader.matched()

    @property
    def logger_name(self) -> str:
        """Return the name of the node's logger."""
        return f"{self._node_ref().get_logger().name}"

    @property
    def is_cft_enabled(self) -> bool:
        """Return False: there are no content filters."""
        return False

    def set_content_filter(self, filter_expression: str, expression_parameters: Any) -> None:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            "rclpy.subscription.Subscription.set_content_filter() is not supported by embedded_ros"
        )

    def get_content_filter(self) -> Any:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            "rclpy.subscription.Subscription.get_content_filter() is not supported by embedded_ros"
        )

    def destroy(self) -> None:
        """Stop receiving."""
        if not self._destroyed:
            self._destroyed = True
            for handler in self.event_handlers:
                handler.destroy()
            self._reader.close()

    def _on_status(self, raised: int) -> None:
        """Note what happened; called in the waiting thread."""
        for handler in self.event_handlers:
            if handler._bit & raised:
                handler._raise()
        if raised & DATA_AVAILABLE:
            self._available = True
            self._wake_executor()

    def _is_ready(self) -> bool:
        return self._available

    def _take(self) -> tuple[Any, dict[str, Any]] | None:
        """Return the next message and information about it; malformed ones are logged and dropped."""
        self._available = False
        sample = self._reader.take()
        if sample is None:
            return None
        self._available = True  # there may be more; the next take finds out
        info = {
            "source_timestamp": sample.source_timestamp,
            "received_timestamp": time.time_ns(),
            "publication_sequence_number": None,
            "reception_sequence_number": None,
        }
        if self.raw:
            return bytes(sample.data), info
        try:
            return deserialize(sample.data, self.msg_type), info
        except CdrError as error:
            node = self._node_ref()
            if node is not None:
                node.get_logger().error(f"dropped a message on {self.topic}: {error}")
            return None

    async def _execute(self, work: tuple[Any, dict[str, Any]]) -> None:
        if self._callback_type is CallbackType.MessageOnly:
            await await_or_execute(self.callback, work[0])
        else:
            await await_or_execute(self.callback, *work)

    def _label(self) -> str:
        return f"the subscription of {self.topic}"

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()


def _callback_type(callback: Callable[..., Any]) -> CallbackType:
    """Return by its signature what a callback takes; raises RuntimeError when it takes neither one nor two arguments."""
    try:
        inspect.signature(callback).bind(object())
        return CallbackType.MessageOnly
    except TypeError:
        pass
    except ValueError:  # a builtin without a signature
        return CallbackType.MessageOnly
    try:
        inspect.signature(callback).bind(object(), object())
        return CallbackType.WithMessageInfo
    except TypeError:
        raise RuntimeError(
            "Subscription.__init__(): callback should be either be callable with one argument (to get only the message) "
            "or two (to get message and message info)"
        ) from None
