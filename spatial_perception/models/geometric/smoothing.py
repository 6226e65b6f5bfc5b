"""Noisy samples moved onto the surfaces around them."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from spatial_perception.models.geometric.samples import Floats

_CUBE = 0.25  # m
_LEAST_MEANS = 12  # in a cube that tells the noise
_NEIGHBOURS = 48
_KERNEL = 2.5  # times the noise; neighbours this far away count 0.6
_CHUNK = 1_500  # points; bounds the workspace


def noise_level(means: Floats, weight: Floats) -> float:
    """How far points scatter about surfaces (m, one sigma): the median over cubes, from voxel means (N, 3) and weights (N,)."""
    cell = np.floor((means - means.min(axis=0)) / _CUBE).astype(np.int64)
    extent = cell.max(axis=0) + 1
    key = np.unique((cell[:, 0] * extent[1] + cell[:, 1]) * extent[2] + cell[:, 2], return_inverse=True)[1]
    mass = np.bincount(key, weight)
    centre = np.stack([np.bincount(key, weight * means[:, k]) / mass for k in range(3)], axis=1)
    local = means - centre[key]
    spread = np.empty((len(mass), 3, 3))
    for i in range(3):
        for j in range(i + 1):
            spread[:, i, j] = spread[:, j, i] = np.bincount(key, weight * local[:, i] * local[:, j]) / mass
    values = np.linalg.eigvalsh(spread[np.bincount(key) >= _LEAST_MEANS])
    return float(np.sqrt(np.median(values[:, 0]))) if len(values) else 0.0


def smoothed(means: Floats, weight: Floats, noise: float) -> Floats:
    """Voxel means (N, 3) with weights (N,) moved along the normals of the planes through their neighbours, onto these."""
    tree, result = cKDTree(means), np.empty_like(means)
    for start in range(0, len(means), _CHUNK):
        part = slice(start, start + _CHUNK)
        distance, near = tree.query(means[part], k=min(_NEIGHBOURS, len(means)))
        share = weight[near] * np.exp(-0.5 * (distance / (_KERNEL * noise)) ** 2)
        result[part] = _on_planes(means[part], means[near], share / share.sum(axis=1, keepdims=True))
    return result


def _on_planes(xyz: Floats, near: Floats, share: Floats) -> Floats:
    """Points (N, 3) moved onto the planes through neighbours (N, K, 3) that count by their shares (N, K)."""
    centre = np.einsum("nk,nki->ni", share, near)
    local = near - centre[:, None]
    normal = np.linalg.eigh(np.einsum("nk,nki,nkj->nij", share, local, local))[1][:, :, 0]
    return xyz - normal * np.einsum("ni,ni->n", normal, xyz - centre)[:, None]
