"""The voxel map: bounded, deterministic, forgetful of what is gone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudError, CloudFileError, ConfigError
from spatial_perception.mapping.voxel_hash import VoxelHash, pack_keys, unpack_keys
from spatial_perception.mapping.voxel_map import MapSettings, VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud


def room(rng, n=5000, size=(4.0, 3.0, 2.5)):
    """Points on the six faces of a box with one corner at zero."""
    xyz = rng.random((n, 3)) * size
    face = rng.integers(0, 6, n)
    xyz[np.arange(n), face // 2] = (face % 2) * np.array(size)[face // 2]
    return xyz.astype(np.float32)


@given(st.lists(st.tuples(*[st.integers(-(2**20), 2**20 - 1)] * 3), max_size=50))
@settings(derandomize=True, deadline=None)
def test_keys_pack_and_unpack(cells):
    array = np.array(cells, dtype=np.int64).reshape(-1, 3)
    keys = pack_keys(array)
    assert (keys >= 0).all()
    assert np.array_equal(unpack_keys(keys), array)


@given(st.lists(st.integers(0, 2**62), unique=True, max_size=300), st.integers(0, 2**32))
@settings(derandomize=True, deadline=None)
def test_hash_agrees_with_a_dictionary(keys, seed):
    table, known = VoxelHash(len(keys)), {}
    for part in np.array_split(np.array(keys, dtype=np.int64), 3):
        known.update(zip(part.tolist(), table.insert(part).tolist()))
    asked = np.concatenate([np.array(keys, dtype=np.int64), np.random.default_rng(seed).integers(0, 2**62, 20)])
    assert table.find(asked).tolist() == [known.get(key, -1) for key in asked.tolist()]
    assert sorted(known.values()) == list(range(len(keys)))


def test_voxel_holds_the_mean_of_its_points():
    xyz = np.array([[0.01, 0.02, 0.03], [0.03, 0.02, 0.01], [1.01, 0.01, 0.01]], dtype=np.float32)
    rgb = np.array([[10, 0, 0], [20, 0, 0], [0, 0, 99]], dtype=np.uint8)
    world = VoxelMap()
    world.insert(PointCloud(xyz, rgb, "map", 1.0))
    cloud = world.to_cloud()
    np.testing.assert_allclose(cloud.xyz, [[0.02, 0.02, 0.02], [1.01, 0.01, 0.01]], atol=1e-6)
    assert cloud.rgb.tolist() == [[15, 0, 0], [0, 0, 99]]
    assert (cloud.frame_id, cloud.stamp) == ("map", 1.0)


def test_order_of_points_does_not_matter():
    rng = np.random.default_rng(0)
    xyz = room(rng)
    first, second = VoxelMap(), VoxelMap()
    first.insert(PointCloud(xyz))
    second.insert(PointCloud(xyz[rng.permutation(len(xyz))]))
    assert len(first) == len(second)
    np.testing.assert_allclose(first.to_cloud().xyz, second.to_cloud().xyz, atol=1e-6)


def test_same_clouds_give_the_same_bytes():
    def build():
        world = VoxelMap()
        for seed in range(4):
            world.insert(PointCloud(room(np.random.default_rng(seed)), stamp=float(seed)), (2.0, 1.5, 1.2))
        return world.to_cloud().xyz.tobytes()

    assert build() == build()


def test_many_hits_average_the_noise_away():
    rng = np.random.default_rng(1)
    world = VoxelMap()
    for _ in range(20):
        world.insert(PointCloud(np.array([[0.525, 0.525, 0.525]]) + rng.normal(0, 0.005, (1, 3))))
    np.testing.assert_allclose(world.to_cloud().xyz, [[0.525] * 3], atol=0.005)


def test_cap_evicts_what_was_seen_longest_ago():
    world = VoxelMap(MapSettings(voxel=0.1, max_voxels=2000))
    for step in range(20):
        world.insert(
            PointCloud(np.mgrid[0:10, 0:10, 0:10].reshape(3, -1).T * 0.1 + [step * 2.0, 0, 0], stamp=float(step))
        )
        assert len(world) <= 2000
    assert world.to_cloud().xyz[:, 0].min() > 34.0
    assert world.nbytes < 2000 * 200


def test_one_cloud_larger_than_the_cap_is_cut():
    world = VoxelMap(MapSettings(voxel=0.1, max_voxels=1100))
    update = world.insert(PointCloud(np.mgrid[0:12, 0:12, 0:12].reshape(3, -1).T * 0.1))
    assert len(world) == 1100
    assert update.added == 1100


def test_moved_furniture_goes_and_walls_stay():
    rng = np.random.default_rng(2)
    sensor = (2.0, 1.5, 1.2)
    walls = room(rng, 20000)
    chair = rng.uniform([3.0, 1.3, 0.9], [3.2, 1.7, 1.4], (3000, 3)).astype(np.float32)
    behind = _shadow(walls, chair, sensor)
    world = VoxelMap(MapSettings(decay_share=1.0))
    world.insert(PointCloud(np.concatenate([walls[~behind], chair]), stamp=0.0), sensor)
    occupied = len(world)
    removed = 0
    for step in range(1, 12):
        removed += world.insert(PointCloud(room(rng, 40000), stamp=float(step)), sensor).removed
    left = world.to_cloud().xyz
    in_chair = ((left > [2.9, 1.2, 0.8]) & (left < [3.3, 1.8, 1.5])).all(axis=1)
    assert in_chair.sum() < 0.1 * len(np.unique(np.floor(chair / 0.05), axis=0))
    assert removed < occupied * 0.2
    assert len(world) > 0.9 * len(np.unique(np.floor(walls / 0.05), axis=0))


def _shadow(walls, chair, sensor):
    """Walls hidden by the chair: their direction from the sensor lies within the chair's."""

    def angles(xyz):
        d = xyz - np.asarray(sensor)
        return np.arctan2(d[:, 1], d[:, 0]), d[:, 2] / np.hypot(d[:, 0], d[:, 1])

    azimuth, slope = angles(chair)
    a, s = angles(walls)
    return (a > azimuth.min()) & (a < azimuth.max()) & (s > slope.min()) & (s < slope.max())


