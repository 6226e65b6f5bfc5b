"""A complete checkpoint small enough for tests: configuration, tokenizer built offline, random weights."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.models.spatiallm.config import SpatialLMConfig
from spatial_perception.models.spatiallm.fresh import byte_letters, byte_level_tokenizer, point_ids, write_checkpoint
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.prompts import code_template

_WORDS = (
    "wall", "door", "window", "bbox", "=Wall", "=Door", "=Window", "=Bbox", "(wall", ")\n", "\n\n",
    "system", "user", "assistant", "Detect", " walls", " doors", " windows", " boxes", " The", " reference", " code",
    " is", " as", " followed", " class", " int", " str", "   ", ":\n", "position", "scale", "height", "width", "angle",
)  # fmt: skip
# splits words, single digits and punctuation apart as Qwen2 does
_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_CARD = "---\nlicense: apache-2.0\n---\nA tiny SpatialLM with random weights, for tests. It understands nothing.\n"


def make_tiny_checkpoint(
    directory: str | Path, seed: int = 0, backbone: str = "sonata", num_bins: int = 1280, hidden: int = 64
) -> Path:
    """Write a loadable checkpoint to `directory` (made if need be) and return it.

    `backbone` is sonata (1.1) or scenescript (1.0). Same arguments, same bytes. Raises OutputError if it cannot be
    written.
    """
    path, tokenizer = Path(directory), tiny_tokenizer()
    config = tiny_config(tokenizer, backbone, num_bins, hidden)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = SpatialLM(SpatialLMConfig.from_dict(config))
    return write_checkpoint(path, model, config, tokenizer, _CHAT, {"README.md": _CARD})


def tiny_config(tokenizer: Any, backbone: str = "sonata", num_bins: int = 1280, hidden: int = 64) -> dict[str, Any]:
    """The content of `config.json`: a Qwen2 of two layers and an encoder of a few thousand weights."""
    encoders: dict[str, dict[str, Any]] = {
        "sonata": {
            "in_channels": 6,
            "order": ["z", "z-trans", "hilbert", "hilbert-trans"],
            "stride": [2, 2, 2, 2],
            "enc_depths": [1, 1, 1, 1, 1],
            "enc_channels": [16, 16, 32, 32, 64],
            "enc_num_head": [1, 1, 2, 2, 4],
            "enc_patch_size": [128, 128, 128, 128, 128],
            "mlp_ratio": 2,
        },
        "scenescript": {"input_channels": 6, "embed_channels": 64, "conv_layers": [8, 16, 16, 32, 32]},
    }
    return {
        "architectures": ["SpatialLMQwenForCausalLM"],
        "model_type": "spatiallm_qwen",
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 8192,
        "rope_theta": 1000000.0,
        "rms_norm_eps": 1e-06,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "point_backbone": backbone,
        "point_config": {**encoders.get(backbone, {}), "num_bins": num_bins},
        "projector": "mlp",
        **point_ids(tokenizer),
    }


def tiny_tokenizer(words: Iterable[str] = (), pieces: str = _PIECES) -> Any:
    """A byte-level BPE tokenizer (of the `tokenizers` library) that knows the words of the layout language.

    `words` become single tokens before all others, as far as `pieces`, the regular expression that cuts text apart,
    allows.
    """
    from tokenizers import models

    letters = byte_letters()
    vocabulary = {letter: index for index, letter in enumerate(sorted(letters.values()))}
    merges: list[tuple[str, str]] = []
    names = [part for name in CATEGORIES for part in name.replace("-", "_").split("_")]
    for word in (*words, *_WORDS, *names, *code_template().split()):
        _add_merges(letters, word, vocabulary, merges)
    return byte_level_tokenizer(models.BPE(vocab=vocabulary, merges=merges), pieces)


def _add_merges(letters: dict[int, str], word: str, vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> None:
    """Merge a word from its left end on, one character at a time."""
    symbols = [letters[byte] for byte in word.encode()]
    left = symbols[0]
    for right in symbols[1:]:
        if left + right not in vocabulary:
            vocabulary[left + right] = len(vocabulary)
            merges.append((left, right))
        left += right
