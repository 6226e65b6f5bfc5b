"""Exact convolution on the occupied cells of a grid: neighbour pairs by sorted keys, gather, matrix product, add.

Works on any device and is deterministic: within one kernel offset every output cell is written at most once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from spatial_perception.errors import EstimatorError
from spatial_perception.models.layers import accelerators

CHUNK_ELEMENTS = 2**24


@dataclass(frozen=True)
class KernelMap:
    """Neighbour pairs of one kernel on one set of cells.

    `sources[k]` and `targets[k]` are int64 index tensors of equal length: input cell and output cell of offset k, where
    k counts the offsets with x slowest and z fastest. `centre` is the offset that maps each cell to itself, if any; `cells`
    (N, 3) are then the cells themselves.
    """

    sources: tuple[Tensor, ...]
    targets: tuple[Tensor, ...]
    outputs: int
    centre: int | None = None
    cells: Tensor | None = None


@dataclass(frozen=True)
class _SortedCells:
    keys: Tensor
    order: Tensor
    strides: tuple[int, int]

    def key(self, offset: tuple[int, int, int]) -> int:
        return offset[0] * self.strides[0] + offset[1] * self.strides[1] + offset[2]


def linear_keys(grid: Tensor, margin: int = 0) -> tuple[Tensor, tuple[int, int]]:
    """Keys (N,) int64 that sort cells (N, 3) by x, then y, then z, and the strides of x and y.

    A shift of up to `margin` cells per axis never meets the key of another cell.
    """
    cells = grid.to(torch.int64)
    low = cells.amin(0)
    extent = (cells.amax(0) - low + 1 + margin).tolist()
    strides = (extent[1] * extent[2], extent[2])
    if extent[0] * strides[0] >= 2**62:
        raise EstimatorError("the grid spans too many cells; use a coarser grid or a smaller cloud")
    x, y, z = (cells - low).unbind(1)
    return x * strides[0] + y * strides[1] + z, strides


def _sort_cells(grid: Tensor, radius: int) -> _SortedCells:
    keys, strides = linear_keys(grid, radius)
    keys, order = torch.sort(keys)
    if len(keys) > 1 and bool((keys[1:] == keys[:-1]).any()):
        raise EstimatorError("grid cells repeat; sample the cloud to one point per cell first")
    return _SortedCells(keys, order, strides)


def _column_pairs(cells: _SortedCells, dx: int, dy: int, radius: int) -> list[tuple[Tensor, Tensor]]:
    """Pairs for the offsets (dx, dy, -radius ... radius): one search, then the few cells that follow in the column."""
    count = len(cells.keys)
    wanted = cells.keys + cells.key((dx, dy, -radius))
    place = torch.searchsorted(cells.keys, wanted)
    found: list[tuple[Tensor, Tensor]] = []
    for _ in range(2 * radius + 1):
        hit = cells.keys[place.clamp(max=count - 1)] == wanted
        hit &= place < count
        found.append((cells.order[place[hit]], cells.order[hit]))
        place = place + hit
        wanted = wanted + 1
    return found


def submanifold_map(grid: Tensor, kernel: int) -> KernelMap:
    """Neighbour pairs of a centred kernel of odd width on cells (N, 3), outputs at the input cells only.

    The offset (dx, dy, dz) links input cell p + offset to output cell p. Opposite offsets mirror each other, so that
    half of them are searched. Raises EstimatorError for an even kernel or repeated cells.
    """
    if kernel % 2 == 0:
        raise EstimatorError(f"a centred kernel needs an odd width, got {kernel}")
    radius = kernel // 2
    cells = _sort_cells(grid, radius)
    half: list[tuple[Tensor, Tensor]] = []
    for dx, dy in product(range(-radius, radius + 1), repeat=2):
        if (dx, dy) > (0, 0):
            break
        half.extend(_column_pairs(cells, dx, dy, radius))
    centre = kernel**3 // 2
    pairs = half[:centre] + [half[centre]] + [(target, source) for source, target in reversed(half[:centre])]
    return KernelMap(tuple(s for s, _ in pairs), tuple(t for _, t in pairs), len(grid), centre, grid)


def strided_map(grid: Tensor) -> tuple[KernelMap, Tensor]:
    """Pairs of a kernel of width 2 and stride 2, and the coarse cells (M, 3) sorted by x, then y, then z.

    As in a dense convolution without padding, a coarse cell exists only if it lies fully inside the extent of the fine
    cells: fine cells in the last slab of an axis whose greatest index is even are dropped.
    """
    cells = grid.to(torch.int64)
    coarse = cells.div(2, rounding_mode="floor")
    last = (cells.amax(0) - 1).div(2, rounding_mode="floor")
    inside = torch.nonzero((coarse <= last).all(1)).squeeze(1)
    if not len(inside):
        raise EstimatorError("the cloud is thinner than two cells; use a finer grid or a larger cloud")
    keys, _ = linear_keys(coarse[inside])
    _, parent = torch.unique(keys, return_inverse=True)
    outputs = int(parent.max()) + 1
    parents = cells.new_empty(outputs, 3)
    parents[parent] = coarse[inside]
    corner = ((cells - 2 * coarse)[inside] * cells.new_tensor([4, 2, 1])).sum(1)
    chosen = [corner == k for k in range(8)]
    sources, targets = tuple(inside[hit] for hit in chosen), tuple(parent[hit] for hit in chosen)
    return KernelMap(sources, targets, outputs), parents.to(grid.dtype)


def sparse_conv(feat: Tensor, weight: Tensor, kernel_map: KernelMap) -> Tensor:
    """Convolve features (N, Cin) with weights (K, Cin, Cout) along the pairs of `kernel_map`; returns (M, Cout).

    out[t] = sum over offsets k and pairs (s, t) of k: feat[s] @ weight[k]. Cross-correlation, no flip. On CUDA by spconv,
    where it is installed and may be used.
    """
    faster = accelerators.submanifold_conv(feat, weight, kernel_map.cells)
    return plain_sparse_conv(feat, weight, kernel_map) if faster is None else faster


def plain_sparse_conv(feat: Tensor, weight: Tensor, kernel_map: KernelMap) -> Tensor:
    """`sparse_conv` in nothing but torch: gather, multiply, add, one kernel offset after the other."""
    if kernel_map.centre is None:
        out = feat.new_zeros(kernel_map.outputs, weight.shape[2])
    else:
        out = feat @ weight[kernel_map.centre]
    rows = max(1, CHUNK_ELEMENTS // max(weight.shape[1:]))
    for k, (source, target) in enumerate(zip(kernel_map.sources, kernel_map.targets)):
        if k == kernel_map.centre or not len(source):
            continue
        for part, place in zip(source.split(rows), target.split(rows)):
            out = out.index_add_(0, place, feat.index_select(0, part) @ weight[k])
    return out
