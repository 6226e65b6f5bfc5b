from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from spatial_perception.errors import ConfigError, EstimatorError
from spatial_perception.models import weights
from spatial_perception.models.spatiallm.config import SpatialLMConfig
from spatial_perception.models.spatiallm.modeling import SpatialLM, empty_model

KEYS = Path(__file__).parents[2] / "golden/keys"
QWEN = {
    "model_type": "spatiallm_qwen", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
    "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2, "rope_theta": 1e6,
    "rms_norm_eps": 1e-6, "tie_word_embeddings": True, "use_sliding_window": False, "sliding_window": 32768,
}  # fmt: skip
LLAMA = {
    "model_type": "spatiallm_llama", "vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 8192,
    "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "rope_theta": 5e5,
    "rms_norm_eps": 1e-5, "tie_word_embeddings": True,
    "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                     "original_max_position_embeddings": 8192, "rope_type": "llama3"},
}  # fmt: skip
IDS = {"point_start_token_id": 151652, "point_end_token_id": 151653, "point_token_id": 151654}
SONATA = {"point_backbone": "sonata", "projector": "mlp", "point_config": {"num_bins": 1280, "mask_token": True}}
SCENESCRIPT = {"point_backbone": "scenescript", "point_config": {"num_bins": 640}}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("spatiallm11_qwen05b", {**QWEN, **IDS, **SONATA}),
        ("spatiallm11_llama1b", {**LLAMA, **IDS, **SONATA}),
        ("spatiallm10_qwen05b", {**QWEN, **IDS, **SCENESCRIPT}),
        ("spatiallm10_llama1b", {**LLAMA, **IDS, **SCENESCRIPT}),
    ],
)
def test_published_inventories_load_strictly(name, values):
    lines = (line.split() for line in (KEYS / f"{name}.txt").read_text().splitlines())
    shapes = {key: tuple(int(n) for n in shape.split("x")) for key, shape in lines}
    model = empty_model(SpatialLMConfig.from_dict(values))
    weights.check_keys({key: tuple(t.shape) for key, t in model.state_dict().items()}, shapes, name)
    model.load_state_dict({key: torch.empty(shape, device="meta") for key, shape in shapes.items()}, assign=True)


def rewrite(directory, change):
    path = directory / "model.safetensors"
    state = load_file(path)
    change(state)
    save_file(state, path)


def load(directory):
    return SpatialLM.from_pretrained(directory, device="cpu")


def test_sharded_files_load_as_a_single_one(tiny_directory):
    single = load(tiny_directory).state_dict()
    state = load_file(tiny_directory / "model.safetensors")
    names = sorted(state)
    shards = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, keys in shards.items():
        save_file({key: state[key] for key in keys}, tiny_directory / file)
    (tiny_directory / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {key: file for file, keys in shards.items() for key in keys}}
    (tiny_directory / "model.safetensors.index.json").write_text(json.dumps(index))
    sharded = load(tiny_directory).state_dict()
    assert all(torch.equal(single[key], sharded[key]) for key in single)


def test_difference_is_readable(tiny_directory):
    def change(state):
        state["surplus.weight"] = torch.zeros(2, 3)
        del state["point_proj.bias"]
        state["model.norm.weight"] = torch.zeros(5)

    rewrite(tiny_directory, change)
    with pytest.raises(EstimatorError) as caught:
        load(tiny_directory)
    for part in (
        "missing point_proj.bias [32]",
        "extra surplus.weight [2, 3]",
        "model.norm.weight is [5], expected [32]",
    ):
        assert part in str(caught.value)


def test_long_differences_are_shortened():
    lines = weights.key_differences({f"w{i}": (1,) for i in range(100)}, {})
    assert len(lines) == 9
    assert "92 more" in lines[-1]


def test_a_stored_tied_head_is_accepted(tiny_directory):
    rewrite(tiny_directory, lambda state: state.update({"lm_head.weight": state["model.embed_tokens.weight"].clone()}))
    model = load(tiny_directory)
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_half_precision_keeps_the_encoder_in_float32(tiny_directory):
    model = SpatialLM.from_pretrained(tiny_directory, device="cpu", dtype="bfloat16")
    assert model.dtype == torch.bfloat16
    assert {p.dtype for p in model.point_backbone.parameters()} == {torch.float32}
    assert {p.dtype for p in model.point_proj.parameters()} == {torch.bfloat16}


