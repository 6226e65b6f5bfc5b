"""A fresh small checkpoint, to be trained from nothing: a pillar encoder, a decoder of a few layers, a compact tokenizer.

The tokenizer has one token per number with its comma or closing parenthesis, per head of a line, per label and per word of
the task, so that an entity is 7 to 9 tokens; all other text is written in bytes. It speaks the layout language unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from spatial_perception.generation.layout_language import CONSTRUCTORS, KINDS
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.models.spatiallm.compact_tokenizer import CHAT
from spatial_perception.models.spatiallm.config import PillarConfig, SpatialLMConfig
from spatial_perception.models.spatiallm.findings import LAST_NUMBERS
from spatial_perception.models.spatiallm.fresh import byte_letters, byte_level_tokenizer, point_ids, write_checkpoint
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pillar import PillarEncoder
from spatial_perception.models.spatiallm.places import BACK, LAST, LINES

_PIECES = r"(?:wall|door|window|bbox)_\d+=[A-Z][a-z]+\(|wall_\d+,|\d+,|\d+\)\n| ?[a-z][a-z_-]*[,.]|Detect"
_SHARP, _COPIED, _LOUD = (10.0, 6.0), 0.3, 3.0


def compact_tokenizer(num_bins: int = 640) -> Any:
    """A tokenizer (of the `tokenizers` library) for layouts in `num_bins` bins."""
    from tokenizers import models

    letters = byte_letters()
    words = ["".join(letters[byte] for byte in word.encode()) for word in _words(num_bins)]
    vocabulary = {word: index for index, word in enumerate(dict.fromkeys([*sorted(letters.values()), *words]))}
    return byte_level_tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True), _PIECES)


def _words(num_bins: int) -> Iterator[str]:
    yield from (f"{number}," for number in range(num_bins))
    yield from (f"{number})\n" for number in range(min(LAST_NUMBERS, num_bins)))
    yield from (f"{k}_{n}={c}(" for k, c, count in zip(KINDS, CONSTRUCTORS, LINES) for n in range(count))
    yield from (f"wall_{number}," for number in range(LINES[0]))
    yield from (f"{name}," for name in CATEGORIES)
    yield "Detect"
    yield from (f" {name}{end}" for name in ("walls", "doors", "windows", "boxes", *CATEGORIES) for end in ",.")


def number_tokens(tokenizer: Any, num_bins: int) -> tuple[Tensor, Tensor]:
    """Ids (num_bins,) of the numbers with a comma, and ids (n,) of those that end a line; both ascend without gaps."""
    inner = torch.tensor([tokenizer.convert_tokens_to_ids(f"{k},") for k in range(num_bins)])
    last = torch.tensor([tokenizer.convert_tokens_to_ids(f"{k})\u010a") for k in range(min(LAST_NUMBERS, num_bins))])
    return inner, last


def line_tokens(tokenizer: Any) -> tuple[Tensor, ...]:
    """Ids (n,) of the heads of walls, doors, windows and boxes, and of the walls that openings refer to; they ascend."""
    heads = [
        [f"{kind}_{number}={constructor}(" for number in range(count)]
        for kind, constructor, count in zip(KINDS, CONSTRUCTORS, LINES)
    ]
    walls = [f"wall_{number}," for number in range(LINES[0])]
    return tuple(torch.tensor(tokenizer.convert_tokens_to_ids(run)) for run in (*heads, walls))


def compact_config(
    tokenizer: Any, encoder: dict[str, Any], hidden: int = 192, layers: int = 4, heads: int = 3, inner: int = 512
) -> dict[str, Any]:
    """The content of `config.json`: a Qwen2 of these sizes behind a pillar encoder of these settings."""
    return {
        "architectures": ["SpatialLMQwenForCausalLM"],
        "model_type": "spatiallm_qwen",
        "vocab_size": -(-len(tokenizer.get_vocab()) // 8) * 8,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "max_position_embeddings": LAST,
        "rope_theta": 1000000.0,
        "rms_norm_eps": 1e-06,
        "tie_word_embeddings": True,
        "initializer_range": 0.02,
        "torch_dtype": "float32",
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "point_backbone": "pillar",
        "point_config": encoder,
        "projector": "linear",
        **point_ids(tokenizer),
    }


def make_compact_checkpoint(
    directory: str | Path, seed: int = 0, encoder: dict[str, Any] | None = None, **sizes: int
) -> Path:
    """Write an untrained checkpoint to `directory` and return it; `sizes` are those of `compact_config`.

    Same arguments, same bytes. Raises OutputError if it cannot be written.
    """
    path, point = Path(directory), {"num_bins": PillarConfig.num_bins, **(encoder or {})}
    tokenizer = compact_tokenizer(point["num_bins"])
    config = compact_config(tokenizer, point, **sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SpatialLM(SpatialLMConfig.from_dict(config))
        _start_numbers(model, tokenizer, point["num_bins"])
        _start_copying(model)
    return write_checkpoint(path, model, config, tokenizer, CHAT)


@torch.no_grad()
def _start_numbers(model: SpatialLM, tokenizer: Any, num_bins: int) -> None:
    """Let the embeddings of numbers begin as waves over their value, so that neighbours are alike."""
    table = model.model.embed_tokens.weight
    for prefix, suffix, count in (("", ",", num_bins), ("", ")\u010a", min(LAST_NUMBERS, num_bins))):
        ids = torch.tensor([tokenizer.token_to_id(f"{prefix}{k}{suffix}") for k in range(count)])
        steps = table.shape[1] // 2
        wavelength = 7.0 * (1600.0 / 7.0) ** (torch.arange(steps) / max(1, steps - 1))
        angle = torch.arange(count)[:, None] * (2 * torch.pi / wavelength)
        mixed = torch.cat([angle.sin(), angle.cos()], dim=1)
        table[ids] += 0.02 * mixed.to(table)


@torch.no_grad()
def _start_copying(model: SpatialLM) -> None:
    """Where findings are read, let the first layer begin as one that copies what stands `BACK` positions before; from
    nothing, that takes a model longest to find out.

    Queries and keys are biases alone, which the rotary positions turn against each other: the scores of a head are then
    sums of cosines of the distance, highest at `BACK`. The fastest of them tell neighbours apart, and are larger.
    """
    encoder = model.point_backbone
    if not isinstance(encoder, PillarEncoder) or encoder.findings is None:
        return
    first, steps = model.model.layers[0].self_attn, model.model.rotary_emb.inv_freq
    size = torch.full_like(steps, _SHARP[1])
    size[:3] = _SHARP[0]
    angle = (-BACK * steps.double()).float()
    heads = len(first.q_proj.bias) // (2 * len(steps))
    first.q_proj.weight.zero_()
    first.k_proj.weight.zero_()
    first.q_proj.bias.copy_(torch.cat([size * angle.cos(), size * angle.sin()]).repeat(heads))
    first.k_proj.bias.copy_(torch.cat([size, torch.zeros_like(size)]).repeat(heads))
    one = torch.eye(len(first.v_proj.weight))
    first.v_proj.weight.copy_(one)
    first.o_proj.weight.copy_(_COPIED * one)
    model.model.norm.weight.fill_(_LOUD)
