"""Doors cut walls, and what is before them, in two: which parts belong together, and which do not."""

from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.models.geometric.faces import Face, wall_columns
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.lines import Line
from spatial_perception.models.geometric.objects import beside_doors
from spatial_perception.models.geometric.openings import Opening
from spatial_perception.models.geometric.walls import Run, united

ALONG_X = 0.0
"""Heading of a line along x, whose left side is that of positive y."""


def face(start, end, y, left=True, right=False):
    return Face(Line(ALONG_X, y), start, end, 2.0 * (end - start), left, right)


def run(start, end, y, thickness, *faces):
    return Run(Line(ALONG_X, y), start, end, thickness, faces)


def test_a_wall_drawn_on_over_its_other_half_is_one_wall():
    near, front, back = face(0.2, 5.0, 0.0), face(-1.7, -0.4, 0.0), face(-1.7, 0.4, -0.28, False, True)
    drawn_on, half = run(-1.7, 5.0, 0.0, 0.0, near), run(-1.7, 0.4, -0.14, 0.28, front, back)
    (wall,) = united([drawn_on, half])
    assert wall.thickness == pytest.approx(0.28, abs=0.01)
    assert wall.line.offset == pytest.approx(-0.14, abs=0.01)
    assert (wall.start, wall.end) == pytest.approx((-1.7, 5.0))


@pytest.mark.parametrize(
    ("start", "y"),
    [(3.0, 0.0), (0.0, 0.5)],
    ids=["collinear, but apart", "parallel, in another plane"],
)
def test_walls_that_share_nothing_stay_apart(start, y):
    walls = [run(0.0, 2.9, 0.0, 0.0, face(0.0, 2.9, 0.0)), run(start, start + 2.0, y, 0.0, face(start, start + 2.0, y))]
    assert united(walls) == walls


def test_walls_across_one_another_stay_apart():
    across = Run(Line(np.pi / 2, -1.0), -2.0, 2.0, 0.0, (Face(Line(np.pi / 2, -1.0), -2.0, 2.0, 4.0, True, False),))
    walls = [run(0.0, 4.5, 0.0, 0.0, face(0.0, 4.5, 0.0)), across]
    assert united(walls) == walls


WALL = run(0.0, 5.0, 0.0, 0.2, face(0.0, 5.0, 0.1), face(0.0, 5.0, -0.1, False, True))
DOOR = Opening(0, 1.5, 3.0, 0.0, 2.1, True, 1.0, 9, ())
FLOOR = 0.0


def strip(u0, u1, bottom, top, y=0.15):
    """Points of an upright sheet before the wall."""
    u, z = np.meshgrid(np.arange(u0, u1, 0.05), np.arange(bottom, top, 0.05))
    return np.column_stack([u.ravel(), np.full(u.size, y), z.ravel()])


def test_what_stands_at_both_sides_of_a_door_is_not_one_thing():
    xyz = np.concatenate([strip(0.2, 1.5, 0.05, 2.5), strip(1.5, 3.0, 2.15, 2.5), strip(3.0, 4.8, 0.05, 2.5)])
    parts = beside_doors(xyz, [WALL], [DOOR], FLOOR)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(xyz)))
    way = [p for p in parts if (np.abs(xyz[p, 0] - 2.25) < 0.6).any()]
    assert len(parts) == 3
    assert len(way) == 1
    assert xyz[way[0], 2].min() > 2.0


@pytest.mark.parametrize(
    "xyz",
    [
        np.concatenate([strip(1.0, 1.6, 0.05, 0.8), strip(1.6, 2.8, 0.6, 0.8)]),
        strip(1.2, 3.2, 2.15, 2.5),
        strip(0.2, 4.8, 0.05, 2.5, y=1.5),
        strip(3.2, 4.8, 0.05, 2.5),
    ],
    ids=["a table before a door", "a curtain rail over it", "a partition farther off", "a wardrobe beside it"],
)
def test_what_leaves_no_way_through_or_stands_elsewhere_stays_whole(xyz):
    assert [len(part) for part in beside_doors(xyz, [WALL], [DOOR], FLOOR)] == [len(xyz)]


def test_windows_take_nothing_apart():
    window = Opening(0, 1.5, 3.0, 0.9, 2.1, False, 1.0, 9, ())
    xyz = np.concatenate([strip(0.2, 1.5, 0.05, 2.5), strip(1.5, 3.0, 2.15, 2.5)])
    assert len(beside_doors(xyz, [WALL], [window], FLOOR)) == 1


def test_a_wall_whose_upper_end_is_hidden_goes_on():
    levels = Levels(0.0, 2.6, 2.6, True)
    grid, upper = np.zeros((12, 26), dtype=bool), np.zeros(12, dtype=bool)
    grid[3:, :], upper[3:] = True, True
    hidden = grid.copy()
    # Something hangs before the first columns: they are seen up to 2 m.
    hidden[:3, :20] = True
    assert wall_columns(grid, upper, levels, 0.1).tolist() == [False] * 3 + [True] * 9
    assert wall_columns(hidden, upper, levels, 0.1).all()
    # The first column of a lintel shows little of itself.
    hidden[3, :23] = False
    assert wall_columns(hidden, upper, levels, 0.1).all()


def test_furniture_that_no_wall_goes_on_beside_is_no_wall():
    grid, upper = np.zeros((12, 26), dtype=bool), np.zeros(12, dtype=bool)
    grid[:, :20] = True
    assert not wall_columns(grid, upper, Levels(0.0, 2.6, 2.6, True), 0.1).any()
