"""Pre-allocated keys and values of a causal language model."""

from __future__ import annotations

from typing import Any

from torch import Tensor

_GROWTH = 512


class KeyValueCache:
    """Keys and values of every layer, (B, heads, capacity, d) each, of which the first `length` positions are valid.

    Stock decoder layers of transformers call `update`; the decode loop moves `length` with `advance` and `crop`.
    Memory grows in large steps, so that a decode step neither allocates nor copies. With `static` set, steps write at
    `slots` and see all `capacity` positions: shapes never change, as a captured CUDA graph needs.
    """

    def __init__(self, capacity: int = 0) -> None:
        self.capacity = capacity
        self.length = 0
        self.static = False
        self.slots: Tensor | None = None
        self._keys: dict[int, Tensor] = {}
        self._values: dict[int, Tensor] = {}

    def view(self) -> KeyValueCache:
        """An empty cache over the same memory."""
        other = KeyValueCache(self.capacity)
        other._keys, other._values = self._keys, self._values
        return other

    def update(self, keys: Tensor, values: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Store new keys and values (B, heads, n, d) of a layer behind the valid ones; return what may be attended to."""
        if self.static:
            return self._write_static(keys, values, layer)
        end = self.length + keys.shape[2]
        self._reserve(layer, keys, end)
        self._keys[layer][:, :, self.length : end] = keys
        self._values[layer][:, :, self.length : end] = values
        return self._keys[layer][:, :, :end], self._values[layer][:, :, :end]

    def _write_static(self, keys: Tensor, values: Tensor, layer: int) -> tuple[Tensor, Tensor]:
        assert self.slots is not None
        self._keys[layer].index_copy_(2, self.slots, keys)
        self._values[layer].index_copy_(2, self.slots, values)
        return self._keys[layer], self._values[layer]

    def _reserve(self, layer: int, like: Tensor, length: int) -> None:
        if length > self.capacity:
            self.capacity = max(length + _GROWTH, 2 * self.capacity)
        for store in (self._keys, self._values):
            old = store.get(layer)
            if old is None or old.shape[2] < length:
                store[layer] = _grown(old, like, self.capacity, self.length)

    def reserve(self, capacity: int) -> None:
        """Give every layer room for `capacity` positions now."""
        self.capacity = max(self.capacity, capacity)
        for store in (self._keys, self._values):
            for layer, old in store.items():
                if old.shape[2] < self.capacity:
                    store[layer] = _grown(old, old, self.capacity, self.length)

    def advance(self, count: int) -> None:
        """Declare the `count` positions that were just written valid."""
        self.length += count

    def crop(self, length: int) -> None:
        """Forget all positions from `length` on."""
        self.length = min(self.length, length)

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows` (B',) int64, in that order; rows may repeat (beam search)."""
        for store in (self._keys, self._values):
            for layer, tensor in store.items():
                store[layer] = tensor.index_select(0, rows)

    def get_seq_length(self, layer: int = 0) -> int:
        """Number of valid positions (the name that transformers asks for)."""
        return self.length


def _grown(old: Tensor | None, like: Tensor, capacity: int, length: int) -> Tensor:
    new = like.new_zeros(like.shape[0], like.shape[1], capacity, like.shape[3])
    if old is not None:
        new[:, :, :length] = old[:, :, :length]
    return new
