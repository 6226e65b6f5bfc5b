"""Rasters of sparse points."""

from __future__ import annotations

import numpy as np
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