def test_what_cannot_be_used_is_counted():
    xyz = np.array([[0, 0, 0], [np.nan, 0, 0], [np.inf, 0, 0], [1e7, 0, 0]], dtype=np.float32)
    update = VoxelMap().insert(PointCloud(xyz))
    assert (update.used, update.dropped) == (1, 3)


def test_empty_cloud_changes_nothing_but_the_version():
    world = VoxelMap()
    before = world.version
    update = world.insert(PointCloud(np.empty((0, 3))), (0.0, 0.0, 0.0))
    assert (update.used, len(world), world.version) == (0, 0, before + 1)
    assert len(world.to_cloud()) == 0


def test_another_frame_is_refused():
    with pytest.raises(CloudError, match="transform it first"):
        VoxelMap(frame_id="map").insert(PointCloud(np.zeros((1, 3)), frame_id="odom"))


def test_save_and_load(tmp_path):
    world = VoxelMap()
    world.insert(PointCloud(room(np.random.default_rng(3)), np.full((5000, 3), 7, dtype=np.uint8), "map", 4.0))
    world.save(tmp_path / "map.npz")
    again = VoxelMap.load(tmp_path / "map.npz")
    assert again.to_cloud().xyz.tobytes() == world.to_cloud().xyz.tobytes()
    assert again.to_cloud().rgb.tobytes() == world.to_cloud().rgb.tobytes()
    assert (again.stamp, again.frame_id) == (4.0, "map")
    again.insert(PointCloud(room(np.random.default_rng(4)), frame_id="map", stamp=5.0))
    assert len(again) > len(world) * 0.9


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a map"])
def test_what_is_no_map_is_refused(tmp_path, content):
    path = tmp_path / "map.npz"
    path.write_bytes(content)
    with pytest.raises(CloudFileError, match="not a voxel map"):
        VoxelMap.load(path)


def test_a_smaller_map_takes_what_was_seen_last(tmp_path):
    world, rng = VoxelMap(MapSettings(max_voxels=5000)), np.random.default_rng(0)
    for stamp in range(3):
        world.insert(
            PointCloud(rng.random((1000, 3)) + np.array([2.0 * stamp, 0.0, 0.0]), frame_id="map", stamp=float(stamp))
        )
    world.save(tmp_path / "map.npz")
    back = VoxelMap.load(tmp_path / "map.npz", MapSettings(max_voxels=1024))
    assert len(back) == back.capacity == 1024
    assert np.quantile(back.to_cloud().xyz[:, 0], 0.1) > 3.9
    assert back.to_cloud().stamp == 2.0


def test_normals_point_to_where_surfaces_were_seen_from():
    sensor = (2.0, 1.5, 1.2)
    world = VoxelMap(MapSettings(normals=True))
    world.insert(PointCloud(room(np.random.default_rng(5), 60000)), sensor)
    cloud, normals = world.to_cloud(), world.normals()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-5)
    assert (np.einsum("nd,nd->n", normals, np.asarray(sensor) - cloud.xyz) > 0).mean() > 0.95
    floor = (cloud.xyz[:, 2] < 0.02) & (np.abs(cloud.xyz[:, :2] - [2.0, 1.5]) < 1).all(axis=1)
    np.testing.assert_allclose(normals[floor], np.broadcast_to([0, 0, 1], (floor.sum(), 3)), atol=0.1)


def test_normals_survive_saving(tmp_path):
    world = VoxelMap(MapSettings(normals=True))
    world.insert(PointCloud(room(np.random.default_rng(6))), (2.0, 1.5, 1.2))
    world.save(tmp_path / "map.npz")
    assert VoxelMap.load(tmp_path / "map.npz").normals().tobytes() == world.normals().tobytes()


def test_a_map_without_viewing_directions_has_no_normals():
    with pytest.raises(ConfigError, match="normals=True"):
        VoxelMap().normals()


def test_bounds():
    world = VoxelMap(MapSettings(voxel=0.5))
    assert world.bounds() is None
    world.insert(PointCloud([[0.1, 0.1, 0.1], [1.2, -0.3, 0.1]]))
    assert world.bounds() == ((0.0, -0.5, 0.0), (1.5, 0.5, 0.5))


@pytest.mark.parametrize("bad", [{"voxel": 0.0}, {"voxel": float("nan")}, {"max_voxels": 0}, {"decay_share": 2.0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ConfigError):
        MapSettings(**bad)
