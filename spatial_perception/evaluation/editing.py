"""Scores of proposed moves and placements, before and after repair, and of refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import acos, degrees, dist

import numpy as np

from spatial_perception.errors import EvaluationError
from spatial_perception.layout.association import box_iou
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check

LIMITS = (0.1, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class EditOutcome:
    """One answered instruction. `old` and `new` are the proposed boxes (None where it was refused), `checks` those of the
    proposal, `reason` why it was refused; `true_old` and `true_new` what was right, `true_reason` set where a refusal was."""

    old: OrientedBox | None = None
    new: OrientedBox | None = None
    checks: tuple[Check, ...] = ()
    reason: str = ""
    repaired: bool = False
    true_old: OrientedBox | None = None
    true_new: OrientedBox | None = None
    true_reason: str = ""


@dataclass(frozen=True, slots=True)
class MovementScores:
    """Over instructions that can be done: shares, mean errors (m, degrees; None where nothing was proposed)."""

    count: int
    target_accuracy: float
    center_error: float | None
    within: tuple[float, float, float]
    iou_accuracy: tuple[float, float]
    direction_error: float | None
    magnitude_error: float | None
    size_kept: float
    collision_rate: float
    support_rate: float
    out_of_room_rate: float
    success_rate: float
    repair_rate: float


@dataclass(frozen=True, slots=True)
class RefusalScores:
    """How well impossible instructions are told from possible ones, and how often the reason is right."""

    precision: float
    recall: float
    f1: float
    reason_accuracy: float


def score_edits(outcomes: Sequence[EditOutcome]) -> MovementScores:
    """Scores of moves and placements. Refused ones count as wrong in every share; placements (no `true_old`) have no
    target, direction and size. Raises EvaluationError where nothing can be done."""
    doable = [o for o in outcomes if not o.true_reason]
    if not doable:
        raise EvaluationError("no instruction can be done; score refusals instead")
    made = [o for o in doable if o.new is not None]
    moves = [o for o in doable if o.true_old is not None]
    errors = [_center_error(o) for o in doable]
    known = [e for e in errors if np.isfinite(e)]
    turns = [pair for o in moves if (pair := _vector_errors(o)) is not None]
    near, mid, far = (float(np.mean([e <= limit for e in errors])) for limit in LIMITS)
    low, high = (float(np.mean([_iou(o) >= t for o in doable])) for t in (0.25, 0.5))
    return MovementScores(
        count=len(doable),
        target_accuracy=_share(moves, _is_target),
        center_error=_mean(known),
        within=(near, mid, far),
        iou_accuracy=(low, high),
        direction_error=_mean([t[0] for t in turns]),
        magnitude_error=_mean([t[1] for t in turns]),
        size_kept=_share(moves, _keeps_size),
        collision_rate=_share(made, lambda o: _failed(o, "collision")),
        support_rate=_share(made, lambda o: not _failed(o, "support")),
        out_of_room_rate=_share(made, lambda o: _failed(o, "room")),
        success_rate=_share(doable, lambda o: o.new is not None and all(c.passed for c in o.checks)),
        repair_rate=_share(made, lambda o: o.repaired),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _share(outcomes: Sequence[EditOutcome], test: Callable[[EditOutcome], bool]) -> float:
    return float(np.mean([test(o) for o in outcomes])) if outcomes else 0.0


def _failed(outcome: EditOutcome, name: str) -> bool:
    return any(check.name == name and not check.passed for check in outcome.checks)


def _center_error(outcome: EditOutcome) -> float:
    if outcome.new is None or outcome.true_new is None:
        return float("inf")
    return dist(outcome.new.center, outcome.true_new.center)


def _iou(outcome: EditOutcome) -> float:
    return box_iou(outcome.new, outcome.true_new) if outcome.new and outcome.true_new else 0.0


def _is_target(outcome: EditOutcome) -> bool:
    return bool(outcome.old and outcome.true_old and box_iou(outcome.old, outcome.true_old) >= 0.25)


def _keeps_size(outcome: EditOutcome) -> bool:
    if outcome.new is None or outcome.true_old is None:
        return False
    return all(abs(a - b) <= max(0.02, 0.05 * b) for a, b in zip(outcome.new.size, outcome.true_old.size))


def _vector_errors(outcome: EditOutcome) -> tuple[float, float] | None:
    """The angle (degrees) and the difference in length (m) between the proposed and the true displacement."""
    if outcome.old is None or outcome.new is None or outcome.true_old is None or outcome.true_new is None:
        return None
    made, asked = (
        np.subtract(b.center, a.center) for a, b in ((outcome.old, outcome.new), (outcome.true_old, outcome.true_new))
    )
    lengths = float(np.linalg.norm(made)), float(np.linalg.norm(asked))
    if min(lengths) < 1e-9:
        return None
    cosine = float(np.clip(made @ asked / (lengths[0] * lengths[1]), -1, 1))
    return degrees(acos(cosine)), abs(lengths[0] - lengths[1])


def score_refusals(outcomes: Sequence[EditOutcome]) -> RefusalScores:
    """Precision, recall and F1 of refusing what is impossible; the share of right reasons among right refusals."""
    right = [o for o in outcomes if o.true_reason and o.reason]
    refused = sum(bool(o.reason) for o in outcomes)
    impossible = sum(bool(o.true_reason) for o in outcomes)
    precision = len(right) / refused if refused else 0.0
    recall = len(right) / impossible if impossible else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return RefusalScores(
        precision, recall, f1, sum(o.reason == o.true_reason for o in right) / len(right) if right else 0.0
    )
