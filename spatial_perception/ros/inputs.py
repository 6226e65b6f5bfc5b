"""The subscriptions of `layout_node`: clouds and RGB-D cameras, with what is known of each."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import message_filters
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from spatial_perception.mapping.depth import DepthSettings
from spatial_perception.ros.convert.clouds import cloud_from_message
from spatial_perception.ros.convert.images import cloud_from_rgbd
from spatial_perception.ros.convert.stamps import nanoseconds
from spatial_perception.ros.diagnostics import InputState
from spatial_perception.ros.layout_settings import Filters, LayoutSettings
from spatial_perception.ros.mapper import Mapper
from spatial_perception.ros.qos import sensor_qos

if TYPE_CHECKING:
    from rclpy.node import Node

_NAMES = {
    PointCloud2: "sensor_msgs/msg/PointCloud2",
    Image: "sensor_msgs/msg/Image",
    CompressedImage: "sensor_msgs/msg/CompressedImage",
    CameraInfo: "sensor_msgs/msg/CameraInfo",
}


def depth_settings(filters: Filters) -> DepthSettings:
    """How depth images become points, from parameters; raises ConfigError where they contradict each other."""
    f = filters
    return DepthSettings(f.range_min, f.range_max, f.depth_stride, f.depth_unit, f.depth_edge)


class Inputs:
    """Subscribes, and hands each message to the mapper with a function that decodes it. Callbacks do nothing else."""

    def __init__(self, node: Node, settings: LayoutSettings, mapper: Mapper) -> None:
        self._node, self._mapper = node, mapper
        self._group = MutuallyExclusiveCallbackGroup()
        self.qos = sensor_qos(settings.inputs.reliability, settings.inputs.depth_queue)
        self.depth = depth_settings(settings.filters)
        self.states: dict[str, InputState] = {}
        self._subscriptions: list[Any] = []
        self._synchronizers: list[message_filters.ApproximateTimeSynchronizer] = []
        for topic in settings.inputs.clouds:
            self._add_cloud(topic)
        for camera in settings.inputs.rgbd:
            self._add_camera(camera.rstrip("/"), settings)

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions, self._synchronizers = [], []

    def _add_cloud(self, topic: str) -> None:
        state = self._state(topic, PointCloud2)
        callback = partial(self._on_cloud, state)
        options = {"callback_group": self._group}
        self._subscriptions.append(self._node.create_subscription(PointCloud2, topic, callback, self.qos, **options))

    def _add_camera(self, camera: str, settings: LayoutSettings) -> None:
        """Depth, camera and (where named) colour of one camera, brought together by their stamps."""
        names = settings.inputs
        topics = [f"{camera}/{name}" for name in (names.depth, names.info, names.colour) if name]
        kinds = [_image_type(topics[0]), CameraInfo, *(_image_type(topic) for topic in topics[2:])]
        state = self._state(topics[0], kinds[0])
        state.refused(f"it waits for {' and '.join(topics[1:])} within inputs.slop = {names.slop:g} s of its stamps")
        filters = [
            message_filters.Subscriber(self._node, kind, topic, qos_profile=self.qos, callback_group=self._group)
            for kind, topic in zip(kinds, topics)
        ]
        for index, item in enumerate(filters):
            self._subscriptions.append(item.sub)
            if index:
                other = self._state(topics[index], kinds[index])
                item.registerCallback(partial(_note, self._node, other, True))
        synchronizer = message_filters.ApproximateTimeSynchronizer(
            filters, names.depth_queue + 5, max(names.slop, 1e-9)
        )
        synchronizer.registerCallback(partial(self._on_frame, state))
        filters[0].registerCallback(partial(_note, self._node, state, False))
        self._synchronizers.append(synchronizer)

    def _state(self, topic: str, kind: type) -> InputState:
        name = self._node.resolve_topic_name(topic)
        return self.states.setdefault(name, InputState(name, _NAMES[kind], self.qos))

    def _on_cloud(self, state: InputState, message: PointCloud2) -> None:
        started = perf_counter()
        _note(self._node, state, False, message)
        self._hand_over(state, message, partial(cloud_from_message, message))
        state.held(perf_counter() - started)

    def _on_frame(self, state: InputState, depth: Any, info: CameraInfo, colour: Any = None) -> None:
        started = perf_counter()
        self._hand_over(state, depth, partial(cloud_from_rgbd, depth, info, colour, self.depth))
        state.held(perf_counter() - started)

    def _hand_over(self, state: InputState, message: Any, decode: Any) -> None:
        header = message.header
        self._mapper.received(state.topic, header.frame_id, nanoseconds(header.stamp), decode)


def _image_type(topic: str) -> type:
    """Topics of image_transport say by their name that they are compressed."""
    return CompressedImage if topic.rsplit("/", 1)[-1].startswith("compressed") else Image


def _note(node: Node, state: InputState, is_companion: bool, message: Any) -> None:
    """Count a message; those that only accompany another count as used when they arrive."""
    state.arrived((node.get_clock().now().nanoseconds - nanoseconds(message.header.stamp)) / 1e9)
    if is_companion:
        state.was_used()
