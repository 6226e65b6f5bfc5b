"""A tiny model that knows a few simulated rooms by heart.

It proves that training, checkpoint and estimator fit together, and writes sensible layouts where no published weights are
at hand. On other rooms it understands nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from spatial_perception.configuration import check_settings, load_settings
from spatial_perception.evaluation.layout_metrics import evaluate_scene
from spatial_perception.evaluation.report import Report, summarise
from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import read_layout
from spatial_perception.models.spatiallm.pipeline import SpatialLMEstimator
from spatial_perception.models.spatiallm.prompts import code_template, task_sentence
from spatial_perception.models.spatiallm.tiny import make_tiny_checkpoint
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.simulation.sensors import simulate_scene
from spatial_perception.simulation.testset import write_scene
from spatial_perception.training.datasets import create_dataset
from spatial_perception.training.recipe import Recipe
from spatial_perception.training.trainer import Trainer

ROOMS = "rooms"
HIDDEN, NUM_BINS, MAX_POINTS = 128, 640, 8000
_RECIPE = Path(__file__).parent / "recipes" / "overfit.yaml"
_CARD = """---
license: apache-2.0
---
A tiny SpatialLM that knows the simulated rooms in `rooms/` by heart. It understands no others.
"""


def write_rooms(folder: str | Path, seeds: Iterable[int], max_points: int = MAX_POINTS) -> dict[str, Layout]:
    """Write simulated single rooms with furniture as the dataset `rooms_train`; returns the true layouts by name."""
    root = Path(folder)
    truths = {}
    for seed in seeds:
        cloud, home = simulate_scene(seed, rooms=1, stations=1, max_points=max_points)
        truths[f"room_{seed}"] = home.layout
        write_scene(root, f"room_{seed}", cloud, home.layout)
    split = atomic_write(root / "split.csv", "\n".join(["id,split", *(f"{name},train" for name in truths)]) + "\n")
    create_dataset(root, split, ROOMS, code_template(), task_sentence())
    return truths


def overfit_checkpoint(
    directory: str | Path,
    rooms: int = 8,
    seed: int = 0,
    backbone: str = "sonata",
    num_bins: int = NUM_BINS,
    epochs: int | None = None,
) -> Path:
    """Train a tiny checkpoint on `rooms` simulated rooms until it knows them; returns the directory.

    The rooms lie in `rooms/` beside the weights. Eight rooms take about three minutes on one core; fewer `epochs` than the
    recipe's leave a model that has not learned everything. Raises OutputError where nothing can be written.
    """
    path = Path(directory)
    with tempfile.TemporaryDirectory() as start:
        make_tiny_checkpoint(start, seed, backbone, num_bins, HIDDEN)
        write_rooms(path / ROOMS, range(seed, seed + rooms))
        values = load_settings(Recipe, _RECIPE).model_dump()
        values |= {"model": start, "dataset": str(path / ROOMS), "output": str(path), "seed": seed}
        trainer = Trainer(check_settings(Recipe, values | ({"epochs": epochs} if epochs else {})))
        trainer.run()
    atomic_write(path / "README.md", _CARD)
    return path


def recall(directory: str | Path) -> Report:
    """How well the checkpoint in `directory` finds its own rooms again, by the ordinary estimator with its defaults."""
    path = Path(directory)
    estimator = SpatialLMEstimator.from_pretrained(path, device="cpu")
    clouds = sorted((path / ROOMS / "pcd").glob("*.ply"))
    truths = (read_layout(path / ROOMS / "layout" / f"{cloud.stem}.txt") for cloud in clouds)
    return summarise(evaluate_scene(estimator.estimate(read_cloud(c)), truth) for c, truth in zip(clouds, truths))
