"""Entities with absurd numbers are scored, checked and counted without an unexpected error or warning."""

from __future__ import annotations

import contextlib
import random
import warnings

import pytest

from spatial_perception.errors import EvaluationError, LayoutTextError
from spatial_perception.evaluation.layout_metrics import ALL_BOXES, evaluate_scene
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.geojson import dump_geojson
from spatial_perception.layout.validation import deduplicate, remove_invalid, support_by_points, validate

ABSURD = [0.0, 1e-9, 5e-324, 1e20, 1e200, -1.7e308, float("nan"), float("inf"), -float("inf")]


def absurd_layout(rng: random.Random) -> Layout:
    def number() -> float:
        return rng.choice(ABSURD) if rng.random() < 0.3 else rng.uniform(-5, 5)

    def vector() -> tuple[float, float, float]:
        return (number(), number(), number())

    walls = [Wall(rng.randint(0, 3), vector(), vector(), number(), number()) for _ in range(rng.randint(0, 4))]
    doors = [Door(0, rng.randint(0, 4), vector(), number(), number()) for _ in range(rng.randint(0, 2))]
    windows = [Window(0, rng.randint(0, 4), vector(), number(), number()) for _ in range(rng.randint(0, 2))]
    boxes = [Box(0, "bed", vector(), number(), vector()) for _ in range(rng.randint(0, 3))]
    return Layout(walls, doors, windows, boxes)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_but_our_own_errors(seed):
    rng = random.Random(seed)
    prediction, truth = absurd_layout(rng), absurd_layout(rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for other in (prediction, truth):
            evaluate_scene(prediction, other)
            with contextlib.suppress(EvaluationError):
                evaluate_scene(prediction, other, mode="compat")
        with contextlib.suppress(LayoutTextError):
            dump_geojson(prediction)
        validate(prediction)
        deduplicate(prediction)
        support_by_points(prediction, [(0.0, 0.0, 0.0)])
        assert all(f.kind not in ("not finite", "out of range") for f in validate(remove_invalid(prediction).layout))


def test_absurd_boxes_are_misses_and_absurd_walls_are_dropped():
    nan = float("nan")
    prediction = Layout(walls=[Wall(0, (nan, 0, 0), (1, 0, 0), 2)], boxes=[Box(0, "bed", (nan, 0, 0), 0, (1, 1, 1))])
    truth = Layout(walls=[Wall(0, (0, 0, 0), (1, 0, 0), 2)], boxes=[Box(0, "bed", (0, 0, 0), 0, (1, 1, 1))])
    scores = evaluate_scene(prediction, truth)
    assert scores.dropped == 1
    boxes = scores.of(ALL_BOXES).at(0.25)
    assert (boxes.tp, boxes.num_pred, boxes.num_gt) == (0, 1, 1)
