"""What an answerer returns: a sentence, a status, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from spatial_perception._version import __version__
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Provenance, Vec3


class Status(str, Enum):
    """How an answer is to be taken.

    OK can be relied on. NOT_FOUND: something named is not in the scene. AMBIGUOUS: several things fit, or the viewpoint is
    missing. CONTRADICTORY: the clauses of an instruction exclude one another. INFEASIBLE: physics forbids it, or there is
    no way. UNVERIFIED: it holds as far as is known, but part of it was never seen. PARSE_ERROR: the question was not
    understood. LOW_CONFIDENCE: what it rests on was seen badly. STALE_SCENE: the scene is too old. TIMEOUT: time ran out
    or the question was cancelled. NO_SCENE: nothing is known yet.
    """

    OK = "OK"
    NOT_FOUND = "NOT_FOUND"
    AMBIGUOUS = "AMBIGUOUS"
    CONTRADICTORY = "CONTRADICTORY"
    INFEASIBLE = "INFEASIBLE"
    UNVERIFIED = "UNVERIFIED"
    PARSE_ERROR = "PARSE_ERROR"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    STALE_SCENE = "STALE_SCENE"
    TIMEOUT = "TIMEOUT"
    NO_SCENE = "NO_SCENE"

    def __str__(self) -> str:
        return self.value


ANSWERED = frozenset({Status.OK, Status.UNVERIFIED, Status.LOW_CONFIDENCE})
"""Statuses of answers that say what was asked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One physical check of a proposed box: its `name`, whether it `passed`, the measured `value`, and a few words."""

    name: str
    passed: bool
    value: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where something should stand: `new`, the `old` box when something is moved, and the offset (m) that repair added."""

    new: OrientedBox
    old: OrientedBox | None = None
    repaired: bool = False
    offset: Vec3 = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    `value` with its `unit` is the measured number (counts have unit "", yes and no are 1 and 0). `boxes` are the things that
    the answer rests on, or the candidates of an AMBIGUOUS one; `rooms` the ids of rooms. `key` is the answer in a
    word (a direction, labels), `choice` the letter of the option, where options were given. `segments` are the
    measured distances to draw (m). `kind` names the type of question that was understood.
    """

    question: str
    text: str
    status: Status = Status.OK
    value: float | None = None
    unit: str = ""
    boxes: tuple[OrientedBox, ...] = ()
    rooms: tuple[int, ...] = ()
    key: tuple[str, ...] = ()
    choice: str = ""
    checks: tuple[Check, ...] = ()
    proposal: Proposal | None = None
    segments: tuple[tuple[Vec3, Vec3], ...] = ()
    kind: str = ""
    confidence: float = 1.0
    provenance: Provenance = field(default_factory=lambda: Provenance("geometric", __version__))

    @property
    def answered(self) -> bool:
        """Whether the answer says what was asked for."""
        return self.status in ANSWERED

    @property
    def entities(self) -> tuple[str, ...]:
        """The entities that the answer rests on, named as in the layout language: bbox_3, door_0."""
        return tuple(f"{box.kind}_{box.id}" for box in self.boxes)
