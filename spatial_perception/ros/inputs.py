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
from spatial_perception.ros.convert.stamps import nanoseconds
from spatial_perception.ros.diagnostics import InputState
from spatial_perception.ros.layout_settings import Filters, LayoutSettings
from spatial_perception.ros.mapper import Mapper, Sensed
from spatial_perception.ros.qos import sensor_qos
from spatial_perception.ros.rgbd import CameraTopics, RgbdFrame

if TYPE_CHECKING:
    from rclpy.node import Node
    from tf2_ros import Buffer

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
    """Subscribes, and hands each message to the mapper with functions that decode it. Callbacks do nothing else."""

    def __init__(self, node: Node, settings: LayoutSettings, mapper: Mapper, buffer: Buffer) -> None:
        self._node, self._mapper, self._buffer = node, mapper, buffer
        # One group: what belongs to one camera is never handled by two threads at once.
        self._group = MutuallyExclusiveCallbackGroup()
        self.qos = sensor_qos(settings.inputs.reliability, settings.inputs.depth_queue)
        self.depth = depth_settings(settings.filters)
        self.states: dict[str, InputState] = {}
        self._subscriptions: list[Any] = []
        self._synchronizers: list[message_filters.ApproximateTimeSynchronizer] = []
        self._epoch = mapper.keeper.frame.epoch
        for topic in settings.inputs.clouds:
            self._add_cloud(topic)
        for camera in settings.inputs.rgbd:
            self._add_camera(CameraTopics.below(camera, settings.inputs), settings)

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

    def _add_camera(self, topics: CameraTopics, settings: LayoutSettings) -> None:
        """The topics of one camera, brought together by their stamps."""
        slop, queue = settings.inputs.slop, settings.inputs.depth_queue
        kinds = [_image_type(topics.depth), CameraInfo, _image_type(topics.colour), CameraInfo][: len(topics.names)]
        state = self._state(topics.depth, kinds[0])
        others = " and ".join(self._node.resolve_topic_name(name) for name in topics.names[1:])
        state.refused(f"it waits for {others} within inputs.slop = {slop:g} s of its stamps")
        filters = [
            message_filters.Subscriber(self._node, kind, topic, qos_profile=self.qos, callback_group=self._group)
            for kind, topic in zip(kinds, topics.names)
        ]
        # Before the synchronizer gets a message, so that it forgets what came before a jump of time.
        filters[0].registerCallback(partial(self._note, state))
        for item, kind, topic in zip(filters[1:], kinds[1:], topics.names[1:]):
            item.registerCallback(partial(self._note_companion, self._state(topic, kind)))
        synchronizer = message_filters.ApproximateTimeSynchronizer(filters, queue + 5, max(slop, 1e-9))
        synchronizer.registerCallback(partial(self._on_frame, state, topics))
        self._subscriptions += [item.sub for item in filters]
        self._synchronizers.append(synchronizer)

    def _state(self, topic: str, kind: type) -> InputState:
        name = self._node.resolve_topic_name(topic)
        return self.states.setdefault(name, InputState(name, _NAMES[kind], self.qos))

    def _on_cloud(self, state: InputState, message: PointCloud2) -> None:
        started = perf_counter()
        self._note(state, message)
        self._hand_over(state, message, Sensed(partial(cloud_from_message, message)))
        state.held(perf_counter() - started)

    def _on_frame(self, state: InputState, topics: CameraTopics, *messages: Any) -> None:
        started = perf_counter()
        frame = RgbdFrame.of(topics, messages, self.depth, self._buffer)
        self._hand_over(state, messages[0], Sensed(frame.cloud, frame.keyframe if frame.colour is not None else None))
        state.held(perf_counter() - started)

    def _hand_over(self, state: InputState, message: Any, sensed: Sensed) -> None:
        header = message.header
        self._mapper.received(state.topic, header.frame_id, nanoseconds(header.stamp), sensed)

    def _note(self, state: InputState, message: Any) -> None:
        """Count a message, and notice jumps of its time."""
        stamp = nanoseconds(message.header.stamp)
        state.arrived((self._node.get_clock().now().nanoseconds - stamp) / 1e9)
        self._mapper.observe(state.topic, stamp)
        self._forget_other_times()

    def _note_companion(self, state: InputState, message: Any) -> None:
        """As `_note`; what only accompanies another message counts as used when it arrives."""
        self._note(state, message)
        state.was_used()

    def _forget_other_times(self) -> None:
        """After a jump back the synchronizers would keep the latest stamps, those from before, and pair nothing any more."""
        epoch = self._mapper.keeper.frame.epoch
        if epoch == self._epoch:
            return
        self._epoch = epoch
        for synchronizer in self._synchronizers:
            for queue in synchronizer.queues:
                queue.clear()


def _image_type(topic: str) -> type:
    """Topics of image_transport say by their name that they are compressed."""
    return CompressedImage if topic.rsplit("/", 1)[-1].startswith("compressed") else Image
