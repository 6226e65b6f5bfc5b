"""Publishes moving transforms on ``/tf``."""

from __future__ import annotations

from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from tf2_msgs.msg import TFMessage


class TransformBroadcaster:
    """Sends transforms; one message per call."""

    def __init__(self, node: Node, qos: QoSProfile | int | None = None, *, tf_topic: str = "/tf") -> None:
        self.pub_tf = node.create_publisher(TFMessage, tf_topic, qos if qos is not None else QoSProfile(depth=100))

    def sendTransform(self, transform: TransformStamped | list[TransformStamped]) -> None:
        """Publish one transform or a list of them."""
        self.pub_tf.publish(TFMessage(transforms=as_list(transform)))


def as_list(transform: Any) -> list[TransformStamped]:
    """Return the transforms as a list; TypeError when it is neither a transform nor a sequence of them."""
    if isinstance(transform, TransformStamped):
        return [transform]
    try:
        return list(transform)
    except TypeError:
        raise TypeError(f"cannot broadcast {type(transform).__name__}; expected TransformStamped or a list") from None
