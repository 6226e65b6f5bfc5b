"""Grids: what is free, occupied and unknown, at every angle and place."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from shapely.geometry import Polygon

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.raster import GridFrame, fill, polygon_rings
from spatial_perception.navigation.occupancy import FREE, OCCUPIED, UNKNOWN, occupancy_grid
from spatial_perception.navigation.robot import Robot

FIXED = settings(derandomize=True, deadline=None, max_examples=30)


def value_at(grid, *points):
    return [grid.value(x, y) for x, y in points]


def test_walls_are_occupied_rooms_free_and_the_rest_unknown(flat):
    grid = occupancy_grid(flat)
    assert grid.data.dtype == np.int8
    assert set(np.unique(grid.data)) == {UNKNOWN, FREE, OCCUPIED}
    assert value_at(grid, (4.0, 2.5), (8.0, 1.0), (2.0, 3.0)) == [OCCUPIED] * 3
    assert value_at(grid, (3.0, 1.5), (5.0, 1.0)) == [FREE] * 2
    assert value_at(grid, (-0.3, 1.0), (9.0, 9.0), (2.0, 3.3)) == [UNKNOWN] * 3


def test_doors_are_open_as_wide_as_they_are(flat):
    column = [occupancy_grid(flat).value(4.0, y) for y in np.arange(0.325, 1.8, 0.05)]
    assert column.count(FREE) == 18
    assert value_at(occupancy_grid(flat), (1.5, 0.0), (1.5, -0.04)) == [FREE, FREE]


def test_closed_doors_are_wall(flat):
    grid = occupancy_grid(flat, closed_doors=[0])
    assert value_at(grid, (4.0, 1.0), (1.5, 0.0)) == [OCCUPIED, FREE]


def test_furniture_blocks_by_its_height(flat):
    grid = occupancy_grid(flat)
    assert value_at(grid, (1.2, 2.2), (7.6, 0.5)) == [OCCUPIED, OCCUPIED]
    assert value_at(grid, (6.0, 1.5), (2.0, 1.0), (5.5, 2.90)) == [FREE, FREE, FREE]
    tall = occupancy_grid(flat, robot=Robot(height=2.2))
    assert value_at(tall, (2.0, 1.0), (5.5, 2.94)) == [OCCUPIED, OCCUPIED]
    assert occupancy_grid(flat, furniture=False).value(1.2, 2.2) == FREE


def test_a_thick_carpet_is_driven_over_and_a_low_box_is_not(flat):
    boxes = (Box(0, "carpet", (3, 1, 0.1), 0, (1, 1, 0.2)), Box(1, "cushion", (6, 1, 0.03), 0, (0.5, 0.5, 0.06)))
    grid = occupancy_grid(replace(flat, boxes=boxes))
    assert value_at(grid, (3, 1), (6, 1)) == [FREE, OCCUPIED]
    assert occupancy_grid(replace(flat, boxes=boxes), robot=Robot(step=0.1)).value(6, 1) == FREE


@pytest.mark.parametrize("degrees", [0, 1, 13, 30, 45, 60, 89, 137])
@pytest.mark.parametrize("thickness", [0.0, 0.01, 0.1])
def test_no_step_leads_through_a_wall_however_thin_and_slanted(flat, moved, degrees, thickness):
    walls = tuple(replace(w, thickness=thickness) for w in flat.walls)
    sealed = moved(replace(flat, walls=walls, doors=(), boxes=()), math.radians(degrees), (0.013, 0.027, 0))
    grid = occupancy_grid(sealed)
    pieces, count = ndimage.label(grid.data != OCCUPIED, structure=np.ones((3, 3)))
    free = set(np.unique(pieces[grid.data == FREE]))
    unknown = set(np.unique(pieces[grid.data == UNKNOWN]))
    assert count == 3
    assert len(free) == 2
    assert not free & unknown


@FIXED
@given(i=st.integers(-40, 40), j=st.integers(-40, 40), yaw=st.floats(-3.1, 3.1))
def test_the_grid_moves_with_the_layout(i, j, yaw):
    from spatial_perception.layout.transforms import rotate, translate

    layout = rotate(Layout(
        tuple(Wall(k, (*a, 0), (*b, 0), 2.5, 0.1) for k, (a, b) in
              enumerate([((0, 0), (4, 0)), ((4, 0), (4, 3)), ((4, 3), (0, 3)), ((0, 3), (0, 0))])),
        (Door(0, 1, (4, 1.5, 1), 0.9, 2),), (), (Box(0, "sofa", (1, 1, 0.4), 0.3, (1.5, 0.8, 0.8)),)), yaw)  # fmt: skip
    here, there = occupancy_grid(layout), occupancy_grid(translate(layout, (i * 0.5, j * 0.5, 0.7)))
    assert np.array_equal(here.data, there.data)
    assert np.allclose(np.subtract(there.origin, here.origin), (i * 0.5, j * 0.5, 0), atol=1e-9)


@FIXED
@given(data=st.data())
def test_filled_cells_are_those_whose_centres_lie_in_the_polygons(data):
    numbers = st.floats(-2, 4, allow_nan=False).map(lambda v: round(v, 3))
    shapes = []
    for _ in range(data.draw(st.integers(1, 4))):
        points = data.draw(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=7))
        hull = shapely.MultiPoint(points).convex_hull
        if hull.geom_type == "Polygon" and hull.area > 1e-3:
            shapes.append(shapely.geometry.polygon.orient(hull))
    frame = GridFrame(0.13, (-1.0, -1.0), 25, 31)
    rows, columns = np.mgrid[:25, :31]
    centers = frame.centers(rows, columns)
    union = shapely.union_all(shapes)
    points = shapely.points(centers)
    mask = fill(frame, polygon_rings([(list(s.exterior.coords)[:-1],) for s in shapes]))
    sure = shapely.distance(union.boundary, points) > 1e-4 if shapes else np.ones(mask.shape, bool)
    assert np.array_equal(mask[sure], shapely.contains(union, points)[sure])


def test_holes_stay_empty():
    ring, hole = [(0, 0), (4, 0), (4, 4), (0, 4)], [(1, 1), (3, 1), (3, 3), (1, 3)]
    frame = GridFrame(0.1, (0, 0), 40, 40)
    mask = fill(frame, polygon_rings([(ring, hole)]))
    assert mask.sum() == 1600 - 400
    assert not mask[20, 20]
    assert np.array_equal(mask, fill(frame, polygon_rings([(ring, hole[::-1])])))


def test_both_faces_of_a_wall_are_pierced_by_a_door_in_one_of_them(flat):
    """Estimators often see the two faces of a wall as two walls, and the door in one of them."""
    walls = [w for w in flat.walls if w.id != 6]
    faces = [Wall(6, (3.95, 0, 0), (3.95, 3, 0), 2.6), Wall(7, (4.15, 0, 0), (4.15, 3, 0), 2.6)]
    grid = occupancy_grid(replace(flat, walls=(*walls, *faces)))
    assert value_at(grid, (3.95, 1.0), (4.05, 1.0), (4.15, 1.0)) == [FREE] * 3
    assert value_at(grid, (3.95, 2.0), (4.15, 2.0)) == [OCCUPIED] * 2


def test_floors_match_the_true_rooms(homes):
    for home in homes:
        grid = occupancy_grid(home.layout, furniture=False)
        true = sum(Polygon(room.free).area for room in home.rooms)
        free = (grid.data == FREE).sum() * grid.resolution**2
        doors = sum(d.width * home.layout.wall(d.wall_id).thickness for d in home.layout.doors)
        assert free == pytest.approx(true + doors, rel=0.02)


def test_an_empty_layout_gives_an_unknown_grid():
    grid = occupancy_grid(Layout(frame_id="odom", stamp=3.0))
    assert (grid.frame_id, grid.stamp) == ("odom", 3.0)
    assert (grid.data == UNKNOWN).all()
    assert grid.width > 0
    assert grid.height > 0


def test_values_outside_and_at_no_number_are_unknown(flat):
    grid = occupancy_grid(flat)
    assert value_at(grid, (1e9, 0), (math.nan, 0), (-5, 0), (0, math.inf)) == [UNKNOWN] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 0.0}, "resolution is 0 m; give a length above 0"),
        ({"resolution": math.nan}, "resolution is nan m"),
        ({"margin": -1.0}, "margin is -1 m; give 0 or more"),
        ({"resolution": 1e-4}, "too large; use a coarser resolution"),
    ],
)
def test_impossible_grids_are_refused(flat, options, message):
    with pytest.raises(ConfigError, match=message):
        occupancy_grid(flat, **options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"radius": 0.0}, "robot radius is 0 m; give a length above 0"),
        ({"radius": math.inf}, "robot radius is inf m"),
        ({"height": -1.0}, "robot height is -1 m"),
        ({"step": 2.0}, "robot step is 2 m; give 0 or more, and less than the height"),
        ({"step": math.nan}, "robot step is nan m"),
    ],
)
def test_impossible_robots_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Robot(**values)


def test_entities_without_meaning_do_no_harm(flat):
    bad = replace(
        flat,
        walls=(*flat.walls, Wall(90, (math.nan, 0, 0), (1, 1, 0), 2), Wall(91, (2, 2, 0), (2, 2, 0), 2)),
        boxes=(*flat.boxes, Box(90, "x", (0, 0, 0), 0, (math.inf, 1, 1)), Box(91, "x", (1e9, 0, 0), 0, (1, 1, 1))),
        doors=(*flat.doors, Door(90, 77, (0, 0, 0), 1, 2)),
    )
    assert np.array_equal(occupancy_grid(bad).data, occupancy_grid(flat).data)
