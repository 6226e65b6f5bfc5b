"""Distances, overlaps, physics and repair: worked numbers and properties."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.evaluation import true_geometry
from spatial_perception.evaluation.vsibench import mean_relative_accuracy
from spatial_perception.layout.association import box_iou
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.reasoning import measures, physics, relations
from spatial_perception.reasoning.repair import repair
from spatial_perception.reasoning.scene import make_scene


def box(x, y, z, a, b, c, label="thing", yaw=0.0, number=0):
    return OrientedBox(number, "bbox", label, (x, y, z), yaw, (a, b, c))


A, B = box(1, 1, 0.5, 0.6, 0.6, 1), box(3, 2, 0.4, 1.2, 0.8, 0.8)
numbers = st.floats(-5, 5)
sizes = st.floats(0.05, 3)
boxes = st.builds(box, numbers, numbers, numbers, sizes, sizes, sizes, st.just("thing"), st.floats(-3.2, 3.2))


def test_worked_distances():
    assert measures.center_distance(A, B) == pytest.approx(2.238303, abs=1e-6)
    assert measures.horizontal_distance(A, B) == pytest.approx(2.236068, abs=1e-6)
    assert measures.gap(A, B) == pytest.approx(1.140175, abs=1e-6)


@pytest.mark.parametrize(
    ("other", "iou"),
    [(box(0.5, 0, 0, 1, 1, 1), 1 / 3), (box(0.25, 0.25, 0, 1, 1, 1), 0.391304), (box(0, 0, 0, 2, 2, 2), 0.125)],
)
def test_worked_overlaps(other, iou):
    assert box_iou(box(0, 0, 0, 1, 1, 1), other) == pytest.approx(iou, abs=1e-6)


@pytest.mark.parametrize(("said", "score"), [(2.3, 0.7), (3.0, 0.0), (2.0, 1.0)])
def test_worked_relative_accuracy(said, score):
    assert mean_relative_accuracy(said, 2.0) == pytest.approx(score, abs=1e-6)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(boxes, boxes, boxes)
def test_distances_are_distances(a, b, c):
    assert measures.gap(a, b) == pytest.approx(measures.gap(b, a), abs=1e-9)
    assert measures.gap(a, a) == 0 == measures.center_distance(a, a)
    assert measures.gap(a, b) <= measures.center_distance(a, b) + 1e-9
    assert measures.center_distance(a, c) <= measures.center_distance(a, b) + measures.center_distance(b, c) + 1e-9
    assert math.dist(*measures.nearest_points(a, b)) == pytest.approx(measures.gap(a, b), abs=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(boxes, boxes)
def test_the_gap_is_that_of_alternating_projections(a, b):
    other = true_geometry.nearest_distance(*(Box(0, "", x.center, x.yaw, x.size) for x in (a, b)), steps=5000)
    assert measures.gap(a, b) == pytest.approx(other, abs=2e-3)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(boxes, boxes, st.floats(-3.1, 3.1))
def test_mirrors_swap_left_and_right(a, b, yaw):
    def mirrored(x):
        return OrientedBox(x.id, x.kind, x.label, (x.center[0], -x.center[1], x.center[2]), -x.yaw, x.size)

    viewer, reflected = relations.Viewer(0, 0, yaw), relations.Viewer(0, 0, -yaw)
    for name, other in (("left_of", "right_of"), ("in_front_of", "in_front_of"), ("behind", "behind")):
        assert relations.viewed(name, a, b, viewer) == relations.viewed(other, mirrored(a), mirrored(b), reflected)


# ------------------------------------------------------------------------------------------ physics
RING = [(0, 0), (6, 0), (6, 4), (0, 4)]
ROOM = Layout(
    [Wall(k, (*RING[k], 0), (*RING[(k + 1) % 4], 0), 2.6) for k in range(4)],
    boxes=[
        Box(0, "desk", (2, 1, 0.375), 0, (1.6, 0.8, 0.75)),
        Box(1, "chair", (2, 2, 0.45), 0, (0.6, 0.6, 0.9)),
        Box(2, "sofa", (4.5, 2, 0.4), 0, (2, 0.9, 0.8)),
    ],
)
SCENE = make_scene(ROOM)
CHAIR = SCENE.objects[1].box


def checks(thing, moved=None):
    return {check.name: check for check in physics.physical_checks(thing, physics.world_without(SCENE, moved))}


def lamp(x, z):
    return box(x, 1, z, 0.2, 0.2, 0.4, "lamp")


def chair(x, y):
    return box(x, y, 0.45, 0.6, 0.6, 0.9, "chair", number=1)


def test_a_lamp_on_a_desk():
    good = checks(lamp(2.5, 0.95))
    assert all(check.passed for check in good.values())
    assert good["support"].value == pytest.approx(1.0)
    assert checks(lamp(2.5, 0.85))["collision"].value == pytest.approx(0.10)
    assert not checks(lamp(2.5, 1.15))["support"].passed
    over = checks(lamp(2.85, 0.95))["support"]
    assert (over.passed, over.value) == (False, pytest.approx(0.25))
    edge = checks(lamp(2.78, 0.95))["support"]
    assert (edge.passed, edge.value) == (True, pytest.approx(0.60))


@pytest.mark.parametrize(
    ("x", "y", "failed"),
    [(2, 1, "collision"), (2, 1.70, ""), (2, 1.69, ""), (2, 1.65, "collision"), (5.9, 3.9, "room"), (2.5, 2, "")],
)
def test_a_chair_that_is_moved(x, y, failed):
    assert [name for name, check in checks(chair(x, y), CHAIR).items() if not check.passed] == (
        [failed] if failed else []
    )


@pytest.mark.parametrize("size", [(0.01, 1, 1), (7, 1, 1), (math.nan, 1, 1), (math.inf, 1, 1)])
def test_impossible_sizes(size):
    assert not checks(box(1, 3, 0.5, *size))["size"].passed


def test_a_moved_thing_keeps_its_size():
    assert "changed" in checks(box(2.5, 2, 0.45, 0.8, 0.6, 0.9, "chair"), CHAIR)["size"].detail


def test_hanging_and_wall_mounted_things_need_no_floor():
    assert checks(box(3, 0.03, 1.5, 0.8, 0.05, 0.6, "painting"))["support"].passed
    assert not checks(box(3, 1.5, 1.5, 0.8, 0.05, 0.6, "painting"))["support"].passed
    assert checks(box(3, 3, 2.5, 0.4, 0.4, 0.2, "illumination"))["support"].passed


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.floats(0.1, 5.9), st.floats(0.1, 3.9), st.floats(0.3, 0.7))
def test_repair_ends_in_a_place_that_passes_and_stays_there(x, y, z):
    world = physics.world_without(SCENE, CHAIR)
    result = repair(box(x, y, z, 0.6, 0.6, 0.9, "chair", number=1), world)
    if result.passed:
        assert all(check.passed for check in physics.physical_checks(result.box, world))
        assert math.hypot(*result.offset[:2]) <= 0.5 + 1e-9
        assert abs(result.offset[2]) <= 0.15 + 1e-9
        again = repair(result.box, world)
        assert (again.box, again.offset) == (result.box, (0.0, 0.0, 0.0))
    else:
        assert result.offset == (0.0, 0.0, 0.0)


def test_repair_never_goes_through_a_wall():
    walls = [*ROOM.walls, Wall(9, (3, 0, 0), (3, 4, 0), 2.6)]
    blocked = [Box(0, "wardrobe", (2.5, 2, 1), 0, (0.9, 3.8, 2.0))]
    world = physics.world_without(make_scene(Layout(walls, boxes=blocked)))
    result = repair(box(2.9, 2, 0.45, 0.2, 0.2, 0.9, "chair"), world)
    assert not result.passed
