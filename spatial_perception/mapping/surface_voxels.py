"""The voxels of a map that surfaces pass through, told from those that only noise reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.mapping.voxel_hash import X_SHIFT, Keys, unpack_keys
from spatial_perception.pointcloud.cloud import PointCloud

_BLOCK = 4
"""Edge of the blocks (voxels) within which hits are compared."""
_MOST_BLOCKS = 1 << 24
MEMORY = 256
"""Hits from which on those of a neighbourhood are halved: what came later is then told from noise soon enough."""
_SLAB = 16
SLABS = 32
"""Turns after which all of space was looked at."""


@dataclass(frozen=True, eq=False)
class SurfaceVoxels:
    """A copy of voxels: `keys` (V,), `offset` (V, 3) of the centroids from the centres (m), `rgb` (V, 3) or None, `hits`
    (V,) points each; `voxel` is the edge (m)."""

    keys: Keys
    offset: NDArray[np.float32]
    rgb: NDArray[np.float32] | None
    hits: NDArray[np.int32]
    voxel: float
    frame_id: str
    stamp: float

    def cloud(self, min_share: float = 0.0) -> PointCloud:
        """The centroids, sorted by voxel, of those with at least `min_share` of the most hits around them.

        Range noise reaches the voxels before and behind a surface again and again. Over a long drive they would make every
        wall thick, but they are hit much less often than the surface.
        """
        order = np.argsort(self.keys)
        cells, hits = unpack_keys(self.keys[order]), self.hits[order]
        if min_share > 0 and len(order):
            solid = hits >= min_share * most_hits_around(cells, hits)
            order, cells = order[solid], cells[solid]
        xyz = (cells + 0.5) * self.voxel + self.offset[order]
        rgb = None if self.rgb is None else np.rint(self.rgb[order]).astype(np.uint8)
        return PointCloud(xyz.astype(np.float32), rgb, self.frame_id, self.stamp)


def most_hits_around(cells: NDArray[np.int64], hits: NDArray[np.int32]) -> NDArray[np.int32]:
    """The most hits (V,) of any voxel in the block of each voxel, in the better of two grids of blocks.

    The second grid is shifted by half a block, so that neighbours across a border of one lie together in the other.
    """
    most = np.zeros(len(cells), dtype=np.int32)
    for shift in (0, _BLOCK // 2):
        index, count = _block_index((cells + shift) // _BLOCK)
        best = np.zeros(count, dtype=np.int32)
        np.maximum.at(best, index, hits)
        np.maximum(most, best[index], out=most)
    return most


def _block_index(blocks: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """One number per block (V, 3), below the count that is returned as well."""
    low = blocks.min(axis=0)
    size = blocks.max(axis=0) - low + 1
    index = (blocks - low) @ np.array([size[1] * size[2], size[2], 1])
    count = int(size[0]) * int(size[1]) * int(size[2])
    if count <= _MOST_BLOCKS:
        return index, count
    unique, inverse = np.unique(index, return_inverse=True)
    return inverse, len(unique)


def faded_slab(keys: Keys, hits: NDArray[np.int32], phase: int) -> NDArray[np.intp]:
    """The voxels (by their index) of one slab of space whose hits are to be halved, since some around have `MEMORY` hits.

    The share of hits between a surface and the noise around it stays. `phase` counts on from call to call: each slab of
    16 voxels along x takes its turn once in `SLABS`, which bounds the cost.
    """
    # Voxels beyond the edge of the slab, as far as blocks reach, are compared with and left to their own slab.
    along = (keys >> X_SHIFT).astype(np.int32)
    along += _BLOCK - _SLAB * (phase % SLABS)
    along &= _SLAB * SLABS - 1
    near = along < _SLAB + 2 * _BLOCK
    near &= hits > 0
    chosen = np.flatnonzero(near)
    if not len(chosen):
        return chosen
    most = most_hits_around(unpack_keys(keys[chosen]), hits[chosen])
    place = along[chosen]
    return chosen[(place >= _BLOCK) & (place < _BLOCK + _SLAB) & (most >= MEMORY)]
