"""Publishes static transforms on ``/tf_static`` so that late joiners receive them as well."""

from __future__ import annotations

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from .transform_broadcaster import as_list


class StaticTransformBroadcaster:
    """Sends static transforms; every message repeats all that were sent before, the latest per child frame."""

    def __init__(self, node: Node, qos: QoSProfile | int | None = None, *, tf_static_topic: str = "/tf_static") -> None:
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, history=HistoryPolicy.KEEP_LAST)
        self.pub_tf = node.create_publisher(TFMessage, tf_static_topic, qos if qos is not None else latched)
        self._sent: dict[str, TransformStamped] = {}

    @property
    def net_message(self) -> TFMessage:
        """The message that holds every static transform sent so far."""
        return TFMessage(transforms=list(self._sent.values()))

    def sendTransform(self, transform: TransformStamped | list[TransformStamped]) -> None:
        """Publish one static transform or a list of them."""
        self._sent.update((entry.child_frame_id, entry) for entry in as_list(transform))
        self.pub_tf.publish(self.net_message)
