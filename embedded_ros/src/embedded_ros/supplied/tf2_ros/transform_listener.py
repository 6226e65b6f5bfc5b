"""Fills a buffer with what arrives on ``/tf`` and ``/tf_static``."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from .buffer import Buffer

DEFAULT_TF_TOPIC = "/tf"
DEFAULT_STATIC_TF_TOPIC = "/tf_static"
_DEPTH = 100
_AUTHORITY = "default_authority"


class TransformListener:
    """Subscribes to transforms and stores them in ``buffer``.

    node: the node that subscribes; None makes one. spin_thread: receive in a thread of its own, so that callbacks may
    wait for transforms; the subscriptions then belong to a hidden node: no callback of ``node`` runs in that thread.
    qos, static_qos: profile or depth of the two subscriptions. static_only: do not subscribe to moving transforms.
    """

    def __init__(
        self,
        buffer: Buffer,
        node: Node | None,
        *,
        spin_thread: bool = False,
        qos: QoSProfile | int | None = None,
        static_qos: QoSProfile | int | None = None,
        tf_topic: str = DEFAULT_TF_TOPIC,
        tf_static_topic: str = DEFAULT_STATIC_TF_TOPIC,
        static_only: bool = False,
    ) -> None:
        self.buffer = buffer
        self._own_node = self._hidden_node(node) if spin_thread or node is None else None
        self.node = self._own_node or node
        # reentrant: another callback may wait for the transforms that these callbacks bring
        self.group = ReentrantCallbackGroup()
        self.tf_sub = None if static_only else self._subscribe(node, tf_topic, self.callback, qos or _qos())
        self.tf_static_sub = self._subscribe(
            node, tf_static_topic, self.static_callback, static_qos or _qos(DurabilityPolicy.TRANSIENT_LOCAL)
        )
        self.executor: SingleThreadedExecutor | None = None
        if spin_thread:
            self._start_thread()

    def _hidden_node(self, node: Node | None) -> Node:
        name = f"transform_listener_impl_{id(self):x}"
        return Node(
            name,
            context=None if node is None else node.context,
            cli_args=["--ros-args", "-r", f"__node:={name}"],
            use_global_arguments=node is None,
            enable_rosout=False,
            start_parameter_services=False,
            parameter_overrides=[Parameter("use_sim_time", value=False)],
        )

    def _subscribe(self, node: Node | None, topic: str, callback: Any, qos: QoSProfile | int) -> Any:
        # the user's node decides about namespace and remapping also when a hidden node receives
        name = topic if node is None else node.resolve_topic_name(topic)
        return self.node.create_subscription(TFMessage, name, callback, qos, callback_group=self.group)

    def _start_thread(self) -> None:
        self.executor = SingleThreadedExecutor(context=self.node.context)
        self.executor.add_node(self.node)
        self.dedicated_listener_thread = threading.Thread(
            target=_spin, args=(self.executor,), name="tf_listener", daemon=True
        )
        self.dedicated_listener_thread.start()

    def __del__(self) -> None:
        if getattr(self, "tf_static_sub", None) is not None:
            self.unregister()

    def unregister(self) -> None:
        """Stop receiving; the thread, if there is one, ends."""
        executor, self.executor = self.executor, None
        if executor is not None:
            executor.shutdown(timeout_sec=1.0)
            if threading.current_thread() is not self.dedicated_listener_thread:
                self.dedicated_listener_thread.join(timeout=1.0)
        for subscription in (self.tf_sub, self.tf_static_sub):
            if subscription is not None:
                self.node.destroy_subscription(subscription)
        self.tf_sub = self.tf_static_sub = None
        if self._own_node is not None:
            self._own_node.destroy_node()
            self._own_node = None

    def callback(self, data: TFMessage) -> None:
        """Store moving transforms."""
        for transform in data.transforms:
            self.buffer.set_transform(transform, _AUTHORITY)

    def static_callback(self, data: TFMessage) -> None:
        """Store static transforms."""
        for transform in data.transforms:
            self.buffer.set_transform_static(transform, _AUTHORITY)


def _qos(durability: DurabilityPolicy = DurabilityPolicy.VOLATILE) -> QoSProfile:
    return QoSProfile(depth=_DEPTH, durability=durability, history=HistoryPolicy.KEEP_LAST)


def _spin(executor: SingleThreadedExecutor) -> None:
    with contextlib.suppress(ExternalShutdownException):  # the context is gone: nothing more will arrive
        executor.spin()
