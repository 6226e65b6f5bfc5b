"""Publishers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy._rclpy_pybind11 import InvalidHandle, RCLError
from rclpy.duration import Duration
from rclpy.event_handler import EventHandler, PublisherEventCallbacks
from rclpy.qos import QoSProfile, to_endpoint_qos

from embedded_ros.messages.codec import CdrError, serialize_parts
from embedded_ros.wire import names
from embedded_ros.wire.participant import LeavingError, Writer


class Publisher:
    """Publishes messages to a topic; made by ``Node.create_publisher``."""

    def __init__(
        self,
        node: Any,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile,
        event_callbacks: PublisherEventCallbacks,
        callback_group: Any,
    ) -> None:
        self.msg_type = msg_type
        self.qos_profile = qos_profile
        self._topic = topic
        self._node = node
        self._destroyed = False
        self.event_handlers: list[EventHandler] = event_callbacks.create_event_handlers(callback_group, node, topic)
        dds_name = topic.lstrip("/") if qos_profile.avoid_ros_namespace_conventions else names.topic_to_dds(topic)
        qos = to_endpoint_qos(qos_profile, node._impl_endpoints_of(topic, writers=False))
        self._writer = Writer(node.context.participant, dds_name, msg_type._type_name, qos, on_status=self._on_status)
        for handler in self.event_handlers:
            handler._entity_of = lambda: self._writer.entity

    @property
    def topic(self) -> str:
        """Return the full topic name."""
        return self._topic

    @property
    def topic_name(self) -> str:
        """Return the full topic name."""
        return self._topic

    @property
    def handle(self) -> Writer:
        """Return the writer on the wire; raises InvalidHandle after destroy."""
        self._check()
        return self._writer

    def publish(self, msg: Any) -> None:
        """Send a message, or bytes that are one serialized.

        Raises TypeError for another type, CdrError for values that do not fit, RCLError after a shutdown, and
        ExternalShutdownException at a shutdown while KEEP_ALL makes it wait for readers.
        """
        self._check()
        if isinstance(msg, self.msg_type):
            parts: list[Any] = serialize_parts(msg)
        elif isinstance(msg, (bytes, bytearray, memoryview)):
            parts = [bytes(msg)]
        else:
            raise TypeError(f"Expected {self.msg_type}, got {type(msg)}")
        try:
            self._writer.write_parts(parts)
        except LeavingError:
            from rclpy.executors import ExternalShutdownException

            raise ExternalShutdownException() from None
        except RuntimeError as error:
            if isinstance(msg, self.msg_type):
                raise RCLError(f"Failed to publish on {self._topic}: {error}") from error
            raise CdrError(f"cannot publish on {self._topic}: {error}") from error

    def get_subscription_count(self) -> int:
        """Return how many subscriptions receive from this publisher."""
        self._check()
        return self._writer.matched()

    def assert_liveliness(self) -> None:
        """Tell that this publisher is alive."""
        self._check()
        self._writer.assert_liveliness()

    def wait_for_all_acked(self, timeout: Duration = Duration(seconds=-1)) -> bool:  # noqa: B008
        """Return whether all reliable subscriptions acknowledged everything in time (negative: no limit)."""
        self._check()
        from embedded_ros.wire.binding import INFINITE

        return self._writer.wait_for_acks(INFINITE if timeout.nanoseconds < 0 else timeout.nanoseconds)

    @property
    def logger_name(self) -> str:
        """Return the name of the node's logger."""
        return self._node.get_logger().name

    def destroy(self) -> None:
        """Stop publishing."""
        if not self._destroyed:
            self._destroyed = True
            for handler in self.event_handlers:
                handler.destroy()
            self._writer.close()

    def _check(self) -> None:
        if self._destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        context = self._node.context  # after a signal it is still whole: a callback that is under way may end in peace
        if not context.ok() and context._participant is None:
            raise RCLError(f"Failed to publish: publisher's context is invalid (topic {self._topic})")

    def _on_status(self, raised: int) -> None:
        for handler in self.event_handlers:
            if handler._bit & raised:
                handler._raise()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *exception: object) -> None:
        self.destroy()


PublishCallback = Callable[[Any], None]
