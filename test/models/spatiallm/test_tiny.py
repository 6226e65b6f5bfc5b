from __future__ import annotations

import hashlib

import pytest
import torch

from spatial_perception.errors import ConfigError, OutputError
from spatial_perception.models.spatiallm.fresh import SPECIAL
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.pipeline import load_tokenizer
from spatial_perception.models.spatiallm.prompts import chat_text, training_chat, user_message
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint


def digests(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


@pytest.mark.parametrize("backbone", ["sonata", "scenescript"])
def test_same_arguments_same_bytes(tmp_path, backbone):
    state = torch.random.get_rng_state()
    first, second, other = (
        digests(make_tiny_checkpoint(tmp_path / name, seed, backbone)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    assert first == second
    assert {name for name in first if first[name] != other[name]} == {"model.safetensors"}
    SpatialLM.from_pretrained(tmp_path / "a", device="cpu")


def test_tokenizer_reads_prompts_and_layouts(tmp_path):
    tokenizer = load_tokenizer(make_tiny_checkpoint(tmp_path))
    message = user_message("all", ["sofa"])
    text = chat_text(message, tokenizer, is_llama=False)
    assert text == training_chat(message, is_llama=False)
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == text
    assert all(tokenizer.convert_tokens_to_ids(name) in tokenizer.all_special_ids for name in SPECIAL[2:3])
    line = "wall_0=Wall(12,0)\n"
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode(line, add_special_tokens=False))[:5] == [
        "wall", "_", "0", "=Wall", "(",
    ]  # fmt: skip


def test_errors(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write a checkpoint"):
        make_tiny_checkpoint(tmp_path / "file")
    with pytest.raises(ConfigError, match="voxelnext"):
        make_tiny_checkpoint(tmp_path / "x", backbone="voxelnext")
