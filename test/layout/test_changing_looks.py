"""A thing keeps its id however its look changes: in part, with its neighbours, or beside a piece of itself."""

from dataclasses import replace

import pytest

from spatial_perception.layout.assignment import best_pairs
from spatial_perception.layout.association import box_costs, box_iou, fills_the_same_place, opening_costs
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.tracking import LayoutTracker

WHOLE = Box(0, "sofa", (2.0, 1.0, 0.4), 0.3, (1.6, 0.9, 0.8))
PART = Box(0, "armchair", (2.35, 1.1, 0.4), 0.3, (0.8, 0.9, 0.8))
WITH_TABLE = Box(0, "wardrobe", (2.0, 1.0, 0.9), 0.3, (1.9, 1.4, 1.8))


@pytest.mark.parametrize("other", [PART, WITH_TABLE])
@pytest.mark.parametrize("run", [1, 2, 7])
def test_a_thing_that_is_seen_in_part_or_with_its_neighbours_stays_the_same(other, run):
    """As a bounded map forgets and learns: each look of it lasts for `run` layouts."""
    assert box_costs([WHOLE], [other]) > 1
    tracker = LayoutTracker()
    for step in range(6 * run):
        tracked = tracker.update(Layout(boxes=(WHOLE if step // run % 2 == 0 else other,), stamp=float(step)))
        assert [box.id for box in tracked.layout.boxes] == [1]
    assert tracker.counts.born == 1


@pytest.mark.parametrize("kind", ["doors", "windows"])
def test_an_opening_that_is_seen_in_part_stays_the_same(kind):
    whole = (Door if kind == "doors" else Window)(0, 0, (3.0, 0.0, 1.4), 2.2, 1.2)
    part = replace(whole, center=(3.3, 0.0, 1.4), width=1.0)
    assert opening_costs([whole], [part]) > 1
    tracker = LayoutTracker()
    for step in range(8):
        layout = Layout(
            walls=(Wall(0, (0, 0, 0), (6, 0, 0), 2.6, 0.1),), **{kind: ((whole, part)[step % 2],)}, stamp=float(step)
        )
        assert [o.id for o in getattr(tracker.update(layout).layout, kind)] == [1]


def test_what_hangs_before_a_thing_does_not_take_its_id():
    wardrobe = Box(0, "wardrobe", (2.0, 0.4, 1.3), 0.0, (2.1, 0.5, 2.6))
    painting = Box(0, "painting", (2.0, 0.45, 1.7), 0.0, (1.0, 0.07, 0.8))
    assert fills_the_same_place(wardrobe, painting)
    tracker = LayoutTracker()
    tracker.update(Layout(boxes=(wardrobe,)))
    assert [box.id for box in tracker.update(Layout(boxes=(painting,), stamp=1.0)).layout.boxes] == [2]
    assert {b.label: b.id for b in tracker.update(Layout(boxes=(painting, wardrobe))).layout.boxes} == {
        "wardrobe": 1, "painting": 2,
    }  # fmt: skip


def test_a_part_once_seen_beside_a_thing_does_not_take_its_place():
    shorter = replace(WHOLE, center=(1.95, 0.99, 0.4), size=(1.5, 0.9, 0.8))
    other_end = replace(WHOLE, center=(2.05, 1.01, 0.4), size=(1.55, 0.9, 0.8))
    assert box_costs([other_end], [WHOLE]) < box_costs([shorter], [WHOLE])
    tracker = LayoutTracker()
    for step in range(9):
        tracker.update(Layout(boxes=(shorter,), stamp=float(step)))
    assert len(tracker.update(Layout(boxes=(shorter, other_end), stamp=9.0)).layout.boxes) == 2
    for step in range(10, 30):
        shown = tracker.update(Layout(boxes=(WHOLE,), stamp=float(step))).layout.boxes
        assert shown[0].id == 1
        assert box_iou(shown[0], WHOLE) > 0.9
    assert len(shown) == 1


def test_parts_known_of_old_do_not_take_the_place_of_the_whole():
    """The seat and the back of a sofa, which a sparse view shows apart, have been seen beside the whole before."""
    turn = {"center": (2.0, 1.0, 0.4), "yaw": 0.0, "size": (1.6, 0.9, 0.8)}
    whole = replace(WHOLE, **turn)
    back = Box(0, "sideboard", (2.0, 1.25, 0.4), 0.0, (1.6, 0.4, 0.8))
    seat = Box(0, "desk", (2.0, 0.8, 0.4), 0.0, (1.1, 0.5, 0.7))
    tracker = LayoutTracker()
    for _ in range(9):
        tracker.update(Layout(boxes=(whole,)))
    assert len(tracker.update(Layout(boxes=(seat, whole, back))).layout.boxes) == 3
    for step in range(20):
        parts = (whole,) if step % 3 else (seat, back)
        shown = tracker.update(Layout(boxes=parts, stamp=float(step))).layout.boxes
        assert shown[0].id == 1
        assert box_iou(shown[0], whole) > 0.99


def test_what_the_map_forgot_does_not_shrink_to_the_rest():
    """A full map has forgotten most of a bed, and what is left of it looks like a small table."""
    bed = Box(0, "bed", (2.0, 1.0, 0.4), 0.0, (1.5, 2.1, 0.8))
    rest = Box(0, "table", (2.3, 1.4, 0.4), 0.0, (0.8, 1.0, 0.8))
    tracker = LayoutTracker()
    for step in range(9):
        tracker.update(Layout(boxes=(bed,), stamp=float(step)))
    for step in range(9):
        shown = tracker.update(Layout(boxes=(rest,), stamp=float(step)), lambda entity: False).layout.boxes
        assert [(box.id, box.size) for box in shown] == [(1, bed.size)]
    for step in range(3):
        shown = tracker.update(Layout(boxes=(rest,), stamp=float(step))).layout.boxes
    assert [box.id for box in shown] == [1]
    assert shown[0].size[1] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("left", "end"), [(950, 4.0), (300, 6.0), (None, 6.0)])
def test_a_wall_gives_up_what_was_never_seen_but_not_what_was_forgotten(left, end):
    """It was told up to a crossing outside; that place cannot be looked at, and the wall is as well seen without it."""
    long = Wall(0, (0.0, 0.0, 0.0), (6.0, 0.0, 0.0), 2.6, 0.1, support=1000)
    short = replace(long, end=(4.0, 0.0, 0.0), support=left)
    tracker = LayoutTracker()
    for _ in range(4):
        tracker.update(Layout(walls=(long,)))
    for _ in range(8):
        shown = tracker.update(Layout(walls=(short,)), lambda entity: False).layout.walls
    assert [wall.id for wall in shown] == [1]
    assert shown[0].end[0] == pytest.approx(end, abs=0.1)


def test_of_two_walls_that_are_one_the_better_known_stays():
    left, right, whole = (
        Wall(k, (start, 0.0, 0.0), (end, 0.0, 0.0), 2.6, 0.1)
        for k, (start, end) in enumerate(((0, 2.4), (2.6, 6), (0, 6)))
    )
    tracker = LayoutTracker()
    for _ in range(9):
        tracker.update(Layout(walls=(left,)))
    for _ in range(5):
        tracker.update(Layout(walls=(left, right)))
    for _ in range(3):
        shown = tracker.update(Layout(walls=(whole,))).layout.walls
        assert shown[0].id == 1
    assert len(shown) == 1


def test_one_miss_does_not_hide_what_stood_beside_the_rest_of_a_thing():
    """The boxes of the two parts of a corner sofa overlap, and one of the parts is missed now and then."""
    seat = Box(0, "sofa", (2.0, 1.0, 0.3), 0.0, (1.4, 2.8, 0.6))
    back = Box(0, "bed", (1.6, 1.5, 0.4), 0.0, (3.2, 1.1, 0.8))
    assert fills_the_same_place(seat, back)
    tracker, both = LayoutTracker(), Layout(boxes=(back, seat))
    first = {box.id for box in tracker.update(both).layout.boxes}
    for step in range(12):
        shown = tracker.update(both if step % 3 else Layout(boxes=(back,), stamp=float(step))).layout.boxes
        assert {box.id for box in shown} == first


def test_what_comes_in_place_of_a_thing_hides_it_at_once():
    bed = Box(0, "bed", (2.0, 1.0, 0.3), 0.0, (2.0, 1.6, 0.6))
    lamp = Box(0, "lamp", (2.1, 1.0, 0.9), 0.0, (0.4, 0.4, 1.8))
    tracker = LayoutTracker()
    tracker.update(Layout(boxes=(bed,)))
    assert [box.label for box in tracker.update(Layout(boxes=(lamp,), stamp=1.0)).layout.boxes] == ["lamp"]


def test_things_seen_as_one_for_a_while_are_themselves_again_afterwards():
    table = Box(0, "table", (2.0, 1.0, 0.38), 0.0, (1.4, 0.8, 0.76))
    chair = Box(0, "chair", (2.95, 1.0, 0.45), 0.0, (0.5, 0.5, 0.9))
    both = Box(0, "desk", (2.25, 1.0, 0.45), 0.0, (1.9, 0.8, 0.9))
    tracker, apart = LayoutTracker(), Layout(boxes=(table, chair))
    assert [(box.id, box.label) for box in tracker.update(apart).layout.boxes] == [(1, "table"), (2, "chair")]
    for step in range(12):
        tracker.update(Layout(boxes=(both,), stamp=float(step)))
    assert len(tracker.update(Layout(boxes=(both,), stamp=12.0)).layout.boxes) == 1
    for step in (13, 14):
        tracked = tracker.update(replace(apart, stamp=float(step))).layout.boxes
    assert len(tracked) == 2
    pairs = best_pairs(box_costs(apart.boxes, tracked))
    assert [tracked[j].id for _, j in pairs] == [1, 2]
