"""Boxes, points and lengths as text: worked examples, limits, and any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.reasoning.location_text import (
    LocationRangeError,
    MetricCodec,
    PlainBox,
    SceneCodec,
    format_distance,
    read_distance,
    read_move,
    read_refusal,
)

CODEC = MetricCodec((-1.30, -0.80, -0.05))
BOX = PlainBox((2.50, 1.00, 0.95), (0.20, 0.20, 0.40))


def test_worked_metric_text():
    assert CODEC.encode(BOX) == "<box>190 90 50 10 10 20</box>"
    back = CODEC.decode("<box>190 90 50 10 10 20</box>")
    assert (back.center, back.size) == (pytest.approx(BOX.center), pytest.approx(BOX.size))


def test_worked_scene_text():
    codec = SceneCodec((-1.3, -0.8, -0.05), (6.7, 5.2, 2.55))
    assert codec.encode(BOX) == "<obj>121, 76, 98, 6, 8, 39</obj>"
    back = codec.decode("<obj>121, 76, 98, 6, 8, 39</obj>")
    assert back.center == pytest.approx((2.4961, 0.9882, 0.9492), abs=1e-4)
    assert back.size == pytest.approx((0.1882, 0.1882, 0.3976), abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "<box>1 2 3</box>",
        "<box>1 2 3 4 5 6 7</box>",
        "<box>1 -5 3 4 5 6</box>",
        "<box>1280 2 3 4 5 6</box>",
        "<box>1 2 3 0 5 6</box>",
        "<box><box>1 2</box>",
        "",
        "none",
        "<box>1.5 2 3 4 5 6</box>",
    ],
)
def test_broken_boxes_are_none(text):
    assert CODEC.decode(text) is None


def test_yaw_is_a_seventh_number():
    codec = MetricCodec(with_yaw=True)
    text = codec.encode(PlainBox((1, 1, 1), (1, 1, 1), 0.78))
    assert text == "<box>50 50 50 50 50 50 45</box>"
    assert codec.decode(text).yaw == pytest.approx(0.785398, abs=1e-6)
    assert codec.decode("<box>1 2 3 4 5 6</box>") is None


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("about 1.5 meters", 1.5),
        ("5 ft", 1.524),
        ("<len>114</len>", 1.14),
        ("150 cm", 1.5),
        ("1500 mm", 1.5),
        ("10 in", 0.254),
        ("-2 m", None),
        ("60 m", None),
        ("nan m", None),
        ("far", None),
        ("3", None),
    ],
)
def test_distances_are_read(text, metres):
    assert read_distance(text) == (None if metres is None else pytest.approx(metres))


def test_a_bare_number_needs_the_unit_that_was_asked_for():
    assert read_distance("3.5", "m") == 3.5
    assert read_distance("350", "cm") == pytest.approx(3.5)
    assert format_distance(1.14) == "<len>114</len>"


def test_moves_and_refusals():
    old, new = read_move(f"{CODEC.encode(BOX)} -> <box>195 90 50 10 10 20</box>", CODEC)
    assert (old.center[0], new.center[0]) == (pytest.approx(2.5), pytest.approx(2.6))
    assert read_move("<box>1 2 3</box> -> none", CODEC) is None
    assert read_refusal("impossible: blocked") == "blocked"
    assert CODEC.decode_point("<pt>65 40 3</pt>") == pytest.approx((0.0, 0.0, 0.01))


def test_out_of_range_raises_or_is_clipped():
    far = PlainBox((90, 0, 0), (1, 1, 1))
    with pytest.raises(LocationRangeError, match="does not fit"):
        CODEC.encode(far)
    assert CODEC.encode(far, strict=False).startswith("<box>1279 ")


@settings(derandomize=True)
@given(
    st.text(max_size=80)
    | st.from_regex(r"(<box>|<len>|<obj>)?[-0-9 .,a-z]{0,40}(</box>|</len>|</obj>)?", fullmatch=True)
)
def test_no_text_makes_the_parsers_raise(text):
    for read in (
        CODEC.decode,
        CODEC.decode_point,
        SceneCodec((0, 0, 0), (1, 1, 1)).decode,
        read_distance,
        read_refusal,
    ):
        read(text)
    read_move(text, CODEC)


whole = st.integers(0, 1279)


@settings(derandomize=True)
@given(st.tuples(whole, whole, whole, *[st.integers(1, 1279)] * 3))
def test_text_and_back_is_the_same_text(numbers):
    text = f"<box>{' '.join(map(str, numbers))}</box>"
    assert CODEC.encode(CODEC.decode(text)) == text


@settings(derandomize=True)
@given(st.tuples(*[st.floats(0, 24)] * 3), st.tuples(*[st.floats(0.02, 20)] * 3))
def test_the_error_is_at_most_half_a_bin(center, size):
    back = MetricCodec().decode(MetricCodec().encode(PlainBox(center, size)))
    assert max(abs(a - b) for a, b in zip((*center, *size), (*back.center, *back.size))) <= 0.01 + 1e-9
