"""How long the evaluation of a whole test set takes: 107 scenes of about 30 entities each, both modes.

Usage: python benchmarks/evaluation_speed.py [--scenes 107] [--seed 0]
The figure to hold is 5 s for 107 scenes on one core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from spatial_perception.evaluation.folders import evaluate_folder
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.text import write_layout
from spatial_perception.layout.transforms import rotate

LIMIT_S, LIMIT_SCENES = 5.0, 107


def make_scene(rng: np.random.Generator) -> Layout:
    """A home of four rooms in a row, each with a door, a window and furniture, turned by any yaw: 31 entities."""
    xs = np.concatenate([[0.0], np.cumsum(rng.uniform(3, 5, 4))])
    depth = rng.uniform(3, 5)
    lines = [((x, 0), (x, depth)) for x in xs] + [((xs[0], y), (xs[-1], y)) for y in (0.0, depth)]
    walls = [Wall(i, (*a, 0), (*b, 0), 2.6, 0.1) for i, (a, b) in enumerate(lines)]
    doors = [Door(i, i, (xs[i], rng.uniform(1, 2), 1.0), 0.9, 2.0) for i in range(4)]
    windows = [Window(i, 6, ((xs[i] + xs[i + 1]) / 2, depth, 1.5), 1.4, 1.2) for i in range(4)]
    boxes = [make_box(i, (xs[-1], depth), rng) for i in range(16)]
    return rotate(Layout(walls, doors, windows, boxes), rng.uniform(-np.pi, np.pi))


def make_box(number: int, extent: tuple[float, float], rng: np.random.Generator) -> Box:
    """A piece of furniture somewhere in the home."""
    size = rng.uniform(0.3, 2.0, 3)
    center = (*rng.uniform((0, 0), extent), size[2] / 2)
    return Box(number, str(rng.choice(CATEGORIES[:20])), center, rng.uniform(-np.pi, np.pi), size)


def make_prediction(truth: Layout, rng: np.random.Generator) -> Layout:
    """The truth with errors of a few centimetres, some boxes missing and some invented."""
    walls = [replace(w, start=rng.normal(w.start, 0.1), end=rng.normal(w.end, 0.1)) for w in truth.walls]
    boxes = [replace(b, center=rng.normal(b.center, 0.1), yaw=rng.normal(b.yaw, 0.1)) for b in truth.boxes[2:]]
    return replace(truth, walls=walls, boxes=[*boxes, make_box(90, (12, 4), rng)])


def write_testset(folder: Path, scenes: int, seed: int) -> tuple[Path, Path]:
    """A test set and predictions on disk: what a user has."""
    rng = np.random.default_rng(seed)
    for number in range(scenes):
        truth = make_scene(rng)
        write_layout(truth, folder / "truth" / "layout" / f"scene{number:03}.txt")
        write_layout(make_prediction(truth, rng), folder / "predictions" / f"scene{number:03}.txt")
    return folder / "predictions", folder / "truth"


def main() -> None:
    """Print seconds and seconds per scene for both modes, and whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=LIMIT_SCENES)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = write_testset(Path(name), arguments.scenes, arguments.seed)
        for mode in ("corrected", "compat"):
            start = time.perf_counter()
            report = evaluate_folder(*folders, mode=mode)
            seconds = time.perf_counter() - start
            share = seconds / (LIMIT_S * arguments.scenes / LIMIT_SCENES)
            f1 = report.summary("wall").mean_f1
            print(
                f"{mode:9} {arguments.scenes} scenes: {seconds:.2f} s, {100 * share:.0f} % of the limit (wall F1 {f1:.3f})"
            )


if __name__ == "__main__":
    main()
