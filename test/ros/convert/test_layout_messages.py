"""Layouts, markers and detections as messages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visualization_msgs.msg import Marker

from spatial_perception.errors import LayoutError
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.tracking import LayoutTracker
from spatial_perception.ros.convert.detections import detections_message, label_info_message
from spatial_perception.ros.convert.layouts import (
    LayoutContext,
    layout_from_message,
    layout_message,
    timing_message,
    tracked,
)
from spatial_perception.ros.convert.markers import LayoutMarkers
from spatial_perception.ros.convert.stamps import nanoseconds, seconds, stamp_message

HOME = Layout(
    (Wall(1, (0, 0, 0), (6, 0, 0), 2.6, 0.1, 0.875, 400), Wall(2, (6, 0, 0), (6, 4, 0), 2.6)),
    (Door(1, 1, (1.0, 0, 1.0), 0.9, 2.0, 0.5),),
    (Window(1, 2, (6.0, 2.0, 1.4), 1.2, 1.0, None, 0),),
    (Box(7, "sofa", (1.5, 3.0, 0.4), 0.7, (2.0, 0.9, 0.8), 0.25, 90),),
    "map",
    1234.5,
    Provenance("geometric", "0.1", "abc", "live", ("up axis corrected",)),
)
number = st.floats(-1e3, 1e3)
size = st.floats(0, 50)
vector = st.tuples(number, number, number)
evidence = (st.one_of(st.none(), st.floats(0, 1, width=32)), st.one_of(st.none(), st.integers(0, 2**31 - 1)))
ids = st.integers(0, 2**31 - 1)
layouts = st.builds(
    Layout,
    st.lists(st.builds(Wall, ids, vector, vector, size, size, *evidence), max_size=3),
    st.lists(st.builds(Door, ids, ids, vector, size, size, *evidence), max_size=3),
    st.lists(st.builds(Window, ids, ids, vector, size, size, *evidence), max_size=3),
    st.lists(
        st.builds(Box, ids, st.text(max_size=5), vector, st.floats(-3.14, 3.14), st.tuples(size, size, size), *evidence)
    ),
    st.sampled_from(["", "map"]),
    st.integers(0, 10**6).map(lambda n: n / 64),
    st.builds(Provenance, st.text(max_size=4), st.just("1"), st.just("s"), st.just("x"), st.just(("a", "b"))),
)


@given(layouts, st.integers(0, 2**32 - 1))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_layouts_survive_the_way_there_and_back(layout, epoch):
    context = LayoutContext(epoch, 2**40, "layout", (("estimate", 0.25), ("track", 0.5)))
    back, told = layout_from_message(layout_message(layout, context))
    assert back == tracked(layout)
    assert back.layout == layout
    assert told == context


def test_times_of_tracks_and_header():
    tracker = LayoutTracker()
    tracker.update(HOME)
    message = layout_message(tracker.update(replace(HOME, stamp=1240.75)), LayoutContext(epoch=3))
    assert (message.header.frame_id, seconds(message.header.stamp), message.map_epoch) == ("map", 1240.75, 3)
    assert {(seconds(m.first_seen), seconds(m.last_seen)) for m in message.walls} == {(1234.5, 1240.75)}
    assert (message.estimator, message.provenance.notes) == ("geometric", ["up axis corrected"])
    timing = timing_message(message, 1.5)
    assert (timing.header, timing.map_epoch, timing.latency) == (message.header, 3, 1.5)


def test_unknown_evidence_is_minus_one():
    message = layout_message(HOME)
    assert [(w.score, w.support) for w in message.walls] == [(0.875, 400), (-1.0, -1)]
    assert (message.windows[0].score, message.windows[0].support) == (-1.0, 0)


@pytest.mark.parametrize(
    "wall",
    [
        Wall(2**31, (0, 0, 0), (1, 0, 0), 2.5),
        Wall(0, (0, 0, 0), (1, float("nan"), 0), 2.5),
        Wall(0, (0, 0, 0), (1, 0, 0), float("inf")),
    ],
)
def test_what_no_message_can_hold_is_refused(wall):
    with pytest.raises(LayoutError, match="no message can"):
        layout_message(Layout((wall,)))


@given(st.integers(0, (2**31 - 1) * 10**9))
@settings(derandomize=True, deadline=None)
def test_stamps(time):
    made = stamp_message(time / 1e9)
    assert abs(nanoseconds(made) - time) <= 256
    assert nanoseconds(stamp_message(seconds(made))) == pytest.approx(nanoseconds(made), abs=256)


def test_times_that_no_message_can_hold_are_clipped():
    assert nanoseconds(stamp_message(-5.0)) == 0
    assert stamp_message(1e12).sec == 2**31 - 1


def keys(array, action=Marker.ADD):
    return [(m.ns, m.id) for m in array.markers if m.action == action]


ALL = [("walls", 1), ("walls", 2), ("doors", 1), ("windows", 1), ("objects", 7), ("labels", 7)]


def test_markers_have_one_namespace_per_kind_and_stable_ids():
    markers = LayoutMarkers()
    first = markers.update(HOME)
    assert first.markers[0].action == Marker.DELETEALL
    assert keys(first) == ALL
    again = markers.update(HOME)
    assert keys(again) == ALL
    assert {m.action for m in again.markers} == {Marker.ADD}


def test_only_what_vanished_is_deleted():
    markers = LayoutMarkers()
    markers.update(HOME)
    fewer = markers.update(replace(HOME, boxes=()))
    assert keys(fewer, Marker.DELETE) == [("objects", 7), ("labels", 7)]
    assert keys(fewer) == ALL[:4]
    assert keys(markers.update(replace(HOME, boxes=())), Marker.DELETE) == []


def test_only_changes():
    markers = LayoutMarkers()
    markers.update(HOME, only_changes=True)
    moved = replace(HOME, boxes=(replace(HOME.boxes[0], center=(2, 3, 0.4)),), stamp=1300.0)
    assert keys(markers.update(replace(HOME, stamp=1299.0), only_changes=True)) == []
    assert keys(markers.update(moved, only_changes=True)) == [("objects", 7), ("labels", 7)]


def test_names_that_are_not_wanted_any_more_are_deleted():
    markers = LayoutMarkers()
    markers.update(HOME)
    bare = markers.update(HOME, labels=False)
    assert keys(bare, Marker.DELETE) == [("labels", 7)]
    assert keys(bare) == ALL[:5]


def test_reset_clears_first_in_the_same_array():
    markers = LayoutMarkers()
    markers.update(HOME)
    markers.reset()
    array = markers.update(replace(HOME, boxes=()), only_changes=True)
    assert [m.action for m in array.markers] == [Marker.DELETEALL] + [Marker.ADD] * 4
    assert [m.action for m in markers.cleared("map", 5.0).markers] == [Marker.DELETEALL]
    assert markers.update(Layout()).markers[0].action == Marker.DELETEALL


def replay(arrays):
    """What a viewer shows after these arrays."""
    shown = {}
    for array in arrays:
        for marker in array.markers:
            if marker.action == Marker.DELETEALL:
                shown.clear()
            elif marker.action == Marker.DELETE:
                del shown[marker.ns, marker.id]
            else:
                shown[marker.ns, marker.id] = marker.pose.position
    return shown


@given(st.lists(st.sets(st.integers(0, 6)), max_size=8), st.booleans(), st.sets(st.integers(0, 7)))
@settings(derandomize=True, deadline=None, max_examples=60)
def test_viewers_end_with_the_last_layout(sequence, only_changes, resets):
    markers, arrays, layout = LayoutMarkers(), [], Layout()
    for step, present in enumerate(sequence):
        if step in resets:
            markers.reset()
        layout = Layout(boxes=[Box(i, "chair", (i, step % 2, 0), 0, (1, 1, 1)) for i in sorted(present)])
        arrays.append(markers.update(layout, only_changes=only_changes))
    shown = replay(arrays)
    assert {key[1] for key in shown if key[0] == "objects"} == {b.id for b in layout.boxes}
    assert all(shown["objects", b.id].y == b.center[1] for b in layout.boxes)
    if arrays and not only_changes:
        assert set(keys(arrays[-1])) == set(shown)


def test_markers_can_be_drawn():
    flat = Layout((Wall(0, (0, 0, 0), (3, 0, 0), 0.0),), (), (), (Box(0, "", (0, 0, 0), 0.0, (0, 0, 0)),))
    for marker in LayoutMarkers().update(flat).markers[1:]:
        scale = (marker.scale.x, marker.scale.y, marker.scale.z)
        assert marker.scale.z > 0
        assert marker.type == Marker.TEXT_VIEW_FACING or min(scale) > 0
        assert 0 < marker.color.a <= 1


def test_a_wall_is_a_cube_around_its_centre_line():
    wall = LayoutMarkers().update(HOME).markers[1]
    assert (wall.pose.position.x, wall.pose.position.y, wall.pose.position.z) == (3.0, 0.0, 1.3)
    assert (wall.scale.x, wall.scale.y, wall.scale.z) == (6.0, 0.1, 2.6)


def test_detections():
    message = detections_message(HOME)
    (found,) = message.detections
    assert (message.header.frame_id, found.id, found.results[0].hypothesis.class_id) == ("map", "7", "sofa")
    assert found.results[0].hypothesis.score == 0.25
    assert (found.bbox.size.x, found.bbox.center.position.y) == (2.0, 3.0)
    turn = found.bbox.center.orientation
    assert 2 * np.arctan2(turn.z, turn.w) == pytest.approx(0.7)


def test_no_boxes_are_told_as_well():
    message = detections_message(replace(HOME, boxes=()))
    assert (message.header.frame_id, len(message.detections)) == ("map", 0)


def test_labels():
    message = label_info_message(["sofa", "bed"], "map", 2.0, 0.5)
    assert [(c.class_id, c.class_name) for c in message.class_map] == [(0, "sofa"), (1, "bed")]
    assert (message.threshold, seconds(message.header.stamp)) == (0.5, 2.0)
