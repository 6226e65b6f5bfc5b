"""Evenly spaced samples of a cloud with their normals, and the frame that turns and shifts with the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from spatial_perception.pointcloud.columns import lowest
from spatial_perception.pointcloud.principal import in_threads, least_axes, moments
from spatial_perception.pointcloud.sampling import count_keys, group_keys

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_SAMPLES = 50
_TICK = 1e-4  # m; sums of whole ticks are exact in float64, so the order of the points cannot change a mean
_NEIGHBOURS = 12
_REACH_TO_GAP = 0.7  # 12 neighbours on an even surface lie 1.3 to 1.4 spacings away on average
_LIGHT = 0.34  # share of the typical weight below which a voxel may hold strays
_LIGHTEST = 0.1  # the same share of the neighbours' weight: panes that hardly answer hold more
_ROUND = 0.1  # ratio of the least to the largest variance, from which neighbours fill space rather than a surface
_LINEAR = 0.05  # ratio of the middle to the largest variance, below which neighbours lie on a line
_COARSE = 5  # voxels; neighbours this far apart span several scan rings


@dataclass(frozen=True, slots=True)
class SceneTurn:
    """The canonical frame: turned by `yaw` (rad) about z and shifted by `origin` (3,), so that most walls run along x or y."""

    yaw: float
    origin: Floats

    def to_canonical(self, xyz: Floats) -> Floats:
        """Points (N, 3) of the input frame in the canonical frame."""
        return turned(xyz - self.origin, -self.yaw)

    def to_input(self, xyz: Floats) -> Floats:
        """Points (N, 3) of the canonical frame in the input frame."""
        return turned(xyz, self.yaw) + self.origin


@dataclass(frozen=True, slots=True)
class Samples:
    """Means of occupied voxels: `xyz` (M, 3) m, `weight` (M,) raw points each, unit `normal` (M, 3) up to sign.

    `gap` (M,) m is the distance of neighbours at each, `spacing` (m) its typical value, `dropped` the number of raw
    points left out (not finite, too far off, or stray).
    """

    xyz: Floats
    weight: Floats
    normal: Floats
    gap: Floats
    spacing: float
    dropped: int

    def __len__(self) -> int:
        return len(self.xyz)


def turned(xyz: Floats, yaw: float) -> Floats:
    """Points (N, 3) turned by `yaw` (rad) about +z."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.column_stack([c * xyz[:, 0] - s * xyz[:, 1], s * xyz[:, 0] + c * xyz[:, 1], xyz[:, 2]])


def voxel_means(xyz: Floats, voxel: float, weight: Floats | None = None) -> tuple[Floats, Floats]:
    """Means (M, 3) and weights (M,) of occupied voxels, sorted by voxel; independent of the order of the points."""
    low = lowest(xyz)
    inverse, _, mass = group_keys(*_voxel_keys(xyz, voxel))
    mass = mass if weight is None else np.bincount(inverse, weights=weight)
    means = np.empty((len(mass), 3))
    for axis in range(3):
        ticks = np.rint((xyz[:, axis] - low[axis]) / _TICK)
        ticks = ticks if weight is None else ticks * weight
        means[:, axis] = np.bincount(inverse, weights=ticks) / mass * _TICK + low[axis]
    return means, mass.astype(np.float64)


def _voxel_keys(xyz: Floats, voxel: float) -> tuple[NDArray[np.int64], int]:
    """The number (N,) of each point's voxel in a grid about all points, by x, then y, then z, and how many there are."""
    keys, count = np.zeros(len(xyz), np.int64), 1
    for column in xyz.T:
        cell = ((column - column.min()) / voxel).astype(np.int64)
        extent = int(cell.max()) + 1
        keys *= extent
        keys += cell
        count *= extent
    return keys, count


def thinned(xyz: Floats, voxel: float, limit: int) -> tuple[Floats, Floats, float]:
    """Voxel means of at most about `limit` voxels; the voxel grows where the scene is larger. Returns means, weights, voxel."""
    while (count := count_keys(*_voxel_keys(xyz, voxel))) > limit:
        # Surfaces fill voxels by area, hence the square root.
        voxel *= max(1.05, float(np.sqrt(count / limit)))
    return *voxel_means(xyz, voxel), voxel


