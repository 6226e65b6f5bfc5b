from math import pi

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.transforms import points_in_box
from spatial_perception.training.scans import FIRST_SEED, make_scan
from spatial_perception.training.variation import SEEN, Move, Scan, draw_move, vary, wear, wear_little

BOX = Box(0, "bed", (1.0, 2.0, 0.4), 0.3, (2.0, 1.4, 0.8))


@pytest.fixture(scope="module")
def scan():
    return make_scan(FIRST_SEED + 1)


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
        # cells begin at the least of all points, which a turn moves: half a cell of doubt
        cells = np.floor(view.xyz / 0.05).astype(int)
        assert len(np.unique(cells, axis=0)) > 0.5 * len(cells)
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


def test_findings_move_with_the_points(scan):
    view = vary(scan, 0.05, np.random.default_rng(3), scan.layout)
    assert view.findings == view.whole


def test_wearing_takes_away_and_adds_strays(scan):
    worn = [wear(scan, np.random.default_rng(seed)) for seed in range(12)]
    assert {len(w.xyz) for w in worn} != {len(scan.xyz)}
    assert all(len(w.xyz) == len(w.entity) == len(w.view) for w in worn)
    own = [(w.entity >= 0).sum() / max(1, (scan.entity >= 0).sum()) for w in worn]
    assert min(own) < 0.5 < max(own) <= 1.0
    assert np.array_equal(wear(scan, np.random.default_rng(4)).xyz, worn[4].xyz)
    assert SEEN > 1


def test_surveys_are_worn_little(scan):
    worn = [wear_little(scan, np.random.default_rng(seed)) for seed in range(30)]
    sizes = np.array([len(w.xyz) for w in worn])
    assert sizes.min() >= 2500
    assert (sizes >= 0.6 * len(scan.xyz)).mean() > 0.4
    strays = [(w.entity == -1).sum() - (scan.entity == -1).sum() for w in worn]
    assert 0 < sum(count > 0 for count in strays) < 20
    assert all(len(w.xyz) == len(w.view) == len(w.entity) and w.layout == scan.layout for w in worn)
    again = wear_little(scan, np.random.default_rng(4))
    assert np.array_equal(again.xyz, worn[4].xyz)
