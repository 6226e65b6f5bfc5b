"""Voxels, grid sampling and cleaning against recorded results and against their definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cleaning import (
    radius_inliers,
    remove_isolated,
    remove_non_finite,
    remove_statistical_outliers,
    statistical_inliers,
    voxel_inliers,
)
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.sampling import (
    fnv_hash,
    grid_sample,
    index_voxels,
    random_subsample,
    sample_grid_indices,
    voxel_downsample,
    voxel_means,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "spatiallm"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "preprocess.npz", allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def _sorted_rows(*columns):
    table = np.concatenate(columns, axis=1)
    return table[np.lexsort(table[:, :3].T)]


def test_tensor_of_a_cloud_without_duplicates():
    with np.load(GOLDEN / "slm11_cloud.npz", allow_pickle=False) as data:
        tensor = grid_sample(data["points"], data["colors"], int(data["num_bins"]))
        np.testing.assert_allclose(tensor, data["tensor"], atol=1e-12, rtol=0)


@pytest.mark.parametrize("bins", [640, 1280])
def test_tensor_of_a_cloud_beyond_the_world(golden, bins):
    tensor = grid_sample(golden["C_points"], golden["C_colors"], bins)
    np.testing.assert_allclose(tensor, golden[f"C_tensor{bins}"], atol=1e-12, rtol=0)


def test_choice_among_duplicates(golden):
    shifted = golden["B_points"] - golden["B_points"].min(axis=0)
    cells = np.floor(shifted / (32 / 1280)).astype(int)
    chosen = sample_grid_indices(cells)
    np.testing.assert_array_equal(chosen, golden["B_index_stable"])
    np.testing.assert_array_equal(cells[chosen], golden["B_grid"])
    np.testing.assert_array_equal(fnv_hash(cells[chosen]), golden["B_hash"])


def test_cleaning_and_tensor_of_the_reference(golden):
    points, colours = voxel_means(golden["E_points"], golden["E_colors"] / 255.0, 0.025)
    expected = _sorted_rows(golden["E_voxel_points"], golden["E_voxel_colors"])
    found = _sorted_rows(points, colours)
    np.testing.assert_allclose(found[:, :3], expected[:, :3], atol=1e-12, rtol=0)
    np.testing.assert_allclose(found[:, 3:], expected[:, 3:], atol=1e-6, rtol=0)
    kept = statistical_inliers(points, 15, 2.0, compat=True)
    clean = _sorted_rows(points[kept])
    np.testing.assert_allclose(clean, _sorted_rows(golden["E_clean_points"]), atol=1e-12, rtol=0)
    tensor = grid_sample(points[kept], np.trunc(colours[kept] * 255).astype(np.uint8), 1280)
    np.testing.assert_array_equal(tensor[:, :3], golden["E_tensor"][:, :3])


def test_training_choice_is_seeded_and_stays_in_the_cell(golden):
    first = grid_sample(golden["B_points"], golden["B_colors"], 1280, np.random.default_rng(3))
    again = grid_sample(golden["B_points"], golden["B_colors"], 1280, np.random.default_rng(3))
    other = grid_sample(golden["B_points"], golden["B_colors"], 1280, np.random.default_rng(4))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[:, :3], golden["B_grid"])
    assert (first != other).any()


POINTS = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-3, 3, width=32))


@settings(derandomize=True, deadline=None)
@given(points=POINTS, size=st.sampled_from([0.03, 0.25, 2.0]), seed=st.integers(0, 99))
def test_voxels_do_not_depend_on_the_order_of_points(points, size, seed):
    order = np.random.default_rng(seed).permutation(len(points))
    first, second = index_voxels(points, size), index_voxels(points[order], size)
    np.testing.assert_array_equal(first.cells, second.cells)
    np.testing.assert_array_equal(first.counts, second.counts)
    np.testing.assert_array_equal(first.voxel_of[order], second.voxel_of)
    np.testing.assert_allclose(first.mean(points), second.mean(points[order]), atol=1e-12)
    assert (np.abs(points - first.centers()[first.voxel_of]) <= size / 2 + 1e-9).all()
    rows = [tuple(cell) for cell in first.cells.tolist()]
    assert rows == sorted(set(rows))


def test_sparse_and_dense_tables_agree():
    points = np.random.default_rng(0).random((500, 3))
    spread = np.vstack([points, [[900.0, 900.0, 900.0]]])
    dense = index_voxels(points, 0.2, origin=np.zeros(3))
    sparse = index_voxels(spread, 0.2, origin=np.zeros(3))
    np.testing.assert_array_equal(dense.cells, sparse.cells[:-1])
    np.testing.assert_array_equal(dense.counts, sparse.counts[:-1])


def test_downsampling_keeps_frame_and_mean_colour():
    cloud = PointCloud(
        [[0, 0, 0], [0.01, 0, 0], [5, 5, 5]], np.uint8([[0, 0, 0], [11, 21, 255], [7, 7, 7]]), "map", 3.0
    )
    small = voxel_downsample(cloud, 0.1)
    np.testing.assert_allclose(small.xyz, [[0.005, 0, 0], [5, 5, 5]], atol=1e-7)
    np.testing.assert_array_equal(small.rgb, [[6, 10, 128], [7, 7, 7]])
    assert (small.frame_id, small.stamp) == ("map", 3.0)


@pytest.mark.parametrize(
    ("points", "size", "cause"),
    [
        (np.empty((0, 3)), 0.1, "N > 0"),
        (np.array([[np.nan, 0, 0]]), 0.1, "NaN"),
        (np.zeros((2, 3)), 0.0, "must be positive"),
        (np.array([[0.0, 0, 0], [1e6, 0, 0]]), 1e-3, "too small"),
    ],
)
def test_voxels_refuse_what_they_cannot_index(points, size, cause):
    with pytest.raises(CloudError, match=cause):
        index_voxels(points, size)


def test_random_subsample_is_seeded_ordered_and_without_repetition():
    cloud = PointCloud(np.arange(300.0).reshape(100, 3))
    small = random_subsample(cloud, 10, np.random.default_rng(1))
    again = random_subsample(cloud, 10, np.random.default_rng(1))
    np.testing.assert_array_equal(small.xyz, again.xyz)
    assert (np.diff(small.xyz[:, 0]) > 0).all()
    assert random_subsample(cloud, 100, np.random.default_rng(1)) is cloud


def _plane_with_strays():
    generator = np.random.default_rng(2)
    plane = np.concatenate([generator.random((600, 2)), np.zeros((600, 1))], axis=1)
    return np.vstack([plane, [[0.5, 0.5, 3.0], [5.0, 5.0, 5.0]]])


def test_outliers_by_definition():
    points = _plane_with_strays()
    distances = np.sort(np.linalg.norm(points[:, None] - points[None], axis=2), axis=1)[:, 1:9].mean(axis=1)
    expected = distances <= distances.mean() + 1.5 * distances.std(ddof=1)
    kept = statistical_inliers(points, 8, 1.5)
    np.testing.assert_array_equal(kept, expected)
    assert not kept[-2:].any()
    assert len(remove_statistical_outliers(PointCloud(points), 8, 1.5)) == expected.sum()


def test_compat_drops_coincident_points_and_the_default_does_not():
    points = np.vstack([np.zeros((20, 3)), np.random.default_rng(0).random((50, 3))])
    assert not statistical_inliers(points, 15, 2.0, compat=True)[:20].any()
    assert statistical_inliers(points, 15, 2.0)[:20].all()


def test_isolated_points_go():
    points = _plane_with_strays()
    np.testing.assert_array_equal(voxel_inliers(points, 0.1, 4), [True] * 600 + [False] * 2)
    np.testing.assert_array_equal(radius_inliers(points, 0.2, 3), [True] * 600 + [False] * 2)
    assert len(remove_isolated(PointCloud(points))) == 600


def test_voxel_neighbourhood_counts_by_definition():
    points = np.random.default_rng(7).random((300, 3))
    cells = index_voxels(points, 0.15).cells[index_voxels(points, 0.15).voxel_of]
    near = (np.abs(cells[:, None] - cells[None]).max(axis=2) <= 1).sum(axis=1)
    for least in (10, 20, 30):
        np.testing.assert_array_equal(voxel_inliers(points, 0.15, least), near >= least)


def test_non_finite_points_are_dropped_and_counted():
    cloud = PointCloud([[0, 0, 0], [np.nan, 0, 0], [0, np.inf, 0]], np.uint8([[1, 1, 1], [2, 2, 2], [3, 3, 3]]))
    clean, dropped = remove_non_finite(cloud)
    assert dropped == 2
    np.testing.assert_array_equal(clean.rgb, [[1, 1, 1]])
    with pytest.raises(CloudError, match="remove_non_finite"):
        statistical_inliers(cloud.xyz)