def find_normals(xyz: Floats, weight: Floats, stray_ratio: float) -> tuple[Floats, Floats, Mask, Mask]:
    """Unit normals (N, 3) of the planes through the nearest points, the distance of neighbours (N,), and two masks (N,).

    The first mask tells where the neighbours lie on a line (a lone scan ring), so that the normal means nothing; the
    second who is no stray, that is much farther from its neighbours than those lie from theirs (local outlier factor).
    Means weigh as many points as they stand for: where a voxel border cuts a surface lengthwise, plain means would tilt it.
    """
    reach, index = _neighbours(xyz, xyz)
    typical, light = np.median(reach), weight <= _LIGHT * np.median(weight)
    result, columns = np.empty_like(xyz), np.ascontiguousarray(xyz.T)
    linear, keep = np.empty(len(xyz), dtype=bool), np.ones(len(xyz), dtype=bool)

    def describe(part: slice) -> None:
        near = np.ascontiguousarray(index[part].T)
        mass = weight[near]
        result[part], values = least_axes(moments(columns, near, mass / mass.sum(axis=0)))
        linear[part] = values[:, 1] < _LINEAR * values[:, 2]
        # In dense clouds strays are voxels of one point, while those of surfaces hold many.
        alone = light[part].copy()
        alone[alone] = weight[part][alone] <= _LIGHTEST * np.median(mass[:, alone], axis=0)
        solid = values[:, 0] > _ROUND * values[:, 2]
        strewn = solid & light[part] & (reach[part] > 1.5 * typical)
        keep[part] = ~(alone | strewn) & (reach[part] <= stray_ratio * _median_of_five(reach[near[1:6]]))

    in_threads(describe, len(xyz))
    return result, reach * _REACH_TO_GAP, linear, keep


def _median_of_five(values: Floats) -> Floats:
    """Medians (N,) of columns of (5, N)."""
    a, b, c, d, e = values
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.maximum(np.minimum(low, high), np.minimum(e, np.maximum(low, high)))


def _neighbours(xyz: Floats, places: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Mean distance (P,) of those nearest to `places` (P, 3), which are some of the points, and their indices (P, K), each
    point itself first."""
    tree, count = cKDTree(xyz, balanced_tree=False), min(_NEIGHBOURS, len(xyz))
    reach, index = np.empty(len(places)), np.empty((len(places), count), dtype=np.int32)

    def query(part: slice) -> None:
        distance, index[part] = tree.query(places[part], k=count)
        reach[part] = distance[:, 1:].mean(axis=1)

    in_threads(query, len(places))
    return reach, index


def bridge_rings(xyz: Floats, normal: Floats, gap: Floats, linear: Mask, voxel: float) -> None:
    """Replace normals and gaps of points on lone scan rings, in place, by those of coarser means around them."""
    if not linear.any():
        return
    means, _ = voxel_means(xyz, voxel)
    if len(means) < MIN_SAMPLES:
        return
    nearest, place = np.unique(cKDTree(means).query(xyz[linear])[1], return_inverse=True)
    reach, index = _neighbours(means, means[nearest])
    coarse, _ = least_axes(moments(means.T, index.T))
    normal[linear], gap[linear] = coarse[place], reach[place] * _REACH_TO_GAP


def dominant_yaw(normal: Floats, weight: Floats) -> float:
    """Yaw in [0, pi/2) (rad) along which most vertical surfaces stand, up to quarter turns."""
    vertical = np.abs(normal[:, 2]) < 0.2
    angle = np.mod(np.arctan2(normal[vertical, 1], normal[vertical, 0]), np.pi / 2)
    if len(angle) == 0:
        return 0.0
    bins = 360
    histogram = np.bincount((angle / (np.pi / 2) * bins).astype(int) % bins, weights=weight[vertical], minlength=bins)
    kernel = np.array([1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1], dtype=float)
    smooth = np.convolve(np.r_[histogram[-5:], histogram, histogram[:5]], kernel, mode="valid")
    yaw = (int(np.argmax(smooth)) + 0.5) / bins * np.pi / 2
    for width in (0.07, 0.035):
        delta = np.mod(angle - yaw + np.pi / 4, np.pi / 2) - np.pi / 4
        near = np.abs(delta) < width
        yaw += float(np.average(delta[near], weights=weight[vertical][near])) if near.any() else 0.0
    return float(np.mod(yaw, np.pi / 2))