def test_pickles_are_refused(tiny_directory):
    (tiny_directory / "model.safetensors").rename(tiny_directory / "pytorch_model.bin")
    with pytest.raises(EstimatorError, match=r"pytorch_model\.bin.*convert it to safetensors"):
        load(tiny_directory)


def test_nothing_there_is_an_error(tmp_path, tiny_directory):
    with pytest.raises(EstimatorError, match="neither a directory nor a hub id"):
        load(tmp_path / "nowhere")
    (tiny_directory / "model.safetensors").unlink()
    with pytest.raises(EstimatorError, match=r"neither model\.safetensors"):
        load(tiny_directory)


def test_a_hub_id_without_network_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EstimatorError, match="not in the local cache"):
        SpatialLM.from_pretrained("owner/some-model", device="cpu", offline=True)
    with pytest.raises(EstimatorError, match="cannot download owner/some-model"):
        SpatialLM.from_pretrained("owner/some-model", device="cpu")


def test_truncated_and_escaping_files_are_errors(tiny_directory):
    path = tiny_directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EstimatorError, match="download the checkpoint again"):
        load(tiny_directory)
    index = tiny_directory / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../evil.safetensors"}}))
    with pytest.raises(EstimatorError, match="not a safetensors file beside it"):
        load(tiny_directory)
    index.write_text("{}")
    with pytest.raises(EstimatorError, match="cannot read"):
        load(tiny_directory)


def test_pinned_digests(tiny_directory):
    import hashlib

    digest = hashlib.sha256((tiny_directory / "model.safetensors").read_bytes()).hexdigest()
    SpatialLM.from_pretrained(tiny_directory, device="cpu", sha256={"model.safetensors": digest.upper()})
    with pytest.raises(EstimatorError, match="has SHA-256"):
        SpatialLM.from_pretrained(tiny_directory, device="cpu", sha256={"model.safetensors": "0" * 64})
    with pytest.raises(EstimatorError, match="is missing"):
        SpatialLM.from_pretrained(tiny_directory, device="cpu", sha256={"other.safetensors": digest})


def test_licence_is_said_once(tiny_directory, caplog):
    (tiny_directory / "README.md").write_text("---\nlicense: cc-by-nc-4.0\ntags: []\n---\n# A model\n")
    with caplog.at_level(logging.WARNING):
        load(tiny_directory)
        load(tiny_directory)
    said = [record.getMessage() for record in caplog.records if "licence" in record.getMessage()]
    assert len(said) == 1
    assert "cc-by-nc-4.0" in said[0]


def test_unusable_devices_and_dtypes(tiny_directory):
    with pytest.raises(EstimatorError, match="device 'cuda:99' cannot be used"):
        SpatialLM.from_pretrained(tiny_directory, device="cuda:99")
    with pytest.raises(EstimatorError, match="unknown dtype 'int8'"):
        SpatialLM.from_pretrained(tiny_directory, device="cpu", dtype="int8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"point_backbone": "voxelnext"}, "point_backbone 'voxelnext' is unknown"),
        ({"projector": "qformer"}, "projector 'qformer' is unknown"),
        ({"model_type": "qwen2"}, "model_type 'qwen2' is unknown"),
        ({"point_config": {}}, "num_bins"),
        ({"point_backbone": "sonata", "point_config": {"num_bins": 9, "order": ["peano"]}}, "must name curves"),
        ({"point_backbone": "sonata", "point_config": {"num_bins": 9, "enc_depths": [1]}}, "describes 1 stages"),
        ({"point_backbone": "sonata", "point_config": {"num_bins": 9, "enc_num_head": [5] * 5}}, "split into 5 heads"),
    ],
)
def test_wrong_configurations(tiny_directory, change, message):
    path = tiny_directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ConfigError, match=message):
        load(tiny_directory)


def test_unreadable_configurations(tiny_directory):
    path = tiny_directory / "config.json"
    for text, message in (("{", "cannot read"), ("[]", "JSON object"), ("{}", "lacks model_type")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            load(tiny_directory)


def test_stop_tokens_come_from_the_generation_config(tiny_directory):
    assert load(tiny_directory).eos_token_ids == ()
    for value, expected in ((7, (7,)), ([7, 8], (7, 8))):
        (tiny_directory / "generation_config.json").write_text(json.dumps({"eos_token_id": value}))
        assert load(tiny_directory).eos_token_ids == expected
