"""Scores of measured distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.vsibench import mean_relative_accuracy

LIMITS = (0.1, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class DistanceScores:
    """Errors (m) over answered questions, accuracies over all: within 0.1, 0.25, 0.5 m; `delta1` within a factor of 1.25;
    `mra` the mean relative accuracy. Errors are None where nothing was answered."""

    count: int
    answer_rate: float
    mae: float | None
    rmse: float | None
    abs_rel: float | None
    within: tuple[float, float, float]
    delta1: float
    mra: float


def score_distances(predictions: Sequence[float | None], truth: Sequence[float]) -> DistanceScores:
    """Scores of distances (m); None or not finite is unanswered: left out of the errors, wrong in the accuracies.

    Raises EvaluationError where the lengths differ, nothing is given, or a true distance is not above zero.
    """
    true = np.asarray(truth, dtype=np.float64)
    if len(predictions) != len(true) or not len(true) or not (true > 0).all():
        raise EvaluationError("give one prediction per true distance, and true distances above zero")
    said = np.array([np.nan if p is None else p for p in predictions], dtype=np.float64)
    good = np.isfinite(said)
    error = np.where(good, np.abs(np.where(good, said, 0.0) - true), np.inf)
    ratio = np.where(
        good & (said > 0), np.maximum(np.where(good, said, 1) / true, true / np.where(said > 0, said, 1)), np.inf
    )
    kept = error[good]
    means = (
        [float(kept.mean()), float(np.sqrt((kept**2).mean())), float((kept / true[good]).mean())]
        if good.any()
        else [None] * 3
    )
    near, mid, far = (float(np.mean(error <= limit)) for limit in LIMITS)
    mra = float(np.mean([mean_relative_accuracy(p, t) if ok else 0.0 for p, t, ok in zip(said, true, good)]))
    return DistanceScores(
        len(true), float(good.mean()), means[0], means[1], means[2], (near, mid, far), float(np.mean(ratio < 1.25)), mra
    )
