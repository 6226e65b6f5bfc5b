"""Answers to messages. Statuses keep their names; what a value does not have is NaN, 0 or empty."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from geometry_msgs.msg import Point, Vector3

from spatial_perception.errors import NodeError
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3
from spatial_perception.layout.transforms import wrap_angle
from spatial_perception.msg import Answer as AnswerMsg
from spatial_perception.msg import EntityBox
from spatial_perception.msg import Provenance as ProvenanceMsg
from spatial_perception.reasoning.answers import Answer, Check, Status
from spatial_perception.ros.convert.stamps import header_message

LONGEST = 4096
"""Longer texts (characters) are cut: no answerer can flood a topic."""
_CODES = {status: getattr(AnswerMsg, status.name) for status in Status}


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What a message says of an answer besides the answer: frame and stamp (s) of the layout, `epoch` of its map, who
    answered, and how long (s) that took."""

    frame_id: str = ""
    stamp: float = 0.0
    epoch: int = 0
    answerer: str = ""
    duration: float = 0.0


def answer_message(answer: Answer, context: AnswerContext, status: int | None = None) -> AnswerMsg:
    """The message of an answer; `status` is a constant of the message that values do not know (REFUSED, CANCELED, FAILED)."""
    p = answer.provenance
    message = AnswerMsg(question=answer.question, text=printable(answer.text), kind=answer.kind, unit=answer.unit)
    message.header = header_message(context.frame_id, context.stamp)
    message.map_epoch = context.epoch
    message.status = status_code(answer.status) if status is None else status
    message.value = nan if answer.value is None else float(answer.value)
    message.key, message.choice, message.confidence = list(answer.key), answer.choice, float(answer.confidence)
    message.entities, message.boxes = list(answer.entities), [entity_box(box) for box in answer.boxes]
    message.rooms = list(answer.rooms)
    message.segments = [point(end) for segment in answer.segments for end in segment]
    message.provenance = ProvenanceMsg(version=p.version, settings=p.settings, source=p.source, notes=list(p.notes))
    message.answerer, message.duration = context.answerer or p.estimator, float(context.duration)
    return message


def answer_from_message(message: AnswerMsg) -> Answer:
    """What a message says of an answer: sentence, status, number, key, and the boxes it rests on.

    Raises NodeError for statuses that mean that nobody looked for an answer (REFUSED, CANCELED, FAILED).
    """
    status = next((status for status, code in _CODES.items() if code == message.status), None)
    if status is None:
        raise NodeError(f"no answer to '{message.question}': {message.text}")
    value = None if isnan(message.value) else float(message.value)
    boxes = tuple(_oriented_box(box) for box in message.boxes)
    return Answer(message.question, message.text, status, value, message.unit, boxes, key=tuple(message.key),
                  choice=message.choice, kind=message.kind, confidence=float(message.confidence))  # fmt: skip


def _oriented_box(m: EntityBox) -> OrientedBox:
    center, size = (m.center.x, m.center.y, m.center.z), (m.size.x, m.size.y, m.size.z)
    return OrientedBox(m.id, m.kind, m.label, center, m.yaw, size)


def status_code(status: Status) -> int:
    """The constant of the message for a status."""
    return int(_CODES[status])


def entity_box(box: OrientedBox) -> EntityBox:
    """The message of an entity as a box."""
    center, size = point(box.center), Vector3(x=float(box.size[0]), y=float(box.size[1]), z=float(box.size[2]))
    return EntityBox(kind=box.kind, id=box.id, label=box.label, center=center, yaw=wrap_angle(box.yaw), size=size)


def point(values: Vec3) -> Point:
    """A place (m)."""
    x, y, z = (float(v) for v in values)
    return Point(x=x, y=y, z=z)


def check_text(check: Check) -> str:
    """A physical check in words: `collision: failed, 12 occupied voxels are in the way`."""
    detail = f", {check.detail}" if check.detail and not check.passed else ""
    return f"{check.name}: {'passed' if check.passed else 'failed'}{detail}"


def printable(text: str) -> str:
    """A text without control characters (a model may say anything), cut to its greatest length."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:LONGEST])
