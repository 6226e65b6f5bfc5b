"""The picture of a navigation map: for every map, the same bytes every time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spatial_perception.layout.entities import Layout
from spatial_perception.navigation.navigator import build_navigation
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.visualization.figures import render_figure
from spatial_perception.visualization.navigation_figure import navigation_figure


def texts(figure):
    found = [t.get_text() for axes in figure.axes for t in axes.texts]
    return found + [t.get_text() for legend in figure.legends for t in legend.get_texts()]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_map_gives_the_same_bytes(flat, kind):
    first, second = (render_figure(navigation_figure(build_navigation(flat), "flat"), kind, dpi=60) for _ in range(2))
    assert first == second
    assert len(first) > 5000


def test_the_picture_names_rooms_and_counts(flat):
    found = texts(navigation_figure(build_navigation(flat), "flat"))
    assert "flat" in found
    assert any(text.startswith("bedroom\n12.0 m²") for text in found)
    assert any("2 rooms · 2 doors" in text and "7 of 7 goals" in text for text in found)
    assert {"bedroom", "kitchen", "wall", "door", "route", "goal"} <= set(found)
    assert "door, not passable" not in found


def test_labels_lie_in_their_rooms(homes):
    for home in homes:
        place = build_navigation(home.layout)
        figure = navigation_figure(place)
        labels = [t for t in figure.axes[0].texts if "m²" in t.get_text() and "\n" in t.get_text()]
        assert len(labels) == len(place.rooms.rooms)


@pytest.mark.parametrize(
    "change",
    [
        lambda flat: Layout(),
        lambda flat: replace(flat, walls=(), doors=()),
        lambda flat: replace(flat, boxes=(), doors=()),
        lambda flat: replace(flat, boxes=()),
    ],
)
def test_every_map_can_be_drawn(flat, change):
    assert len(render_figure(navigation_figure(build_navigation(change(flat))), "png", dpi=50)) > 2000


def test_an_empty_map_says_so_and_far_maps_look_the_same(flat, moved):
    assert "empty layout" in texts(navigation_figure(build_navigation(Layout())))
    here, there = (build_navigation(moved(flat, shift=(k * 1e5, -k * 2e5, 0))) for k in (0, 1))
    first, second = (render_figure(navigation_figure(place), "png", dpi=50) for place in (here, there))
    assert len(first) == pytest.approx(len(second), rel=0.05)


def test_doors_that_are_closed_are_in_the_legend(flat):
    place = build_navigation(flat, NavigationSettings(closed_doors=(0, 1)))
    found = texts(navigation_figure(place))
    assert "door, not passable" in found
    assert "route" not in found
