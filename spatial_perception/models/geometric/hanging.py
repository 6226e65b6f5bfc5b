"""What hangs over a worktop, told from what stands below it: wall cabinets and hoods, which what reaches both chains together."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.samples import Floats, Mask
from spatial_perception.models.geometric.sparse import widened

_CELL = 0.08  # m
_WORKTOP = (0.7, 1.1)  # m above the floor, from, to
_FREE = 0.42  # m; height that is free over a worktop at least
_UNDERSIDE = (1.25, 1.9)  # m above the floor, from, to, for what hangs over a worktop
_GAP = 0.12  # m; what hangs beside that is as far above what stands there
_BEFORE = (4, 0.5)  # cells by which the worktop is looked for before what hangs; its area there over that of what hangs
_LEAST = 0.4  # m; length over which a worktop is free at least
_EIGHT = np.ones((3, 3), dtype=bool)


def hanging(xyz: Floats, floor: float, spacing: float = 0.0) -> Mask:
    """Which points (N, 3) of one group, `spacing` metres apart, hang, with a free height between them and the worktop below."""
    z, cell = xyz[:, 2] - floor, widened(_CELL, spacing)
    over = z > _UNDERSIDE[0]
    index = np.floor((xyz[:, :2] - xyz[:, :2].min(axis=0)) / cell).astype(np.int64)
    top, underside = np.full((2, *index.max(axis=0) + 1), -np.inf)
    np.maximum.at(top, tuple(index[~over].T), z[~over])
    np.maximum.at(underside, tuple(index[over].T), -z[over])
    underside, gap = -underside, -underside - top
    apart = (gap > _GAP) & (underside < _UNDERSIDE[1])
    worktop = (top > _WORKTOP[0]) & (top < _WORKTOP[1])
    label, count = ndimage.label(apart, _EIGHT)
    hangs = np.zeros(apart.shape, dtype=bool)
    for k in range(1, count + 1):
        thing = label == k
        before = ndimage.binary_dilation(thing, _EIGHT, iterations=_BEFORE[0]) & worktop & np.isinf(underside)
        if (thing & worktop & (gap > _FREE)).sum() * cell > _LEAST and before.sum() > _BEFORE[1] * thing.sum():
            hangs |= thing
    return over & hangs[index[:, 0], index[:, 1]]
