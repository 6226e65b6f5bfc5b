"""Fewer points: voxel means, the grid sampling of SpatialLM, random choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cloud import PointCloud, Vec3
from spatial_perception.pointcloud.columns import highest, lowest

# The cube that SpatialLM maps onto its bins, in metres.
WORLD_SIZE = 32.0
_FNV_OFFSET, _FNV_PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)
# Above this many grid cells per point, sorting is leaner than a table of all cells.
_DENSE_CELLS_PER_POINT = 16


@dataclass(frozen=True, eq=False)
class VoxelIndex:
    """Which voxel each point lies in.

    `voxel_of` (N,) maps points to rows of `cells` (V, 3) int64, the occupied cells in ascending order (x, then y, then
    z); `counts` (V,) are the points in each. Cells span
    `origin + cell * size` to `origin + (cell + 1) * size`, in metres.
    """

    voxel_of: NDArray[np.intp]
    cells: NDArray[np.int64]
    counts: NDArray[np.intp]
    origin: NDArray[np.float64]
    size: float

    def mean(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """The mean of `values` (N, C) in each voxel, as (V, C) float64."""
        sums = [np.bincount(self.voxel_of, values[:, i], len(self.counts)) for i in range(values.shape[1])]
        return np.stack(sums, axis=1) / self.counts[:, None]

    def centers(self) -> NDArray[np.float64]:
        """The middle of each occupied voxel, (V, 3)."""
        return self.origin + (self.cells + 0.5) * self.size


def _finite(xyz: NDArray[np.generic]) -> NDArray[np.generic]:
    if xyz.ndim != 2 or xyz.shape[1] != 3 or not len(xyz):
        raise CloudError(f"points must be (N, 3) with N > 0, got {xyz.shape}; give at least one point")
    if not np.isfinite(xyz).all():
        raise CloudError("points hold NaN or infinite coordinates; drop them first (remove_non_finite)")
    return xyz


def index_voxels(xyz: NDArray[np.generic], size: float, origin: NDArray[np.float64] | None = None) -> VoxelIndex:
    """Group points (N, 3) into cubes of edge `size` metres.

    By default the grid begins half a voxel below the smallest coordinate, as in Open3D. The order of the points does
    not matter. Raises CloudError for an empty or non-finite cloud, or a voxel too small for its extent.
    """
    points = _finite(xyz)
    if not size > 0.0:
        raise CloudError(f"voxel size must be positive, got {size}; give it in metres")
    low, high = lowest(points).astype(np.float64), highest(points).astype(np.float64)
    start = low - size / 2 if origin is None else np.asarray(origin, np.float64)
    first, last = np.floor((low - start) / size), np.floor((high - start) / size)
    if (last - first).max() >= 2**20:
        raise CloudError(
            f"voxel of {size:g} m is too small for a cloud of {np.ptp(points, axis=0).max():g} m; use a larger one"
        )
    shape = (last - first).astype(np.int64) + 1
    keys = _cell_keys(points, start, size, first, shape)
    voxel_of, occupied, counts = group_keys(keys, int(np.prod(shape)))
    cells = np.stack(np.unravel_index(occupied, tuple(shape)), axis=1).astype(np.int64) + first.astype(np.int64)
    return VoxelIndex(voxel_of, cells, counts, start, size)


def _cell_keys(
    points: NDArray[np.generic],
    start: NDArray[np.float64],
    size: float,
    first: NDArray[np.float64],
    shape: NDArray[np.int64],
) -> NDArray[np.int64]:
    keys = np.zeros(len(points), np.int64)
    for axis in range(3):
        cells = points[:, axis].astype(np.float64)
        cells -= start[axis]
        cells /= size
        np.floor(cells, out=cells)
        cells -= first[axis]
        keys *= shape[axis]
        keys += cells.astype(np.int64)
    return keys


def group_keys(keys: NDArray[np.int64], cells: int) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.intp]]:
    """Rank of each of the keys (N,) below `cells` among the distinct ones, the distinct keys ascending, and their counts."""
    if cells > _DENSE_CELLS_PER_POINT * len(keys) + 4096:
        occupied, voxel_of, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return voxel_of.reshape(-1), occupied, counts
    present = np.zeros(cells, bool)
    present[keys] = True
    occupied = np.flatnonzero(present)
    rank = np.empty(cells, np.int32 if len(occupied) < 2**31 else np.int64)
    rank[occupied] = np.arange(len(occupied))
    voxel_of = rank[keys].astype(np.intp)
    return voxel_of, occupied, np.bincount(voxel_of, minlength=len(occupied))


def count_keys(keys: NDArray[np.int64], cells: int) -> int:
    """How many of the keys (N,) below `cells` are distinct."""
    if cells > _DENSE_CELLS_PER_POINT * len(keys) + 4096:
        return len(np.unique(keys))
    present = np.zeros(cells, bool)
    present[keys] = True
    return int(np.count_nonzero(present))


def voxel_means(
    xyz: NDArray[np.generic], rgb: NDArray[np.generic] | None, size: float, *, lattice: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Mean position (V, 3) and mean colour (V, 3, in the units given) of each occupied voxel: Open3D's down-sampling.

    The rows are in ascending order of cells. With `lattice` cells begin at half multiples of `size`, so that they stay
    where they are while a cloud grows. Raises CloudError as `index_voxels`.
    """
    origin = (np.floor(lowest(_finite(xyz)).astype(np.float64) / size) - 0.5) * size if lattice else None
    index = index_voxels(xyz, size, origin)
    return index.mean(xyz), None if rgb is None else index.mean(rgb)


