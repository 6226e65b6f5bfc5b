"""The decoder layers of Qwen2 and Llama with few operations: for a short step, Python costs more than arithmetic.

The modules and weights are those of transformers, or bare ones of the same names; the results are the same up to rounding.
Queries, keys and values come from one matrix where `fuse_projections` has joined them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from spatial_perception.generation.packing import PackedLinear, is_packable
from spatial_perception.generation.rotary import Rotary, turned

_SERIAL = 32_768  # values up to which torch uses one thread
_KNOWN = ("Qwen2DecoderLayer", "LlamaDecoderLayer", "BareDecoderLayer")

Attend = Callable[[int, Tensor, Tensor, Tensor], Tensor]
"""Number of the layer, queries (B, n, heads, d), keys and values (B, n, groups, d) to attended values (B, n, heads d)."""


def is_known(stack: Any) -> bool:
    """Whether `DecoderLayers` computes what the layers of this stack compute."""
    if any(type(layer).__name__ not in _KNOWN for layer in stack.layers) or stack.config.hidden_act != "silu":
        return False
    width = 2 * stack.rotary_emb.inv_freq.numel()
    return all(layer.self_attn.head_dim == width for layer in stack.layers)


def group_size(stack: Any) -> int:
    """How many query heads share one head of keys and values."""
    return int(stack.config.num_attention_heads // stack.config.num_key_value_heads)


class DecoderLayers:
    """All layers of a stack of a known kind, and its last norm; `fuse_projections` comes before, not after."""

    def __init__(self, stack: Any) -> None:
        self._layers = [_Layer(layer) for layer in stack.layers]
        self._norm = _norm(stack.norm)

    def __call__(self, embeds: Tensor, rotary: Rotary, attend: Attend) -> Tensor:
        """Input embeddings (B, n, H) to normalised output features (B, n, H)."""
        for index, layer in enumerate(self._layers):
            query, key, value = layer.heads(layer.before_attention(embeds), rotary)
            embeds = embeds + layer.out(attend(index, query, key, value))
            embeds = embeds + layer.feed_forward(layer.before_feed_forward(embeds))
        return self._norm(embeds)


class _Layer:
    """The parts of one layer, looked up once."""

    def __init__(self, layer: Any) -> None:
        attention, feed_forward = layer.self_attn, layer.mlp
        self.before_attention = _norm(layer.input_layernorm)
        self.before_feed_forward = _norm(layer.post_attention_layernorm)
        self.out, self._down = _call(attention.o_proj), _call(feed_forward.down_proj)
        self._size = attention.head_dim
        self._joined = _call(getattr(attention, "joined", None))
        self._gate_and_up = _call(getattr(feed_forward, "joined", None))
        if self._joined is None:
            self._query, self._key, self._value = map(_call, (attention.q_proj, attention.k_proj, attention.v_proj))
        if self._gate_and_up is None:
            self._gate, self._up = _call(feed_forward.gate_proj), _call(feed_forward.up_proj)
        self._groups = attention.config.num_key_value_heads

    def heads(self, values: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, n, heads, d), keys and values (B, n, groups, d), the first two turned to their positions."""
        if self._joined is None:
            query, key, value = (self._split(part(values)) for part in (self._query, self._key, self._value))
            return turned(query, rotary), turned(key, rotary), value
        joined, groups = self._split(self._joined(values)), self._groups
        count = joined.shape[2] - groups
        both = turned(joined.narrow(2, 0, count), rotary)
        return (
            both.narrow(2, 0, count - groups),
            both.narrow(2, count - groups, groups),
            joined.narrow(2, count, groups),
        )

    def _split(self, values: Tensor) -> Tensor:
        return values.view(*values.shape[:2], -1, self._size)

    def feed_forward(self, values: Tensor) -> Tensor:
        """SwiGLU of features (B, n, H)."""
        if self._gate_and_up is None:
            return self._down(_silu(self._gate(values)) * self._up(values))
        gate, up = self._gate_and_up(values).chunk(2, dim=-1)
        return self._down(_silu(gate) * up)


def _call(module: Any) -> Any:
    """A packed layer without the detour over hooks, which it has not; other modules as they are."""
    return module.forward if isinstance(module, PackedLinear) else module


def _silu(values: Tensor) -> Tensor:
    """x sigmoid(x), for long steps on a CPU in parts that every number of threads cuts in the same places.

    torch computes the last values of each thread's share otherwise than the rest, so that last bits would depend on where
    the shares end.
    """
    count = values.numel()
    if count <= _SERIAL or values.requires_grad or values.device.type != "cpu":
        return functional.silu(values)
    flat, step = values.reshape(-1), _SERIAL * torch.get_num_threads()
    result, whole = torch.empty_like(flat), count // step * step
    bounds = [*range(0, whole, step), *range(whole, count, _SERIAL), count]
    for start, stop in pairwise(bounds):
        torch.ops.aten.silu.out(flat[start:stop], out=result[start:stop])
    return result.view(values.shape)


def _norm(module: Any) -> Callable[[Tensor], Tensor]:
    """Root mean square norm: one operation in single precision, else with the rounding of the stock module."""
    weight, epsilon = module.weight, module.variance_epsilon

    def norm(values: Tensor) -> Tensor:
        if values.dtype != torch.float32:
            return module(values)
        return functional.rms_norm(values, weight.shape, weight, epsilon)

    return norm


def fuse_projections(stack: Any) -> int:
    """Join the layers of a known stack that read the same values into packed ones; return how many were packed.

    The stock forward pass of transformers cannot be used afterwards. Does nothing where packing is not possible.
    """
    count = 0
    for layer in stack.layers if is_known(stack) else ():
        count += _fuse(layer.self_attn, ("q_proj", "k_proj", "v_proj"))
        count += _fuse(layer.mlp, ("gate_proj", "up_proj"))
    return count


def _fuse(parent: nn.Module, names: tuple[str, ...]) -> int:
    layers = [getattr(parent, name) for name in names]
    if not all(isinstance(layer, nn.Linear) and is_packable(layer) for layer in layers):
        return 0
    parent.joined = PackedLinear(*layers)
    for name in names:
        delattr(parent, name)
    return len(names)
