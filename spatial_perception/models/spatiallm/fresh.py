"""What fresh checkpoints have in common: a byte-level tokenizer that is built offline, and files as published ones have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatial_perception.errors import OutputError
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.prompts import POINT_END, POINT_PAD, POINT_START

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", POINT_START, POINT_END, POINT_PAD)


def byte_letters() -> dict[int, str]:
    """The printable character that byte-level tokenizers use for each byte."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {**{byte: chr(byte) for byte in shown}, **{byte: chr(256 + rank) for rank, byte in enumerate(hidden)}}


def byte_level_tokenizer(model: Any, pieces: str) -> Any:
    """A tokenizer (of the `tokenizers` library) around a BPE model over `byte_letters`, with the `SPECIAL` tokens.

    `pieces` is the regular expression that cuts text apart first, empty for none.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers

    tokenizer = Tokenizer(model)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = [pre_tokenizers.Split(Regex(pieces), "isolated")] if pieces else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    return tokenizer


def point_ids(tokenizer: Any) -> dict[str, int]:
    """The part of `config.json` that tells which tokens mark the place of the cloud."""
    names = {"point_start_token_id": POINT_START, "point_end_token_id": POINT_END, "point_token_id": POINT_PAD}
    return {key: tokenizer.token_to_id(name) for key, name in names.items()}


def write_checkpoint(
    path: Path,
    model: SpatialLM,
    config: dict[str, Any],
    tokenizer: Any,
    chat: str,
    more: Mapping[str, str] | None = None,
) -> Path:
    """Write all files of a checkpoint to a folder, made if need be, and return it; `more` is text by file name.

    Raises OutputError if it cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tokenizer.save(str(path / "tokenizer.json"))
        files = {
            name: json.dumps(content, indent=2) + "\n" for name, content in _settings(config, tokenizer, chat).items()
        }
        for name, text in {**files, **(more or {})}.items():
            (path / name).write_text(text, encoding="utf-8")
        save_weights(model, path)
    except OSError as error:
        raise OutputError(f"cannot write a checkpoint to {path}: {error}") from error
    return path


def _settings(config: dict[str, Any], tokenizer: Any, chat: str) -> dict[str, dict[str, Any]]:
    end, padding = (tokenizer.token_to_id(name) for name in ("<|im_end|>", "<|endoftext|>"))
    return {
        "config.json": config,
        "generation_config.json": {"eos_token_id": [end], "pad_token_id": padding},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "chat_template": chat,
            "clean_up_tokenization_spaces": False,
            "model_max_length": config["max_position_embeddings"],
        },
    }


def save_weights(model: SpatialLM, directory: Path) -> None:
    """Write the weights of `model` as published ones are: one safetensors file, without a tied output layer."""
    from safetensors.torch import save_file

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if model.is_tied:
        state.pop("lm_head.weight")
    save_file(state, directory / "model.safetensors", metadata={"format": "pt"})
