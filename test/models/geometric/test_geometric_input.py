from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import EstimatorError, SpatialPerceptionError
from spatial_perception.layout.entities import Layout
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.pointcloud.cloud import PointCloud


def cloud(points):
    return PointCloud(np.asarray(points, dtype=np.float32), frame_id="map", stamp=4.5)


def drawn(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 3)),
        [[1, 2, 3]],
        np.full((200, 3), np.nan),
        np.zeros((1000, 3)),
        drawn().uniform(0, 2, (49, 3)),
        drawn().uniform(0, 4000, (20_000, 3)),
        drawn().uniform(-1e30, 1e30, (2000, 3)),
    ],
    ids=["empty", "one point", "nan", "one place", "49 points", "millimetres", "absurd"],
)
def test_unusable_clouds_are_refused(points):
    with pytest.raises(EstimatorError) as caught:
        GeometricEstimator().estimate(cloud(points))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "points",
    [
        np.c_[np.linspace(0, 10, 1000), np.zeros((1000, 2))],
        np.c_[drawn().uniform(0, 5, (10_000, 2)), np.zeros(10_000)],
        np.c_[np.zeros((1000, 2)), np.linspace(0, 3, 1000)],
        drawn().normal(0, 1, (5000, 3)),
    ],
    ids=["line", "floor only", "pole", "ball"],
)
def test_clouds_without_walls_give_none_and_say_so(points):
    layout = GeometricEstimator().estimate(cloud(points))
    assert not layout.walls
    assert not layout.doors
    assert any("no walls found" in note for note in layout.provenance.notes)


def test_a_lone_vertical_plane_is_a_wall():
    rng = drawn(1)
    layout = GeometricEstimator().estimate(
        cloud(np.c_[rng.uniform(0, 5, 20_000), np.zeros(20_000), rng.uniform(0, 2.5, 20_000)])
    )
    assert len(layout.walls) == 1
    assert layout.walls[0].thickness == 0.0
    assert any("no floor seen" in note for note in layout.provenance.notes)


def block(low, high, density=4000):
    """Points on the top and on the two sides of a block that a camera at the lower left sees."""
    rng, low, high = drawn(7), np.array(low, float), np.array(high, float)
    faces = []
    for axis, end in ((0, low[0]), (1, low[1]), (2, high[2])):
        area = np.prod(np.delete(high - low, axis))
        points = rng.uniform(low, high, (int(density * area), 3))
        points[:, axis] = end
        faces.append(points)
    return np.concatenate(faces)


def test_things_on_a_floor_without_walls_are_boxes():
    floor = np.c_[drawn(5).uniform(0, 3, (20_000, 2)), drawn(6).normal(0, 0.003, 20_000)]
    things = [
        block((0.5, 0.5, 0), (0.9, 1.0, 0.45)),
        block((1.6, 1.5, 0), (2.6, 2.3, 0.7)),
        block((2.2, 0.4, 0), (2.4, 0.6, 0.3)),
    ]
    layout = GeometricEstimator().estimate(cloud(np.concatenate([floor, *things])))
    assert not layout.walls
    centers = sorted(box.center[:2] for box in layout.boxes)
    expected = [(0.7, 0.75), (2.1, 1.9), (2.3, 0.5)]
    assert np.array(centers) == pytest.approx(np.array(expected), abs=0.06)


def test_a_front_on_a_floor_without_walls_is_a_box_rather_than_a_wall():
    floor = np.c_[drawn(5).uniform(0, 3, (20_000, 2)), drawn(6).normal(0, 0.003, 20_000)]
    front = np.c_[drawn(1).uniform(1, 2, 3000), drawn(2).normal(2.0, 0.003, 3000), drawn(3).uniform(0, 0.7, 3000)]
    layout = GeometricEstimator().estimate(cloud(np.concatenate([floor, front])))
    assert not layout.walls
    assert len(layout.boxes) == 1
    assert max(layout.boxes[0].size) == pytest.approx(1.0, abs=0.06)


def test_points_that_are_not_finite_are_counted(maker):
    scan, _ = maker.simulate(0, points=20_000)
    spoiled = scan.xyz.copy()
    spoiled[::50] = np.nan
    layout = GeometricEstimator().estimate(cloud(spoiled))
    assert len(layout.walls) == 4
    assert any("points left out" in note for note in layout.provenance.notes)


def test_a_huge_sparse_cloud_needs_no_huge_rasters():
    points = np.c_[drawn().uniform(-250, 250, (100_000, 2)), drawn(1).normal(0, 0.02, 100_000)]
    assert GeometricEstimator().estimate(cloud(points)).walls == ()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.integers(0, 400), st.sampled_from([1e-3, 0.5, 3.0, 50.0, 1e5]), st.booleans())
def test_any_cloud_gives_a_layout_or_an_error_of_ours(seed, count, scale, flat):
    points = drawn(seed).normal(0, scale, (count, 3)) * ([1, 1, 0] if flat else [1, 1, 1])
    try:
        layout = GeometricEstimator().estimate(cloud(points))
    except SpatialPerceptionError:
        return
    assert isinstance(layout, Layout)
    assert all(np.isfinite([*b.center, *b.size, b.yaw]).all() for b in layout.boxes)


def test_unknown_tasks_and_categories_are_refused(maker):
    scan, _ = maker.simulate(0, points=20_000)
    with pytest.raises(EstimatorError, match="task"):
        GeometricEstimator().estimate(scan, task="arch")
    with pytest.raises(EstimatorError, match="did you mean 'wardrobe'"):
        GeometricEstimator().estimate(scan, categories=["wardrob"])
