"""What hangs on walls and ceilings, lies upon other things or closes a door, and what is no wall."""

from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.models.geometric.boxes import completed, cuboid_of, fit_cuboid, hung, merged_duplicates
from spatial_perception.models.geometric.faces import Face, rooms_beside
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.lines import Line
from spatial_perception.models.geometric.pictures import find_pictures
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.models.geometric.samples import Samples
from spatial_perception.models.geometric.splitting import split
from spatial_perception.models.geometric.walls import Run, apart_columns
from spatial_perception.pointcloud.cloud import PointCloud

LEVELS = Levels(0.0, 2.6, 2.6, True)
FACE = Face(Line(0.0, 0.0), 0.0, 4.0, 10.0, True, False)
WALL = Run(Line(0.0, 0.0), 0.0, 4.0, 0.0, (FACE,))
"""A wall along x, seen from the side of positive y."""


def sheet(low, high, density=1500, seed=0):
    """Points drawn evenly from an axis-aligned rectangle: `low` and `high` are equal along one axis."""
    low, high = np.array(low, float), np.array(high, float)
    sides = np.sort(high - low)[1:]
    return np.random.default_rng(seed).uniform(low, high, (int(density * np.prod(sides)), 3))


def block(low, high, density=1500, seed=0):
    """Points on the sides and the top of an axis-aligned block."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    sides = [((x0, y0, z0), (x0, y1, z1)), ((x1, y0, z0), (x1, y1, z1)), ((x0, y0, z0), (x1, y0, z1))]
    sides += [((x0, y1, z0), (x1, y1, z1)), ((x0, y0, z1), (x1, y1, z1))]
    return np.concatenate([sheet(a, b, density, seed + k) for k, (a, b) in enumerate(sides)])


def samples(xyz):
    return Samples(xyz, np.ones(len(xyz)), np.tile([0.0, 1.0, 0.0], (len(xyz), 1)), np.full(len(xyz), 0.03), 0.03, 0)


def cuboid(low, high, points=400):
    low, high = np.array(low, float), np.array(high, float)
    return cuboid_of(0.0, low[:2], high[:2], float(low[2]), float(high[2]), points)


# ------------------------------------------------------------------ doors
def test_what_spills_over_a_face_is_no_room():
    rng = np.random.default_rng(3)
    room = rng.uniform((0.0, 0.03), (4.0, 0.5), (4000, 2))
    spilled = rng.uniform((0.0, -0.05), (4.0, -0.03), (120, 2))
    flat = np.concatenate([room, spilled])
    assert rooms_beside(FACE, flat, 0.03) == (True, False)
    assert rooms_beside(FACE, flat * (1, -1), 0.03) == (False, True)
    assert rooms_beside(FACE, np.concatenate([room, room * (1, -1)]), 0.03) == (True, True)


def room_with_a_closed_door(side):
    """A room of 4 x 3 m with a door leaf set back by 5 cm in one of its four walls."""
    marks, ends, high = ((0.0, 4.0, 4.0, 0.0), (0.0, 0.0, 3.0, 3.0)), (4.0, 3.0, 4.0, 3.0), 2.5
    parts = [sheet((0, 0, z), (4, 3, z), 900, 7) for z in (0.0, high)]
    for k in range(4):
        start = np.array([marks[0][k], marks[1][k]])
        along = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)][k], float)
        outward = np.array([along[1], -along[0]])
        face = sheet((0, 0, 0), (ends[k], 0, high), 1500, 11 + k)
        leaf = (k == side) & (np.abs(face[:, 0] - 1.4) < 0.42) & (face[:, 2] < 2.05)
        parts.append(np.c_[start + face[:, :1] * along + leaf[:, None] * 0.05 * outward, face[:, 2]])
    xyz = np.concatenate(parts)
    return PointCloud((xyz + np.random.default_rng(5).normal(0, 0.008, xyz.shape)).astype(np.float32))


@pytest.mark.parametrize("side", range(4))
def test_a_closed_door_is_found_in_any_wall(side):
    layout = GeometricEstimator().estimate(room_with_a_closed_door(side))
    assert (len(layout.walls), len(layout.doors), len(layout.windows)) == (4, 1, 0)
    assert layout.doors[0].width == pytest.approx(0.84, abs=0.1)
    assert layout.doors[0].height == pytest.approx(2.05, abs=0.1)


# ------------------------------------------------------------------ columns
def closed(start, end, line):
    return Run(line, start, end, 0.0, (Face(line, start, end, 2.0, True, False),), (True, True))


def test_a_column_is_no_wall():
    sides = [closed(0.0, 4.0, Line(0.0, y)) for y in (0.0, 4.0)]
    sides += [closed(0.0, 4.0, Line(np.pi / 2, -x)) for x in (0.0, 4.0)]
    column = [closed(1.5, 2.0, Line(0.0, y)) for y in (1.5, 2.0)]
    column += [closed(1.5, 2.0, Line(np.pi / 2, -x)) for x in (1.5, 2.0)]
    pier = closed(0.0, 0.6, Line(np.pi / 2, -3.0))
    free = Run(Line(0.0, 3.0), 1.0, 2.1, 0.1, (Face(Line(0.0, 3.0), 1.0, 2.1, 2.0, True, True),))
    walls, columns = apart_columns([*sides, *column, pier, free])
    assert walls == [*sides, pier, free]
    assert columns == column
    assert apart_columns([]) == ([], [])


# ------------------------------------------------------------------ on walls and ceilings
def test_a_picture_is_told_from_its_wall():
    wall, picture = sheet((0, 0, 0), (4, 0, 2.6)), sheet((1.0, 0.04, 1.2), (1.8, 0.04, 1.8))
    covered = (wall[:, 0] > 1.0) & (wall[:, 0] < 1.8) & (wall[:, 2] > 1.2) & (wall[:, 2] < 1.8)
    xyz = np.concatenate([wall[~covered], picture])
    xyz[:, 1] += np.random.default_rng(1).normal(0, 0.005, len(xyz))
    (found,) = find_pictures([WALL], samples(xyz), LEVELS)
    low, high = xyz[found].min(axis=0), xyz[found].max(axis=0)
    assert low[[0, 2]] == pytest.approx([1.0, 1.2], abs=0.07)
    assert high[[0, 2]] == pytest.approx([1.8, 1.8], abs=0.07)
    box = completed(fit_cuboid(xyz[found], [0.0]), [WALL], LEVELS)
    assert box.size[1] == pytest.approx(0.04, abs=0.012)
    shelf = sheet((0.9, 0.15, 1.0), (1.9, 0.15, 1.9))
    assert find_pictures([WALL], samples(np.concatenate([xyz, shelf])), LEVELS) == []


@pytest.mark.parametrize(
    ("low", "high"),
    [((1.0, 0.04, 0.1), (1.8, 0.04, 0.9)), ((1.0, 0.04, 2.0), (1.8, 0.04, 2.6)), ((1.0, 0.04, 1.2), (1.1, 0.04, 1.8))],
    ids=["on the floor", "at the ceiling", "narrow"],
)
def test_not_all_that_stands_out_of_a_wall_is_a_picture(low, high):
    xyz = np.concatenate([sheet((0, 0, 0), (4, 0, 2.6)), sheet(low, high, 6000)])
    assert find_pictures([WALL], samples(xyz), LEVELS) == []


def test_a_wall_with_a_picture_has_no_window_there():
    cloud = room_with_a_closed_door(0)
    picture = sheet((1.5, 2.955, 1.2), (2.5, 2.955, 1.9), 3000)
    behind = (cloud.xyz[:, 1] > 2.9) & (np.abs(cloud.xyz[:, 0] - 2.0) < 0.5) & (np.abs(cloud.xyz[:, 2] - 1.55) < 0.35)
    xyz = np.concatenate([cloud.xyz[~behind], picture + np.random.default_rng(2).normal(0, 0.005, picture.shape)])
    layout = GeometricEstimator().estimate(PointCloud(xyz.astype(np.float32)))
    assert layout.windows == ()
    (box,) = layout.boxes
    assert np.sort(box.size) == pytest.approx([0.045, 0.7, 1.0], abs=0.06)


@pytest.mark.parametrize(("bottom", "ends"), [(0.4, 0.4), (0.03, 0.0)])
def test_a_curtain_hangs_before_its_wall(bottom, ends):
    curtain = completed(cuboid((1.0, 0.15, bottom), (2.5, 0.21, 2.4)), [WALL], LEVELS)
    assert curtain.size[1] == pytest.approx(0.12)
    assert curtain.center[1] + curtain.size[1] / 2 == pytest.approx(0.21)
    assert curtain.bottom == pytest.approx(ends)
    front = completed(cuboid((1.0, 0.28, 0.0), (2.5, 0.32, 2.4)), [WALL], LEVELS)  # of a bookcase
    assert front.size[1] == pytest.approx(0.32)


def test_a_lamp_at_the_ceiling_reaches_it():
    lamp = cuboid((1, 1, 2.48), (1.5, 1.5, 2.54))
    assert hung(lamp, LEVELS).top == pytest.approx(2.6)
    assert hung(lamp, LEVELS).bottom == pytest.approx(2.48)
    low = cuboid((1, 1, 2.0), (1.5, 1.5, 2.3))
    assert hung(low, LEVELS) is low
    assert hung(lamp, Levels(0.0, None, 2.54, True)) is lamp


def test_noise_hardly_thickens_what_is_thin():
    board = sheet((0, 0, 1), (1, 0, 2)), sheet((0, 0.04, 1), (1, 0.04, 2))
    xyz = np.concatenate(board) + np.random.default_rng(4).normal(0, 0.01, (3000, 3))
    assert fit_cuboid(xyz, [0.0]).size[1] == pytest.approx(0.04, abs=0.012)


# ------------------------------------------------------------------ upon other things
def test_pillow_and_pot_are_things_of_their_own_and_the_headboard_is_not():
    bed = [block((0, 0, 0), (1.6, 2.0, 0.5)), block((0, 1.94, 0), (1.6, 2.0, 1.0))]
    pillow, pot = block((0.2, 1.4, 0.5), (0.8, 1.8, 0.62), 3000), block((1.1, 0.5, 0.5), (1.3, 0.7, 0.8), 3000)
    pieces = split(np.concatenate([*bed, pillow, pot]), 0.05)
    assert [p.base is None for p in pieces].count(True) == 1
    assert sorted(round(p.base, 1) for p in pieces if p.base is not None) == [0.5, 0.5]


def test_a_screen_on_a_board_is_as_deep_as_its_foot():
    board, screen = block((0, 0, 0), (1.6, 0.4, 0.5)), block((0.3, 0.18, 0.5), (1.3, 0.22, 1.1), 3000)
    pieces = split(np.concatenate([board, screen]), 0.05)
    assert len(pieces) == 2
    upon = next(p for p in pieces if p.base is not None)
    box = completed(fit_cuboid(np.concatenate([board, screen])[upon.index], [0.0]), [], LEVELS, upon.base)
    assert box.size == pytest.approx([1.0, 0.22, 0.6], abs=0.05)
    assert box.upon


def test_what_stands_upon_a_thing_is_not_merged_with_it():
    bed = cuboid((0, 0, 0), (1.6, 2.0, 1.0))
    pillow = cuboid((0.2, 1.4, 0.5), (0.8, 1.8, 0.62))
    upon = completed(pillow, [], LEVELS, 0.5)
    assert merged_duplicates([bed, pillow]) == [bed]
    assert merged_duplicates([bed, upon]) == [bed, upon]
