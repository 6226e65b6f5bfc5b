from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.pointcloud.cloud import PointCloud


def counts(layout, truth, name, threshold=0.5):
    score = evaluate_scene(layout, truth).of(name).at(threshold)
    return score.tp, score.num_pred, score.num_gt


@pytest.fixture(scope="module")
def estimator():
    return GeometricEstimator()


@pytest.mark.parametrize("seed", [0, 2, 4, 13, 16], ids=lambda seed: f"seed {seed}")
def test_walls_of_fully_sampled_rooms(maker, estimator, seed):
    scan, truth = maker.simulate(seed, points=60_000)
    layout = estimator.estimate(scan, task="layout")
    assert counts(layout, truth, "wall") == (len(truth.walls),) * 3
    assert counts(layout, truth, "door") == (len(truth.doors),) * 3
    assert counts(layout, truth, "window") == (len(truth.windows),) * 3


@pytest.mark.parametrize(
    "seed",
    [1, 3, 5, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (17, 19))],
    ids=lambda seed: f"seed {seed}",
)
def test_walls_and_doors_of_rooms_with_shadows(maker, estimator, seed):
    scan, truth = maker.simulate(seed, stations=3)
    layout = estimator.estimate(scan, task="layout")
    assert counts(layout, truth, "wall") == (len(truth.walls),) * 3
    assert counts(layout, truth, "door", 0.25) == (len(truth.doors),) * 3


def test_a_wall_seen_from_both_sides_is_one_with_its_thickness(maker, estimator):
    scan, truth = maker.simulate(4, points=60_000)
    thick = [w for w in estimator.estimate(scan, task="layout").walls if w.thickness > 0]
    assert [w.thickness for w in thick] == pytest.approx(
        [w.thickness for w in truth.walls if w.thickness > 0], abs=0.02
    )


def test_most_boxes_are_found_with_support_and_scores(maker, estimator):
    found = true = right = 0
    for seed in (0, 1, 3, 4):
        scan, truth = maker.simulate(seed, stations=3 if seed % 2 else 0)
        layout = estimator.estimate(scan)
        assert all(0 < b.score <= 1 and b.support > 0 for b in layout.boxes)
        tp, predicted, wanted = counts(layout, truth, "boxes, class ignored", 0.25)
        right, found, true = right + tp, found + predicted, true + wanted
    assert 2 * right / (found + true) > 0.8


def test_every_entity_tells_its_support_and_score(maker, estimator):
    layout = estimator.estimate(maker.simulate(2, points=40_000)[0])
    assert len(layout) > 5
    assert all(e.support > 0 and 0 < e.score <= 1 for e in layout)
    assert all(layout.wall(o.wall_id) is not None for o in (*layout.doors, *layout.windows))


@pytest.mark.parametrize(
    ("yaw", "shift"),
    [
        pytest.param(0.4, (3.0, -7.0, 1.2), marks=pytest.mark.slow),
        pytest.param(1.9, (0.0, 20.0, 0.0), marks=pytest.mark.slow),
        (-2.6, (100.0, 5.0, -30.0)),
    ],
)
def test_the_layout_moves_with_the_cloud(maker, estimator, yaw, shift):
    scan, _ = maker.simulate(4, points=50_000, yaw=0.15)
    before = maker.move_layout(estimator.estimate(scan), yaw, np.array(shift))
    after = estimator.estimate(PointCloud(maker.move(scan.xyz, yaw, np.array(shift))))
    for name in ("wall", "door", "window", "boxes, class ignored"):
        score = evaluate_scene(after, before).of(name)
        assert score.at(0.5).tp == score.at(0.5).num_pred == score.at(0.5).num_gt
        assert min(max(row) for row in score.iou) > 0.8 or name.startswith("boxes")
    assert corner_distance(after, before) < 0.02


def corner_distance(a, b):
    """Largest distance (m) of an end of a wall of `a` to the nearest end of a wall of `b`."""
    ends = [np.array([e for w in layout.walls for e in (w.start, w.end)]) for layout in (a, b)]
    return np.linalg.norm(ends[0][:, None] - ends[1][None], axis=2).min(axis=1).max()


def test_equal_input_gives_equal_layouts_in_any_order_of_points(maker, estimator):
    scan, _ = maker.simulate(3, points=40_000, stations=3)
    first = estimator.estimate(scan)
    shuffled = scan.select(np.random.default_rng(0).permutation(len(scan)))
    assert GeometricEstimator().estimate(scan) == first
    assert estimator.estimate(shuffled) == first


def test_tasks_and_categories_choose_entities(maker, estimator):
    scan, _ = maker.simulate(4, points=50_000)
    everything = estimator.estimate(scan)
    assert estimator.estimate(scan, task="layout").boxes == ()
    objects = estimator.estimate(scan, task="objects")
    assert objects.walls == ()
    assert objects.boxes == everything.boxes
    label = everything.boxes[0].label
    chosen = estimator.estimate(scan, categories=[label])
    assert chosen.walls == everything.walls
    assert [b.id for b in chosen.boxes] == list(range(len(chosen.boxes)))
    assert {b.label for b in chosen.boxes} == {label}


def test_streaming_yields_the_same_entities(maker, estimator):
    scan, _ = maker.simulate(0, points=30_000)
    assert tuple(estimator.stream(scan)) == tuple(estimator.estimate(scan))


def test_frame_and_stamp_are_kept_and_settings_are_named(maker):
    scan, _ = maker.simulate(0, points=30_000)
    layout = GeometricEstimator().estimate(PointCloud(scan.xyz, None, "lidar", 12.25), task="layout")
    other = GeometricEstimator(voxel=0.04).estimate(scan, task="layout")
    assert (layout.frame_id, layout.stamp) == ("lidar", 12.25)
    assert layout.provenance.estimator == "geometric"
    assert layout.provenance.settings != other.provenance.settings


def test_without_a_ceiling_walls_stand_and_the_notes_say_so(maker, estimator):
    scan, truth = maker.simulate(4, points=60_000)
    low = scan.select(scan.xyz[:, 2] < truth.walls[0].start[2] + 2.1)
    layout = estimator.estimate(low, task="layout")
    assert evaluate_scene(layout, truth).of("wall").at(0.25).tp >= len(truth.walls) - 1
    assert any("no ceiling" in note for note in layout.provenance.notes)
