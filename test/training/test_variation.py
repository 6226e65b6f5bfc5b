from math import pi

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.text import parse_layout
from spatial_perception.layout.transforms import points_in_box
from spatial_perception.training.scans import FIRST_SEED, make_scan
from spatial_perception.training.targets import ordered, text_in_bins, upright
from spatial_perception.training.variation import Move, Scan, draw_move, vary

BOX = Box(0, "bed", (1.0, 2.0, 0.4), 0.3, (2.0, 1.4, 0.8))


@pytest.fixture(scope="module")
def scan():
    return make_scan(FIRST_SEED + 1)


def square(size=4.0):
    corners = [(0.0, 0.0, 0.0), (size, 0.0, 0.0), (size, size, 0.0), (0.0, size, 0.0)]
    return [Wall(k, corners[k], corners[(k + 1) % 4], 2.5, 0.1) for k in range(4)]


@pytest.mark.parametrize("move", [Move(), Move(True), Move(False, 1.1, 0.95, 2.0), Move(True, 0.9, 1.05, -0.4)])
def test_points_move_with_their_boxes(move):
    inside = np.random.default_rng(0).uniform(-0.5, 0.5, (300, 3)) * BOX.size
    c, s = np.cos(BOX.yaw), np.sin(BOX.yaw)
    xyz = inside @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + BOX.center
    moved = move.layout(Layout(boxes=(BOX,))).boxes[0]
    assert points_in_box(moved, move.points(xyz).astype(float), margin=1e-4).all()
    assert np.prod(moved.size) == pytest.approx(np.prod(BOX.size) * move.plan**2 * move.height)


def test_walls_stay_within_five_degrees_of_the_axes():
    rng = np.random.default_rng(0)
    residues = [(draw_move(rng).yaw + pi / 4) % (pi / 2) - pi / 4 for _ in range(300)]
    assert max(map(abs, residues)) < np.radians(5.01)
    assert np.std(residues) > np.radians(1)


def test_the_same_generator_gives_the_same_view(scan):
    one, other = (vary(scan, 0.05, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.xyz, other.xyz)
    assert one.layout == other.layout
    assert not np.array_equal(one.xyz, vary(scan, 0.05, np.random.default_rng(6)).xyz)


def test_views_hold_one_point_per_voxel_and_what_they_tell_is_there(scan):
    for seed in range(5):
        view = vary(scan, 0.05, np.random.default_rng(seed))
        cells = np.floor((view.xyz - view.xyz.min(axis=0)) / 0.05).astype(int)
        assert len(np.unique(cells, axis=0)) == len(cells)
        ids = {wall.id for wall in view.layout.walls}
        assert all(opening.wall_id in ids for opening in view.layout.doors + view.layout.windows)
        for box in view.layout.boxes:
            assert points_in_box(box, view.xyz.astype(float), margin=0.15).any()


def test_what_no_point_lies_on_is_not_told(scan):
    first = len(scan.layout) - len(scan.layout.boxes)
    seen = scan.entity != first
    part = Scan(scan.layout, scan.xyz[seen], scan.view[seen], scan.entity[seen])
    view = vary(part, 0.05, np.random.default_rng(0))
    assert len(view.layout.boxes) < len(scan.layout.boxes)


def test_walls_go_around_counter_clockwise_from_the_least_corner():
    walls = square()
    shuffled = [walls[2], Wall(9, walls[0].end, walls[0].start, 2.5, 0.1), walls[3], walls[1]]
    found = ordered(Layout(walls=tuple(shuffled))).walls
    assert [wall.start[:2] for wall in found] == [(0, 0), (4, 0), (4, 4), (0, 4)]
    assert [wall.id for wall in found] == [0, 1, 2, 3]


def test_openings_follow_along_their_walls():
    walls = square()
    doors = (
        Door(0, 2, (1.0, 4.0, 1.0), 0.8, 2.0),
        Door(1, 0, (3.0, 0.0, 1.0), 0.8, 2.0),
        Door(2, 2, (3.0, 4.0, 1.0), 0.8, 2.0),
    )
    found = ordered(Layout(tuple(walls), doors)).doors
    assert [(door.wall_id, door.center[0]) for door in found] == [(0, 3.0), (2, 3.0), (2, 1.0)]


@pytest.mark.parametrize("yaw", [-3.0, -0.8, 0.0, 0.7, 0.9, 2.4])
def test_upright_boxes_are_the_same_solid(yaw):
    box = Box(0, "desk", (0.0, 0.0, 0.4), yaw, (1.6, 0.7, 0.8))
    found = upright(box)
    assert -pi / 4 <= found.yaw <= pi / 4
    xyz = np.random.default_rng(1).uniform(-1, 1, (500, 3))
    assert np.array_equal(points_in_box(box, xyz), points_in_box(found, xyz))


def test_text_reads_back_within_half_a_bin(scan):
    layout, origin = ordered(scan.layout), (-20.0, -20.0, -0.5)
    from spatial_perception.layout.quantization import dequantise

    found = dequantise(parse_layout(text_in_bins(layout, origin, 640)), 640, centred=True)
    for true, read in zip(layout.boxes, found.boxes):
        assert np.abs(np.subtract(true.center, read.center) - np.asarray(origin)).max() <= 0.0251
        assert abs(true.yaw - read.yaw) <= 0.01
