import numpy as np

from spatial_perception.models.spatiallm.core import core_mask, lone_mask
from spatial_perception.simulation.apartment import HomeStyle
from spatial_perception.simulation.sensors import simulate_scene


def home(seed):
    style = HomeStyle(yaw=0.0, offset=(0.0, 0.0, 0.0), outside=True)
    cloud, home = simulate_scene(seed, rooms=2, style=style, max_points=30_000)
    ends = np.array([end for wall in home.layout.walls for end in (wall.start, wall.end)])
    return cloud.xyz, ends, home.layout.walls[0].height


def test_what_is_seen_through_windows_is_left_out():
    for seed in range(4):
        xyz, ends, height = home(seed)
        low, high = ends.min(axis=0) - 0.3, ends.max(axis=0) + np.array([0.3, 0.3, height + 0.3])
        inside = ((xyz > low) & (xyz < high)).all(axis=1)
        kept = core_mask(xyz, 2.0)
        assert kept[inside].mean() > 0.97
        beyond = ((xyz < low - 1.0) | (xyz > high + 1.0)).any(axis=1)
        assert not kept[beyond].any()


def test_strays_far_away_are_left_out():
    xyz, _, _ = home(1)
    low, high = xyz[core_mask(xyz)].min(axis=0), xyz[core_mask(xyz)].max(axis=0)
    strays = np.random.default_rng(0).uniform(low - 6, high + 6, (200, 3))
    mixed = np.concatenate([xyz, strays])
    kept = mixed[core_mask(mixed)]
    assert (kept.min(axis=0) > low - 1.0).all()
    assert (kept.max(axis=0) < high + 1.0).all()


def test_small_and_huge_clouds_stay_whole():
    assert core_mask(np.random.default_rng(0).normal(size=(30, 3))).all()
    assert core_mask(np.random.default_rng(0).uniform(0, 1e4, (1000, 3))).all()


def test_outliers_of_dense_clouds_are_told_apart():
    rng = np.random.default_rng(0)
    plane = rng.uniform((0, 0, 0), (4, 3, 0.01), (60_000, 3))
    strays = rng.uniform((0, 0, 0.3), (4, 3, 2.5), (400, 3))
    found = lone_mask(np.concatenate([plane, strays]))
    assert not found[: len(plane)].any()
    assert found[len(plane) :].mean() > 0.95


def test_sparse_clouds_have_no_outliers():
    assert not lone_mask(np.random.default_rng(0).uniform(0, 4, (500, 3))).any()
    assert not lone_mask(np.array([[0.0, 0.0, 0.0], [900.0, 900.0, 900.0]])).any()
