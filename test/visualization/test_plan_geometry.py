"""Walls, rooms, openings and footprints as plane geometry."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.corners import mitred_quads


def test_rooms_are_the_floor_between_the_faces(flat):
    cells = geometry.room_cells(flat)
    assert [round(c.area, 2) for c in cells] == pytest.approx([3.895 * 2.8, 1.895 * 2.8], abs=0.03)


def test_rooms_close_over_small_gaps_only(flat):
    gap = replace(flat.walls[0], end=(5.93, 0, 0))
    assert len(geometry.room_cells(replace(flat, walls=(gap, *flat.walls[1:])))) == 2
    hole = replace(flat.walls[0], end=(4.2, 0, 0))
    assert len(geometry.room_cells(replace(flat, walls=(hole, *flat.walls[1:])))) == 1


def test_wall_body_fills_outer_corners(flat):
    body = geometry.wall_body(flat, 0.05)
    assert body.bounds == pytest.approx((-0.1, -0.1, 6.1, 3.1))
    assert body.contains(Point(-0.09, -0.09))


def test_openings_cut_through_the_wall(flat):
    left = geometry.wall_body(flat, 0.05).difference(geometry.opening_bodies(flat, 0.05))
    assert not left.intersects(Point(1.0, 0.0))
    assert left.contains(Point(2.0, 0.0))


@given(angle=st.floats(0.3, 2.8), a=st.floats(0.05, 0.4), b=st.floats(0.05, 0.4))
@settings(derandomize=True, deadline=None, max_examples=50)
def test_mitred_corners_neither_gap_nor_overlap(angle, a, b):
    first = Wall(0, (-5, 0, 0), (0, 0, 0), 2.5, a)
    second = Wall(1, (0, 0, 0), (5 * math.cos(angle), 5 * math.sin(angle), 0), 2.5, b)
    quads = [Polygon(q) for q in mitred_quads((first, second), 0.01)]
    assert all(q.is_valid for q in quads)
    assert quads[0].intersection(quads[1]).area < 1e-9
    assert shapely.union_all(quads).buffer(1e-9).geom_type == "Polygon"


def test_free_ends_and_continued_walls_stay_square():
    walls = (Wall(0, (0, 0, 0), (2, 0, 0), 2.5, 0.2), Wall(1, (2, 0, 0), (4, 0, 0), 2.5, 0.2))
    for wall, quad in zip(walls, mitred_quads(walls, 0.01)):
        np.testing.assert_allclose(quad, geometry.wall_quad(wall, 0.2))


def test_box_quad_turns_counter_clockwise():
    quad = geometry.box_quad(Box(0, "bed", (1, 1, 0), math.pi / 2, (2, 1, 1)))
    assert Polygon(quad).bounds == pytest.approx((0.5, 0, 1.5, 2))
    assert Polygon(quad).exterior.is_ccw


def test_what_cannot_be_drawn_is_dropped_and_counted(flat):
    broken = replace(
        flat,
        walls=(*flat.walls, Wall(9, (0, 0, 0), (0, 0, 0), 2.0), Wall(10, (math.nan, 0, 0), (1, 0, 0), 2.0)),
        doors=(*flat.doors, Door(7, 99, (0, 0, 0), 1, 2), Door(8, 10, (0, 0, 0), 1, 2)),
        windows=(Window(5, 0, (0, 0, math.inf), 1, 1),),
        boxes=(Box(9, "bed", (0, 0, 0), math.nan, (1, 1, 1)),),
    )
    kept, dropped = geometry.drawable(broken)
    assert dropped == 6
    assert kept.walls == flat.walls
    assert kept.doors == flat.doors
    assert kept.windows == kept.boxes == ()


def test_an_opening_uses_the_last_wall_of_its_id():
    walls = (Wall(0, (0, 0, 0), (1, 0, 0), 2), Wall(0, (5, 5, 0), (9, 5, 0), 2))
    (opening,) = geometry.openings(Layout(walls, (Door(0, 0, (7, 5.2, 1), 1, 2),)))
    assert geometry.on_wall(opening) == pytest.approx([7, 5])


def test_floor_is_where_the_walls_stand_else_the_lowest_box():
    box = Box(0, "bed", (0, 0, 1.0), 0, (1, 1, 1))
    assert geometry.floor_height(Layout((Wall(0, (0, 0, -1), (1, 0, -1), 2),), boxes=(box,))) == -1
    assert geometry.floor_height(Layout(boxes=(box,))) == 0.5
    assert geometry.floor_height(Layout()) == 0


@pytest.mark.parametrize("degrees", [-44, -10, 0, 30])
def test_main_heading_follows_the_walls(flat, degrees):
    from spatial_perception.layout.transforms import rotate

    assert geometry.main_heading(rotate(flat, math.radians(degrees))) == pytest.approx(degrees)
    assert geometry.main_heading(Layout()) == 0.0


def test_corners_enclose_walls_and_boxes(flat):
    found = geometry.corners(flat)
    assert found.shape == (8 * 9, 3)
    assert found[:, 2].max() == pytest.approx(2.6)
