"""Space-filling curves: orders in which the occupied cells of an integer grid are visited.

Four curves are known: `z` (Morton) and `hilbert`, each also with x and y exchanged (`z-trans`, `hilbert-trans`).
Source of the Hilbert transform: J. Skilling, "Programming the Hilbert curve", AIP Conf. Proc. 707 (2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from spatial_perception.errors import EstimatorError

CURVES = ("z", "z-trans", "hilbert", "hilbert-trans")
MAX_DEPTH = 16
_CODE_BITS = 63

# (shift, mask) steps that move bit i of a 16-bit number to bit 3 i
_SPREAD = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def serialization_depth(grid: Tensor) -> int:
    """Bits per axis that hold every coordinate of `grid` (N, 3) plus one; raises EstimatorError above 16."""
    depth = (int(grid.max()) + 1).bit_length() if len(grid) else 1
    if depth > MAX_DEPTH:
        raise EstimatorError(f"grid needs {depth} bits per axis, {MAX_DEPTH} are possible; use a coarser grid")
    return depth


def _spread(values: Tensor) -> Tensor:
    for shift, mask in _SPREAD:
        values = (values | (values << shift)) & mask
    return values


def _interleave(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return (_spread(x) << 2) | (_spread(y) << 1) | _spread(z)


def z_order(grid: Tensor) -> Tensor:
    """Morton codes (N,) int64 of non-negative cells (N, 3): bit i of x, y, z becomes bit 3i+2, 3i+1, 3i."""
    return _interleave(*grid.to(torch.int64).unbind(1))


def _skilling(axes: list[Tensor], depth: int) -> list[Tensor]:
    """Turn coordinates into the transposed Hilbert index, still in Gray code."""
    for bit in range(depth - 1, -1, -1):
        low = (1 << bit) - 1
        for dim in range(3):
            is_set = ((axes[dim] >> bit) & 1).bool()
            swap = torch.where(is_set, 0, (axes[0] ^ axes[dim]) & low)
            axes[0] = axes[0] ^ torch.where(is_set, low, swap)
            axes[dim] = axes[dim] ^ swap if dim else axes[dim]
    return axes


def _gray_to_binary(code: Tensor, bits: int) -> Tensor:
    shift = 1
    while shift < bits:
        code = code ^ (code >> shift)
        shift *= 2
    return code


def hilbert_order(grid: Tensor, depth: int) -> Tensor:
    """Hilbert codes (N,) int64 of non-negative cells (N, 3) in a cube of 2^depth cells per axis."""
    axes = _skilling(list(grid.to(torch.int64).unbind(1)), depth)
    return _gray_to_binary(_interleave(*axes), 3 * depth)


def curve_code(grid: Tensor, curve: str, depth: int, batch: Tensor | None = None) -> Tensor:
    """Codes (N,) int64 of cells (N, 3) along one of `CURVES`; `batch` (N,) goes above the 3 * depth curve bits.

    Raises EstimatorError for an unknown curve, a depth over 16 or more clouds than the remaining bits can number.
    """
    if curve not in CURVES:
        raise EstimatorError(f"unknown serialisation order {curve!r}; known are {', '.join(CURVES)}")
    if depth > MAX_DEPTH:
        raise EstimatorError(f"serialisation depth {depth} is over {MAX_DEPTH}; use a coarser grid")
    if curve.endswith("-trans"):
        grid = grid[:, [1, 0, 2]]
    code = z_order(grid) if curve.startswith("z") else hilbert_order(grid, depth)
    return code if batch is None else _with_batch(code, batch, depth)


def _with_batch(code: Tensor, batch: Tensor, depth: int) -> Tensor:
    clouds = int(batch.max()) + 1 if len(batch) else 1
    if 3 * depth + clouds.bit_length() > _CODE_BITS:
        raise EstimatorError(f"{clouds} clouds at depth {depth} exceed {_CODE_BITS} bits; use smaller batches")
    return (batch.to(torch.int64) << (3 * depth)) | code


def curve_orders(grid: Tensor, curves: Sequence[str]) -> list[Tensor]:
    """For every curve the permutation (N,) int64 that sorts the cells (N, 3) of one cloud along it."""
    depth = serialization_depth(grid)
    return [torch.argsort(curve_code(grid, curve, depth)) for curve in curves]
