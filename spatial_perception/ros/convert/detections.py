"""Boxes as vision_msgs, for consumers of object detections."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin

from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion, Vector3
from std_msgs.msg import Header
from vision_msgs.msg import (
    BoundingBox3D,
    Detection3D,
    Detection3DArray,
    LabelInfo,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    VisionClass,
)

from spatial_perception.layout.entities import Box, Layout, Vec3
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.ros.convert.stamps import header_message


def upright_pose(center: Vec3, yaw: float) -> Pose:
    """A pose at a place (m), turned by `yaw` (rad) about z."""
    turn = Quaternion(x=0.0, y=0.0, z=sin(yaw / 2), w=cos(yaw / 2))
    return Pose(position=Point(x=center[0], y=center[1], z=center[2]), orientation=turn)


def detections_message(layout: Layout | TrackedLayout) -> Detection3DArray:
    """The boxes of a layout; an empty array says that there are none. `id` is the stable id, `class_id` the label."""
    header = header_message(layout.frame_id, layout.stamp)
    boxes = (layout.layout if isinstance(layout, TrackedLayout) else layout).boxes
    return Detection3DArray(header=header, detections=[_detection(box, header) for box in boxes])


def _detection(box: Box, header: Header) -> Detection3D:
    pose = upright_pose(box.center, box.yaw)
    # Without a score the box is taken as certain, since consumers compare with thresholds.
    hypothesis = ObjectHypothesis(class_id=box.label, score=1.0 if box.score is None else box.score)
    result = ObjectHypothesisWithPose(hypothesis=hypothesis, pose=PoseWithCovariance(pose=pose))
    size = Vector3(x=box.size[0], y=box.size[1], z=box.size[2])
    return Detection3D(header=header, results=[result], bbox=BoundingBox3D(center=pose, size=size), id=str(box.id))


def label_info_message(labels: Sequence[str], frame_id: str, stamp: float, threshold: float = 0.0) -> LabelInfo:
    """The labels that boxes may have, numbered in the given order; `threshold` is the least score of a box."""
    classes = [VisionClass(class_id=number, class_name=label) for number, label in enumerate(labels)]
    return LabelInfo(header=header_message(frame_id, stamp), class_map=classes, threshold=float(threshold))
