"""What hangs on walls and ceilings, lies upon other things or closes a door, and what is no wall."""

from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.models.geometric.arcs import rounded
from spatial_perception.models.geometric.boxes import completed, cuboid_of, fit_cuboid, hung, merged_duplicates
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.curtains import drawn_together
from spatial_perception.models.geometric.faces import Face, rooms_beside
from spatial_perception.models.geometric.hanging import hanging
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.lines import Line
from spatial_perception.models.geometric.notches import without_notches
from spatial_perception.models.geometric.objects import (
    find_objects,
    hung_apart,
    on_its_pole,
    on_what_is_below,
    with_raised_parts,
)
from spatial_perception.models.geometric.openings import Opening
from spatial_perception.models.geometric.pictures import find_pictures
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.models.geometric.rows import units
from spatial_perception.models.geometric.samples import Samples
from spatial_perception.models.geometric.seats import with_backs
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


WORKTOP = block((0, 0, 0), (3.2, 0.6, 0.9))
CABINET = block((0.2, 0, 1.45), (1.4, 0.34, 2.1))


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
    assert hung(lamp, [], LEVELS).top == pytest.approx(2.6)
    assert hung(lamp, [], LEVELS).bottom == pytest.approx(2.48)
    low = cuboid((1, 1, 1.5), (1.5, 1.5, 2.3))
    assert hung(low, [], LEVELS) is low
    assert hung(lamp, [], Levels(0.0, None, 2.54, True)) is lamp


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


def sizes(xyz, pieces):
    return sorted(tuple(np.ptp(xyz[p.index], axis=0).round(1).tolist()) for p in pieces)


# ------------------------------------------------------------------ taken apart
def test_the_front_of_a_tall_thing_is_a_thing_of_its_own():
    bed, front = block((0, 0, 0), (1.6, 2.0, 0.5)), sheet((1.62, 1.5, 0), (3.0, 1.5, 2.0))
    xyz = np.concatenate([bed, front])
    assert sizes(xyz, split(xyz, 0.05)) == [(1.4, 0.0, 2.0), (1.6, 2.0, 0.5)]
    headboard = np.concatenate([bed, sheet((0, 2.0, 0), (1.6, 2.0, 1.4))])
    assert len(split(headboard, 0.05)) == 1


def test_what_hangs_over_a_worktop_is_told_from_it():
    xyz = np.concatenate([WORKTOP, CABINET, sheet((0.2, 0, 0.9), (0.2, 0.6, 1.5))])
    hangs = hanging(xyz, 0.0)
    assert hangs[len(WORKTOP) : len(WORKTOP) + len(CABINET)].mean() > 0.7
    assert not hangs[: len(WORKTOP)].any()
    parts = hung_apart(xyz, [np.arange(len(xyz))], 0.08, 0.0)
    assert len(parts) == 2
    assert sum(map(len, parts)) == len(xyz)


def test_the_shelves_of_a_bookcase_do_not_hang():
    shelves = [sheet((0, 0, z), (1.2, 0.34, z)) for z in (0.0, 0.45, 0.9, 1.4, 1.9)]
    xyz = np.concatenate([*shelves, sheet((0, 0, 0), (0, 0.34, 1.9)), sheet((1.2, 0, 0), (1.2, 0.34, 1.9))])
    assert not hanging(xyz, 0.0).any()


def test_a_row_under_one_worktop_is_cut_into_units():
    parts = units(WORKTOP, [0.0], 0.0)
    assert len(parts) == 4
    assert [np.ptp(WORKTOP[p, 0]).round(1) for p in parts] == [0.8] * 4


@pytest.mark.parametrize("high", [(1.2, 0.6, 0.9), (1.8, 0.42, 0.9), (1.8, 0.6, 0.75), (1.8, 0.6, 2.0)])
def test_what_is_no_row_of_units_stays_whole(high):
    xyz = block((0, 0, 0), high)
    assert [len(part) for part in units(xyz, [0.0], 0.0)] == [len(xyz)]


