"""Principal directions of many small neighbourhoods at once, and work on rows shared by threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = Floats | Sequence[Floats]
Moments = tuple[Floats, Floats, Floats, Floats, Floats, Floats]
"""xx, xy, xz, yy, yz and zz (N,) of symmetric matrices."""

_THREADS = 2  # numpy and the trees leave the interpreter's lock while they compute; more threads gain little here
_CHUNK = 1_500  # rows; what is computed about them stays in the cache of a core
_APART = 1e-6  # of the largest variance: directions of variances closer than this are left to LAPACK


def in_threads(work: Callable[[slice], None], count: int) -> None:
    """Do `work` on ranges that cover `count` rows, which are independent, always cut in the same places."""
    parts = [slice(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    if len(parts) == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        # takes the results, so that what goes wrong in a thread is raised here
        list(pool.map(work, parts))


def moments(columns: Columns, index: NDArray[np.integer], share: Floats | None = None) -> Moments:
    """Second central moments of neighbourhoods: `columns` x, y, z (P,), indices (K, N), weights (K, N) that sum to one.

    Without weights all neighbours count alike.
    """
    if share is None:
        share = np.full(index.shape, 1.0 / len(index))
    x, y, z = (column[index] for column in columns)
    for values in (x, y, z):
        values -= _summed(share, values)
    wx, wy, wz = share * x, share * y, share * z
    return _summed(wx, x), _summed(wx, y), _summed(wx, z), _summed(wy, y), _summed(wy, z), _summed(wz, z)


def _summed(a: Floats, b: Floats) -> Floats:
    return np.einsum("kn,kn->n", a, b)


def least_axes(matrices: Moments) -> tuple[Floats, Floats]:
    """Unit eigenvectors (N, 3) of the smallest eigenvalues of symmetric matrices, and all eigenvalues (N, 3), ascending.

    Source: the roots of the characteristic polynomial by angles (O. K. Smith, "Eigenvalues of a symmetric 3 x 3 matrix",
    1961); what is normal to the rows of the matrix less such a root is its eigenvector.
    """
    xx, xy, xz, yy, yz, zz = matrices
    middle = (xx + yy + zz) / 3
    x, y, z = xx - middle, yy - middle, zz - middle
    spread = np.sqrt((x * x + y * y + z * z + 2 * (xy * xy + xz * xz + yz * yz)) / 6)
    determinant = x * (y * z - yz * yz) - xy * (xy * z - yz * xz) + xz * (xy * yz - y * xz)
    angle = np.arccos(np.clip(determinant / np.maximum(2 * spread**3, np.finfo(float).tiny), -1, 1)) / 3
    high, low = 2 * spread * np.cos(angle), 2 * spread * np.cos(angle + 2 * np.pi / 3)
    values = np.stack([low, -high - low, high], axis=1) + middle[:, None]
    vectors, length = _normal_to_rows((x - low, xy, xz, y - low, yz, z - low))
    unclear = ~(length > (_APART * 9 * spread) * spread)
    if unclear.any():
        exact = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])[:, :, unclear].transpose(2, 0, 1)
        values[unclear], axes = np.linalg.eigh(exact)
        vectors[unclear] = axes[:, :, 0]
    return vectors, values


def _normal_to_rows(matrices: Moments) -> tuple[Floats, Floats]:
    """Unit vectors (N, 3) normal to the rows of symmetric matrices of rank two, and how long the best product of two was."""
    xx, xy, xz, yy, yz, zz = matrices
    products = np.array([
        [xy * yz - xz * yy, xz * xy - xx * yz, xx * yy - xy * xy],
        [xy * zz - xz * yz, xz * xz - xx * zz, xx * yz - xy * xz],
        [yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz],
    ])  # fmt: skip
    length = np.sqrt((products**2).sum(axis=1))
    best, rows = length.argmax(axis=0), np.arange(length.shape[1])
    longest = length[best, rows]
    return products[best, :, rows] / np.maximum(longest, np.finfo(float).tiny)[:, None], longest
