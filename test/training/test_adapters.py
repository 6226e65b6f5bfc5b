"""Adapters in the format of PEFT: written in training, read, and added to a checkpoint."""

from __future__ import annotations

import json

import pytest
import torch
from rooms_dataset import write_rooms
from safetensors.torch import load_file, save_file

from spatial_perception.configuration import check_settings
from spatial_perception.errors import ConfigError, EstimatorError, OutputError
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.training.adapters import CONFIG, TENSORS, merge_adapter, read_adapter
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.trainer import Trainer


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the checkpoint `tiny`, and `out`, trained from it with low-rank adaptations of rank 4."""
    folder = tmp_path_factory.mktemp("adapters")
    write_rooms(folder, (0, 1), points=300)
    make_tiny_checkpoint(folder / "tiny", 0, num_bins=160)
    recipe = check_settings(Recipe, {
        "model": str(folder / "tiny"), "dataset": str(folder), "dataset_name": "rooms_train", "device": "cpu",
        "output": str(folder / "out"), "max_steps": 2, "learning_rate": 1e-2, "method": "lora", "warmup": 0.0,
        "lora": {"rank": 4, "alpha": 8.0, "targets": ["q_proj", "down_proj"]}, "gradient_checkpointing": False,
    })  # fmt: skip
    Trainer(recipe).run()
    return folder


def changed_copy(trained, tmp_path, **config):
    """The adapter with other entries in its configuration."""
    copy = tmp_path / "adapter"
    copy.mkdir()
    values = json.loads((trained / "out/adapter" / CONFIG).read_text())
    (copy / CONFIG).write_text(json.dumps({**values, **config}))
    save_file(load_file(trained / "out/adapter" / TENSORS), copy / TENSORS)
    return copy


def test_training_writes_names_shapes_and_config_of_peft(trained):
    tensors = load_file(trained / "out/adapter" / TENSORS)
    stem = "base_model.model.model.layers.1.self_attn.q_proj"
    assert tensors[f"{stem}.lora_A.weight"].shape[0] == tensors[f"{stem}.lora_B.weight"].shape[1] == 4
    assert tensors[f"{stem}.lora_B.weight"].abs().max() > 0
    assert {name.split(".")[2] for name in tensors} == {"model", "point_proj"}
    config = json.loads((trained / "out/adapter" / CONFIG).read_text())
    assert config["peft_type"] == "LORA"
    assert (config["r"], config["lora_alpha"], config["modules_to_save"]) == (4, 8.0, ["point_proj"])
    assert config["base_model_name_or_path"].endswith("tiny")


def test_a_merged_checkpoint_is_the_trained_model(trained, tmp_path):
    merged = merge_adapter(trained / "tiny", trained / "out/adapter", tmp_path / "merged")
    expected, found = (load_file(folder / "model.safetensors") for folder in (trained / "out", merged))
    before = load_file(trained / "tiny/model.safetensors")
    assert expected.keys() == found.keys()
    assert all(torch.allclose(expected[name], found[name], atol=1e-6) for name in expected)
    assert {name.split(".")[-2] for name in found if not torch.equal(found[name], before[name])} >= {
        "q_proj",
        "down_proj",
    }
    models = [SpatialLM.from_pretrained(folder, device="cpu") for folder in (trained / "out", merged)]
    ids = torch.tensor([1, 788, 790, 789, 5])
    cloud = torch.cat([torch.arange(30.0).view(10, 3), torch.rand(10, 6)], 1)
    assert torch.allclose(*(model.logits(ids, cloud) for model in models), atol=1e-5)


def test_number_formats_stay_and_names_of_wrappers_are_understood(trained, tmp_path):
    base = tmp_path / "half"
    merge_adapter(trained / "tiny", trained / "out/adapter", base)
    state = {name: tensor.bfloat16() for name, tensor in load_file(base / "model.safetensors").items()}
    save_file(state, base / "model.safetensors")
    adapter = changed_copy(trained, tmp_path, use_rslora=True, num_bins=320)
    renamed = {
        name.replace("lora_A.", "lora_A.default.").replace("point_proj.", "point_proj.modules_to_save.default."): tensor
        for name, tensor in load_file(adapter / TENSORS).items()
    }
    save_file(renamed, adapter / TENSORS)
    merged = load_file(merge_adapter(base, adapter, tmp_path / "merged") / "model.safetensors")
    assert {tensor.dtype for tensor in merged.values()} == {torch.bfloat16}
    down, up = read_adapter(adapter).pairs["model.layers.0.mlp.down_proj.weight"]
    expected = state["model.layers.0.mlp.down_proj.weight"].float() + 4.0 * up @ down  # alpha / sqrt(rank)
    assert torch.allclose(merged["model.layers.0.mlp.down_proj.weight"].float(), expected, atol=1e-2)
    assert SpatialLM.from_pretrained(tmp_path / "merged", device="cpu").config.num_bins == 320


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"peft_type": "IA3"}, "of type IA3"),
        ({"use_dora": True}, "uses use_dora"),
        ({"bias": "all"}, "uses bias"),
        ({"lora_alpha": "x"}, "is no adapter of PEFT"),
    ],
)
def test_what_cannot_be_added_is_refused(trained, tmp_path, config, message):
    with pytest.raises(ConfigError, match=message):
        read_adapter(changed_copy(trained, tmp_path, **config))


def test_faults(trained, tmp_path):
    other = make_tiny_checkpoint(tmp_path / "other", 0, hidden=32)
    with pytest.raises(ConfigError, match=r"is \[.*\] in .*other"):
        merge_adapter(other, trained / "out/adapter", tmp_path / "x")
    with pytest.raises(ConfigError, match="is no adapter of PEFT"):
        merge_adapter(trained / "tiny", tmp_path, tmp_path / "x")
    with pytest.raises(OutputError, match="is the checkpoint itself"):
        merge_adapter(trained / "tiny", trained / "out/adapter", trained / "tiny")
    with pytest.raises(EstimatorError, match=r"neither model\.safetensors"):
        merge_adapter(tmp_path, trained / "out/adapter", tmp_path / "x")
    adapter = changed_copy(trained, tmp_path)
    tensors = load_file(adapter / TENSORS)
    tensors["base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight"] = torch.ones(4, 4)
    save_file(tensors, adapter / TENSORS)
    with pytest.raises(ConfigError, match=r"has no model\.layers\.9\..*lora_B"):
        read_adapter(adapter)
    tensors["base_model.model.model.layers.9.self_attn.q_proj.lora_B.weight"] = torch.ones(4, 4)
    save_file(tensors, adapter / TENSORS)
    with pytest.raises(ConfigError, match=r"which .* has not"):
        merge_adapter(trained / "tiny", adapter, tmp_path / "x")


def test_peft_reads_our_adapters_and_we_read_its(trained, tmp_path):
    peft = pytest.importorskip("peft")
    from transformers import Qwen2ForCausalLM

    class Reference(Qwen2ForCausalLM):
        """A causal model with a projector, as published."""

        def __init__(self, model):
            super().__init__(model.model.config)
            self.point_proj = SpatialLM(model.config).point_proj
            self.load_state_dict(model.state_dict(), strict=False)
            self.eval()

    base, whole = (SpatialLM.from_pretrained(trained / name, device="cpu") for name in ("tiny", "out"))
    adapted = peft.PeftModel.from_pretrained(Reference(base), trained / "out/adapter").eval()
    ids = torch.arange(20)[None]
    with torch.no_grad():
        assert torch.allclose(adapted(ids).logits, Reference(whole)(ids).logits, atol=1e-5)
    adapted.save_pretrained(tmp_path / "theirs")
    merged = merge_adapter(trained / "tiny", tmp_path / "theirs", tmp_path / "merged")
    expected, found = (load_file(folder / "model.safetensors") for folder in (trained / "out", merged))
    assert all(torch.allclose(expected[name], found[name], atol=1e-6) for name in expected)
