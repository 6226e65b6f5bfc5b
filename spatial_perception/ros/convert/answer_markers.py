"""Answers as markers: what was meant as frames, distances as lines, proposals as ghosts, the sentence above them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from textwrap import fill

from geometry_msgs.msg import Vector3
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.answers import ANSWERED, Answer
from spatial_perception.ros.convert.answers import point
from spatial_perception.ros.convert.detections import upright_pose
from spatial_perception.ros.convert.marker_diff import marker, text_marker

MEANT, DISTANCES, PROPOSAL, TEXT = "meant", "distances", "proposal", "answer"
_FRAME, _LINE, _SURE, _DOUBTFUL, _GHOST = 0.03, 0.05, "#2e8b57", "#c2185b", "#2f6fb5"
_MOST, _LETTERS = 100, 300
_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))


def answer_markers(answer: Answer, header: Header, robot: Vec3 | None = None) -> list[Marker]:
    """The markers of an answer in the frame of a header; the sentence hangs over what was meant, else over the robot."""
    colour = _SURE if answer.status in ANSWERED else _DOUBTFUL
    made = [_frame(box, header, colour) for box in answer.boxes[:_MOST]]
    if answer.segments:
        made.append(_lines(answer, header))
    return [*made, *_proposal(answer, header), *_sentence(answer, header, robot)]


def _frame(box: OrientedBox, header: Header, colour: str) -> Marker:
    """The twelve edges of a box; each kind has a namespace, since each counts its own ids."""
    namespace = MEANT if box.kind == "bbox" else f"{MEANT}_{box.kind}"
    made = marker(box.id, namespace, Marker.LINE_LIST, header, colour, 1.0)
    corners = [point((float(x), float(y), float(z))) for x, y, z in box.corners()]
    made.points = [corners[end] for end in chain.from_iterable(_EDGES)]
    made.scale = Vector3(x=_FRAME, y=0.0, z=0.0)
    return made


def _lines(answer: Answer, header: Header) -> Marker:
    made = marker(0, DISTANCES, Marker.LINE_LIST, header, _SURE, 1.0)
    made.points = [point(end) for segment in answer.segments for end in segment]
    made.scale = Vector3(x=_LINE, y=0.0, z=0.0)
    return made


def _proposal(answer: Answer, header: Header) -> Iterator[Marker]:
    if answer.proposal is None:
        return
    new, old = answer.proposal.new, answer.proposal.old
    ghost = marker(0, PROPOSAL, Marker.CUBE, header, _GHOST, 0.5)
    ghost.pose = upright_pose(new.center, new.yaw)
    ghost.scale = Vector3(**{axis: max(float(v), 0.01) for axis, v in zip("xyz", new.size)})
    yield ghost
    if old is not None and old.center != new.center:
        arrow = marker(1, PROPOSAL, Marker.ARROW, header, _GHOST, 0.9)
        arrow.points = [point(old.center), point(new.center)]
        arrow.scale = Vector3(x=_LINE, y=2 * _LINE, z=2 * _LINE)
        yield arrow


def _sentence(answer: Answer, header: Header, robot: Vec3 | None) -> Iterator[Marker]:
    place = _above(answer, robot)
    if place is not None and answer.text:
        text = answer.text if len(answer.text) <= _LETTERS else answer.text[: _LETTERS - 3] + "..."
        yield text_marker(0, TEXT, fill(text, 60), place, header)


def _above(answer: Answer, robot: Vec3 | None) -> Vec3 | None:
    """The middle of the boxes, above the highest; else above the robot."""
    boxes = answer.boxes[:_MOST]
    if boxes:
        x, y = (sum(box.center[axis] for box in boxes) / len(boxes) for axis in (0, 1))
        return x, y, max(box.center[2] + box.size[2] / 2 for box in boxes) + 0.5
    return None if robot is None else (robot[0], robot[1], robot[2] + 1.8)
