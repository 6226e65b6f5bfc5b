import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.agreement import BOTH, FINDING, MODEL, Told, apart, merge, notes, numbered

FOUND = Layout(
    (
        Wall(0, (0.0, 0.0, 0.0), (4.0, 0.0, 0.0), 2.5, 0.1, score=0.9),
        Wall(1, (4, 0, 0), (4, 3, 0), 2.5, 0.1, score=0.9),
    ),
    (Door(0, 1, (4.0, 1.0, 1.0), 0.8, 2.0, score=0.6), Door(1, 1, (4.0, 2.5, 1.0), 0.7, 2.0, score=0.4)),
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
        Box(2, "chair", (1.2, 1.0, 0.4), 0.0, (0.5, 0.5, 0.8), score=0.3),
    ),
)


def test_each_thing_is_told_once_and_by_whom():
    layout, told = numbered(merge(TOLD, FOUND))
    assert [one.witness for one in told["wall"]] == [BOTH, FINDING]
    assert layout.walls[0].start == TOLD.walls[0].start
    assert layout.walls[1].start == FOUND.walls[0].start
    assert [(door.wall_id, door.width) for door in layout.doors] == [(0, 0.9), (0, 0.7)]
    assert layout.doors[1].center[0] == pytest.approx(4.05)  # in the plane of the wall that the model tells
    assert [(one.text, one.finding) for one in told["door"]] == [(0.7, 0.6), (None, 0.4)]
    assert [window.wall_id for window in layout.windows] == [1]
    assert [(one.witness, one.entity.label) for one in told["box"]] == [
        (BOTH, "bed"), (MODEL, "desk"), (MODEL, "chair"), (FINDING, "tv"),
    ]  # fmt: skip


def test_overlaps_tell_of_what_the_other_one_has_in_the_same_place():
    bed, desk, chair, tv = numbered(merge(TOLD, FOUND))[1]["box"]
    assert bed.overlap > 0.8
    assert 0.05 < chair.overlap < 0.2
    assert (desk.overlap, tv.overlap) == (0.0, 0.0)


def test_a_model_without_findings_is_its_own_witness():
    told = merge(TOLD, None)
    assert [one.entity for one in told] == list(TOLD)
    assert {one.witness for one in told} == {MODEL}


def test_nothing_told_or_found_is_fine():
    assert [one.witness for one in merge(TOLD, Layout())] == [MODEL] * len(TOLD)
    assert [one.witness for one in merge(Layout(), FOUND)] == [FINDING] * len(FOUND)
    assert merge(Layout(), Layout()) == []
    assert list(notes([])) == []


def test_openings_go_with_their_wall():
    told = [one for one in merge(TOLD, FOUND) if not isinstance(one.entity, Wall)]
    assert not numbered(told)[0].doors


def test_of_boxes_in_one_place_the_likeliest_stays():
    whole = Box(0, "sofa", (0.0, 0.0, 0.4), 0.0, (2.0, 1.0, 0.8), score=0.7)
    part = Box(1, "chair", (0.5, 0.0, 0.4), 0.0, (1.0, 1.0, 0.8), score=0.9)
    beside = Box(2, "chair", (3.0, 0.0, 0.4), 0.0, (1.0, 1.0, 0.8))
    wall = FOUND.walls[0]
    told = [Told(entity, 0.5) for entity in (wall, whole, part, beside)]
    assert [one.entity for one in apart(told, 0.25)] == [wall, part, beside]
    assert [one.entity for one in apart(told, 0.6)] == [wall, whole, part, beside]


def test_notes_name_what_one_tells_alone():
    lines = list(notes(merge(TOLD, FOUND)))
    assert lines[0] == "3 of 9 entities are told by the model and found in the geometry as well"
    assert lines[1].startswith("found in the geometry alone: wall at (0.0, 0.0), door at (4.0, 2.5)")
    assert lines[2] == "told by the model alone: desk at (6.0, 6.0), chair at (1.2, 1.0)"
    many = [Told(Box(n, "box", (n, 0.0, 0.0), 0.0, (1.0, 1.0, 1.0)), 0.5) for n in range(7)]
    assert list(notes(many))[1].endswith("and 3 more")
