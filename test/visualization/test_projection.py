"""The camera, and who is painted before whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.layout.entities import Box
from spatial_perception.visualization.plan_geometry import box_quad
from spatial_perception.visualization.projection import Camera, Solid, paint_order, precedes

FRONT = Camera(-90.0, 30.0)


def solid(x, y, z, w=1.0, d=1.0, h=1.0, yaw=0.0):
    quad = box_quad(Box(0, "", (x, y, z + h / 2), yaw, (w, d, h)))
    return Solid(quad, z, z + h)


def test_the_viewer_from_the_south_sees_x_to_the_right_and_z_up():
    assert FRONT.project((1, 0, 0)) == pytest.approx([1, 0])
    assert FRONT.project((0, 0, 1)) == pytest.approx([0, np.cos(np.radians(30))])
    assert FRONT.depth((0, -1, 0)) > FRONT.depth((0, 1, 0))


@given(st.floats(-180, 180), st.floats(5, 85))
@settings(derandomize=True)
def test_the_projection_is_orthonormal(azimuth, elevation):
    camera = Camera(azimuth, elevation)
    basis = np.vstack([camera.plane, camera.towards])
    np.testing.assert_allclose(basis @ basis.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(basis) == pytest.approx(1.0)


def test_far_ones_come_first_whatever_their_size():
    wall = solid(0, 3, 0, w=20, d=0.2, h=3)
    chair = solid(9, 2, 0, w=0.5, d=0.5)
    assert precedes(wall, chair, FRONT)
    assert not precedes(chair, wall, FRONT)


def test_what_lies_on_top_comes_later():
    table, lamp = solid(0, 0, 0), solid(0, 0.3, 1.0, h=0.3)
    assert paint_order([lamp, table], FRONT) == [1, 0]


def test_a_row_is_painted_from_the_back():
    row = [solid(0.1 * i, -2.0 * i, 0) for i in range(6)]
    assert paint_order(row, FRONT) == [0, 1, 2, 3, 4, 5]
    assert paint_order(row[::-1], FRONT) == [5, 4, 3, 2, 1, 0]


def test_overlapping_and_cyclic_solids_are_all_painted_once():
    rng = np.random.default_rng(3)
    solids = [solid(*rng.uniform(-1, 1, 3), yaw=rng.uniform(0, 3), w=3.0, d=0.3) for _ in range(30)]
    assert sorted(paint_order(solids, FRONT)) == list(range(30))


def test_nothing_has_an_empty_order():
    assert paint_order([], FRONT) == []
