"""Facts about the metric that hold for every scene, found by search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.evaluation.matching import match
from spatial_perception.evaluation.overlap import BoxArrays, box_iou
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.transforms import transform

FAST = settings(derandomize=True, max_examples=60, deadline=None)

coordinates = st.floats(-8, 8)
points = st.tuples(coordinates, coordinates, st.just(0.0))
lengths = st.floats(0.2, 3)
labels = st.sampled_from(["bed", "sofa", "dining_table"])


@st.composite
def scenes(draw) -> Layout:
    walls = [Wall(i, a, b, 2.6) for i, (a, b) in enumerate(draw(st.lists(st.tuples(points, points), max_size=5)))]
    walls = [w for w in walls if np.hypot(w.end[0] - w.start[0], w.end[1] - w.start[1]) > 0.3]
    doors = [Door(w.id, w.id, tuple(np.add(w.start, w.end) / 2 + [0, 0, 1]), 0.9, 2.0) for w in walls[:2]]
    windows = [Window(w.id, w.id, tuple(np.add(w.start, w.end) / 2 + [0, 0, 1.5]), 1.0, 1.1) for w in walls[2:]]
    sizes = st.tuples(lengths, lengths, lengths)
    boxes = draw(st.lists(st.builds(Box, st.just(0), labels, points, st.floats(-3, 3), sizes), max_size=5))
    return Layout(walls, doors, windows, boxes)


@FAST
@given(scenes())
def test_the_truth_itself_scores_1(layout):
    scores = evaluate_scene(layout, layout)
    assert all(c.f1 == 1.0 for s in scores.classes for c in s.counts if not c.masked)


def near_copy(layout: Layout, noise: float, seed: int) -> Layout:
    rng = np.random.default_rng(seed)
    walls = [
        replace(w, start=rng.normal(w.start, [noise, noise, 0]), end=rng.normal(w.end, [noise, noise, 0]))
        for w in layout.walls
    ]
    return replace(layout, walls=walls, boxes=[replace(b, center=rng.normal(b.center, noise)) for b in layout.boxes])


@FAST
@given(scenes(), st.integers(0, 99), st.floats(-3, 3), st.tuples(coordinates, coordinates, coordinates))
def test_moving_prediction_and_truth_together_changes_nothing(truth, seed, yaw, shift):
    prediction = near_copy(truth, 0.1, seed)
    still = evaluate_scene(prediction, truth)
    moved = evaluate_scene(transform(prediction, yaw, shift), transform(truth, yaw, shift))
    for before, after in zip(still.classes, moved.classes):
        assert before.name == after.name
        if before.iou and before.iou[0]:
            np.testing.assert_allclose(after.iou, before.iou, atol=1e-6)


@FAST
@given(scenes(), st.integers(0, 99))
def test_the_order_of_entities_changes_nothing(truth, seed):
    prediction = near_copy(truth, 0.2, seed)
    turned = replace(prediction, walls=prediction.walls[::-1], boxes=prediction.boxes[::-1])
    before, after = evaluate_scene(prediction, truth), evaluate_scene(turned, truth)
    assert [s.counts for s in before.classes] == [s.counts for s in after.classes]


boxes = st.builds(Box, st.just(0), labels, points, st.floats(-3, 3), st.tuples(lengths, lengths, lengths))


@FAST
@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=4))
def test_box_overlap_is_symmetric_and_bounded(left, right):
    a, b = BoxArrays.of(left), BoxArrays.of(right)
    iou = box_iou(a, b)
    assert (iou >= 0).all()
    assert (iou <= 1 + 1e-9).all()
    np.testing.assert_allclose(iou, box_iou(b, a).T, atol=1e-9)


@FAST
@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=4))
def test_boxes_of_equal_height_and_place_suffer_no_defect_of_compat(left, right):
    a, b = (BoxArrays.of([replace(x, size=(*x.size[:2], 1.0)) for x in side]) for side in (left, right))
    np.testing.assert_allclose(box_iou(a, b, compat=True), box_iou(a, b), atol=1e-5)


@FAST
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 999))
def test_corrected_matching_finds_as_many_pairs_as_compat_or_more(rows, columns, seed):
    iou = np.round(np.random.default_rng(seed).uniform(size=(rows, columns)), 1)
    for threshold in (0.25, 0.5):
        pairs = match(iou, threshold)
        assert len(pairs) >= len(match(iou, threshold, compat=True))
        assert len({p for p, _ in pairs}) == len({g for _, g in pairs}) == len(pairs)
        assert all(iou[p, g] >= threshold for p, g in pairs)


@FAST
@given(scenes(), st.integers(0, 99))
def test_one_wall_seen_twice_costs_precision_only(truth, seed):
    assume(truth.walls)
    prediction = replace(truth, walls=(*truth.walls, replace(truth.walls[0], id=99)))
    counts = evaluate_scene(prediction, truth).of("wall").at(0.5)
    assert counts.recall == 1.0
    assert counts.precision == pytest.approx(len(truth.walls) / (len(truth.walls) + 1))