def test_a_nightstand_as_high_as_the_mattress_is_cut_from_it():
    bed = [block((0, 0, 0), (1.6, 2.0, 0.55)), block((0, 1.96, 0.5), (1.6, 2.0, 1.1))]
    stands = [block((1.6, 1.55, 0), (2.05, 2.0, 0.55)), block((-0.45, 1.55, 0), (0, 2.0, 0.55))]
    xyz = np.concatenate([*bed, *stands])
    expected = [(0.45, 0.45, 0.55), (0.45, 0.45, 0.55), (1.6, 2.0, 1.1)]
    assert np.array(sizes(xyz, split(xyz, 0.05))) == pytest.approx(np.array(expected), abs=0.11)


def test_an_l_shaped_seat_keeps_its_corner():
    mask = np.zeros((60, 60), dtype=bool)
    mask[5:55, 5:25] = mask[35:55, 5:50] = True  # cells of 5 cm
    assert len(without_notches(mask, np.where(mask, 0.43, -np.inf), 0.05)) == 1


def test_what_stands_beside_a_bed_is_a_thing_of_its_own():
    bed, low = block((0, 0, 0), (1.6, 2.0, 0.5)), block((1.68, 1.4, 0), (2.1, 1.8, 0.45))
    front = low[(low[:, 2] < 0.44) | (low[:, 0] + low[:, 1] < 3.6)]
    slope = front + np.c_[np.zeros((len(front), 2)), 0.8 * (front[:, 0] - 1.68) * (front[:, 2] > 0.4)]
    xyz = np.concatenate([bed, slope])
    assert len(split(xyz, 0.05)) == 2


# ------------------------------------------------------------------ put together
def test_a_seat_is_joined_with_its_back():
    xyz = np.concatenate([block((0, 0, 0), (2.0, 0.6, 0.45)), block((0, 0.6, 0), (2.0, 0.95, 0.9))])
    pieces = split(xyz, 0.05)
    assert len(pieces) == 2
    (sofa,) = with_backs(xyz, pieces, [0.0], 0.0)
    assert len(sofa.index) == len(xyz)


def test_what_is_not_flush_is_no_back():
    xyz = np.concatenate([block((0, 0, 0), (2.0, 0.6, 0.45)), block((0.5, 0.6, 0), (2.5, 0.95, 0.9))])
    pieces = split(xyz, 0.05)
    assert len(with_backs(xyz, pieces, [0.0], 0.0)) == len(pieces) == 2


@pytest.mark.parametrize(("top", "together"), [(2.3, True), (1.8, False)])
def test_two_panels_of_a_curtain_are_one(top, together):
    window = Opening(0, 1.0, 2.6, 0.9, 2.2, False, 0.9, 10, ())
    panels = [cuboid((0.8, 0.1, 0.1), (1.2, 0.22, top)), cuboid((2.4, 0.1, 0.1), (2.8, 0.22, top))]
    found = drawn_together(panels, [WALL], [window])
    assert len(found) == (1 if together else 2)
    if together:
        assert found[0].size == pytest.approx([2.0, 0.12, top - 0.1])
        assert found[0].center == pytest.approx([1.8, 0.16, top / 2 + 0.05])
    assert len(drawn_together(panels, [WALL], [])) == 2


@pytest.mark.parametrize(("half", "round_again"), [(np.pi / 2, True), (np.pi, False)])
def test_a_round_thing_seen_from_one_side_is_told_whole(half, round_again):
    angle = np.random.default_rng(5).uniform(-half, half, 500)
    xyz = np.c_[0.2 * np.cos(angle), 0.2 * np.sin(angle), np.random.default_rng(6).uniform(1.3, 1.6, 500)]
    box = fit_cuboid(xyz, [0.0])
    whole = rounded(box, xyz)
    assert (whole is not box) == round_again
    assert whole.size[:2] == pytest.approx([0.4, 0.4], abs=0.02)
    assert whole.center[:2] == pytest.approx([0.0, 0.0], abs=0.02)
    flat = sheet((0, 0, 1.3), (0.4, 0.2, 1.3))
    assert rounded(fit_cuboid(flat, [0.0]), flat).size[1] == pytest.approx(0.2, abs=0.02)


