"""Cutting clouds into rooms and stretches, and stitching what a faultless model says about each."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import Polygon
from writer_model import estimator_writing, room_cloud

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.stitching import stitch
from spatial_perception.models.spatiallm.tiles import Tile, cut
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.plan_mask import PlanMask
from spatial_perception.pointcloud.room_regions import room_regions

BENCHMARK = Path(__file__).parents[3] / "benchmarks/tile_stitching.py"


@pytest.fixture(scope="module")
def stitching():
    """The benchmark that the figures come from, as a module."""
    spec = importlib.util.spec_from_file_location("tile_stitching", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiles") / "checkpoint")


def row_of_rooms(count, width=4.0, depth=3.0, height=2.6, seed=0):
    """Rooms in a row, a wall of 10 cm and a door of 0.9 x 2 m between neighbours, as a scan; and the true layout."""
    rng = np.random.default_rng(seed)
    faces = []
    for k in range(count):
        low = np.array([k * (width + 0.1), 0.0, 0.0])
        for axis, side in ((2, 0), (2, 1), (1, 0), (1, 1), (0, 0), (0, 1)):
            face = rng.uniform(0, 1, (4000, 3))
            face[:, axis] = side
            face = low + face * (width, depth, height)
            is_door = (np.abs(face[:, 1] - 1.5) < 0.45) & (face[:, 2] < 2.0) & (axis == 0)
            inner = (side == 0 and k > 0) or (side == 1 and k < count - 1)
            faces.append(face[~is_door] if inner else face)
    lines = [k * (width + 0.1) - 0.05 for k in range(count + 1)]
    walls = [Wall(k, (x, -0.05, 0), (x, depth + 0.05, 0), height, 0.1) for k, x in enumerate(lines)]
    walls += [Wall(count + 1 + k, (lines[0], y, 0), (lines[-1], y, 0), height, 0.1) for k, y in enumerate((0, depth))]
    doors = [Door(k, k + 1, (lines[k + 1], 1.5, 1.0), 0.9, 2.0) for k in range(count - 1)]
    windows = [Window(k, count + 1, (x + 2.0, 0.0, 1.5), 1.2, 1.0) for k, x in enumerate(lines[:-1])]
    boxes = [Box(k, "bed", (x + 1.5, 1.0, 0.3), 0.0, (2.0, 1.5, 0.6)) for k, x in enumerate(lines[:-1])]
    ring = [Polygon([(a, 0), (b, 0), (b, depth), (a, depth)]) for a, b in pairwise(lines)]
    return PointCloud(np.concatenate(faces), None, "map"), Layout(walls, doors, windows, boxes), tuple(ring)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_rooms_are_told_apart_in_any_heading(count):
    cloud = row_of_rooms(count)[0]
    c, s = np.cos(0.5), np.sin(0.5)
    for turn in (np.eye(3), np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])):
        regions = room_regions(cloud.with_xyz(cloud.xyz @ turn.T))
        assert regions.count == count
        areas = [regions.mask(room).inside.sum() * regions.cell**2 for room in range(1, count + 1)]
        assert all(10.0 < area < 15.0 for area in areas)


def test_rooms_of_different_heights_and_without_ceilings():
    low, high = row_of_rooms(1)[0].xyz, row_of_rooms(1, height=3.2, seed=1)[0].xyz + np.float32([4.1, 0, 0])
    assert room_regions(PointCloud(np.concatenate([low, high]))).count == 2
    cloud = row_of_rooms(3)[0]
    assert room_regions(cloud.select(np.flatnonzero(cloud.xyz[:, 2] < 2.55))).count == 3


def test_what_a_wardrobe_cuts_off_belongs_to_its_room():
    """A corridor whose end lies behind a wardrobe that leaves half a metre free, between two rooms."""
    corridor = row_of_rooms(3, width=1.5, depth=6.0)[0]
    front = np.random.default_rng(1).uniform((1.6, 5.0, 0.0), (2.6, 5.02, 2.5), (3000, 3))
    regions = room_regions(PointCloud(np.concatenate([corridor.xyz, front])))
    assert regions.count == 3
    numbers = [
        int(regions.labels[tuple(((np.array(place) - regions.origin) / regions.cell).astype(int))])
        for place in ((2.35, 3.0), (2.35, 5.6), (2.9, 5.8), (1.75, 5.8), (0.75, 5.6), (3.95, 5.6))
    ]
    assert len(set(numbers[:4])) == 1
    assert len(set(numbers[3:])) == 3


def test_ground_outside_is_no_room():
    cloud = row_of_rooms(2)[0]
    garden = np.random.default_rng(0).uniform((0, 4, -0.02), (9, 12, 0.02), (20000, 3))
    assert room_regions(PointCloud(np.concatenate([cloud.xyz, garden]))).count == 2


def test_clouds_without_rooms_have_no_regions():
    line = np.zeros((500, 3))
    line[:, 0] = np.linspace(0, 1, 500)
    assert room_regions(PointCloud(line)).count == 0


def test_every_point_of_a_home_is_in_a_tile():
    cloud = row_of_rooms(3)[0]
    tiles = cut(cloud, 32.0, 64)
    assert len(tiles) == 3
    shown = sum(tile.holds(cloud.xyz[:, :2]).astype(int) for tile, _ in tiles)
    assert shown.min() >= 1
    assert sorted(len(part) for _, part in tiles) == sorted(
        int(tile.holds(cloud.xyz[:, :2]).sum()) for tile, _ in tiles
    )
    assert len(cut(cloud, 32.0, 64, by_room=False)) == 1


def square(low, high):
    """A room from `low` to `high` along x and 4 m along y, as a tile."""
    cells = np.ones((round((high - low) / 0.1), 40), dtype=bool)
    room = PlanMask(cells, np.array([low, 0.0]), 0.1)
    return Tile((low - 0.4, -0.4), (high + 0.4, 4.4), room=room, area=room.grown(0.35))


def test_two_faces_of_a_wall_become_one_with_its_thickness():
    left = Layout(
        walls=(Wall(0, (4.0, 0, 0), (4.0, 4, 0), 2.6, 0, 0.9),), doors=(Door(0, 0, (4.0, 1, 1), 0.9, 2.0, 0.9),)
    )
    right = Layout(
        walls=(Wall(0, (4.2, 4, 0), (4.2, 0, 0), 2.5, 0, 0.8),), doors=(Door(0, 0, (4.2, 1.05, 1), 0.9, 2.0, 0.8),)
    )
    whole = stitch([(square(0.0, 4.0), left), (square(4.2, 8.0), right)])
    (wall,), (door,) = whole.walls, whole.doors
    assert np.allclose([wall.start, wall.end], [(4.1, 0, 0), (4.1, 4, 0)])
    assert (wall.thickness, wall.height, wall.score) == (pytest.approx(0.2), 2.6, 0.8)
    assert door.center == pytest.approx((4.1, 1.0, 1.0))
    assert door.wall_id == wall.id == 0


def test_walls_of_one_tile_are_not_joined():
    walls = (Wall(0, (0, 0, 0), (1.5, 0, 0), 2.6), Wall(1, (1.7, 0, 0), (4, 0, 0), 2.6))
    assert len(stitch([(square(0.0, 4.0), Layout(walls=walls)), (square(4.2, 8.0), Layout())]).walls) == 2


def test_things_that_two_tiles_see_are_told_once():
    whole_bed, cut_bed = (
        Box(0, "bed", (4.1, 2, 0.3), 0.1, (2.0, 1.6, 0.6)),
        Box(0, "bed", (4.0, 2, 0.3), 0, (1, 1.6, 0.6)),
    )
    sofa = Box(1, "sofa", (4.1, 2, 0.3), 0, (2.0, 1.6, 0.6))
    tiles = [Tile((0, 0), (6, 4), core_high=(4, np.inf)), Tile((2, 0), (8, 4), core_low=(4, -np.inf))]
    whole = stitch([(tiles[0], Layout(boxes=(cut_bed,))), (tiles[1], Layout(boxes=(whole_bed, sofa)))])
    assert [(box.id, box.label, box.size) for box in whole.boxes] == [
        (0, "bed", (2.0, 1.6, 0.6)),
        (1, "sofa", (2.0, 1.6, 0.6)),
    ]


def test_begins_of_walls_of_the_next_room_are_left_out():
    stub = Wall(0, (4.1, 2, 0), (4.3, 2, 0), 2.6)
    whole = stitch([(square(0.0, 4.0), Layout(walls=(stub,))), (square(4.2, 8.0), Layout())])
    assert not whole.walls


def test_what_a_tile_shows_of_a_layout():
    layout = row_of_rooms(3)[1]
    shown = square(0.0, 4.0).view(layout)
    assert [round(wall.end[0], 1) for wall in shown.walls if wall.id >= 4] == [4.3, 4.3]
    assert [door.id for door in shown.doors] == [0]
    assert len(shown.boxes) == 1


@pytest.mark.parametrize("by_room", [True, False])
def test_a_faultless_model_gives_the_truth_back(stitching, tiny, by_room):
    """Three rooms in a row, 12 m long: in three tiles, and in two stretches."""
    cloud, truth, rooms = row_of_rooms(3)
    settings = {"by_room": by_room, "cleanup": False, "align_yaw": False, "max_extent": 9.0}
    scores, note = stitching.scores_of(stitching.Scene(cloud, truth, rooms), str(tiny), **settings)
    assert f"{3 if by_room else 2} tiles" in note
    assert all(value >= 0.99 for pair in scores.values() for value in pair), scores


@pytest.mark.slow
def test_simulated_homes_come_back_whole(stitching, tiny):
    scenes = [stitching.one_home(seed, 2 + seed % 5) for seed in range(300, 306)] + [stitching.row_of_homes(3, 5)]
    scores = [stitching.scores_of(scene, str(tiny))[0]["wall"] for scene in scenes]
    quarter, half = np.mean(scores, axis=0)
    assert quarter >= 0.99
    assert half >= 0.99


def test_a_tiled_home_is_drafted_from_the_layout_before(stitching, tiny):
    """With the canvas of the run before, an unchanged home is written in few forward passes, tile by tile."""
    cloud, truth, rooms = row_of_rooms(2)
    from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator

    estimator = SpatialLMEstimator.from_pretrained(tiny, device="cpu", cleanup=False)
    with stitching.answering(estimator, stitching.Scene(cloud, truth, rooms)):
        first = estimator.run(cloud)
        layout = first.layout()
        second = estimator.run(cloud, previous=layout, canvas=first.canvas)
        assert [replace(e, score=None) for e in second.layout()] == [replace(e, score=None) for e in layout]
    cost = [sum(part.forwards for part in run.statistics) for run in (first, second)]
    assert len(second.statistics) == 2
    assert cost[1] < 0.5 * cost[0]


def test_a_cancelled_tile_ends_the_run(tiny, monkeypatch):
    estimator = estimator_writing("wall_0=Wall(0,0,0,160,0,0,130,0)", tiny, monkeypatch, max_extent=8.0)
    xyz = np.concatenate([room_cloud(shift=(6.0 * k, 0.0, 0.0)).xyz for k in range(4)])
    run = estimator.run(PointCloud(xyz), cancelled=lambda: True)
    run.layout()
    assert [part.stop for part in run.statistics] == ["cancelled"]
