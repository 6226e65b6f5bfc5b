"""The part of a cloud that is the home: without stray points, and without what is seen through windows and doors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.pointcloud.columns import highest, lowest

PILLAR, LAYER = 0.4, 0.1  # m
SPARSE = 0.12  # share of the usual number of voxels below which a pillar is no part of the home
SMALLEST_PART = 0.08  # share of the largest connected part
VOXEL = 0.05  # m
LONE, LONE_SHARE = 3, 0.05
"""Points around an outlier at most, itself included: a number, and a share of what is usual."""
_MOST_PILLARS, _MOST_VOXELS = 1 << 20, 1 << 25
_EIGHT = np.ones((3, 3), dtype=bool)


def core_mask(xyz: NDArray[np.floating], furthest: float | None = None) -> NDArray[np.bool_]:
    """Which points (N, 3) belong to the home: those in dense pillars that hang together, between floor and ceiling.

    Smaller parts count where they are not too small, and at most `furthest` metres from the largest one (None: anywhere).
    Clouds in which nothing stands out are kept whole.
    """
    low = lowest(xyz)
    voxel = np.floor((xyz - low) / LAYER).astype(np.int64)
    pillar = (voxel[:, :2] // round(PILLAR / LAYER)).astype(np.int64)
    shape = highest(pillar) + 1
    if int(shape[0]) * int(shape[1]) > _MOST_PILLARS or len(xyz) < 64:
        return np.ones(len(xyz), dtype=bool)
    size = highest(voxel) + 1
    key = np.unique((voxel[:, 0] * size[1] + voxel[:, 1]) * size[2] + voxel[:, 2])
    x, y, z = key // (size[1] * size[2]), key // size[2] % size[1], key % size[2]
    step = round(PILLAR / LAYER)
    dense = _dense_pillars(x // step * shape[1] + y // step, shape, furthest)
    inside = dense[pillar[:, 0], pillar[:, 1]]
    first, last = _dense_layers(z[dense[x // step, y // step]])
    kept = inside & (voxel[:, 2] >= first) & (voxel[:, 2] <= last)
    return kept if int(kept.sum()) >= 64 else np.ones(len(xyz), dtype=bool)


def lone_mask(xyz: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which points (N, 3) are outliers of a dense cloud: almost nothing lies in the 3 x 3 x 3 voxels of 5 cm around them.

    Sparse clouds, in which few points in a voxel are usual, have none.
    """
    cell = np.floor((xyz - lowest(xyz)) / VOXEL).astype(np.int64)
    shape = tuple(int(n) + 1 for n in highest(cell))
    if shape[0] * shape[1] * shape[2] > _MOST_VOXELS:
        return np.zeros(len(xyz), dtype=bool)
    key = np.ravel_multi_index(tuple(cell.T), shape)
    counts = np.bincount(key, minlength=shape[0] * shape[1] * shape[2]).reshape(shape).astype(np.int32)
    for axis in range(3):
        counts = _with_neighbours(counts, axis)
    around = counts.ravel()[key]
    return around <= min(LONE, LONE_SHARE * float(np.median(around)))


def _with_neighbours(counts: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """Counts with those of both neighbours along an axis."""
    total, moved = counts.copy(), np.moveaxis(counts, axis, 0)
    view = np.moveaxis(total, axis, 0)
    view[1:] += moved[:-1]
    view[:-1] += moved[1:]
    return total


def _dense_pillars(pillar: NDArray[np.int64], shape: NDArray[np.int64], furthest: float | None) -> NDArray[np.bool_]:
    """Pillars of the parts of the home, grown by one, from the pillar of each occupied voxel."""
    counts = np.bincount(pillar, minlength=int(shape[0] * shape[1])).reshape(tuple(shape))
    dense = counts >= max(2.0, SPARSE * _usual(counts[counts > 0]))
    parts, number = ndimage.label(dense, _EIGHT)
    if number > 1:
        sizes = ndimage.sum_labels(counts, parts, np.arange(1, number + 1))
        dense = np.isin(parts, 1 + np.flatnonzero(sizes >= SMALLEST_PART * sizes.max()))
        if furthest is not None:
            away = ndimage.distance_transform_edt(parts != 1 + int(np.argmax(sizes))) * PILLAR
            nearest = ndimage.minimum(away, parts, np.arange(number + 1))
            dense &= nearest[parts] <= furthest
    return ndimage.binary_dilation(dense, _EIGHT)


def _usual(counts: NDArray[np.int64]) -> float:
    """The count of the pillar in which the median voxel lies: many nearly empty pillars do not matter."""
    ordered = np.sort(counts)
    return float(ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)])


def _dense_layers(z: NDArray[np.int64]) -> tuple[int, int]:
    """The lowest and the highest layer that hold as much as walls do, with one more on each side."""
    counts = np.bincount(z)
    share = np.cumsum(counts) / max(1, counts.sum())
    middle = counts[(share >= 0.02) & (share <= 0.98)]
    if not len(middle):
        return 0, len(counts)
    usual = np.flatnonzero(counts >= 0.3 * np.median(middle))
    return int(usual[0]) - 1, int(usual[-1]) + 1
