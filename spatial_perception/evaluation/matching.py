"""Which prediction is which truth, and what that makes in precision, recall and F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

THRESHOLDS = (0.25, 0.5)
_NO_MATCH = 1e6


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives `tp` among `num_pred` predictions and `num_gt` true entities."""

    tp: int
    num_pred: int
    num_gt: int

    @property
    def masked(self) -> bool:
        """Whether neither side has anything, so that there is nothing to score."""
        return self.num_pred == 0 and self.num_gt == 0

    @property
    def precision(self) -> float:
        """tp / num_pred, 0 without predictions."""
        return self.tp / self.num_pred if self.num_pred else 0.0

    @property
    def recall(self) -> float:
        """tp / num_gt, 0 without truth."""
        return self.tp / self.num_gt if self.num_gt else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0 where both are 0."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r > 0 else 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.num_pred + other.num_pred, self.num_gt + other.num_gt)


NOTHING = Counts(0, 0, 0)


def match(iou: NDArray[np.float64], threshold: float, *, compat: bool = False) -> list[tuple[int, int]]:
    """Pairs (prediction, truth) of a one-to-one assignment (Hungarian) with IoU >= `threshold`; `iou` is (P, G).

    As many pairs as possible and, among those, the largest sum of IoU. `compat` only counts pairs, as the
    reference: any pair above the threshold costs the same, and one that lies exactly on it is found by chance.
    """
    if iou.size == 0:
        return []
    if compat:
        cost = np.where(iou > threshold, -1.0, _NO_MATCH)
    else:
        # The share of the IoU is so small that it never outweighs one more pair.
        cost = np.where(iou >= threshold, -1.0 - iou / (min(iou.shape) + 1), 0.0)
    rows, columns = linear_sum_assignment(cost)
    return [(int(p), int(g)) for p, g in zip(rows, columns) if iou[p, g] >= threshold]


def count(iou: NDArray[np.float64], threshold: float, *, compat: bool = False) -> Counts:
    """The counts of one class in one scene, from its (P, G) matrix of IoU; either side may be empty."""
    return Counts(len(match(iou, threshold, compat=compat)), iou.shape[0], iou.shape[1])
