"""`train`: a recipe from a file, overrides, resume, faults."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from spatial_perception.training.recipe import Recipe

pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from rooms_dataset import write_rooms

from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint

RECIPES = Path(__file__).parents[2] / "spatial_perception/training/recipes"


@pytest.fixture
def recipe_file(tmp_path):
    write_rooms(tmp_path, (0, 1), points=300, template="code")
    make_tiny_checkpoint(tmp_path / "tiny", 0, num_bins=160)
    values = {
        "model": "tiny", "dataset": ".", "dataset_name": "rooms_train", "output": "out", "device": "cpu",
        "max_steps": 2, "save_every": 1, "log_every": 1, "gradient_checkpointing": False,
    }  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values))
    return "recipe.yaml"


def test_training_goes_on_where_it_stopped_and_its_model_is_used(run, recipe_file, cloud_file):
    first = run("train", recipe_file, "--set", "method=lora")
    assert first.code == 0
    assert first.out.strip() == "out"
    assert "2 conversations, 2 steps" in first.err
    assert "step 2 of 2: loss" in first.err
    again = run("train", recipe_file, "--set", "method=lora", "--set", "max_steps=3", "--set", "epochs=9")
    assert "resumed from out/checkpoint-2" in again.err
    assert "after 3 steps" in again.err
    used = run("layout", cloud_file(), "--estimator", "./out", "--set", "max_new_tokens=40", "--set", "device=cpu")
    assert used.code == 0
    merged = run("merge-adapter", "./tiny", "out/adapter", "-o", "merged")
    assert merged.code == 0
    assert merged.out.strip() == "merged"
    used = run("layout", cloud_file(), "--estimator", "./merged", "--set", "max_new_tokens=40", "--set", "device=cpu")
    assert used.code == 0
    wrong = run("merge-adapter", "./tiny", "out", "-o", "merged")
    assert wrong.code == 2
    assert "is no adapter of PEFT" in wrong.err


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("lerning_rate=1", "did you mean 'learning_rate'"),
        ("model=./nowhere", "neither a directory"),
        ("epochs=0", "epochs"),
    ],
)
def test_faults(run, recipe_file, override, message):
    done = run("train", recipe_file, "--set", override)
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid(path):
    Recipe.model_validate(yaml.safe_load(path.read_text()))


def test_every_setting_is_described():
    assert all(field.description for field in Recipe.model_fields.values())