def test_a_crown_belongs_to_the_pot_below_it():
    pot, crown = block((0.1, 0.1, 0), (0.4, 0.4, 0.5)), block((0, 0, 0.62), (0.5, 0.5, 1.3))
    parts = np.split(np.arange(len(pot) + len(crown)), [len(pot)])
    assert len(with_raised_parts(np.concatenate([pot, crown]), parts, 0.0)) == 1
    assert len(with_raised_parts(np.concatenate([pot, crown + np.array([0, 0, 0.2])]), parts, 0.0)) == 2


def test_a_shade_over_its_pole_hangs_on_no_wall():
    shade, pole = cuboid((1, 0.05, 1.3), (1.4, 0.45, 1.6)), cuboid((1.18, 0.22, 0), (1.22, 0.28, 1.3))
    assert on_its_pole(shade, [shade, pole], [WALL], LEVELS).bottom == pytest.approx(0.0)
    assert on_its_pole(shade, [shade], [WALL], LEVELS) is shade


# ------------------------------------------------------------------ drawn on
def test_what_is_in_the_air_hangs_from_the_ceiling():
    lamp = cuboid((1, 1, 2.0), (1.5, 1.5, 2.3))
    assert hung(lamp, [WALL], LEVELS).top == pytest.approx(2.6)
    on_the_wall, low = cuboid((1, 0.05, 2.0), (1.8, 0.25, 2.3)), cuboid((1, 1, 1.0), (1.5, 1.5, 2.3))
    assert hung(on_the_wall, [WALL], LEVELS) is on_the_wall
    assert hung(low, [WALL], LEVELS) is low


@pytest.mark.parametrize("side", [-1, 1])
def test_a_keyboard_lies_before_a_screen(side):
    screen = cuboid((0.4, -0.02, 0.75), (1.0, 0.02, 1.2))
    board = sheet((0, min(0, side * 0.45), 0.75), (1.4, max(0, side * 0.45), 0.75))[:, :2]
    box = completed(screen, [], LEVELS, 0.75, np.concatenate([board, [[0.7, -0.1 * side]]]))
    assert box.size[1] == pytest.approx(0.45, abs=0.03)
    assert box.center[1] == pytest.approx(side * 0.125, abs=0.02)
    wide = completed(cuboid((0, -0.02, 0.75), (1.2, 0.02, 1.2)), [], LEVELS, 0.75, board)
    assert wide.size[1] == pytest.approx(0.22)


def test_a_kitchen_is_found_unit_by_unit():
    wall = Run(Line(0.0, 0.0), -1.0, 5.0, 0.0, (FACE,))
    xyz = np.concatenate([WORKTOP, CABINET]) + np.array([0, 0.04, 0])
    things = find_objects(xyz, [], [wall], [], Levels(0.0, 2.6, 2.6, True), 0.03, GeometricConfig())
    tops = sorted(round(t.box.top, 1) for t in things)
    assert tops == [0.9] * 4 + [2.1]


def test_nothing_floats_a_little_above_another_thing():
    table, pot = cuboid((0, 1, 0), (1.2, 1.8, 0.75)), cuboid((0.4, 1.3, 0.85), (0.6, 1.5, 1.1))
    placed = on_what_is_below(pot, [table, pot], [WALL], LEVELS)
    assert (placed.bottom, placed.top, placed.upon) == (pytest.approx(0.75), pytest.approx(1.1), True)
    high = cuboid((0.4, 1.3, 1.2), (0.6, 1.5, 1.5))
    assert on_what_is_below(high, [table, high], [WALL], LEVELS) is high


def test_a_broken_face_is_one():
    xyz = np.concatenate(
        [sheet((0, 0, 0), (0.6, 0, 1.9)), sheet((0.76, 0, 0), (1.4, 0, 1.9)), sheet((0, 0, 0), (1.4, 0, 0.3))]
    )
    assert len(split(xyz, 0.05)) == 1
