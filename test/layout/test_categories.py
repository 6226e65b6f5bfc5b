from __future__ import annotations

from spatial_perception.layout.categories import CATEGORIES, did_you_mean, nearest_name
from spatial_perception.layout.lines import is_writable_label


def test_the_59_names_are_distinct_and_fit_the_layout_language():
    assert len(CATEGORIES) == len(set(CATEGORIES)) == 59
    assert all(is_writable_label(name) for name in CATEGORIES)


def test_nearest_name_ignores_case_blanks_and_hyphens():
    assert nearest_name("Coffee Table") == "coffee_table"
    assert nearest_name("microwave oven") == "micro-wave_oven"
    assert nearest_name("floor standing lamp") == "floor-standing_lamp"
    assert nearest_name("zzzz") is None
    assert nearest_name("heigth", ("width", "height")) == "height"


def test_messages():
    assert did_you_mean("sofaa") == "did you mean 'sofa'?"
    assert did_you_mean("q", ("width", "height")) == "choose from width, height"
