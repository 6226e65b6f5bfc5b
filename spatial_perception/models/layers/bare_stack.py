"""The weights of a Qwen2 or Llama decoder without transformers, whose import takes longer than a small model does to load.

Only `generation.decoder_layers.DecoderLayers` computes with them: the modules here have names and shapes, and no forward
pass of their own. What is trained is the stock stack.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_NEEDED = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")


@dataclass(frozen=True)
class StackConfig:
    """The sizes of a plain decoder, by the names that `config.json` gives them."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    tie_word_embeddings: bool
    query_bias: bool
    output_bias: bool
    mlp_bias: bool
    hidden_act: str = "silu"

    @classmethod
    def of(cls, language: Mapping[str, Any], is_llama: bool) -> StackConfig | None:
        """The configuration of a Qwen2 or Llama in `config.json`; None where it asks for anything that is not plain."""
        if any(key not in language for key in _NEEDED) or not _is_plain(language):
            return None
        sizes: dict[str, Any] = {key: int(language[key]) for key in _NEEDED}
        heads, biases = sizes["num_attention_heads"], bool(is_llama and language.get("attention_bias"))
        return cls(
            **sizes,
            num_key_value_heads=int(language.get("num_key_value_heads") or heads),
            head_dim=int(language.get("head_dim") or sizes["hidden_size"] // heads),
            rms_norm_eps=float(language.get("rms_norm_eps", 1e-6)),
            rope_theta=float(language.get("rope_theta", 10_000.0)),
            tie_word_embeddings=bool(language.get("tie_word_embeddings", False)),
            query_bias=biases or not is_llama,
            output_bias=biases,
            mlp_bias=bool(is_llama and language.get("mlp_bias")),
        )


def _is_plain(language: Mapping[str, Any]) -> bool:
    """Whether heads turn at the usual rate, and see everything before them."""
    other = ("rope_scaling", "rope_parameters", "layer_types", "use_sliding_window", "partial_rotary_factor")
    return not any(language.get(key) for key in other) and language.get("hidden_act", "silu") == "silu"


class BareStack(nn.Module):
    """Embeddings, layers, last norm and rotary angles of a plain decoder, by the names of transformers."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([BareDecoderLayer(config) for _ in range(config.num_hidden_layers)])
        self.norm = Norm(config)
        self.rotary_emb = RotaryAngles(config)


class BareDecoderLayer(nn.Module):
    """The weights of one layer."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.self_attn = _Attention(config)
        self.mlp = _FeedForward(config)
        self.input_layernorm = Norm(config)
        self.post_attention_layernorm = Norm(config)


class _Attention(nn.Module):
    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.config = config
        self.head_dim = config.head_dim
        hidden, queries = config.hidden_size, config.num_attention_heads * config.head_dim
        keys = config.num_key_value_heads * config.head_dim
        self.q_proj = nn.Linear(hidden, queries, bias=config.query_bias)
        self.k_proj = nn.Linear(hidden, keys, bias=config.query_bias)
        self.v_proj = nn.Linear(hidden, keys, bias=config.query_bias)
        self.o_proj = nn.Linear(queries, hidden, bias=config.output_bias)


class _FeedForward(nn.Module):
    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=config.mlp_bias)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=config.mlp_bias)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=config.mlp_bias)


class Norm(nn.Module):
    """Root mean square norm, which sums in single precision."""

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(config.hidden_size))
        self.variance_epsilon = config.rms_norm_eps

    def forward(self, values: Tensor) -> Tensor:
        """Features (..., H) in their number format."""
        wide = values.to(torch.float32)
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
        return self.weight * wide.to(values.dtype)


class RotaryAngles(nn.Module):
    """Cosines and sines of the positions (Su et al., "RoFormer", 2021) for heads of `head_dim`."""

    rope_type = "default"
    inv_freq: Tensor

    def __init__(self, config: StackConfig) -> None:
        super().__init__()
        # on the CPU even where weights get no memory: torch would load its compiler to count there
        steps = torch.arange(0, config.head_dim, 2, dtype=torch.float, device="cpu") / config.head_dim
        self.register_buffer("inv_freq", 1.0 / (config.rope_theta**steps), persistent=False)

    def forward(self, values: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines (B, n, d) of positions (B, n), in the number format of `values`."""
        angles = positions[..., None].float() * self.inv_freq.float()
        both = torch.cat((angles, angles), dim=-1)
        return both.cos().to(values.dtype), both.sin().to(values.dtype)
