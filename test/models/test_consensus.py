from dataclasses import replace

import pytest

from spatial_perception.errors import ConfigError
from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.json import dump_layout
from spatial_perception.models import registry
from spatial_perception.models.consensus import ConsensusEstimator, is_asked, merge, numbered
from spatial_perception.models.consensus_rules import BOTH, GEOMETRIC, MODEL, Rule, read_rules
from spatial_perception.models.registry import load_estimator, settings_model
from spatial_perception.simulation.sensors import simulate_scene

FOUND = Layout(
    (
        Wall(0, (0.0, 0.0, 0.0), (4.0, 0.0, 0.0), 2.5, 0.1, score=0.9),
        Wall(1, (4, 0, 0), (4, 3, 0), 2.5, 0.1, score=0.9),
    ),
    (Door(0, 1, (4.0, 1.0, 1.0), 0.8, 2.0, score=0.6),),
    (Window(0, 0, (2.0, 0.0, 1.4), 1.2, 1.0, score=0.3),),
    (
        Box(0, "sofa", (2.0, 1.0, 0.4), 0.0, (2.0, 0.9, 0.8), score=0.8),
        Box(1, "tv", (1, 2, 1), 0.0, (1, 0.1, 0.6), score=0.2),
    ),
)
TOLD = Layout(
    (Wall(0, (4.05, 3.0, 0.0), (4.05, 0.0, 0.0), 2.5, 0.1, score=0.8),),
    (Door(0, 0, (4.05, 1.05, 1.0), 0.9, 2.0, score=0.7),),
    (),
    (
        Box(0, "bed", (2.05, 1.0, 0.4), 0.0, (2.0, 1.0, 0.8), score=0.6),
        Box(1, "desk", (6, 6, 0.4), 0.0, (1, 1, 0.8), score=0.5),
    ),
)


def test_each_thing_is_told_once_and_by_whom():
    layout, told = numbered(list(merge(FOUND, TOLD)))
    assert [one.witness for one in told["walls"]] == [BOTH, GEOMETRIC]
    assert layout.walls[0].start == FOUND.walls[1].start
    assert layout.walls[1].start == FOUND.walls[0].start
    assert [(door.wall_id, door.width) for door in layout.doors] == [(0, 0.8)]
    assert told["doors"][0].scores == (0.6, 0.7)
    assert [window.wall_id for window in layout.windows] == [1]
    assert [(one.witness, one.entity.label) for one in told["boxes"]] == [
        (BOTH, "bed"), (MODEL, "desk"), (GEOMETRIC, "tv"),
    ]  # fmt: skip


def test_nothing_told_or_found_is_fine():
    assert len(list(merge(Layout(), TOLD))) == len(TOLD)
    assert len(list(merge(FOUND, Layout()))) == len(FOUND)
    assert list(merge(Layout(), Layout())) == []


def test_openings_go_with_their_wall():
    told = [one for one in merge(FOUND, TOLD) if not isinstance(one.entity, Wall)]
    assert not numbered(told)[0].doors


def test_boxes_of_other_categories_are_left_out():
    assert [box.label for box in FOUND.boxes if is_asked(box, ("tv",))] == ["tv"]
    assert all(is_asked(entity, ()) for entity in FOUND)
    assert is_asked(FOUND.walls[0], ("tv",))


def test_chances_rise_with_scores():
    rule = Rule({BOTH: (0.0, 1.0, 1.0), MODEL: (-1.0, 1.0)}, 0.5)
    assert rule.chance(BOTH, (0.5, 0.5)) == 0.5
    assert rule.chance(BOTH, (0.9, 0.9)) > rule.chance(BOTH, (0.9, 0.5)) > rule.chance(MODEL, (0.5,))


def test_the_rules_that_are_shipped_know_every_witness():
    for kind in ("wall", "door", "window", "box"):
        rule = read_rules()[kind]
        assert {witness: len(row) for witness, row in rule.weights.items()} == {BOTH: 3, MODEL: 2, GEOMETRIC: 2}
        assert 0.0 <= rule.least <= 0.5


@pytest.fixture(scope="module")
def auto():
    return load_estimator("auto")


@pytest.fixture(scope="module")
def scene():
    cloud, home = simulate_scene(9002, rooms=1, max_points=80_000)
    return cloud, home.layout


def test_both_are_asked_and_the_notes_say_who_tells_what_alone(auto, scene):
    cloud, truth = scene
    layout = auto.estimate(replace(cloud, frame_id="map"))
    assert isinstance(auto, ConsensusEstimator)
    assert (layout.frame_id, layout.provenance.estimator) == ("map", "auto")
    assert any("told by both estimators" in note for note in layout.provenance.notes)
    assert evaluate_scene(layout, truth).of("wall").at(0.5).f1 > 0.7
    assert all(0.0 <= entity.score <= 1.0 for entity in layout)
    again = auto.estimate(replace(cloud, frame_id="map"))
    assert dump_layout(again) == dump_layout(layout)
    assert list(auto.stream(replace(cloud, frame_id="map"))) == list(layout)


def test_tasks_and_categories_are_kept_to(auto, scene):
    assert not auto.estimate(scene[0], "layout").boxes
    objects = auto.estimate(scene[0], "objects", ("bed", "desk"))
    assert not objects.walls
    assert {box.label for box in objects.boxes} <= {"bed", "desk"}


def test_a_least_score_leaves_less(auto, scene):
    layout = auto.estimate(scene[0])
    least = sorted(entity.score for entity in layout)[len(layout) // 2]
    strict = load_estimator("auto", least_score=least).estimate(scene[0])
    assert 0 < len(strict) < len(layout)
    assert all(entity.score >= least for entity in strict)


def test_without_torch_auto_is_the_geometric_estimator(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda name: None)
    assert load_estimator("auto").name == "geometric"
    assert settings_model("auto") is settings_model("geometric")


def test_settings_are_checked():
    assert settings_model("auto").__name__ == "AutoSettings"
    with pytest.raises(ConfigError, match="least_score"):
        load_estimator("auto", least_skore=0.5)
