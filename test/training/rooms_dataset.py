"""Small datasets of simulated rooms."""

from __future__ import annotations

from spatial_perception.layout.entities import Layout
from spatial_perception.models.spatiallm.prompts import code_template
from spatial_perception.simulation.sensors import simulate_scene
from spatial_perception.simulation.testset import write_scene
from spatial_perception.training.datasets import create_dataset

SENTENCE = "Detect walls, doors, windows."


def write_rooms(folder, seeds, validation=(), points=3000, template=None):
    """Simulated single rooms as the datasets rooms_train and rooms_val; the true layouts without boxes by name."""
    truths = {}
    for seed in (*seeds, *validation):
        cloud, home = simulate_scene(seed, rooms=1, stations=1, max_points=points)
        layout = home.layout
        truth = Layout(layout.walls, layout.doors, layout.windows, (), frame_id=layout.frame_id)
        truths[f"room{seed}"] = truth
        write_scene(folder, f"room{seed}", cloud, truth)
    rows = [f"room{seed},{'val' if seed in validation else 'train'}" for seed in (*seeds, *validation)]
    (folder / "split.csv").write_text("\n".join(["id,split", *rows]) + "\n")
    create_dataset(folder, folder / "split.csv", "rooms", code_template() if template is None else template, SENTENCE)
    return truths
