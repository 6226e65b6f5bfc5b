from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.layout_metrics import ALL_BOXES, LAYOUT_CLASSES, OBJECT_CLASSES, evaluate_scene
from spatial_perception.evaluation.mapping import CategoryMapping, read_mapping
from spatial_perception.evaluation.matching import THRESHOLDS
from spatial_perception.evaluation.overlap import BoxArrays, box_iou
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.text import parse_layout

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/spatiallm/eval_metrics.json").read_text())
SCENES = GOLDEN["scenes"]
ROOM = parse_layout(SCENES["perfect"]["gt"])


@pytest.fixture(scope="module")
def mapping(tmp_path_factory) -> CategoryMapping:
    path = tmp_path_factory.mktemp("mapping") / "categories.tsv"
    path.write_text(GOLDEN["label_mapping_tsv"])
    return read_mapping(path)


def score(name: str, mode: str, mapping: CategoryMapping | None = None):
    scene = SCENES[name]
    prediction, truth = (parse_layout(scene[key], compat=True) for key in ("pred", "gt"))
    return evaluate_scene(prediction, truth, mode=mode, mapping=mapping, name=name)


@pytest.mark.parametrize("name", SCENES)
def test_compat_gives_the_golden_counts_f1_and_iou(name, mapping):
    scores = score(name, "compat", mapping)
    golden = SCENES[name]["classes"]
    assert {s.name for s in scores.classes} == {*golden, ALL_BOXES}
    for class_name, expected in golden.items():
        result = scores.of(class_name)
        for threshold in THRESHOLDS:
            counts, row = result.at(threshold), expected[str(threshold)]
            assert (counts.tp, counts.num_pred, counts.num_gt) == (row["tp"], row["num_pred"], row["num_gt"])
            assert counts.f1 == row["f1"]
            assert counts.masked == row["masked"]
        if "iou" in expected:
            tolerance = 1e-9 if class_name in LAYOUT_CLASSES else 1e-12
            np.testing.assert_allclose(result.iou, expected["iou"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("row", GOLDEN["iou3d_table"])
def test_box_overlap_in_both_modes(row):
    a, b = (BoxArrays(np.array([r[:3]]), np.array([r[4:]]), np.array([r[3]])) for r in (row["a"], row["b"]))
    assert box_iou(a, b, compat=True)[0, 0] == pytest.approx(row["iou_reference"], abs=1e-12)
    assert box_iou(a, b)[0, 0] == pytest.approx(row["iou_geometric"], abs=1e-12)


UNCHANGED = set(SCENES) - {
    "noisy", "wall_offset_pos", "wall_offset_neg", "wall_offset_pos_reversed_pred", "bbox_z_center_bug_up",
    "bbox_z_center_bug_down", "wall_parallel_4p9deg", "wall_parallel_5p1deg",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(UNCHANGED))
def test_corrected_agrees_where_no_defect_acts(name, mapping):
    corrected, compat = score(name, "corrected", mapping), score(name, "compat", mapping)
    assert [(s.name, s.counts) for s in corrected.classes if s.kind == "layout"] == [
        (s.name, s.counts) for s in compat.classes if s.kind == "layout"
    ]
    assert {(s.name, s.counts) for s in corrected.classes} == {(s.name, s.counts) for s in compat.classes}


@pytest.mark.parametrize("name", ["wall_offset_pos", "wall_offset_neg", "wall_offset_pos_reversed_pred"])
def test_corrected_distance_has_no_sign(name):
    assert score(name, "corrected").of("wall").iou == ((0.0,),)


def test_corrected_heights_are_measured_from_the_centre():
    for name in ("bbox_z_center_bug_up", "bbox_z_center_bug_down"):
        scene = SCENES[name]
        pred, true = (parse_layout(scene[key]).boxes[0] for key in ("pred", "gt"))
        low = max(pred.center[2] - pred.size[2] / 2, true.center[2] - true.size[2] / 2)
        high = min(pred.center[2] + pred.size[2] / 2, true.center[2] + true.size[2] / 2)
        expected = (high - low) / (pred.size[2] + true.size[2] - (high - low))
        assert score(name, "corrected").of("bed").iou[0][0] == pytest.approx(expected, abs=1e-12)


def test_corrected_scores_of_the_noisy_room(mapping):
    scores = score("noisy", "corrected", mapping)
    # Worked out by hand: wall_2 lies 0.3 m off and wall_4 in the middle of the room, so 3 of 5 match 3 of 4.
    assert [(c.tp, c.num_pred, c.num_gt) for c in scores.of("wall").counts] == [(3, 5, 4)] * 2
    assert [(c.tp, c.num_pred, c.num_gt) for c in scores.of("door").counts] == [(1, 2, 1)] * 2
    assert scores.of("bed").at(0.25).f1 == pytest.approx(2 / 3)


def test_zero_height_wall():
    flat = Layout(walls=[Wall(0, (0, 0, 0), (4, 0, 0), 0)])
    wall = Layout(walls=[Wall(0, (0, 0, 0), (4, 0, 0), 2.6)])
    assert GOLDEN["zero_height_wall_error"].startswith("Invalid plane corners")
    with pytest.raises(EvaluationError, match=r"no area.*corrected mode"):
        evaluate_scene(flat, wall, mode="compat")
    scores = evaluate_scene(flat, wall)
    assert scores.dropped == 1
    assert scores.of("wall").at(0.25).num_pred == 0
    assert evaluate_scene(flat, Layout(), mode="compat").of("wall").at(0.25).num_pred == 1


def test_a_perfect_prediction_has_f1_1_in_every_class_and_no_deviation(mapping):
    for mode in ("compat", "corrected"):
        scores = evaluate_scene(ROOM, ROOM, mode=mode, mapping=mapping)
        assert {c.f1 for s in scores.classes for c in s.counts if not c.masked} == {1.0}
        assert all(max(d.values) == pytest.approx(0, abs=1e-9) for d in scores.deviations)


def test_classes_without_mapping_are_the_labels():
    box = Box(0, "strange_thing", (0, 0, 0), 0, (1, 1, 1))
    layout = Layout(boxes=[box])
    assert evaluate_scene(layout, layout).of("strange thing").at(0.5).tp == 1
    compat = evaluate_scene(layout, layout, mode="compat")
    assert [s.name for s in compat.classes] == [*LAYOUT_CLASSES, ALL_BOXES]
    assert evaluate_scene(layout, layout, classes=("sofa",)).of("strange thing") is None
    assert len(OBJECT_CLASSES) == 20


def test_class_ignored_boxes_match_across_labels():
    a = Layout(boxes=[Box(0, "sofa", (0, 0, 0), 0, (1, 1, 1))])
    b = Layout(boxes=[Box(0, "bed", (0.1, 0, 0), 0, (1, 1, 1))])
    scores = evaluate_scene(a, b)
    assert scores.of("sofa").at(0.25).tp == 0
    assert scores.of(ALL_BOXES).at(0.25).tp == 1
    by_name = {d.name: d for d in scores.deviations}
    assert by_name["box centre"].median == pytest.approx(0.1)


def test_deviations_measure_matched_walls_and_doors():
    truth = Layout(walls=[Wall(0, (0, 0, 0), (4, 0, 0), 2.6)], doors=[Door(0, 0, (2, 0, 1), 0.9, 2)])
    prediction = Layout(walls=[Wall(5, (4, 0.1, 0), (0, 0.1, 0), 2.5)], doors=[Door(0, 5, (2.1, 0.1, 1), 0.8, 2)])
    by_name = {d.name: d for d in evaluate_scene(prediction, truth).deviations}
    assert by_name["wall position"].values == pytest.approx((0.1,))
    assert by_name["wall angle"].values == pytest.approx((0.0,))
    assert by_name["wall ends"].values == pytest.approx((0.1,))
    assert by_name["wall height"].values == pytest.approx((0.1,))
    assert by_name["door centre"].values == pytest.approx((np.hypot(0.1, 0.1),))
    assert by_name["door width"].values == pytest.approx((0.1,))
    assert by_name["window width"].median is None


def test_openings_of_unknown_walls_are_dropped_and_counted():
    orphan = Layout(doors=[Door(0, 9, (0, 0, 1), 0.9, 2)])
    scores = evaluate_scene(orphan, Layout())
    assert scores.of("door").masked
    assert scores.dropped == 1


def test_unknown_mode_and_threshold():
    with pytest.raises(EvaluationError, match="unknown mode 'fast'"):
        evaluate_scene(ROOM, ROOM, mode="fast")
    with pytest.raises(EvaluationError, match=r"no scores at IoU 0.3; choose from 0.25, 0.5"):
        evaluate_scene(ROOM, ROOM).of("wall").at(0.3)
