"""A cloud reduced to evenly spread surface elements, the common ground of up axis, yaw and scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.columns import every
from spatial_perception.pointcloud.normals import estimate_normals
from spatial_perception.pointcloud.sampling import index_voxels

MIN_POINTS = 50
_MAX_INPUT = 1_500_000
_CELLS_ACROSS = 150
_ENOUGH = 20_000  # elements from which directions are told; more cost time alone


@dataclass(frozen=True, eq=False)
class Surfels:
    """Surface elements: `points` (M, 3), unit `normals` (M, 3) without meaning of sign, `planarity` (M,) in [0, 1].

    One per voxel of edge `size`, or a fair choice of these, so that counts are proportional to area. All in the unit of the
    cloud, about `center`.
    """

    points: NDArray[np.float64]
    normals: NDArray[np.float64]
    planarity: NDArray[np.float64]
    size: float
    center: NDArray[np.float64]

    def flat(self) -> NDArray[np.bool_]:
        """Mask (M,) of the elements that lie on planes."""
        return self.planarity > 0.45

    def turned(self, rotation: NDArray[np.float64]) -> Surfels:
        """The same elements in a frame turned by `rotation` (3, 3)."""
        return Surfels(
            self.points @ rotation.T, self.normals @ rotation.T, self.planarity, self.size, rotation @ self.center
        )


def surface_elements(xyz: NDArray[np.generic]) -> Surfels:
    """Reduce points (N, 3), of any unit, to surface elements about 1/150 of the cloud's extent apart.

    Stray points far from the rest (beyond twice the central 96 %) are left out. Raises CloudError for fewer than 50
    finite points or a cloud without extent.
    """
    points = np.asarray(xyz)
    points = points[:: len(points) // _MAX_INPUT + 1].astype(np.float64)
    points = points[every(np.isfinite(points))]
    if len(points) < MIN_POINTS:
        raise CloudError(f"{len(points)} points are too few to find floor and walls; give at least {MIN_POINTS}")
    low, high = np.percentile(points[:: len(points) // 100_000 + 1], (2, 98), axis=0)
    extent = float(np.linalg.norm(high - low))
    if not extent > 0.0:
        raise CloudError("the points have no extent: all in one place; check the export of the cloud")
    center = (low + high) / 2
    points = points[every(np.abs(points - center) <= np.maximum(high - low, extent / 10))] - center
    index = index_voxels(points, extent / _CELLS_ACROSS)
    means = index.mean(points)
    chosen = _some(len(means))
    normals = estimate_normals(means, 12, chosen=chosen)
    return Surfels(
        means[chosen], normals.vectors.astype(np.float64), normals.planarity.astype(np.float64), index.size, center
    )


def _some(count: int) -> NDArray[np.intp]:
    """Ascending indices of `count` elements, or of as many as are enough, drawn always alike: every n-th might be all floor."""
    if count <= _ENOUGH:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, _ENOUGH, replace=False))
