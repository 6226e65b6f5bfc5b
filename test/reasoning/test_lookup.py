"""What programs ask: things by name or description, and distances between them."""

import math
from dataclasses import replace

import pytest

from spatial_perception.layout.entities import Layout
from spatial_perception.reasoning.answers import Status
from spatial_perception.reasoning.lookup import ground, measure, things_meant
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.scene import make_scene


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("bbox_3", ("bbox_3",)),
        ("  BBOX_3 ", ("bbox_3",)),
        ("door_1", ("door_1",)),
        ("wall_0", ("wall_0",)),
        ("the stove", ("bbox_3",)),
        ("the chair nearest the window", ("bbox_8",)),
        ("chairs", ("bbox_7", "bbox_8")),
        ("all chairs in the living room", ("bbox_7", "bbox_8")),
        ("a chair", ("bbox_7",)),
        ("the kitchen", ()),
        ("robot", ()),
    ],
)
def test_names_and_descriptions_mean_things(flat, text, entities):
    answer = ground(text, flat)
    assert (answer.status, answer.entities) == (Status.OK, entities)
    assert answer.text.startswith("That is ")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("bbox_99", Status.NOT_FOUND),
        ("the unicorn", Status.NOT_FOUND),
        ("the chair", Status.AMBIGUOUS),
        ("", Status.PARSE_ERROR),
        ("where is the sofa", Status.PARSE_ERROR),
        ("drive to the kitchen", Status.PARSE_ERROR),
        ("sofa'); DROP TABLE", Status.PARSE_ERROR),
        ("the red sofa", Status.UNVERIFIED),
        ("bbox_99999999999999999999", Status.PARSE_ERROR),
    ],
)
def test_what_means_nothing_certain_says_so(flat, text, status):
    answer = ground(text, flat)
    assert answer.status is status, answer.text
    assert answer.text


def test_candidates_of_an_ambiguous_description_are_named(flat):
    assert ground("the chair", flat).entities == ("bbox_7", "bbox_8")


def test_an_empty_scene_is_no_scene():
    with pytest.raises(Refusal) as refusal:
        things_meant("bbox_1", make_scene(Layout()))
    assert refusal.value.status is Status.NO_SCENE


def test_distances_of_centres_of_nearest_points_and_in_plan(flat):
    far = {kind: measure("bbox_3", "the sofa", flat, kind) for kind in ("center", "gap", "horizontal")}
    assert far["center"].value == pytest.approx(math.dist((5.2, 0.4, 0.45), (2.0, 6.5, 0.4)))
    assert far["horizontal"].value == pytest.approx(math.dist((5.2, 0.4), (2.0, 6.5)))
    # From the corner (4.9, 0.7) of the stove to the corner (3.0, 6.05) of the sofa, at heights that overlap.
    assert far["gap"].value == pytest.approx(math.dist((4.9, 0.7), (3.0, 6.05)))
    for answer in far.values():
        a, b = answer.segments[0]
        assert math.dist(a, b) == pytest.approx(answer.value)
        assert (answer.unit, answer.entities) == ("m", ("bbox_3", "bbox_4"))


def test_distances_from_the_robot(flat):
    answer = measure("robot", "door_1", flat)
    assert answer.value == pytest.approx(math.dist((3.0, 4.2, 0.0), (5.5, 3.0, 1.0)))
    assert measure("robot", "door_1", replace(flat, robot=None)).status is Status.AMBIGUOUS


@pytest.mark.parametrize(("first", "second"), [("chairs", "sofa"), ("kitchen", "sofa"), ("the chair", "sofa")])
def test_distances_need_two_single_things(flat, first, second):
    answer = measure(first, second, flat)
    assert (answer.status, answer.value) == (Status.AMBIGUOUS, None)


def test_old_scenes_are_stale_for_programs_too(flat):
    old = replace(flat, now=200.0, max_age=50.0)
    for answer in (ground("bbox_3", old), measure("bbox_3", "bbox_4", old)):
        assert answer.status is Status.STALE_SCENE
        assert "When last seen" in answer.text
    assert ground("bbox_3", replace(flat, now=149.0, max_age=50.0)).status is Status.OK


def test_the_age_allowed_is_that_of_the_scene(flat, solver):
    old = replace(flat, now=160.0, max_age=100.0, max_age_of_edits=50.0)
    assert solver.ask("how many chairs are there?", old).status is Status.OK
    assert solver.ask("put a chair next to the desk", old).status is Status.STALE_SCENE
