"""Accuracy of the geometric estimator on simulated homes: F1 per class with bootstrap intervals, and how honest its scores are.

Run: python benchmarks/geometric_accuracy.py --seeds 0-60 [--stations 3] [--noise 0.01] [--points 5000] [--no-ceiling]
     [--outliers 0.02] [--generator polygons]

F1 is the corrected metric of `evaluation.layout_metrics`, the mean over scenes in which the class occurs; "micro" counts all
scenes together. The interval holds 95 % of 2000 resamplings of the scenes.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from spatial_perception.evaluation.layout_metrics import SceneScores, evaluate_scene
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.sensors import simulate_scene

ANY_BOX = "boxes, class ignored"
CLASSES = ("wall", "door", "window", ANY_BOX)
THRESHOLDS = (0.25, 0.5)
POLYGONS = Path(__file__).parent.parent / "test" / "models" / "geometric" / "scene_maker.py"


@dataclass
class Tally:
    """Scores of all scenes so far, and (score, right) of each predicted entity, per class."""

    scenes: list[SceneScores] = field(default_factory=list)
    rated: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: {name: [] for name in CLASSES})
    labels: list[bool] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, prediction: Layout, truth: Layout, seconds: float) -> None:
        """Count one scene."""
        scores = evaluate_scene(prediction, truth)
        self.scenes.append(scores)
        self.seconds += seconds
        entities = (prediction.walls, prediction.doors, prediction.windows, prediction.boxes)
        for name, found in zip(CLASSES, entities):
            iou = scores.of(name).iou
            best = [max(row, default=0.0) for row in iou] if iou else [0.0] * len(found)
            self.rated[name] += [(e.score or 0.0, b > 0.25) for e, b in zip(found, best)]
        self.labels += [
            _same_label(b, row, truth)
            for b, row in zip(prediction.boxes, scores.of(ANY_BOX).iou)
            if max(row, default=0) > 0.25
        ]


def _same_label(box: Box, row: tuple[float, ...], truth: Layout) -> bool:
    return box.label == truth.boxes[int(np.argmax(row))].label


def interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Ends of the 95 % bootstrap interval of a mean."""
    means = values[rng.integers(len(values), size=(2000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def scene_source(args: argparse.Namespace) -> Callable[[int], tuple[PointCloud, Layout]]:
    """A function from a seed to a cloud and its truth."""
    if args.generator == "simulator":

        def simulated(seed: int) -> tuple[PointCloud, Layout]:
            cloud, home = simulate_scene(seed, stations=args.stations, noise=args.noise, rooms=args.rooms)
            return cloud, home.layout

        return simulated
    spec = importlib.util.spec_from_file_location("scene_maker", POLYGONS)
    module = importlib.util.module_from_spec(spec)
    sys.modules["scene_maker"] = module
    spec.loader.exec_module(module)
    return lambda seed: module.simulate(seed, stations=args.stations, noise=args.noise)


def worsened(cloud: PointCloud, truth: Layout, args: argparse.Namespace, rng: np.random.Generator) -> PointCloud:
    """The cloud with what the options take away or add."""
    if args.no_ceiling:
        cloud = cloud.select(cloud.xyz[:, 2] < truth.walls[0].start[2] + truth.walls[0].height - 0.3)
    if args.points and len(cloud) > args.points:
        cloud = cloud.select(np.sort(rng.choice(len(cloud), args.points, replace=False)))
    if args.outliers:
        count = int(args.outliers * len(cloud))
        low, high = np.percentile(cloud.xyz, [1, 99], axis=0)
        cloud = PointCloud(np.concatenate([cloud.xyz, rng.uniform(low, high, (count, 3)).astype(np.float32)]))
    return cloud


def report(tally: Tally) -> None:
    """Print the tables."""
    rng = np.random.default_rng(0)
    print(f"{len(tally.scenes)} scenes, {tally.seconds / len(tally.scenes):.2f} s each")
    for threshold in THRESHOLDS:
        for name in CLASSES:
            counts = [scene.of(name).at(threshold) for scene in tally.scenes if not scene.of(name).masked]
            f1 = np.array([c.f1 for c in counts])
            low, high = interval(f1, rng)
            tp, found, true = (sum(getattr(c, key) for c in counts) for key in ("tp", "num_pred", "num_gt"))
            micro = 2 * tp / max(1, found + true)
            print(
                f"@{threshold:.2f} {name:22} F1 {f1.mean():.3f} [{low:.3f}, {high:.3f}]  micro {micro:.3f}"
                f"  precision {tp / max(1, found):.2f} recall {tp / max(1, true):.2f}"
            )
    print(f"labels right among boxes that are right: {np.mean(tally.labels or [0]):.2f}")
    for name, rated in tally.rated.items():
        print(f"{name}: " + "  ".join(reliability(np.array(rated).reshape(-1, 2))))


def reliability(rated: np.ndarray) -> list[str]:
    """Mean score, share that is right and number of entities, per fifth of the score range."""
    bins = np.clip((rated[:, 0] * 5).astype(int), 0, 4)
    groups = [rated[bins == k] for k in range(5)]
    return [f"{g[:, 0].mean():.2f}->{g[:, 1].mean():.2f} ({len(g)})" for g in groups if len(g)]


def main() -> None:
    """Run over the seeds and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-60", help="first-last, last excluded")
    parser.add_argument("--generator", choices=("simulator", "polygons"), default="simulator")
    parser.add_argument("--stations", type=int, default=3, help="0 with polygons: even sampling without shadows")
    parser.add_argument("--noise", type=float, default=0.01, help="range noise, one sigma (m)")
    parser.add_argument("--rooms", type=int, default=None)
    parser.add_argument("--points", type=int, default=0, help="keep this many points, drawn at random")
    parser.add_argument("--outliers", type=float, default=0.0, help="share of random points that is added")
    parser.add_argument("--no-ceiling", action="store_true")
    args = parser.parse_args()
    first, last = map(int, args.seeds.split("-"))
    source, estimator, tally = scene_source(args), GeometricEstimator(), Tally()
    for seed in range(first, last):
        cloud, truth = source(seed)
        cloud = worsened(cloud, truth, args, np.random.default_rng([seed, 99]))
        start = time.perf_counter()
        layout = estimator.estimate(cloud)
        tally.add(layout, truth, time.perf_counter() - start)
    report(tally)


if __name__ == "__main__":
    main()
