"""Pictures: for every kind of layout, the same bytes every time, and nothing global touched."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from spatial_perception.errors import OutputError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.visualization.figures import floor_plan, perspective, render_figure, save_figure

DRAWINGS = [floor_plan, perspective]


def texts(figure):
    found = [t.get_text() for axes in figure.axes for t in axes.texts]
    return found + [t.get_text() for legend in figure.legends for t in legend.get_texts()]


def storey(rooms=10):
    """A square of rooms x rooms cells of 4 m with a door and a bed each."""
    walls, doors, boxes = [], [], []
    for i in range(rooms + 1):
        for j in range(rooms):
            walls.append(Wall(len(walls), (4 * i, 4 * j, 0), (4 * i, 4 * j + 4, 0), 2.6, 0.1))
            doors.append(Door(len(doors), walls[-1].id, (4 * i, 4 * j + 2, 1), 0.9, 2.0))
            walls.append(Wall(len(walls), (4 * j, 4 * i, 0), (4 * j + 4, 4 * i, 0), 2.6, 0.1))
            boxes.append(Box(len(boxes), "bed", (4 * i - 2, 4 * j + 2, 0.3), 0.2, (2, 1.5, 0.6)))
    return Layout(tuple(walls), tuple(doors), (), tuple(boxes))


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_scene_gives_the_same_bytes(draw, kind, flat, cloud):
    first, second = (render_figure(draw(flat, cloud, truth=flat, title="A"), kind, dpi=60) for _ in range(2))
    assert first == second
    assert len(first) > 5000


def test_a_users_matplotlibrc_changes_nothing(flat):
    plain = render_figure(floor_plan(flat), "png", dpi=60)
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "red", "text.usetex": False}):
        assert render_figure(floor_plan(flat), "png", dpi=60) == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_pyplot_is_never_imported(flat, cloud, tmp_path):
    known = "matplotlib.pyplot" in sys.modules
    save_figure(floor_plan(flat, cloud), tmp_path / "a.png", dpi=40)
    assert ("matplotlib.pyplot" in sys.modules) == known


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("with_cloud", [False, True])
def test_an_empty_layout_is_drawn(draw, with_cloud, cloud):
    figure = draw(Layout(), cloud if with_cloud else None)
    assert ("10,000 points" if with_cloud else "empty layout") in texts(figure)
    assert render_figure(figure, "png", dpi=40)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_an_empty_cloud_is_drawn(draw, flat):
    nothing = PointCloud(np.zeros((0, 3), np.float32))
    assert render_figure(draw(flat, nothing), "png", dpi=40)
    assert render_figure(draw(Layout(), nothing), "png", dpi=40)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_hundred_rooms_are_drawn(draw):
    assert any("100 rooms" in t for t in texts(draw(storey())))


@pytest.mark.parametrize("draw", DRAWINGS)
def test_far_from_zero_the_picture_is_the_same(draw, flat, cloud):
    offset = np.array([500_000.0, 5_600_000.0, 128.0])
    moved = replace(
        flat,
        walls=tuple(replace(w, start=offset + w.start, end=offset + w.end) for w in flat.walls),
        doors=tuple(replace(d, center=offset + d.center) for d in flat.doors),
        windows=tuple(replace(w, center=offset + w.center) for w in flat.windows),
        boxes=tuple(replace(b, center=offset + b.center) for b in flat.boxes),
    )
    far = PointCloud(cloud.xyz, cloud.rgb, "map", origin=tuple(offset))
    here, there = texts(draw(flat, cloud)), texts(draw(moved, far))
    assert here == there


def test_counts_names_and_areas_are_written(flat):
    written = texts(floor_plan(flat, title="My flat"))
    assert "My flat" in written
    assert any(t.startswith("2 rooms · 16.") and "5 walls · 2 doors · 1 window · 4 boxes" in t for t in written)
    assert {"sofa", "tv cabinet", "frame: map", "door", "window", "6.20 m", "3.20 m"} <= set(written)
    assert any(t.endswith("m²") and not t.startswith("2 rooms") for t in written)
    assert not any(t.endswith("m²") and "rooms" not in t for t in texts(floor_plan(flat, areas=False)))


def test_entities_that_cannot_be_drawn_are_counted(flat):
    broken = replace(flat, boxes=(*flat.boxes, Box(9, "bed", (math.nan, 0, 0), 0, (1, 1, 1))))
    for draw in DRAWINGS:
        assert any("1 not drawable" in t for t in texts(draw(broken)))


@pytest.mark.parametrize("label", ["$x^2$", "a\\frac{", "沙发", "", "x" * 500, "[red]no[/red]", "two\nlines"])
@pytest.mark.parametrize("draw", DRAWINGS)
def test_any_label_can_be_drawn(draw, label, flat):
    layout = replace(flat, boxes=(Box(0, label, (1, 1, 0.5), 0.4, (1, 1, 1)),))
    assert render_figure(draw(layout, title=label), "png", dpi=40)


def test_odd_openings_are_drawn(flat):
    layout = replace(
        flat,
        doors=(
            Door(0, 0, (3, 0, 1), 1.8, 2.0),
            Door(1, 2, (3, 3, 1), 3.5, 2.0),
            Door(2, 4, (4, 1.5, 1), 0.0, 0.0),
            Door(3, 1, (6, 9, 9), 0.9, 2.0),
        ),
        windows=(Window(0, 3, (0, 1.5, 9.0), 99.0, 1.0),),
    )
    for draw in DRAWINGS:
        assert render_figure(draw(layout), "png", dpi=40)


def test_negative_box_sizes_are_drawn_as_their_absolute(flat):
    box = Box(0, "bed", (1, 1, 0.5), 0.4, (1, -1, 1))
    for draw in DRAWINGS:
        assert render_figure(draw(replace(flat, boxes=(box,))), "png", dpi=40)


def test_the_legend_is_cut_where_the_paper_ends(flat):
    boxes = tuple(Box(i, f"thing_{i}", (1, 1, 0.5), 0.0, (0.4, 0.4, 0.4)) for i in range(80))
    written = texts(floor_plan(replace(flat, boxes=boxes)))
    assert any(t.startswith("and ") and t.endswith(" more") for t in written)


@pytest.mark.parametrize("azimuth", [-180, -60, 0, 33, 90])
def test_any_direction_of_view_is_drawn(azimuth, flat):
    assert render_figure(perspective(flat, azimuth=azimuth, elevation=95), "png", dpi=40)


def test_a_big_cloud_is_thinned(flat, monkeypatch):
    from spatial_perception.visualization import backdrop

    seen = []
    original = backdrop.splat
    monkeypatch.setattr(backdrop, "splat", lambda uv, *rest: seen.append(len(uv)) or original(uv, *rest))
    monkeypatch.setattr(backdrop.prepare, "__defaults__", (5000,))
    xyz = np.random.default_rng(0).uniform((0, 0, 0), (6, 3, 2), (200_000, 3)).astype(np.float32)
    floor_plan(flat, PointCloud(xyz))
    assert 0 < seen[0] <= 5000


def test_unknown_picture_formats_are_refused(flat, tmp_path):
    with pytest.raises(OutputError, match="png, svg, pdf"):
        save_figure(floor_plan(flat), tmp_path / "a.bmp")
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_an_output_error(flat, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        save_figure(floor_plan(flat), tmp_path / "file" / "a.png", dpi=40)
