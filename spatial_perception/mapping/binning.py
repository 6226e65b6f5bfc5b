"""The points of one cloud gathered into voxels: the hot loop of the map, column by column, since numpy is fastest so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.mapping.voxel_hash import Keys, pack_keys


@dataclass(frozen=True, eq=False)
class Bins:
    """The V voxels that a cloud occupies, ascending by key.

    `keys` (V,), `offset` (V, 3) float32 m: mean of the points less the centre of the voxel, `rgb` (V, 3) float32 mean
    colour or None, `counts` (V,) points per voxel.
    """

    keys: Keys
    offset: NDArray[np.float32]
    rgb: NDArray[np.float32] | None
    counts: NDArray[np.int64]


def bin_points(xyz: NDArray[np.float32], rgb: NDArray[np.uint8] | None, voxel: float) -> Bins:
    """Gather finite points (N, 3) within reach of the keys into voxels of edge `voxel` (m)."""
    columns = np.ascontiguousarray(xyz.T)
    cells = np.floor(columns * np.float32(1 / voxel))
    inside = columns - (cells + np.float32(0.5)) * np.float32(voxel)
    cells = cells.astype(np.int32)
    order, starts = _groups(_local_index(cells))
    counts = np.diff(starts, append=len(order))
    keys = pack_keys(cells[:, order[starts]].T.astype(np.int64))
    colours = None if rgb is None else _mean(np.ascontiguousarray(rgb.T), order, starts, counts)
    return Bins(keys, _mean(inside, order, starts, counts), colours, counts)


def _local_index(cells: NDArray[np.int32]) -> NDArray[np.int64]:
    """One small integer per cell (3, N), in the order of the packed keys: lexicographic within the cloud's bounds."""
    if not cells.shape[1]:
        return np.empty(0, dtype=np.int64)
    low = cells.min(axis=1)
    size = (cells.max(axis=1) - low).astype(np.int64) + 1
    index = (cells[0] - low[0]).astype(np.int64)
    for axis in (1, 2):
        index *= size[axis]
        index += cells[axis] - low[axis]
    return index


def _groups(index: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A stable order of the points by index, and where each group of equal ones starts in it."""
    bits = max(1, len(index).bit_length())
    if not len(index) or int(index.max()).bit_length() + bits > 63:
        order = np.argsort(index, kind="stable")
        return order, np.flatnonzero(np.diff(index[order], prepend=-1))
    # Index and position fit one integer: sorting that is several times faster than an argsort.
    joined = index << bits
    joined |= np.arange(len(index))
    joined.sort()
    group = joined >> bits
    starts = np.flatnonzero(group[1:] != group[:-1])
    starts += 1
    return joined & ((1 << bits) - 1), np.concatenate([np.zeros(1, dtype=np.int64), starts])


def _mean(columns: NDArray, order: NDArray, starts: NDArray, counts: NDArray) -> NDArray[np.float32]:
    """The mean (V, 3) over each group of the values (3, N)."""
    result = np.empty((len(starts), 3), dtype=np.float32)
    if len(starts):
        for axis in range(3):
            # float32 holds sums of colours exactly, and those of offsets within a voxel to a micrometre.
            # The order is within bounds: `clip` spares the check.
            values = np.take(columns[axis], order, mode="clip").astype(np.float32, copy=False)
            result[:, axis] = np.add.reduceat(values, starts)
        result /= counts[:, None].astype(np.float32)
    return result
