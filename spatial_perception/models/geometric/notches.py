"""Plateaus that are two rectangles side by side: a bed and the nightstand that is as high as its mattress."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.boxes import best_yaw
from spatial_perception.models.geometric.samples import Floats, Mask

_LARGE = 1.2  # m2; what a small thing is cut from is larger
_SMALL = (0.28, 0.62)  # m; sides of the small thing, from, to
_FULL = 0.8  # share of its rectangle that each fills at least
_GAIN = 0.04  # of the share of the rectangles that is filled, by the cut
_EVEN = 0.07  # m; what is no lower than this below a plateau is on it
_MOST = 3  # small things beside a large one


def without_notches(mask: Mask, height: Floats, cell: float) -> list[Mask]:
    """The mask (X, Y) of a plateau, and apart from it the small rectangles that stand out from the rectangle of the rest.

    What is as high (`height` (X, Y), m) within the rectangle stands on the plateau, and leaves no notch in it.
    """
    if mask.sum() * cell**2 < _LARGE:
        return [mask]
    cells = np.argwhere(mask)
    yaw = best_yaw(cells.astype(np.float64) * cell, [0.0])
    turn = np.array([[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]])
    flat = np.floor(cells @ turn).astype(np.int64)
    lowest, size = flat.min(axis=0), np.ptp(flat, axis=0) + 1
    high = np.floor(np.argwhere(height > np.median(height[mask]) - _EVEN) @ turn).astype(np.int64) - lowest
    high = high[((high >= 0) & (high < size)).all(axis=1)]
    raster = np.zeros(size, dtype=bool)
    raster[tuple(np.concatenate([flat - lowest, high]).T)] = True
    raster = ndimage.binary_closing(np.pad(raster, 2), np.ones((3, 3), bool))[2:-2, 2:-2]
    parts, rest = [], np.ones(len(cells), dtype=bool)
    for _ in range(_MOST):
        small = _notch(raster, cell)
        if small is None:
            break
        cut = rest & small[tuple((flat - lowest).T)]
        parts.append(cut)
        rest &= ~cut
        raster &= ~small
    if raster.sum() < _FULL * _size(raster).prod():
        return [mask]
    return [_mask_of(mask, cells[part]) for part in (rest, *parts)]


def _mask_of(like: Mask, cells: np.ndarray) -> Mask:
    result = np.zeros_like(like)
    result[cells[:, 0], cells[:, 1]] = True
    return result


def _notch(raster: Mask, cell: float) -> Mask | None:
    """The cells (U, V) of the small rectangle whose cut fills the rectangles best, or None."""
    whole = int(_size(raster).prod())
    best, found = raster.sum() / whole + _GAIN, None
    for small in _ends(raster, cell):
        size = _size(small)
        if size.min() * cell < _SMALL[0] or size.max() * cell > _SMALL[1]:
            continue
        rest = raster & ~small
        share = raster.sum() / (size.prod() + _size(rest).prod())
        if share > best and small.sum() > _FULL * size.prod() and rest.sum() * cell**2 > _LARGE:
            best, found = share, small
    return found


def _ends(raster: Mask, cell: float) -> Iterator[Mask]:
    """The parts of a raster beyond each line along its axes."""
    for axis in range(2):
        length = raster.shape[axis]
        for k in range(round(_SMALL[0] / cell), min(length, round(_SMALL[1] / cell) + 2)):
            for side in (np.arange(length) < k, np.arange(length) >= length - k):
                yield raster & (side[:, None] if axis == 0 else side[None, :])


def _size(mask: Mask) -> np.ndarray:
    """Rows and columns (2,) of the rectangle around the cells of a mask."""
    filled = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
    return np.array([f[-1] - f[0] + 1 if len(f) else 0 for f in filled])
