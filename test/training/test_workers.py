"""Several processes over gloo against one process with the same batches."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from rooms_dataset import write_rooms

from spatial_perception.errors import MissingExtraError
from spatial_perception.models.spatiallm.modeling import SpatialLM
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.trainer import Trainer
from spatial_perception.training.workers import start_workers

SCRIPT = """
import json, sys, yaml
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.trainer import Trainer
trainer = Trainer(Recipe.model_validate(yaml.safe_load(open(sys.argv[1]))))
losses = trainer.run()
json.dump([trainer.workers.count, losses, trainer.validate()], open(f"{sys.argv[1]}.{trainer.workers.rank}", "w"))
"""
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("training")
    write_rooms(root, (0, 1, 2, 3, 4), validation=(5, 6), points=300, template="code")
    make_tiny_checkpoint(root / "tiny", 0, num_bins=160)
    return root


def values(folder, output, **settings):
    return {
        "model": str(folder / "tiny"), "dataset": str(folder), "dataset_name": "rooms_train", "device": "cpu",
        "validation_name": "rooms_val", "output": str(output), "learning_rate": 1e-3, "max_steps": 5, "epochs": 3,
        "gradient_checkpointing": True, "drop_path": 0.0, "save_every": 2, **settings,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 1},
        {"batch_size": 1, "accumulation": 2, "augment": True},
        {"batch_size": 2, "method": "lora"},
    ],
    ids=["full", "accumulated", "lora"],
)
def test_two_processes_do_what_one_does_with_twice_the_batch(folder, tmp_path, settings):
    """Five conversations do not go into the batches evenly: the last share of a round is short or empty."""
    pytest.importorskip("accelerate")
    alone = Trainer(
        Recipe.model_validate(
            values(
                folder,
                tmp_path / "one",
                **settings,
            )
            | {"batch_size": 2 * settings["batch_size"]}
        )
    )
    expected = alone.run()
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(values(folder, tmp_path / "two", **settings)))
    (tmp_path / "train.py").write_text(SCRIPT)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*TORCHRUN, str(tmp_path / "train.py"), str(recipe)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    for rank in range(2):
        count, losses, validation = json.loads(Path(f"{recipe}.{rank}").read_text())
        assert count == 2
        assert losses == pytest.approx(expected, rel=1e-4)
        assert validation == pytest.approx(alone.validate(), rel=1e-3)
    assert sorted(path.name for path in (tmp_path / "two").glob("checkpoint-*")) == ["checkpoint-2", "checkpoint-4"]
    one, two = (SpatialLM.from_pretrained(tmp_path / name, device="cpu").state_dict() for name in ("one", "two"))
    assert all(torch.allclose(one[name], two[name], atol=2e-3) for name in one)


@pytest.mark.slow
def test_the_command_shares_the_work_and_speaks_once(folder, tmp_path):
    pytest.importorskip("accelerate")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(values(folder, tmp_path / "out", max_steps=2)))
    command = [*TORCHRUN, "-m", "spatial_perception.cli.main", "train", str(recipe)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "out")]
    assert len(re.findall(r"loss [\d.]+ after 2 steps", done.stderr)) == 1
    SpatialLM.from_pretrained(tmp_path / "out", device="cpu")


def test_several_processes_need_accelerate(monkeypatch):
    assert start_workers("cpu").count == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(MissingExtraError, match="training"):
        start_workers("cpu")
