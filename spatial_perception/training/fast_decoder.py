"""The stock decoder layers of transformers, computed for training on a CPU: attention written out, batches padded on the right.

torch's own attention has a slow gradient on CPUs; this takes about half the time. The weights are those of the stock
layers, the results the same up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from spatial_perception.generation.decoder_layers import DecoderLayers
from spatial_perception.generation.rotary import rotary_of

_STRIP = 128


def hidden_states(stack: Any, embeds: Tensor, positions: Tensor | None = None) -> Tensor:
    """Input embeddings (B, L, H) at `positions` (B, L), 0 to L - 1 where none are given, to normalised output features
    (B, L, H), causal.

    Rows that are padded on the right need no mask: nothing before the padding can see it.
    """
    if positions is None:
        positions = torch.arange(embeds.shape[1], device=embeds.device)[None]
    return DecoderLayers(stack)(embeds, rotary_of(stack.rotary_emb, embeds, positions), _attend)


def _attend(_: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    query, key, value = (query * query.shape[-1] ** -0.5).transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    out = causal_attention(*(part.flatten(0, 1) for part in (query, key, value)))
    return out.view(query.shape).transpose(1, 2).flatten(2)


def causal_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention of scaled queries (N, L, D) to keys and values up to their own place, in strips of queries: (N, L, D)."""
    length, strips = query.shape[1], []
    for start in range(0, length, _STRIP):
        stop = min(start + _STRIP, length)
        future = torch.ones(stop - start, stop, dtype=torch.bool, device=query.device).triu(start + 1)
        bias = torch.zeros_like(future, dtype=query.dtype).masked_fill(future, float("-inf"))
        scores = torch.baddbmm(bias, query[:, start:stop], key[:, :stop].transpose(1, 2))
        strips.append(softmax(scores) @ value[:, :stop])
    return torch.cat(strips, dim=1)


def softmax(scores: Tensor) -> Tensor:
    """Softmax over the last dimension in the format that the scores have; autocast would widen them."""
    with torch.autocast(scores.device.type, enabled=False):
        return torch.softmax(scores, dim=-1)
