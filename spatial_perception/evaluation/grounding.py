"""Scores of grounding: does a box for a description fit the true one?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from spatial_perception.errors import EvaluationError
from spatial_perception.layout.association import box_iou
from spatial_perception.layout.boxes import OrientedBox

THRESHOLDS = (0.25, 0.5)


@dataclass(frozen=True, slots=True)
class GroundingScores:
    """Shares of right boxes at IoU 0.25 and 0.5: over all, over targets that are alone in their class, over the others."""

    count: int
    overall: tuple[float, float]
    unique: tuple[float, float] | None
    multiple: tuple[float, float] | None
    mean_iou: float


def score_grounding(
    predictions: Sequence[OrientedBox | None], truth: Sequence[OrientedBox], unique: Sequence[bool] | None = None
) -> GroundingScores:
    """Acc@0.25 and Acc@0.5 of one box per description; a missing box is wrong. `unique` marks targets alone in their class.

    Raises EvaluationError where the lengths differ or there is nothing to score.
    """
    if len(predictions) != len(truth) or not truth or (unique is not None and len(unique) != len(truth)):
        raise EvaluationError("predictions, truth and unique must have the same length, which must not be zero")
    overlaps = np.array([0.0 if p is None else box_iou(p, t) for p, t in zip(predictions, truth)])
    alone = None if unique is None else np.asarray(unique, dtype=bool)
    return GroundingScores(
        len(truth),
        _accuracy(overlaps) or (0.0, 0.0),
        None if alone is None else _accuracy(overlaps[alone]),
        None if alone is None else _accuracy(overlaps[~alone]),
        float(overlaps.mean()),
    )


def _accuracy(overlaps: np.ndarray) -> tuple[float, float] | None:
    if not len(overlaps):
        return None
    low, high = (float(np.mean(overlaps >= threshold)) for threshold in THRESHOLDS)
    return low, high


def f1_at(predictions: Sequence[OrientedBox], truth: Sequence[OrientedBox], threshold: float) -> float:
    """F1 of a set of boxes for one description that may fit any number of things (Multi3DRefer): boxes are matched for the
    largest sum of IoU, pairs with `threshold` or more are right; without targets, 1 if nothing was predicted, else 0."""
    if not truth or not predictions:
        return float(not truth and not predictions)
    overlaps = np.array([[box_iou(p, t) for t in truth] for p in predictions])
    rows, columns = linear_sum_assignment(-overlaps)
    right = int(np.sum(overlaps[rows, columns] >= threshold))
    return 2 * right / (len(predictions) + len(truth))
