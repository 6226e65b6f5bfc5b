"""Surface normals by principal component analysis of neighbourhoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.principal import in_threads, least_axes, moments


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
    chosen: NDArray[np.intp] | None = None,
) -> Normals:
    """Normals of finite points (N, 3) from the `neighbours` nearest of each, itself included; of the `chosen` ones (M,) only,
    where these are given.

    Normals point towards `viewpoint` (3,), or (M, 3) one per normal; without it their largest component is positive.
    Raises CloudError for fewer than three points.
    """
    points = np.asarray(xyz, np.float64)
    if len(points) < 3:
        raise CloudError(f"normals need at least 3 points, got {len(points)}; give a larger cloud")
    centred = points - points.mean(axis=0)
    tree, columns = cKDTree(centred, balanced_tree=False), np.ascontiguousarray(centred.T)
    places, count = centred if chosen is None else centred[chosen], min(neighbours, len(points))
    out = Normals(*(np.empty(shape, np.float32) for shape in (places.shape, len(places), len(places))))

    def describe(piece: slice) -> None:
        _, index = tree.query(places[piece], k=count)
        vectors, values = least_axes(moments(columns, np.ascontiguousarray(index.T)))
        out.vectors[piece] = vectors
        out.planarity[piece], out.curvature[piece] = _shape_measures(np.maximum(values, 0.0))

    in_threads(describe, len(places))
    oriented = _oriented(out.vectors, points if chosen is None else points[chosen], viewpoint)
    return Normals(oriented, out.planarity, out.curvature)


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
