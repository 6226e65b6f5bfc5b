"""Attention of the decode loop: to what is in the cache, for heads that share keys and values."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from spatial_perception.generation.cache import KeyValueCache


class Attention:
    """One forward pass's attention, the same in all layers.

    `mask` is boolean (B, 1, n, past + n), true where attention is allowed; None means causal. New keys and values go into
    `cache`, if there is one. Queries of heads that share keys stand below one another, so that no key is copied.
    """

    def __init__(self, cache: KeyValueCache | None, embeds: Tensor, mask: Tensor | None) -> None:
        self._cache = cache
        self._past = cache.length if cache is not None else 0
        self._is_triangle = mask is None and self._past == 0 and embeds.shape[1] > 1
        self._mask = mask
        if mask is None and not self._is_triangle and embeds.shape[1] > 1:
            self._mask = _behind(embeds, self._past)
        self._rows: Tensor | None = None

    def __call__(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Queries (B, n, heads, d), keys and values (B, n, groups, d) of a layer to attended values (B, n, heads d)."""
        query, key, value = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
        if self._cache is not None:
            key, value = self._cache.update(key, value, layer)
        sharing = query.shape[1] // key.shape[1]
        if self._is_triangle:
            key, value = _repeated(key, sharing), _repeated(value, sharing)
            out = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            rows = query.reshape(query.shape[0], key.shape[1], -1, query.shape[3])
            out = functional.scaled_dot_product_attention(rows, key, value, self._mask_of(sharing)).view(query.shape)
        return out.transpose(1, 2).flatten(2)

    def _mask_of(self, sharing: int) -> Tensor | None:
        """The mask once for each of the heads that share keys."""
        if self._rows is None and self._mask is not None:
            self._rows = self._mask.repeat(1, 1, sharing, 1) if sharing > 1 else self._mask
        return self._rows


def _behind(embeds: Tensor, past: int) -> Tensor:
    """What to add to scores (1, 1, n, past + n) of rows behind `past` earlier ones, which they see all of."""
    count = embeds.shape[1]
    return embeds.new_full((1, 1, count, past + count), -torch.inf).triu_(past + 1)


def _repeated(values: Tensor, times: int) -> Tensor:
    return values.repeat_interleave(times, 1) if times > 1 else values
