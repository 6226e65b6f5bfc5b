"""Names on plans do not collide; colours are stable."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box
from spatial_perception.visualization import palette
from spatial_perception.visualization.labels import Placer, upright, wrappings

PT = 0.01  # metres per point


def boxes_of(rows):
    return [Box(i, "coffee_table", (x, y, 0), yaw, (w, d, 1)) for i, (x, y, yaw, w, d) in enumerate(rows)]


numbers = st.tuples(
    st.floats(0, 5), st.floats(0, 5), st.floats(-math.pi, math.pi), st.floats(0.05, 2.5), st.floats(0.05, 2.5)
)


@given(st.lists(numbers, max_size=12))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_labels_never_overlap(rows):
    labels = Placer(boxes_of(rows), Polygon(), PT).place_all()
    for a, b in combinations(labels, 2):
        assert a.outline.intersection(b.outline).area < 1e-9


def test_a_label_lies_inside_its_box_where_it_fits():
    (label,) = Placer(boxes_of([(0, 0, 0.3, 2, 1)]), Polygon(), PT).place_all()
    assert label.position == pytest.approx([0, 0])
    assert label.angle == pytest.approx(math.degrees(0.3))
    assert label.size == 8


def test_a_small_box_is_labelled_beside_and_clear_of_walls():
    wall = Polygon([(-1, 0.03), (1, 0.03), (1, 0.5), (-1, 0.5)])
    (label,) = Placer(boxes_of([(0, 0, 0, 0.05, 0.05)]), wall, PT).place_all()
    assert not label.outline.intersects(wall)
    assert label.position[1] < 0


def test_unnamed_objects_get_no_label():
    assert Placer([Box(0, "object", (0, 0, 0), 0, (2, 2, 1))], Polygon(), PT).place_all() == []


def test_many_boxes_are_placed_quickly_enough_to_be_usable():
    rows = [(i % 40, i // 40, 0.0, 0.9, 0.9) for i in range(1000)]
    assert len(Placer(boxes_of(rows), Polygon(), PT).place_all()) == 1000


@pytest.mark.parametrize(("angle", "expected"), [(0, 0), (90, 90), (-90, 90), (180, 0), (135, -45), (-100, 80)])
def test_text_is_never_upside_down(angle, expected):
    assert upright(angle) == pytest.approx(expected)


def test_long_names_break_near_the_middle():
    assert wrappings("leisure table and chair") == ["leisure table and chair", "leisure table\nand chair"]
    assert wrappings("bed") == ["bed"]


def test_every_category_has_a_colour_of_its_own():
    assert set(CATEGORIES) <= set(palette.CATEGORY_COLOURS)
    assert len({palette.colour_of(name) for name in CATEGORIES}) == len(CATEGORIES)


@given(st.text(max_size=20))
@settings(derandomize=True)
def test_any_label_has_a_valid_stable_colour(label):
    colour = palette.colour_of(label)
    assert colour == palette.colour_of(label)
    assert all(0 <= c <= 1 for c in colour)


def test_labels_with_spaces_are_the_same_category():
    assert palette.colour_of("coffee table") == palette.colour_of("coffee_table")
    assert palette.display_name("tv_cabinet") == "tv cabinet"
