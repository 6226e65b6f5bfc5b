"""The stock decoder layers of transformers, computed for training on a CPU: attention written out, batches padded on the right.

torch's own attention has a slow gradient on CPUs; this takes about half the time. The weights are those of the stock
layers, the results the same up to rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_STRIP = 128


def hidden_states(stack: Any, embeds: Tensor) -> Tensor:
    """Input embeddings (B, L, H) to normalised output features (B, L, H), causal, positions 0 to L - 1.

    Rows that are padded on the right need no mask: nothing before the padding can see it.
    """
    positions = torch.arange(embeds.shape[1], device=embeds.device)[None]
    cos, sin = stack.rotary_emb(embeds, positions)
    for layer in stack.layers:
        embeds = embeds + _attend(layer.self_attn, _norm(layer.input_layernorm, embeds), cos, sin)
        embeds = embeds + layer.mlp(_norm(layer.post_attention_layernorm, embeds))
    return _norm(stack.norm, embeds)


def _norm(layer: Any, values: Tensor) -> Tensor:
    return functional.rms_norm(values, layer.weight.shape, layer.weight, layer.variance_epsilon)


def _attend(layer: Any, values: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    batch, length, _ = values.shape
    query, key, value = (
        proj(values).view(batch, length, -1, layer.head_dim).transpose(1, 2)
        for proj in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    query, key = _rotated(query * layer.scaling, cos, sin), _rotated(key, cos, sin)
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    out = causal_attention(*(part.flatten(0, 1) for part in (query, key, value)))
    return layer.o_proj(out.view(batch, -1, length, layer.head_dim).transpose(1, 2).flatten(2))


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


def _rotated(values: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions as in transformers: the two halves of a head are the two parts of a complex number."""
    cos, sin = cos[:, None].to(values.dtype), sin[:, None].to(values.dtype)
    first, second = values.chunk(2, dim=-1)
    return values * cos + torch.cat([-second, first], dim=-1) * sin
