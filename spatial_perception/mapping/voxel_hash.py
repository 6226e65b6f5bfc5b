"""An open-addressing hash table from voxel keys to slots, vectorised in numpy.

Python dictionaries cost about a microsecond per voxel; a LiDAR at 10 Hz touches half a million voxels a second.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
Slots = NDArray[np.int64]

_EMPTY = np.int64(-1)
_BITS = 21
_HALF = 1 << (_BITS - 1)
X_SHIFT = 2 * _BITS
"""Bits of a key above which the cell along x is, counted from the lowest possible one."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def pack_keys(cells: NDArray[np.int64]) -> Keys:
    """One non-negative int64 per integer cell (N, 3); each axis must lie in [-2^20, 2^20)."""
    shifted = cells + _HALF
    return (shifted[:, 0] << X_SHIFT) | (shifted[:, 1] << _BITS) | shifted[:, 2]


def unpack_keys(keys: Keys) -> NDArray[np.int64]:
    """The integer cells (N, 3) of packed keys."""
    mask = (1 << _BITS) - 1
    return np.stack([keys >> X_SHIFT, (keys >> _BITS) & mask, keys & mask], axis=1) - _HALF


class VoxelHash:
    """Maps keys to slot numbers 0..n-1 in order of insertion; holds at most `capacity` keys."""

    def __init__(self, capacity: int) -> None:
        self._mask = (1 << int(np.ceil(np.log2(max(2 * capacity, 16))))) - 1
        self._shift = np.uint64(64 - int(self._mask).bit_length())
        self._keys = np.full(self._mask + 1, _EMPTY, dtype=np.int64)
        self._slots = np.zeros(self._mask + 1, dtype=np.int64)
        self._count = 0

    @property
    def nbytes(self) -> int:
        """Bytes that the table occupies."""
        return self._keys.nbytes + self._slots.nbytes

    def _home(self, keys: Keys) -> NDArray[np.int64]:
        # Fibonacci hashing spreads neighbouring cells over the table.
        return ((keys.view(np.uint64) * _MULTIPLIER) >> self._shift).astype(np.int64)

    def find(self, keys: Keys) -> Slots:
        """Slot of each key (N,), or -1 where it is not in the table."""
        result = np.full(len(keys), -1, dtype=np.int64)
        position, pending = self._home(keys), np.arange(len(keys))
        while len(pending):
            stored = self._keys[position]
            hit = stored == keys[pending]
            result[pending[hit]] = self._slots[position[hit]]
            going_on = ~hit & (stored != _EMPTY)
            pending, position = pending[going_on], (position[going_on] + 1) & self._mask
        return result

    def insert(self, keys: Keys) -> Slots:
        """Give each of these distinct keys, none of which is in the table, the next free slot; returns the slots (N,)."""
        slots = np.arange(self._count, self._count + len(keys))
        self._count += len(keys)
        position, pending = self._home(keys), np.arange(len(keys))
        while len(pending):
            free = self._keys[position] == _EMPTY
            # Where several keys want one place the last write wins; the losers see it taken and probe on.
            self._keys[position[free]] = keys[pending[free]]
            won = self._keys[position] == keys[pending]
            self._slots[position[won]] = slots[pending[won]]
            pending, position = pending[~won], (position[~won] + 1) & self._mask
        return slots

    def rebuild(self, keys: Keys) -> None:
        """Forget everything and hold these keys in slots 0..n-1 (after an eviction)."""
        self._keys.fill(_EMPTY)
        self._count = 0
        self.insert(keys)
