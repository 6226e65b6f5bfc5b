"""Rasters of sparse points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.models.geometric.samples import Floats, Mask

_WIDEST = 4  # cells


def splat(x: Floats, y: Floats, gap: Floats, shape: tuple[int, int]) -> Mask:
    """Cells (X, Y) that points at (x, y) cover, all in cells; a point whose neighbours are `gap` away covers that far around."""
    i, j = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    inside = (i >= 0) & (i < shape[0]) & (j >= 0) & (j < shape[1])
    i, j = i[inside], j[inside]
    radius = np.minimum((gap[inside] / 2 + 0.3).astype(np.int64), _WIDEST)
    result = np.zeros(shape, dtype=bool)
    for r in np.unique(radius):
        layer = np.zeros(shape, dtype=bool)
        layer[i[radius == r], j[radius == r]] = True
        result |= ndimage.binary_dilation(layer, np.ones((2 * r + 1, 2 * r + 1), dtype=bool)) if r else layer
    return result


def standing_off(index: NDArray[np.int64], offset: Floats, shape: tuple[int, int], least: float) -> Mask:
    """Cells (U, Z) where the offsets (N,) of points in the cells `index` (2, N) exceed `least`, on the mean over 3 x 3 cells."""
    key = index[0] * shape[1] + index[1]
    sums = (np.bincount(key, weight, minlength=shape[0] * shape[1]) for weight in (None, offset))
    count, total = (ndimage.uniform_filter(a.reshape(shape).astype(float), 3, mode="constant") for a in sums)
    return np.asarray(total > least * np.maximum(count, 1e-9))


def noise_of(offset: Floats) -> float:
    """The standard deviation of offsets (N,), from the median distance to their median; 0 where there are none."""
    return 1.48 * float(np.median(np.abs(offset - np.median(offset)))) if len(offset) else 0.0
