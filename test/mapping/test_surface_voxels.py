"""Noise around a surface is told from the surface, thin and rarely seen things are not taken for noise."""

import numpy as np

from spatial_perception.mapping import surface_voxels
from spatial_perception.mapping.surface_voxels import MEMORY, SLABS, faded_slab, most_hits_around
from spatial_perception.mapping.voxel_hash import pack_keys
from spatial_perception.mapping.voxel_map import VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud


def wall_map(scans=100, x=1.02):
    """A wall at x (m) with 1 cm of noise, seen again and again."""
    rng, world = np.random.default_rng(3), VoxelMap()
    for _ in range(scans):
        yz = rng.uniform(0.0, 2.0, (2000, 2))
        world.insert(PointCloud(np.column_stack([rng.normal(x, 0.01, 2000), yz]).astype(np.float32)))
    return world


def thickness(cloud):
    return float(np.ptp(cloud.xyz[:, 0]))


def test_a_wall_stays_thin_however_long_it_is_looked_at():
    world = wall_map()
    assert thickness(world.to_cloud(2)) > 0.04, "noise fills the voxels before and behind it"
    solid = world.voxels(2).cloud(0.1)
    assert thickness(solid) < 0.02
    assert len(solid) >= 0.95 * 40 * 40, "no hole in the wall itself"


def test_a_wall_on_the_border_of_voxels_keeps_both_halves():
    solid = wall_map(x=1.0).voxels(2).cloud(0.1)
    assert len(solid) >= 0.95 * 2 * 40 * 40


def test_what_stands_alone_is_kept_though_seen_rarely():
    world = wall_map()
    pole = np.column_stack([np.full(60, 0.525), np.full(60, 0.525), np.linspace(0.0, 2.0, 60)])
    for _ in range(3):
        world.insert(PointCloud(pole))
    solid = world.voxels(2).cloud(0.1)
    assert (
        (np.abs(solid.xyz[:, 0] - 0.525) < 0.01).sum()
        == (np.abs(world.to_cloud(2).xyz[:, 0] - 0.525) < 0.01).sum()
        > 20
    )


def test_noise_goes_again_and_the_map_stops_growing():
    sizes = []
    world, rng = VoxelMap(), np.random.default_rng(3)
    for number in range(4000):
        yz = rng.uniform(0.0, 0.4, (400, 2))
        world.insert(PointCloud(np.column_stack([rng.normal(1.02, 0.01, 400), yz]).astype(np.float32)))
        sizes += [len(world)] if number % 1000 == 999 else []
    surface = 64
    assert max(sizes) <= 3 * surface, "one voxel before the wall, one behind it, at most"
    assert len(world.voxels(2).cloud(0.1)) == surface
    assert world.voxels().hits.max() < 3 * MEMORY


def test_what_comes_before_an_old_wall_is_seen_soon():
    world, rng = wall_map(scans=2000), np.random.default_rng(4)
    for _ in range(150):
        yz = rng.uniform(0.0, 2.0, (2000, 2))
        world.insert(PointCloud(np.column_stack([rng.normal(0.92, 0.003, 2000), yz]).astype(np.float32)))
    solid = world.voxels(2).cloud(0.1)
    assert (np.abs(solid.xyz[:, 0] - 0.92) < 0.02).sum() > 1000


def test_slabs_take_turns_and_cover_everything():
    cells = np.array([[x, 0, 0] for x in range(-600, 600, 5)])
    hits = np.full(len(cells), 5000, dtype=np.int32)
    turns = [faded_slab(pack_keys(cells), hits, phase) for phase in range(7, 7 + SLABS)]
    assert sorted(np.concatenate(turns).tolist()) == list(range(len(cells)))


def test_neighbours_across_the_border_of_a_block_count():
    cells = np.array([[3, 0, 0], [4, 0, 0], [-1, 0, 0], [40, 0, 0]])
    hits = np.array([500, 3, 4, 5], dtype=np.int32)
    assert most_hits_around(cells, hits).tolist() == [500, 500, 4, 5]


def test_maps_without_end_are_compared_in_the_same_way(monkeypatch):
    rng = np.random.default_rng(0)
    cells, hits = rng.integers(-50, 50, (500, 3)), rng.integers(1, 99, 500).astype(np.int32)
    expected = most_hits_around(cells, hits)
    monkeypatch.setattr(surface_voxels, "_MOST_BLOCKS", 1)
    assert (most_hits_around(cells, hits) == expected).all()


def test_a_cloud_of_everything_is_the_map():
    world = wall_map(scans=3)
    assert (world.voxels(2).cloud().xyz == world.to_cloud(2).xyz).all()
    assert len(VoxelMap().voxels().cloud(0.5)) == 0
