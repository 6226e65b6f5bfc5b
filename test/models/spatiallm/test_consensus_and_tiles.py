from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.models.spatiallm.consensus import vote
from spatial_perception.models.spatiallm.stitching import stitch
from spatial_perception.models.spatiallm.tiles import cut
from spatial_perception.pointcloud.cloud import PointCloud


def room(offset=0.0):
    return Layout(
        walls=(Wall(0, (offset, 0, 0), (4 + offset, 0, 0), 2.6, 0, 0.8), Wall(1, (0, 0, 0), (0, 3, 0), 2.6, 0, 0.8)),
        doors=(Door(0, 0, (1 + offset, 0, 1), 0.9, 2.0, 0.8),),
        windows=(Window(0, 1, (0, 1.5, 1.5), 1.0, 1.0, 0.8),),
        boxes=(Box(0, "sofa", (2 + offset, 1, 0.4), 0.0, (2, 1, 0.8), 0.8),),
    )


def test_majority_is_averaged():
    found = vote([room(0.0), room(0.1), room(0.05)])
    assert np.allclose(found.walls[0].start, (0.05, 0, 0))
    assert np.allclose(found.boxes[0].center, (2.05, 1, 0.4))
    assert found.doors[0].wall_id == 0
    assert all(abs(entity.score - 0.8) < 1e-9 for entity in found)


def test_minorities_are_dropped_and_agreement_is_told():
    lone = replace(room(), boxes=(*room().boxes, Box(1, "bed", (3, 2, 0.3), 0.0, (2, 1, 0.5))))
    found = vote([lone, room(), replace(room(), doors=())])
    assert [box.label for box in found.boxes] == ["sofa"]
    assert len(found.doors) == 1
    assert found.doors[0].score == pytest.approx(0.8 * 2 / 3)


def test_labels_and_reversed_walls():
    turned = replace(room(), walls=tuple(replace(wall, start=wall.end, end=wall.start) for wall in room().walls))
    assert len(vote([room(), turned]).walls) == 2
    bed = replace(room(), boxes=(replace(room().boxes[0], label="bed"),))
    assert not vote([room(), bed]).boxes


def test_walls_numbered_differently_keep_their_openings():
    walls = room().walls
    renumbered = replace(
        room(),
        walls=(replace(walls[1], id=0), replace(walls[0], id=1)),
        doors=(replace(room().doors[0], wall_id=1),),
        windows=(replace(room().windows[0], wall_id=0),),
    )
    found = vote([room(), renumbered])
    assert [door.wall_id for door in found.doors] == [0]
    assert [window.wall_id for window in found.windows] == [1]


def test_cutting_covers_everything_once():
    rng = np.random.default_rng(0)
    cloud = PointCloud(rng.uniform(0, (70, 20, 3), (5000, 3)))
    tiles = cut(cloud, 32.0, 10)
    assert len(tiles) == 3
    for tile, part in tiles:
        extent = part.xyz.max(axis=0) - part.xyz.min(axis=0)
        assert extent[0] <= 32.0
        assert len(part) > 10
        assert tile.low[1] == pytest.approx(cloud.xyz[:, 1].min())
    owners = [sum(tile.owns(tuple(point), 0.0) for tile, _ in tiles) for point in cloud.xyz[:500].astype(float)]
    assert set(owners) == {1}
    assert len(cut(PointCloud(cloud.xyz[:, [1, 2, 2]]), 32.0, 10)) == 1


def test_cut_walls_are_joined():
    rng = np.random.default_rng(0)
    tiles = [tile for tile, _ in cut(PointCloud(rng.uniform(0, (56, 10, 3), (5000, 3))), 32.0, 10)]
    left = Layout(walls=(Wall(0, (0, 0, 0), (29, 0, 0), 2.6, 0, 0.9), Wall(1, (0, 0, 0), (0, 10, 0), 2.6)))
    right = Layout(
        walls=(Wall(0, (26, 0.05, 0), (56, 0.05, 0), 2.5, 0, 0.7), Wall(1, (56, 0, 0), (56, 10, 0), 2.6)),
        doors=(Door(0, 0, (40, 0, 1), 0.9, 2), Door(1, 0, (27, 0, 1), 0.9, 2)),
        boxes=(Box(0, "bed", (50, 5, 0.3), 0, (2, 2, 0.5)), Box(1, "bed", (20, 5, 0.3), 0, (2, 2, 0.5))),
    )
    whole = stitch([(tiles[0], left), (tiles[1], right)])
    assert len(whole.walls) == 3
    assert np.allclose(whole.walls[0].end, (56, 0.025, 0))
    assert whole.walls[0].score == 0.7
    assert [door.center[0] for door in whole.doors] == [40]
    assert [door.wall_id for door in whole.doors] == [0]
    assert len(whole.boxes) == 1
