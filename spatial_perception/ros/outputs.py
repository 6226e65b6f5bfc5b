"""What `layout_node` publishes: the layout in several forms, the map on demand, timings."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from sensor_msgs.msg import PointCloud2
from vision_msgs.msg import Detection3DArray, LabelInfo
from visualization_msgs.msg import MarkerArray

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.msg import Layout, Timing
from spatial_perception.ros.convert.clouds import cloud_message
from spatial_perception.ros.convert.detections import detections_message, label_info_message
from spatial_perception.ros.convert.layouts import LayoutContext, layout_message, timing_message
from spatial_perception.ros.convert.markers import LayoutMarkers
from spatial_perception.ros.estimations import Found
from spatial_perception.ros.mapper import Snapshot
from spatial_perception.ros.qos import LATCHED
from spatial_perception.ros.running import until_shutdown
from spatial_perception.ros.worker import LatestWorker

if TYPE_CHECKING:
    from rclpy.node import Node


class CloudOutput:
    """`~/cloud`: the map, made and published in a thread of its own, and only while somebody listens."""

    def __init__(self, node: Node, snapshot: Callable[[], Snapshot]) -> None:
        self._node, self._snapshot = node, snapshot
        self._publisher = node.create_publisher(PointCloud2, "~/cloud", LATCHED)
        self._worker: LatestWorker[int] = LatestWorker(self._publish, self._failed, name="cloud")
        self._shown, self._next = -1, 0.0

    def close(self) -> None:
        """Take the topic back."""
        self._worker.stop(5.0)
        self._node.destroy_publisher(self._publisher)

    def offer(self, version: int, period: float) -> None:
        """The map has this version: publish it where somebody listens, at most once a `period` (s; 0: never)."""
        is_due = period > 0 and version != self._shown and monotonic() >= self._next
        if is_due and not self._worker.busy and self._publisher.get_subscription_count():
            self._shown, self._next = version, monotonic() + period
            self._worker.submit(version)

    def _publish(self, version: int) -> None:
        with until_shutdown(self._node):
            self._publisher.publish(cloud_message(self._snapshot().cloud))

    def _failed(self, version: int, error: Exception) -> None:
        self._node.get_logger().warning(f"~/cloud: {error}", throttle_duration_sec=10.0)


class Outputs:
    """The publishers; all results are latched."""

    def __init__(self, node: Node, frame_id: str, labels: bool, snapshot: Callable[[], Snapshot]) -> None:
        self._node, self._frame_id = node, frame_id
        self.labels = labels
        self._drawn = LayoutMarkers()
        self._layout = node.create_publisher(Layout, "~/layout", LATCHED)
        self._markers = node.create_publisher(MarkerArray, "~/markers", LATCHED)
        self._boxes = node.create_publisher(Detection3DArray, "~/boxes", LATCHED)
        self._labels = node.create_publisher(LabelInfo, "~/boxes/label_info", LATCHED)
        self.cloud = CloudOutput(node, snapshot)
        self._timing = node.create_publisher(Timing, "~/timing", 10)
        now = node.get_clock().now().nanoseconds / 1e9
        self._labels.publish(label_info_message([*CATEGORIES, "object"], frame_id, now))

    def close(self) -> None:
        """Take the topics back."""
        self.cloud.close()
        for publisher in (self._layout, self._markers, self._boxes, self._labels, self._timing):
            self._node.destroy_publisher(publisher)

    def publish(self, tracked: TrackedLayout, found: Found, latency: float) -> Layout:
        """Publish a layout in all forms; returns the message."""
        snapshot = found.snapshot
        message = layout_message(tracked, LayoutContext(snapshot.epoch, snapshot.version, found.task, found.stages))
        self._layout.publish(message)
        self._markers.publish(self._drawn.update(tracked, labels=self.labels))
        self._boxes.publish(detections_message(tracked))
        self._timing.publish(timing_message(message, latency))
        return message

    def clear(self, epoch: int, stamp: float) -> None:
        """Show that nothing is known any more: an empty layout, no boxes, no markers."""
        empty = TrackedLayout(frame_id=self._frame_id, stamp=stamp)
        self._markers.publish(self._drawn.cleared(self._frame_id, stamp))
        self._layout.publish(layout_message(empty, LayoutContext(epoch)))
        self._boxes.publish(detections_message(empty))
