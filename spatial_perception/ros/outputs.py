"""What `layout_node` publishes: the layout in several forms, the map on demand, timings."""

from __future__ import annotations

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
from spatial_perception.ros.convert.markers import LABELS, LayoutMarkers
from spatial_perception.ros.estimations import Found
from spatial_perception.ros.qos import LATCHED

if TYPE_CHECKING:
    from rclpy.node import Node


class Outputs:
    """The publishers; all results are latched."""

    def __init__(self, node: Node, frame_id: str, labels: bool) -> None:
        self._node, self._frame_id = node, frame_id
        self.labels = labels
        self._drawn = LayoutMarkers()
        self._layout = node.create_publisher(Layout, "~/layout", LATCHED)
        self._markers = node.create_publisher(MarkerArray, "~/markers", LATCHED)
        self._boxes = node.create_publisher(Detection3DArray, "~/boxes", LATCHED)
        self._labels = node.create_publisher(LabelInfo, "~/boxes/label_info", LATCHED)
        self._cloud = node.create_publisher(PointCloud2, "~/cloud", LATCHED)
        self._timing = node.create_publisher(Timing, "~/timing", 10)
        now = node.get_clock().now().nanoseconds / 1e9
        self._labels.publish(label_info_message([*CATEGORIES, "object"], frame_id, now))

    def close(self) -> None:
        """Take the topics back."""
        for publisher in (self._layout, self._markers, self._boxes, self._labels, self._cloud, self._timing):
            self._node.destroy_publisher(publisher)

    def publish(self, tracked: TrackedLayout, found: Found, latency: float, cloud: bool) -> Layout:
        """Publish a layout in all forms, the map too where asked for and somebody listens; returns the message."""
        snapshot = found.snapshot
        message = layout_message(tracked, LayoutContext(snapshot.epoch, snapshot.version, found.task, found.stages))
        self._layout.publish(message)
        self._draw(tracked)
        self._boxes.publish(detections_message(tracked))
        if cloud and self._cloud.get_subscription_count():
            self._cloud.publish(cloud_message(snapshot.cloud))
        self._timing.publish(timing_message(message, latency))
        return message

    def clear(self, epoch: int, stamp: float) -> None:
        """Show that nothing is known any more: an empty layout, no boxes, no markers."""
        empty = TrackedLayout(frame_id=self._frame_id, stamp=stamp)
        self._markers.publish(self._drawn.cleared(self._frame_id, stamp))
        self._layout.publish(layout_message(empty, LayoutContext(epoch)))
        self._boxes.publish(detections_message(empty))

    def _draw(self, tracked: TrackedLayout) -> None:
        """Show the layout; without labels where they are not wanted."""
        array = self._drawn.update(tracked)
        if not self.labels:
            array.markers = [marker for marker in array.markers if marker.ns != LABELS]
        self._markers.publish(array)
