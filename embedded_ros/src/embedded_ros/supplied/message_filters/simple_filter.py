"""The base of all filters, and the filter that subscribes to a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.clock import ROSClock
from rclpy.logging import get_logger
from rclpy.time import Time


class SimpleFilter:
    """Passes messages on to the callbacks that are registered with it."""

    def __init__(self) -> None:
        self.callbacks: dict[int, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
        self._next_connection = 0

    def registerCallback(self, cb: Callable[..., Any], *args: Any) -> int:
        """Have ``cb(*messages, *args)`` called for every output; returns a number to unregister it with."""
        connection = self._next_connection
        self._next_connection += 1
        self.callbacks[connection] = (cb, args)
        return connection

    def unregisterCallback(self, conn: int) -> None:
        """Take a callback off again; KeyError if it is not registered."""
        del self.callbacks[conn]

    def signalMessage(self, *msg: Any) -> None:
        """Hand an output to all callbacks."""
        for callback, args in tuple(self.callbacks.values()):
            callback(*msg, *args)


class Subscriber(SimpleFilter):
    """A subscription as a filter; takes what ``Node.create_subscription`` takes, less the callback.

    ``Subscriber(node, msg_type, topic, qos_profile=10, ...)``. Attributes of the subscription are reachable through it.
    """

    def __init__(self, node: Any, msg_type: Any, topic: str, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.node = node
        self.topic = topic
        if not args:
            kwargs.setdefault("qos_profile", 10)
        self.sub = node.create_subscription(msg_type, topic, self.callback, *args, **kwargs)

    def callback(self, msg: Any) -> None:
        """Pass a received message on."""
        self.signalMessage(msg)

    def getTopic(self) -> str:
        """Return the topic as given to the constructor."""
        return self.topic

    def __getattr__(self, key: str) -> Any:
        if key in ("sub", "callbacks"):  # not set yet: the constructor has failed
            raise AttributeError(key)
        return getattr(self.sub, key)


def stamp_of(msg: Any, allow_headerless: bool, who: str) -> Time | None:
    """Return the time in the header of a message, the current ROS time for a message without one where that is allowed.

    None, with a warning, where it is not.
    """
    stamp = getattr(getattr(msg, "header", None), "stamp", None)
    if stamp is not None:
        return stamp if hasattr(stamp, "nanoseconds") else Time.from_msg(stamp)
    if allow_headerless:
        return ROSClock().now()
    get_logger(who).warning(
        f"cannot use {type(msg).__name__} without a stamp in its header; with allow_headerless=True such messages "
        "get the current ROS time",
        throttle_duration_sec=1.0,
    )
    return None
