"""Scores of grounding, distances and edits: worked cases."""

import pytest

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.distances import score_distances
from spatial_perception.evaluation.editing import EditOutcome, score_edits, score_refusals
from spatial_perception.evaluation.grounding import f1_at, score_grounding
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check


def cube(x, size=1.0):
    return OrientedBox(0, "bbox", "chair", (x, 0.0, 0.0), 0.0, (size, size, size))


def test_grounding_counts_missing_boxes_as_wrong():
    # IoU 1, 1/3, 0, and none at all.
    scores = score_grounding([cube(0), cube(0.5), cube(9), None], [cube(0)] * 4, [True, True, False, False])
    assert (scores.overall, scores.unique, scores.multiple) == ((0.5, 0.25), (1.0, 0.5), (0.0, 0.0))
    assert scores.mean_iou == pytest.approx(1 / 3)
    with pytest.raises(EvaluationError, match="same length"):
        score_grounding([cube(0)], [])


def test_f1_of_many_targets():
    assert f1_at([cube(0), cube(5)], [cube(0), cube(5.1), cube(9)], 0.5) == pytest.approx(0.8)
    assert (f1_at([], [], 0.5), f1_at([cube(0)], [], 0.5), f1_at([], [cube(0)], 0.5)) == (1.0, 0.0, 0.0)


def test_distances():
    scores = score_distances([2.0, 1.0, None, float("nan")], [2.0, 2.0, 1.0, 1.0])
    assert (scores.count, scores.answer_rate, scores.mae, scores.abs_rel) == (4, 0.5, 0.5, 0.25)
    assert scores.rmse == pytest.approx(0.5**0.5)
    assert (scores.within, scores.delta1, scores.mra) == ((0.25, 0.25, 0.25), 0.25, 0.25)
    assert score_distances([None], [1.0]).mae is None
    with pytest.raises(EvaluationError, match="above zero"):
        score_distances([1.0], [0.0])


def test_edits():
    good = Check("collision", True)
    bad = Check("collision", False, 0.2)
    done = EditOutcome(cube(0), cube(1), (good,), true_old=cube(0), true_new=cube(1))
    off = EditOutcome(cube(0), cube(1.2), (bad,), repaired=True, true_old=cube(0), true_new=cube(1))
    refused = EditOutcome(reason="blocked", true_old=cube(0), true_new=cube(1))
    scores = score_edits([done, off, refused, EditOutcome(reason="blocked", true_reason="blocked")])
    assert (scores.count, scores.target_accuracy, scores.center_error) == (3, pytest.approx(2 / 3), pytest.approx(0.1))
    assert scores.within == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert scores.iou_accuracy == pytest.approx((2 / 3, 2 / 3))
    assert (scores.collision_rate, scores.repair_rate, scores.success_rate) == (0.5, 0.5, pytest.approx(1 / 3))
    assert (scores.direction_error, scores.magnitude_error) == (pytest.approx(0), pytest.approx(0.1))
    with pytest.raises(EvaluationError, match="no instruction can be done"):
        score_edits([EditOutcome(true_reason="blocked")])


def test_refusals():
    outcomes = [EditOutcome(reason="blocked", true_reason="blocked"), EditOutcome(reason="conflict", true_reason="no_target"),
                EditOutcome(reason="blocked"), EditOutcome(new=cube(0), true_reason="out_of_room")]  # fmt: skip
    scores = score_refusals(outcomes)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert scores.reason_accuracy == 0.5
    assert score_refusals([EditOutcome()]).f1 == 0.0
