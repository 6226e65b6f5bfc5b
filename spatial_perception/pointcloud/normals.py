"""Surface normals by principal component analysis of neighbourhoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial_perception.errors import CloudError

_CHUNK = 1 << 16


@dataclass(frozen=True, eq=False)
class Normals:
    """Normals of N points.

    `vectors` (N, 3) float32 are unit normals. With eigenvalues l1 >= l2 >= l3 of the neighbourhood's covariance,
    `planarity` (N,) is (l2 - l3) / l1, in [0, 1] and near 1 on planes (Demantke et al. 2011), and `curvature` (N,) is
    l3 / (l1 + l2 + l3), in [0, 1/3] and near 0 on planes (Pauly et al. 2002).
    """

    vectors: NDArray[np.float32]
    planarity: NDArray[np.float32]
    curvature: NDArray[np.float32]


def estimate_normals(
    xyz: NDArray[np.generic],
    neighbours: int = 16,
    *,
    viewpoint: NDArray[np.generic] | None = None,
) -> Normals:
    """Normals of finite points (N, 3) from the `neighbours` nearest of each, itself included.

    Normals point towards `viewpoint` (3,), or (N, 3) one per point; without it their largest component is positive.
    Raises CloudError for fewer than three points.
    """
    points = np.asarray(xyz, np.float64)
    if len(points) < 3:
        raise CloudError(f"normals need at least 3 points, got {len(points)}; give a larger cloud")
    centred = points - points.mean(axis=0)
    tree = cKDTree(centred)
    count = min(neighbours, len(points))
    out = Normals(*(np.empty(shape, np.float32) for shape in ((len(points), 3), len(points), len(points))))
    for start in range(0, len(points), _CHUNK):
        piece = slice(start, min(start + _CHUNK, len(points)))
        _, index = tree.query(centred[piece], k=count)
        vectors, values = smallest_axes(_covariances(centred, index))
        out.vectors[piece] = vectors
        out.planarity[piece], out.curvature[piece] = _shape_measures(values)
    return Normals(_oriented(out.vectors, points, viewpoint), out.planarity, out.curvature)


def _covariances(points: NDArray[np.float64], index: NDArray[np.intp]) -> NDArray[np.float64]:
    """Covariance matrices (M, 3, 3) of the neighbourhoods `index` (M, K)."""
    gathered = points[index]
    gathered -= gathered.mean(axis=1, keepdims=True)
    return np.matmul(gathered.transpose(0, 2, 1), gathered) / index.shape[1]


def smallest_axes(matrices: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit eigenvectors (M, 3) of the smallest eigenvalues of symmetric matrices (M, 3, 3), and all values."""
    values, vectors = np.linalg.eigh(matrices)
    return vectors[:, :, 0], np.maximum(values, 0.0)


def _shape_measures(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, middle, high = values.T
    tiny = np.finfo(np.float64).tiny
    return (middle - low) / np.maximum(high, tiny), low / np.maximum(values.sum(axis=1), tiny)


def _oriented(
    vectors: NDArray[np.float32], points: NDArray[np.float64], viewpoint: NDArray[np.generic] | None
) -> NDArray[np.float32]:
    if viewpoint is None:
        largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
        return np.where(largest < 0, -vectors, vectors)
    towards = np.asarray(viewpoint, np.float64) - points
    facing = np.einsum("ij,ij->i", vectors.astype(np.float64), towards)
    return np.where(facing[:, None] < 0, -vectors, vectors).astype(np.float32)
