from __future__ import annotations

import json

import pytest
import torch
from rooms_dataset import write_rooms

from spatial_perception.errors import ConfigError
from spatial_perception.models.registry import load_estimator
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.state import checkpoints
from spatial_perception.training.trainer import Trainer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("training")
    write_rooms(root, (0, 1, 2), validation=(3,), points=300, template="code")
    make_tiny_checkpoint(root / "tiny", 0, num_bins=160)
    return root


@pytest.fixture
def recipe(folder, tmp_path):
    def make(**settings):
        values = {
            "model": str(folder / "tiny"), "dataset": str(folder), "dataset_name": "rooms_train", "device": "cpu",
            "output": str(tmp_path / "out"), "learning_rate": 1e-3, "max_steps": 3, "gradient_checkpointing": False,
        }  # fmt: skip
        return Recipe.model_validate({**values, **settings})

    return make


def weights_of(folder):
    return SpatialLM.from_pretrained(folder, device="cpu").state_dict()


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_full_training_changes_every_part_and_gives_a_loadable_checkpoint(folder, recipe, tmp_path):
    losses = Trainer(recipe(augment=True, num_bins=320)).run()
    assert len(losses) == 3
    parts = {name.split(".")[0] for name in changed(weights_of(folder / "tiny"), weights_of(tmp_path / "out"))}
    assert {"point_backbone", "point_proj", "model"} <= parts
    assert json.loads((tmp_path / "out/config.json").read_text())["point_config"]["num_bins"] == 320
    estimator = load_estimator(str(tmp_path / "out"), device="cpu", max_new_tokens=30)
    estimator.estimate(read_cloud(folder / "pcd/room0.ply"))


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"method": "projector"}, {"point_proj"}),
        ({"method": "lora"}, {"point_proj", "model"}),
        ({"freeze": "encoder"}, {"point_proj", "model", "lm_head"}),
        ({"freeze": "language"}, {"point_proj", "point_backbone"}),
    ],
)
def test_the_rest_stays_as_it_was(folder, recipe, tmp_path, settings, parts):
    Trainer(recipe(**settings)).run()
    names = changed(weights_of(folder / "tiny"), weights_of(tmp_path / "out"))
    assert {name.split(".")[0] for name in names} == parts
    if settings == {"method": "lora"}:
        assert all("_proj" in name for name in names)


@pytest.mark.parametrize("method", ["full", "lora"])
def test_resumed_training_ends_with_the_same_weights(recipe, tmp_path, method):
    settings = {"method": method, "max_steps": 4, "save_every": 2, "accumulation": 2, "epochs": 4}
    expected = Trainer(recipe(**settings, output=str(tmp_path / "whole"))).run()
    broken = Trainer(recipe(**settings))
    step = broken.step
    broken.step = lambda number: step(number) if number < 3 else (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    assert [path.name for path in checkpoints(tmp_path / "out")] == ["checkpoint-2"]
    assert Trainer(recipe(**settings)).run() == expected[2:]
    assert not changed(weights_of(tmp_path / "whole"), weights_of(tmp_path / "out"))


def test_checkpointing_changes_no_gradient_and_bf16_little(recipe):
    losses = [
        Trainer(recipe(gradient_checkpointing=checkpointing, bf16=bf16)).step(0)
        for checkpointing, bf16 in ((False, False), (True, False), (False, True))
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert losses[0] == pytest.approx(losses[2], rel=0.05)
    assert losses[0] != losses[2]


def test_only_the_newest_checkpoints_are_kept_and_validation_is_told(recipe, tmp_path, caplog):
    caplog.set_level("INFO")
    Trainer(recipe(save_every=1, keep=2, validation_name="rooms_val", evaluate_every=2)).run()
    assert [path.name for path in checkpoints(tmp_path / "out")] == ["checkpoint-2", "checkpoint-3"]
    assert "step 2: validation loss" in caplog.text


def test_rates(recipe):
    trainer = Trainer(recipe(max_steps=None, epochs=40, warmup=0.1))
    rates = [trainer.rate(step) for step in range(trainer.total_steps)]
    assert rates[0] == 0.0
    assert max(rates) == rates[12] == 1e-3
    assert rates[12:] == sorted(rates[12:], reverse=True)


def test_faults(recipe, tmp_path):
    with pytest.raises(ConfigError, match="freeze=encoder goes with method=full"):
        Trainer(recipe(method="projector", freeze="encoder"))
    with pytest.raises(ConfigError, match="no linear layer is called q"):
        Trainer(recipe(method="lora", lora={"targets": ["q"]}))
    with pytest.raises(ConfigError, match="no dataset 'x'"):
        Trainer(recipe(dataset_name="x"))
    Trainer(recipe(save_every=2)).run()
    with pytest.raises(ConfigError, match="another recipe"):
        Trainer(recipe(method="projector")).run()
    (tmp_path / "out/checkpoint-2/trained.safetensors").write_bytes(b"x")
    with pytest.raises(ConfigError, match="cannot resume"):
        Trainer(recipe()).run()
