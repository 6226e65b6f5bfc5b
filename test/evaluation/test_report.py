from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.folders import evaluate_folder
from spatial_perception.evaluation.layout_metrics import ALL_BOXES, evaluate_scene
from spatial_perception.evaluation.mapping import read_mapping
from spatial_perception.evaluation.report import summarise
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.json import write_json
from spatial_perception.layout.text import parse_layout

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/spatiallm/eval_metrics.json").read_text())


@pytest.fixture
def testset(tmp_path):
    """The golden scenes as the folders of the published test set, and a folder of predictions."""
    truth, predictions = tmp_path / "testset", tmp_path / "predictions"
    (truth / "layout").mkdir(parents=True)
    predictions.mkdir()
    (truth / "test.csv").write_text(GOLDEN["metadata_csv"])
    (truth / "benchmark_categories.tsv").write_text(GOLDEN["label_mapping_tsv"])
    for name, scene in GOLDEN["scenes"].items():
        (truth / "layout" / f"{name}.txt").write_text(scene["gt"])
        (predictions / f"{name}.txt").write_text(scene["pred"])
    return predictions, truth


def test_compat_means_are_the_golden_means(testset):
    report = evaluate_folder(*testset, mode="compat")
    for name, expected in GOLDEN["mean_f1_over_unmasked_scenes"].items():
        for threshold, mean in expected.items():
            assert report.summary(name, float(threshold)).mean_f1 == mean


def test_compat_means_print_as_in_the_golden_table(testset):
    report = evaluate_folder(*testset, mode="compat")
    rows = re.findall(r"^\| (\S.*?) +\| (\S+) +\| (\S+) +\|$", GOLDEN["cli_stdout"], re.M)
    means = {name: cells for name, *cells in rows if name not in ("Layouts", "Objects")}
    assert len(means) == 23
    for name, cells in means.items():
        values = [report.summary(name, t).mean_f1 for t in (0.25, 0.5)]
        assert ["--" if v is None else str(v) for v in values] == cells


def test_micro_average_adds_the_counts(testset):
    row = evaluate_folder(*testset).summary("wall", 0.25)
    scenes = [s.of("wall").at(0.25) for s in evaluate_folder(*testset).scenes]
    assert row.total.tp == sum(c.tp for c in scenes)
    assert row.micro_f1 == pytest.approx(2 * row.total.tp / (row.total.num_pred + row.total.num_gt))
    assert row.micro_f1 != row.mean_f1


def test_groups_and_classes(testset):
    report = evaluate_folder(*testset)
    layout = [report.summary(name) for name in ("wall", "door", "window")]
    group = report.summary("all layout")
    assert group.total.num_gt == sum(r.total.num_gt for r in layout)
    assert group.mean_f1 == pytest.approx(sum(r.mean_f1 for r in layout) / 3)
    assert ALL_BOXES in report.names()
    assert report.summary("all objects", 0.5).kind == "object"


def test_table_shows_every_class(testset):
    from rich.console import Console

    stream = io.StringIO()
    report = evaluate_folder(*testset, mode="compat")
    console = Console(file=stream, width=160)
    console.print(report.table())
    console.print(report.deviation_table())
    text = stream.getvalue()
    assert all(name in text for name in report.names())
    assert "0.626" in text
    assert "--" in text
    assert "wall position" in text


def test_json_is_complete_and_stable(testset):
    text = evaluate_folder(*testset).to_json()
    assert text == evaluate_folder(*testset).to_json()
    document = json.loads(text)
    assert document["schema_version"] == "1.0"
    assert len(document["scenes"]) == len(GOLDEN["scenes"])
    wall = next(row for row in document["classes"] if row["name"] == "wall" and row["iou"] == 0.25)
    assert wall["true"] > 0


