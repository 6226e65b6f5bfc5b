import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spatial_perception.evaluation.layout_metrics import ALL_BOXES, evaluate_scene
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.json import dump_layout
from spatial_perception.layout.text import format_layout
from spatial_perception.models.registry import load_estimator, settings_model
from spatial_perception.models.spatiallm import estimation
from spatial_perception.models.spatiallm.nano import WEIGHTS
from spatial_perception.models.spatiallm.settings import NanoSettings
from spatial_perception.simulation.sensors import simulate_scene

SEEDS = (9001, 9002, 9003, 9004)


@pytest.fixture(scope="module")
def nano():
    return load_estimator("nano")


@pytest.fixture(scope="module")
def scenes():
    made = [simulate_scene(seed, rooms=1, max_points=60_000) for seed in SEEDS]
    return [(cloud, home.layout) for cloud, home in made]


@pytest.fixture(scope="module")
def layouts(nano, scenes):
    return [nano.estimate(cloud) for cloud, _ in scenes]


def test_walls_of_unseen_rooms_are_found(scenes, layouts):
    scores = [evaluate_scene(found, truth) for found, (_, truth) in zip(layouts, scenes)]
    assert np.mean([s.of("wall").at(0.5).f1 for s in scores]) > 0.8
    assert np.mean([s.of(ALL_BOXES).at(0.25).f1 for s in scores]) > 0.4


def test_results_are_plain_and_repeat(nano, scenes, layouts):
    again = nano.estimate(scenes[0][0])
    assert dump_layout(again) == dump_layout(layouts[0])
    assert again.provenance.estimator == "nano"
    for entity in again:
        assert 0.0 <= entity.score <= 1.0
        assert entity.support is not None
    assert all(box.label in (*CATEGORIES, "object") for layout in layouts for box in layout.boxes)


def test_what_both_tell_and_what_one_tells_alone_is_said(layouts):
    for layout in layouts:
        (line,) = [note for note in layout.provenance.notes if "found in the geometry as well" in note]
        both, of, total = line.split()[:3]
        assert (of, int(total)) == ("of", len(layout))
        assert 0 < int(both) <= len(layout)


def test_a_least_score_leaves_less(scenes, layouts):
    least = float(np.median([entity.score for entity in layouts[0]]))
    strict = load_estimator("nano", least_score=least + 1e-9).estimate(scenes[0][0])
    assert 0 < len(strict) < len(layouts[0])
    assert all(entity.score > least for entity in strict)


@pytest.mark.parametrize(("up", "whole"), [("z", True), ("-z", False)])
def test_findings_are_those_of_the_whole_cloud_standing_upright(scenes, monkeypatch, up, whole):
    asked = []
    monkeypatch.setattr(estimation, "find", lambda cloud, task: asked.append(cloud) or Layout())
    cloud = scenes[0][0]
    given = cloud if whole else cloud.with_xyz(cloud.xyz * np.float32([1.0, -1.0, -1.0]))
    load_estimator("nano", up=up).estimate(given)
    (seen,) = asked
    assert (seen is given) is whole
    assert len(seen) == len(cloud)
    assert np.ptp(seen.xyz[:, 2]) == pytest.approx(np.ptp(cloud.xyz[:, 2]), abs=1e-4)
    assert np.allclose(np.sort(seen.xyz[:, 2]) - seen.xyz[0, 2], np.sort(cloud.xyz[:, 2]) - cloud.xyz[0, 2], atol=1e-4)


def test_streaming_gives_the_same_entities(nano, scenes, layouts):
    assert list(nano.stream(scenes[1][0])) == list(layouts[1])


def test_tasks_and_categories_are_kept_to(nano, scenes):
    cloud = scenes[0][0]
    assert not nano.estimate(cloud, "layout").boxes
    objects = nano.estimate(cloud, "objects")
    assert not objects.walls
    assert {box.label for box in nano.estimate(cloud, "objects", ("bed", "desk")).boxes} <= {"bed", "desk"}


def test_a_previous_layout_changes_nothing(nano, scenes, layouts):
    assert format_layout(nano.estimate(scenes[2][0], previous=layouts[2])) == format_layout(layouts[2])


def test_the_frame_of_the_cloud_is_kept(nano, scenes, layouts):
    cloud = replace(scenes[0][0], frame_id="map", stamp=7.0)
    found = nano.estimate(cloud.with_xyz(cloud.xyz + np.float32([3.0, -2.0, 0.5])))
    assert (found.frame_id, found.stamp) == ("map", 7.0)
    assert len(found.walls) == len(layouts[0].walls)


def test_weights_are_small_free_and_described():
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir())
    assert size < 25e6
    card = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert all(word in card for word in ("Data", "Recipe", "Figures", "Limits"))
    assert json.loads((WEIGHTS / "config.json").read_text())["point_backbone"] == "pillar"


def test_the_licence_is_announced_as_apache_and_quietly(caplog):
    from spatial_perception.models import weights

    weights._announced.clear()
    with caplog.at_level(logging.INFO):
        load_estimator("nano")
    assert "apache-2.0" in caplog.text.lower()
    assert "non-commercial" not in caplog.text
    assert all(record.levelno < logging.WARNING for record in caplog.records)


def test_settings_are_those_of_the_small_model():
    assert settings_model("nano") is NanoSettings
    estimator = load_estimator("nano", refine=False, device="cpu")
    assert estimator.settings.refine is False
    assert estimator.settings.core is True


def test_the_weights_are_part_of_the_package():
    project = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert f"{WEIGHTS.name}/*" in project


def test_the_command_line_knows_it(tmp_path, scenes):
    from typer.testing import CliRunner

    from spatial_perception.cli.main import app
    from spatial_perception.pointcloud.writing import write_cloud

    write_cloud(tmp_path / "room.ply", scenes[0][0])
    result = CliRunner().invoke(app, ["layout", str(tmp_path / "room.ply"), "--estimator", "nano"])
    assert result.exit_code == 0, result.output
    assert "wall_0=Wall(" in result.output
