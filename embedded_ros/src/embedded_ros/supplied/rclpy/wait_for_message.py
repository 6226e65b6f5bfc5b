"""Waiting for one message."""

from __future__ import annotations

import time
from typing import Any

from rclpy.qos import QoSProfile

from embedded_ros.wakeup import Wakeup


def wait_for_message(
    msg_type: Any, node: Any, topic: str, *, qos_profile: QoSProfile | int = 1, time_to_wait: float = -1
) -> tuple[bool, Any]:
    """Return (True, the next message of a topic), or (False, None) after ``time_to_wait`` seconds (negative: no limit).

    The node need not be spun.
    """
    wakeup = Wakeup()
    node.context.add_wakeup(wakeup)
    subscription = node.create_subscription(msg_type, topic, lambda _: None, qos_profile)
    subscription._wake_executor = wakeup.set
    subscription.callback_group = _Closed()
    deadline = None if time_to_wait < 0 else time.monotonic() + time_to_wait
    try:
        while node.context.ok():
            found = subscription._take()
            if found is not None:
                return True, found[0]
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False, None
            if not subscription._available:
                wakeup.wait(left)
        return False, None
    finally:
        node.destroy_subscription(subscription)


class _Closed:
    """A callback group that lets no executor take the message away."""

    def can_execute(self, entity: Any) -> bool:
        """Return False."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Return False."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""