def test_missing_prediction_is_empty_with_a_warning_or_stops_compat(testset):
    predictions, truth = testset
    (predictions / "perfect.txt").unlink()
    report = evaluate_folder(predictions, truth)
    assert any(w.startswith("scene perfect: no prediction") for w in report.warnings)
    assert report.scenes[0].of("wall").at(0.25).num_pred == 0
    with pytest.raises(EvaluationError, match=r"perfect.txt: prediction is missing"):
        evaluate_folder(predictions, truth, mode="compat")


def test_bad_lines_are_skipped_and_reported(testset):
    predictions, truth = testset
    with (predictions / "perfect.txt").open("a") as file:
        file.write("\nbbox_9=Bbox(bed,1,2\nwall_9=Wall(nan,0,0,1,0,0,2,0)")
    warnings = evaluate_folder(predictions, truth).warnings
    assert f"{predictions / 'perfect.txt'}: 1 lines skipped (unterminated)" in warnings
    assert f"{predictions / 'perfect.txt'}: 1 lines skipped (not finite)" in warnings


def test_plain_folders_and_json_predictions(tmp_path):
    layout = parse_layout(GOLDEN["scenes"]["perfect"]["gt"])
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth/room.txt").write_text(GOLDEN["scenes"]["perfect"]["gt"])
    write_json(layout, tmp_path / "predictions/room.json")
    report = evaluate_folder(tmp_path / "predictions", tmp_path / "truth")
    assert report.summary("dining chair", 0.5).mean_f1 == 1.0
    assert report.warnings == ()


def test_unusable_folders(testset, tmp_path):
    predictions, truth = testset
    with pytest.raises(EvaluationError, match="nowhere: is not a folder"):
        evaluate_folder(predictions, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvaluationError, match="no scenes found"):
        evaluate_folder(predictions, tmp_path / "empty")
    (truth / "layout/noisy.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(EvaluationError, match=r"noisy.txt: not UTF-8"):
        evaluate_folder(predictions, truth)
    (truth / "layout/noisy.txt").unlink()
    with pytest.raises(EvaluationError, match=r"noisy.txt: truth is missing"):
        evaluate_folder(predictions, truth)


def test_unusable_tables(testset, tmp_path):
    predictions, truth = testset
    (truth / "test.csv").write_text("ids,pcd\nperfect,x\n")
    with pytest.raises(EvaluationError, match=r"test.csv: has no column 'id'; did you mean 'ids'\?"):
        evaluate_folder(predictions, truth)
    (truth / "test.csv").write_text("id\nperfect\nperfect\n")
    with pytest.raises(EvaluationError, match="'perfect' is listed more than once"):
        evaluate_folder(predictions, truth)
    with pytest.raises(EvaluationError, match="cannot be read as a table"):
        read_mapping(tmp_path / "missing.tsv")
    (tmp_path / "wrong.tsv").write_text("a\tb\nc\td\n")
    with pytest.raises(EvaluationError, match="has no column 'spatiallm59'; choose from a, b"):
        read_mapping(tmp_path / "wrong.tsv")


def test_zero_area_in_a_folder_names_the_scene(testset):
    predictions, truth = testset
    (predictions / "perfect.txt").write_text("wall_0=Wall(0,0,0,4,0,0,0,0)")
    with pytest.raises(EvaluationError, match=r"scene perfect: .*no area"):
        evaluate_folder(predictions, truth, mode="compat")
    report = evaluate_folder(predictions, truth)
    assert report.scenes[0].dropped == 1
    assert "without area or without their wall were not scored" in report.warnings[-1]


def test_summarise_needs_scenes_of_one_mode():
    empty = evaluate_scene(Layout(), Layout())
    with pytest.raises(EvaluationError, match="at least one scene"):
        summarise([])
    with pytest.raises(EvaluationError, match="both modes"):
        summarise([empty, evaluate_scene(Layout(), Layout(), mode="compat")])
    with pytest.raises(EvaluationError, match="no scores of 'sofa'"):
        summarise([empty]).summary("sofa")
