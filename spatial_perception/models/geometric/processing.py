"""From a raw cloud to samples of the inside of a home."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import EstimatorError
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.interior import find_interior
from spatial_perception.models.geometric.levels import find_levels
from spatial_perception.models.geometric.samples import (
    MIN_SAMPLES,
    Floats,
    Mask,
    Samples,
    SceneTurn,
    bridge_rings,
    dominant_yaw,
    find_normals,
    thinned,
    turned,
    voxel_means,
)
from spatial_perception.models.geometric.smoothing import noise_level, smoothed
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.columns import every

_COARSE = 5  # voxels; neighbours this far apart span several scan rings
_SPARSE = 1.5  # points in a coarse voxel on average, below which a cloud is sparse
_WIDEST = 0.12  # m; largest voxels of sparse clouds
_NOISY = 0.011  # m, one sigma; more is smoothed away
_THICK = 1.4  # voxels; edge of those that are smoothed, of which several lie over one another
_OUTSIDE = 1.0  # m; what lies farther than this from any floor or ceiling is left out
_ABOVE = 0.3  # m; points this far below the floor or above the ceiling are kept


def finite_points(cloud: PointCloud) -> NDArray[np.float32]:
    """Finite points (N, 3); raises EstimatorError when there are too few or they fill no space."""
    finite = every(np.isfinite(cloud.xyz))
    xyz = cloud.xyz if finite.all() else cloud.xyz[finite]
    if len(xyz) < MIN_SAMPLES:
        raise EstimatorError(
            f"a layout needs at least {MIN_SAMPLES} finite points, got {len(xyz)}; give a denser cloud"
        )
    return xyz


def prepare(cloud: PointCloud, config: GeometricConfig) -> tuple[Samples, SceneTurn]:
    """Samples of the inside of the scene in its canonical frame. Raises EstimatorError when it has too few points."""
    raw = finite_points(cloud)
    centre = robust_centre(raw)
    near = within_reach(raw, centre, config.max_extent)
    xyz = (raw if near.all() else raw[near]).astype(np.float64) - centre
    coarse = _described(*_voxels(xyz, 2 * config.voxel, config.max_samples // 4), config)
    yaw = dominant_yaw(coarse.normal, np.ones(len(coarse)))
    xyz = turned(xyz[_inside(xyz, coarse)], -yaw)
    voxels = _voxels(xyz, fine_voxel(coarse, config.voxel), config.max_samples)
    del xyz  # the largest array here
    samples = _described(*(voxels if is_sparse(coarse) else _without_noise(*voxels)), config)
    dropped = len(cloud) - int(samples.weight.sum())
    return replace(samples, dropped=dropped), SceneTurn(yaw, centre.astype(np.float64))


def is_sparse(coarse: Samples) -> bool:
    """Whether a cloud shows no more detail than coarse samples of it: most stand for a single point."""
    return bool(coarse.weight.mean() < _SPARSE)


def fine_voxel(coarse: Samples, voxel: float) -> float:
    """Edge of the voxels (m) that suits the density: `voxel`, or as wide as points of a sparse cloud lie apart.

    Smaller ones would hold a point each, so that surfaces near the scanner count for more than far ones.
    """
    if not is_sparse(coarse):
        return voxel
    return max(voxel, min(0.9 * coarse.spacing, _WIDEST))


def _without_noise(means: Floats, weight: Floats, voxel: float) -> tuple[Floats, Floats, float]:
    """The voxels of a noisy cloud moved onto the surfaces around them, so that these are one voxel thick."""
    noise = noise_level(means, weight)
    if noise < _NOISY:
        return means, weight, voxel
    means, weight = voxel_means(means, _THICK * voxel, weight)
    return *voxel_means(smoothed(means, weight, noise), voxel, weight), voxel


def _voxels(xyz: Floats, voxel: float, limit: int) -> tuple[Floats, Floats, float]:
    """Means and weights of voxels, and their edge; EstimatorError when there are too few."""
    if len(xyz) < MIN_SAMPLES:
        raise EstimatorError(
            f"only {len(xyz)} points are left near the middle of the scene; is the cloud dense, and in metres?"
        )
    means, weight, voxel = thinned(xyz, voxel, limit)
    if len(means) < MIN_SAMPLES:
        raise EstimatorError(f"the points fill only {len(means)} voxels of {voxel:.3g} m; is the cloud in metres?")
    return means, weight, voxel


def _described(means: Floats, weight: Floats, voxel: float, config: GeometricConfig) -> Samples:
    """Samples with normals and gaps, strays left out."""
    normal, gap, linear, keep = find_normals(means, weight, config.stray_ratio)
    bridge_rings(means, normal, gap, linear, _COARSE * voxel)
    return Samples(means[keep], weight[keep], normal[keep], gap[keep], float(np.median(gap[keep])), 0)


def _inside(xyz: Floats, coarse: Samples) -> Mask:
    """Which points (N, 3) lie between floor and ceiling and near some floor or ceiling, rather than behind windows."""
    levels = find_levels(coarse)
    inside = find_interior(coarse, levels).grown(_OUTSIDE).contains(xyz[:, :2])
    inside &= xyz[:, 2] > levels.floor - _ABOVE
    return inside if levels.ceiling is None else inside & (xyz[:, 2] < levels.ceiling + _ABOVE)


def robust_centre(xyz: NDArray[np.float32]) -> Floats:
    """Middle of the central 98 % of the points along each axis (3,)."""
    return np.percentile(xyz, [1, 99], axis=0).mean(axis=0)


def within_reach(xyz: NDArray[np.float32], centre: Floats, extent: float) -> Mask:
    """Which points (N,) lie within `extent` / 2 metres of the centre along every axis."""
    near = np.ones(len(xyz), dtype=bool)
    for axis in range(3):
        near &= np.abs(xyz[:, axis] - centre[axis]) < extent / 2
    return near
