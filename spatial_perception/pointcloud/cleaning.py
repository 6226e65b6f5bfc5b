"""Removing points that are no surface: statistical outliers, isolated voxels, NaN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.columns import every
from spatial_perception.pointcloud.sampling import VoxelIndex, index_voxels


def remove_non_finite(cloud: PointCloud) -> tuple[PointCloud, int]:
    """The cloud without NaN and infinite points, and how many were dropped."""
    finite = every(np.isfinite(cloud.xyz))
    dropped = int(len(cloud) - finite.sum())
    return (cloud.select(finite) if dropped else cloud), dropped


def statistical_inliers(
    xyz: NDArray[np.generic], neighbours: int = 15, std_ratio: float = 2.0, *, compat: bool = False
) -> NDArray[np.bool_]:
    """Mask (N,) of points whose mean distance to their nearest neighbours is usual in the cloud.

    Default: `neighbours` others per point, kept while the mean distance is at most mean + `std_ratio` * standard
    deviation over all points (Rusu et al. 2008). `compat` follows Open3D and so SpatialLM's cleaning: the point itself
    is one of the `neighbours`, statistics run over the positive distances alone while the variance is divided by the
    number of all points less one, and points that coincide with all their neighbours are dropped.
    Raises CloudError for non-finite points.
    """
    points = np.asarray(xyz, np.float64)
    if not np.isfinite(points).all():
        raise CloudError("points hold NaN or infinite coordinates; drop them first (remove_non_finite)")
    if len(points) < 2:
        return np.ones(len(points), bool)
    # The tree returns each point itself at distance zero: Open3D counts it, others do not.
    count = min(neighbours if compat else neighbours + 1, len(points))
    distances = cKDTree(points).query(points, k=count)[0].reshape(len(points), -1)
    if not compat:
        means = distances[:, 1:].mean(axis=1)
        return means <= means.mean() + std_ratio * means.std(ddof=1)
    means = distances.mean(axis=1)
    return (means > 0.0) & (means < _open3d_limit(means, std_ratio))


def _open3d_limit(means: NDArray[np.float64], std_ratio: float) -> float:
    positive = means[means > 0.0]
    if not len(positive):
        return 0.0
    centre = positive.sum() / len(positive)
    return float(centre + std_ratio * np.sqrt(((positive - centre) ** 2).sum() / (len(means) - 1)))


def remove_statistical_outliers(
    cloud: PointCloud, neighbours: int = 15, std_ratio: float = 2.0, *, compat: bool = False
) -> PointCloud:
    """The cloud without statistical outliers; see `statistical_inliers`."""
    return cloud.select(statistical_inliers(cloud.xyz, neighbours, std_ratio, compat=compat))


def radius_inliers(xyz: NDArray[np.generic], radius: float, neighbours: int) -> NDArray[np.bool_]:
    """Mask (N,) of points with at least `neighbours` others within `radius` metres; exact, by k-d tree."""
    points = np.asarray(xyz, np.float64)
    found = cKDTree(points).query_ball_point(points, radius, return_length=True)
    return np.asarray(found) > neighbours


def voxel_inliers(xyz: NDArray[np.generic], size: float, points: int) -> NDArray[np.bool_]:
    """Mask (N,) of points whose voxel and its 26 neighbours hold at least `points` points together.

    Linear in N and far quicker than `radius_inliers`. Raises CloudError as `index_voxels`.
    """
    index = index_voxels(xyz, size)
    return (_neighbourhood_counts(index) >= points)[index.voxel_of]


def remove_isolated(cloud: PointCloud, size: float = 0.1, points: int = 4) -> PointCloud:
    """The cloud without points in sparsely filled surroundings; see `voxel_inliers`."""
    return cloud.select(voxel_inliers(cloud.xyz, size, points))


def _neighbourhood_counts(index: VoxelIndex) -> NDArray[np.intp]:
    """Points in the 3 x 3 x 3 block around each occupied voxel, (V,)."""
    cells = index.cells - index.cells.min(axis=0) + 1
    width = cells.max(axis=0) + 2
    # Cells are in ascending order, and so are their keys; runs along z are counted by differences of a running sum.
    keys = (cells[:, 0] * width[1] + cells[:, 1]) * width[2] + cells[:, 2]
    running = np.concatenate(([0], np.cumsum(index.counts)))
    total = np.zeros(len(cells), np.intp)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            shifted = keys + (dx * width[1] + dy) * width[2]
            total += running[np.searchsorted(keys, shifted + 1, "right")] - running[np.searchsorted(keys, shifted - 1)]
    return total
