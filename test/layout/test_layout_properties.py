"""Facts that hold for every layout and every text, found by search."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import pi

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import LayoutTextError
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.geojson import dump_geojson
from spatial_perception.layout.json import dump_layout, parse_json
from spatial_perception.layout.lines import is_writable_label
from spatial_perception.layout.quantization import dequantise, quantise, step
from spatial_perception.layout.rooms import find_rooms
from spatial_perception.layout.text import LayoutParser, format_layout, parse_layout, read_layout
from spatial_perception.layout.transforms import YawTransform, reorder, rotate, scale, translate, wrap_angle
from spatial_perception.layout.validation import deduplicate, validate

FAST = settings(derandomize=True, max_examples=60, deadline=None)

numbers = st.floats(allow_nan=False, allow_infinity=False)
lengths = st.floats(min_value=0, allow_infinity=False)
ids = st.integers(0, 10**9 - 1)
labels = st.text(min_size=1, max_size=20).filter(is_writable_label)
scores = st.none() | st.floats(0, 1)
supports = st.none() | st.integers(0, 10**9)


@st.composite
def layouts(draw, coordinate=numbers, length=lengths, angle=numbers, with_scores=False) -> Layout:
    vectors = st.tuples(coordinate, coordinate, coordinate)
    extras = (scores, supports) if with_scores else ()
    walls = draw(st.lists(st.builds(Wall, ids, vectors, vectors, length, length, *extras), max_size=5))
    homes = st.sampled_from([w.id for w in walls]) if walls else st.nothing()
    doors = draw(st.lists(st.builds(Door, ids, homes, vectors, length, length, *extras), max_size=3)) if walls else []
    windows = (
        draw(st.lists(st.builds(Window, ids, homes, vectors, length, length, *extras), max_size=3)) if walls else []
    )
    sizes = st.tuples(length, length, length)
    boxes = draw(st.lists(st.builds(Box, ids, labels, vectors, angle, sizes, *extras), max_size=5))
    return Layout(walls, doors, windows, boxes)


indoor = layouts(st.floats(0, 31), st.floats(0, 19), st.floats(-pi, pi))


@FAST
@given(layouts())
def test_text_round_trip_is_exact(layout):
    assert parse_layout(format_layout(layout)) == layout


@FAST
@given(layouts())
def test_whatever_strict_accepts_compat_reads_the_same(layout):
    text = format_layout(layout)
    assert parse_layout(text, compat=True) == parse_layout(text)


@FAST
@given(layouts(with_scores=True), st.text(), numbers, st.lists(st.text(), max_size=3))
def test_json_round_trip_is_exact(layout, frame, stamp, notes):
    full = replace(layout, frame_id=frame, stamp=stamp, provenance=Provenance(source=frame, notes=tuple(notes)))
    assert parse_json(dump_layout(full)) == full


def error_of(call) -> str:
    """The message of the LayoutTextError that a call raises, empty where it raises none; other errors pass."""
    try:
        call()
    except LayoutTextError as error:
        return str(error)
    return ""


SNIPPETS = [
    "wall_0=Wall(", "door_1=Door(wall_0,", "bbox_2=Bbox(bed,", "window_3=Window(", "1,2,3,4,5,6,7,8)", "1,2,3,4,5)", "nan,",
    "1e400,", "9" * 5000, "\n", "\r\n", "=", "(", ")", ",", "_", "wall_", "\x00", "٣", "\ud800", "wall_٣=Wall(",
]  # fmt: skip
texts = st.text() | st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=5), max_size=30).map("".join)


@FAST
@given(texts)
def test_parser_raises_layout_text_error_or_nothing(text):
    for compat in (False, True):
        layout = parse_layout(text, compat=compat, on_fault="skip")
        assert len(layout) <= text.count("\n") + 1
    message = error_of(lambda: parse_layout(text))
    assert len(message.splitlines()) <= 1


@FAST
@given(texts, st.lists(st.integers(0, 200), max_size=8))
def test_chunks_do_not_matter(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    parser = LayoutParser(on_fault="skip")
    streamed = [entity for a, b in pairwise(edges) for entity in parser.feed(text[a:b])] + list(parser.finish())
    whole = LayoutParser(on_fault="skip")
    assert streamed == whole.feed(text) + whole.finish()
    assert parser.fault_counts == whole.fault_counts


@FAST
@given(st.binary())
def test_reading_any_file_raises_layout_text_error_or_nothing(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "x.txt"
    path.write_bytes(content)
    message = error_of(lambda: read_layout(path))
    assert message == "" or str(path) in message


@FAST
@given(
    texts | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_parsing_any_json_raises_layout_text_error(value):
    import json

    with pytest.raises(LayoutTextError):
        parse_json(value if isinstance(value, str) else json.dumps(value))


@FAST
@given(indoor, st.sampled_from([640, 1280]))
def test_quantisation_errs_by_less_than_a_step_and_is_stable(layout, num_bins):
    once = dequantise(quantise(layout, num_bins), num_bins, centred=True)
    # Angles stay on the lower edge of their bin, from where rounding may lead one bin down; all else is stable.
    bins, again = (replace(q, boxes=[replace(b, yaw=0) for b in q.boxes]) for q in map_bins(num_bins, layout, once))
    assert bins == again
    for before, after in zip(layout.boxes, once.boxes):
        assert after.center == pytest.approx(before.center, abs=step("world", num_bins) / 2 + 1e-9)
        assert abs(after.yaw - before.yaw) <= step("angle", num_bins) + 1e-9


def map_bins(num_bins: int, *layouts: Layout) -> list[Layout]:
    return [quantise(layout, num_bins) for layout in layouts]


def positions(layout: Layout) -> list[float]:
    rows = [(*w.start, *w.end) for w in layout.walls] + [
        e.center for e in (*layout.doors, *layout.windows, *layout.boxes)
    ]
    return [value for row in rows for value in row]


angles = st.floats(-10, 10)
shifts = st.tuples(*[st.floats(-50, 50)] * 3)


@FAST
@given(indoor, angles, shifts, angles, shifts)
def test_transforms_form_a_group(layout, yaw, shift, other_yaw, other_shift):
    first, second = YawTransform(yaw, shift), YawTransform(other_yaw, other_shift)
    there_and_back = first.inverse().apply(first.apply(layout))
    assert positions(there_and_back) == pytest.approx(positions(layout), abs=1e-9)
    for before, after in zip(layout.boxes, there_and_back.boxes):
        assert abs(wrap_angle(after.yaw - before.yaw)) == pytest.approx(0, abs=1e-9)
    assert positions(first.then(second).apply(layout)) == pytest.approx(
        positions(second.apply(first.apply(layout))), abs=1e-9
    )


@FAST
@given(indoor, st.floats(0.1, 10), angles)
def test_scale_is_undone_and_commutes_with_rotation(layout, factor, angle):
    assert positions(scale(scale(layout, factor), 1 / factor)) == pytest.approx(positions(layout), abs=1e-9)
    one, other = rotate(scale(layout, factor), angle), scale(rotate(layout, angle), factor)
    assert positions(one) == pytest.approx(positions(other), abs=1e-9)
    assert translate(layout, (0, 0, 0)) == layout


@FAST
@given(indoor)
def test_canonical_order_is_reached_in_one_step(layout):
    once = reorder(layout)
    assert reorder(once) == once
    assert [w.id for w in once.walls] == list(range(len(layout.walls)))


@FAST
@given(layouts(st.floats(-1e6, 1e6), st.floats(-1e3, 1e6), with_scores=True))
def test_any_finite_layout_can_be_checked_and_drawn(layout):
    validate(layout)
    find_rooms(layout)
    dump_geojson(layout)
    cleaned = deduplicate(layout)
    assert len(cleaned.layout) + len(cleaned.removed) == len(layout)