def voxel_downsample(cloud: PointCloud, size: float) -> PointCloud:
    """One point per occupied voxel of edge `size` metres: the mean position and the rounded mean colour.

    Raises CloudError as `index_voxels`.
    """
    xyz, rgb = voxel_means(cloud.xyz, cloud.rgb, size)
    colours = None if rgb is None else np.rint(rgb).astype(np.uint8)
    return PointCloud(xyz.astype(np.float32), colours, cloud.frame_id, cloud.stamp, cloud.origin)


def random_subsample(cloud: PointCloud, count: int, generator: np.random.Generator) -> PointCloud:
    """At most `count` points, chosen without repetition and kept in their order."""
    if len(cloud) <= count:
        return cloud
    return cloud.select(np.sort(generator.choice(len(cloud), count, replace=False)))


def fnv_hash(cells: NDArray[np.integer]) -> NDArray[np.uint64]:
    """The 64-bit hash of rows (N, C) of integers that orders SpatialLM's points: multiply first, then exclusive or.

    Source: Fowler, Noll and Vo, FNV-1 with 64 bits, applied to whole integers in place of bytes.
    """
    values = np.full(len(cells), _FNV_OFFSET, np.uint64)
    for column in cells.astype(np.uint64).T:
        values *= _FNV_PRIME
        values ^= column
    return values


def sample_grid_indices(
    cells: NDArray[np.integer], generator: np.random.Generator | None = None, *, local: bool = False
) -> NDArray[np.intp]:
    """One point per distinct row of `cells` (N, 3), as indices in ascending order of the rows' hash.

    Of c points in a cell the one at offset (c_max // 2) mod c is taken, where c_max is the largest number in any cell;
    points of one cell count in input order. With `local` it is the one at c // 2, whatever lies in other cells. With a
    generator (training) the offset is drawn anew for each cell.
    """
    keys = fnv_hash(cells)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = (
        np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if len(cells) else np.empty(0, np.intp)
    )
    counts = np.diff(np.append(starts, len(cells)))
    if local and generator is None:
        return order[starts + counts // 2]
    largest = int(counts.max(initial=0))
    draws = largest // 2 if generator is None else generator.integers(0, max(largest, 1), len(counts))
    return order[starts + draws % np.maximum(counts, 1)]


def grid_sample(
    xyz: NDArray[np.generic],
    rgb: NDArray[np.uint8] | None,
    num_bins: int,
    generator: np.random.Generator | None = None,
    origin: Vec3 | None = None,
    *,
    local: bool = False,
) -> NDArray[np.float64]:
    """The point tensor of SpatialLM, (V, 9) float64: bin x y z, shifted metric x y z, colour r g b in [-1, 1].

    One point per occupied cell of 32 m / `num_bins`, rows and choice as in `sample_grid_indices`. Bins begin at `origin`
    (m), by default at the least coordinates. Points outside of the bins fall into the outermost ones but keep their
    true coordinates. Without colours the points are black (-1). Raises CloudError for an empty or non-finite cloud.
    """
    shifted = _finite(xyz).astype(np.float64)
    shifted -= lowest(shifted) if origin is None else np.asarray(origin)
    cells = np.clip(np.floor(shifted / (WORLD_SIZE / num_bins)).astype(np.int64), 0, num_bins - 1)
    chosen = sample_grid_indices(cells, generator, local=local)
    colours = np.zeros((len(chosen), 3)) if rgb is None else rgb[chosen].astype(np.float64)
    return np.concatenate([cells[chosen], shifted[chosen], colours / 127.5 - 1.0], axis=1)
