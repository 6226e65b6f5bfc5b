"""Accuracy and cost of the small model in the box, beside the geometric estimator and both together on the same scenes.

Run: python benchmarks/nano_accuracy.py [--seeds 10000-10040] [--parts plain,worse,gap,reliability,cost]
                                        [--estimators nano,geometric,auto]
     python benchmarks/nano_accuracy.py --calibrate --seeds 5000-5080   fits the scores and writes them to the checkpoint

F1 is the corrected metric, the mean over scenes in which a class occurs; [low, high] holds 95 % of 2000 resamplings of the
scenes. "labelled" is the micro F1 at IoU 0.25 of boxes that also bear the right label. Seeds from 10,000 on were never used
for anything but reports.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from geometric_accuracy import ANY_BOX, interval

from spatial_perception.evaluation.layout_metrics import SceneScores, evaluate_scene
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import format_layout
from spatial_perception.models.base import LayoutEstimator
from spatial_perception.models.registry import load_estimator
from spatial_perception.models.spatiallm.agreement import BOTH, FINDING, MODEL, numbered
from spatial_perception.models.spatiallm.agreement import GROUPS as KINDS
from spatial_perception.models.spatiallm.finish import FILE, Calibration, features
from spatial_perception.models.spatiallm.nano import WEIGHTS, NanoEstimator
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.apartment import HomeStyle
from spatial_perception.simulation.sensors import simulate_scene
from spatial_perception.training.scans import FIRST_SEED, make_scan

FIGURES = (("wall", 0.5), ("door", 0.25), ("window", 0.25), (ANY_BOX, 0.25), (ANY_BOX, 0.5))
UNSEEN_SCANS = 1_900_000
Source = Callable[[int], tuple[PointCloud, Layout]]


@dataclass
class Tally:
    """Scores of the scenes so far, labelled boxes (right, told, true), and the errors of wall positions (m)."""

    scenes: list[SceneScores] = field(default_factory=list)
    labelled: np.ndarray = field(default_factory=lambda: np.zeros(3))
    walls: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, found: Layout, truth: Layout, seconds: float) -> None:
        """Count one scene."""
        scores = evaluate_scene(found, truth)
        self.scenes.append(scores)
        self.seconds += seconds
        self.walls += [v for d in scores.deviations if d.name == "wall position" for v in d.values]
        for label in {box.label for box in found.boxes + truth.boxes}:
            parts = [Layout(boxes=tuple(b for b in side.boxes if b.label == label)) for side in (found, truth)]
            counts = evaluate_scene(*parts).of(ANY_BOX).at(0.25)
            self.labelled += (counts.tp, counts.num_pred, counts.num_gt)

    def columns(self) -> Iterator[str]:
        """The figures of a row of the table."""
        rng = np.random.default_rng(0)
        for name, threshold in FIGURES:
            f1 = self.values(name, threshold)
            low, high = interval(f1, rng) if len(f1) else (np.nan, np.nan)
            yield f"{f1.mean() if len(f1) else np.nan:.3f} [{low:.3f}, {high:.3f}]"
        right, told, true = self.labelled
        yield f"{2 * right / max(1.0, told + true):.3f}"
        yield f"{100 * np.median(self.walls or [np.nan]):.1f} cm"
        yield f"{self.seconds / len(self.scenes):.2f} s"

    def values(self, name: str, threshold: float) -> np.ndarray:
        """F1 of the scenes in which a class occurs."""
        return np.array([s.of(name).at(threshold).f1 for s in self.scenes if not s.of(name).masked])


def tally(estimator: LayoutEstimator, source: Source, seeds: range) -> Tally:
    """The scores of an estimator on the scenes of some seeds."""
    found = Tally()
    for seed in seeds:
        cloud, truth = source(seed)
        start = time.perf_counter()
        layout = estimator.estimate(cloud)
        found.add(layout, truth, time.perf_counter() - start)
    return found


def scenes(rooms: Callable[[int], int], **changes: object) -> Source:
    """Homes of `rooms(seed)` rooms; `changes` say how the scan is worse than usual."""

    def make(seed: int) -> tuple[PointCloud, Layout]:
        style = HomeStyle(yaw=np.radians(4.0)) if changes.get("yaw") else None
        stations, noise = int(changes.get("stations", 3)), float(changes.get("noise", 0.01))
        cloud, home = simulate_scene(seed, rooms=rooms(seed), stations=stations, noise=noise, style=style)
        return _worse(cloud, home.layout, changes, np.random.default_rng([seed, 99])), home.layout

    return make


def _worse(cloud: PointCloud, truth: Layout, changes: dict, rng: np.random.Generator) -> PointCloud:
    if changes.get("no_ceiling"):
        cloud = cloud.select(cloud.xyz[:, 2] < truth.walls[0].start[2] + truth.walls[0].height - 0.3)
    if changes.get("points") and len(cloud) > changes["points"]:
        cloud = cloud.select(np.sort(rng.choice(len(cloud), changes["points"], replace=False)))
    if changes.get("outliers"):
        low, high = np.percentile(cloud.xyz, [1, 99], axis=0)
        strays = rng.uniform(low, high, (int(changes["outliers"] * len(cloud)), 3)).astype(np.float32)
        cloud = PointCloud(np.concatenate([cloud.xyz, strays]), None, cloud.frame_id)
    return cloud


GROUPS: dict[str, Callable[[int], int]] = {
    "single rooms": lambda seed: 1,
    "homes of 2-6 rooms": lambda seed: 2 + seed % 5,
}
WORSE: dict[str, dict] = {
    "yaw +4 deg, not aligned": {"yaw": True},
    "2 % outliers": {"outliers": 0.02},
    "5k points": {"points": 5000},
    "3 cm noise": {"noise": 0.03},
    "no ceiling": {"no_ceiling": True},
    "one station": {"stations": 1},
}


def head() -> None:
    """Print the head of the table."""
    names = [f"{'object' if name == ANY_BOX else name} @{threshold}" for name, threshold in FIGURES]
    print("", f"| {' | '.join(['scenes', 'estimator', *names, 'labelled @0.25', 'wall position', 'time'])} |", sep="\n")
    print("|---" * (len(names) + 5) + "|", flush=True)


def report(title: str, name: str, found: Tally) -> None:
    """Print one row."""
    print(f"| {' | '.join([title, name, *found.columns()])} |", flush=True)


def plain(names: list[str], seeds: range) -> None:
    """Both groups of homes, as scanned."""
    head()
    for group, rooms in GROUPS.items():
        for name in names:
            report(group, name, tally(load_estimator(name), scenes(rooms), seeds))


def worse(names: list[str], seeds: range) -> None:
    """Single rooms under each worsening."""
    head()
    for title, changes in WORSE.items():
        for name in names:
            settings = {"align_yaw": False} if changes.get("yaw") and name == "nano" else {}
            report(
                title, name, tally(load_estimator(name, **settings), scenes(GROUPS["single rooms"], **changes), seeds)
            )


def worn(seed: int) -> tuple[PointCloud, Layout]:
    """A scan as those of the training, and its layout."""
    scan = make_scan(seed)
    return PointCloud(scan.xyz), scan.layout


def gap(count: int) -> None:
    """Scans that were trained on, and unseen ones of the same kind."""

    head()
    for title, first in (("scans of the training", FIRST_SEED), ("unseen scans of the same kind", UNSEEN_SCANS)):
        report(title, "nano", tally(load_estimator("nano"), worn, range(first, first + count)))


def cost(name: str) -> None:
    """Times and memory with a cloud of 200,000 points, and whether runs repeat."""
    code = "import time, sys; t = time.perf_counter()\nfrom spatial_perception.models.registry import load_estimator\n"
    code += "load_estimator('geometric'); import torch, transformers; a = time.perf_counter()\n"
    code += f"load_estimator({name!r}); print(a - t, time.perf_counter() - a)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imports, load = map(float, out.stdout.split())
    cloud, _ = simulate_scene(10_000, rooms=2, stations=4, max_points=200_000)
    estimator, times, texts = load_estimator(name), [], set()
    for _ in range(20):
        start = time.perf_counter()
        texts.add(format_layout(estimator.estimate(cloud)))
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name}, {len(cloud)} points: median {np.median(times):.2f} s, worst {max(times):.2f} s; load {load:.2f} s",
        end=" ",
    )
    print(
        f"after imports of {imports:.1f} s; peak memory of the process {peak:.0f} MiB; {len(texts)} different of 20 runs"
    )


@dataclass(frozen=True)
class Case:
    """An entity that was told: by whom, its features, and which true one it is (seed and number), if any."""

    witness: str
    features: tuple[float, ...]
    truth: tuple[int, int] | None


def calibrate(seeds: range) -> None:
    """Fit the chance that an entity is right (IoU over 0.25) to its features, on seeds below 10,000, and write it.

    Half of the scans are careful ones and half as worn as those of the training, where the geometry alone finds little.
    """
    if seeds.stop > 10_000:
        raise SystemExit("scores are fitted on seeds below 10,000 only")
    cases: dict[str, list[Case]] = defaultdict(list)
    counts: Counter[str] = Counter()
    estimator = NanoEstimator()
    estimator.calibration = Calibration({})
    for number, source in enumerate((scenes(lambda s: 1 if s % 2 else 2 + s % 3), worn)):
        for seed in seeds:
            cloud, truth = source(seed)
            for kind, found in cases_of(estimator, cloud, truth, 10_000 * number + seed):
                cases[kind] += found
                counts[kind] += len(getattr(truth, KINDS[kind]))
    fitted = {kind: fit_scores(cases[kind], counts[kind]) for kind in KINDS}
    (WEIGHTS / FILE).write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")
    for kind, rule in fitted.items():
        shares = {w: [c.truth is not None for c in cases[kind] if c.witness == w] for w in (BOTH, MODEL, FINDING)}
        right = {w: f"{np.mean(v or [0]):.2f} of {len(v)}" for w, v in shares.items()}
        print(f"{kind}, right: {right}, kept from {rule['least']} on")


def cases_of(estimator: NanoEstimator, cloud: PointCloud, truth: Layout, seed: int) -> Iterator[tuple[str, list[Case]]]:
    """Everything that is told of one home, per kind."""
    run = estimator.run(cloud)
    run.layout()
    layout, told = numbered(run.told)
    scores = evaluate_scene(layout, truth)
    for kind, group in told.items():
        met = truths_met(scores, kind, len(group), seed)
        yield kind, [Case(one.witness, features(one), true) for one, true in zip(group, met)]


def truths_met(scores: SceneScores, kind: str, count: int, seed: int) -> list[tuple[int, int] | None]:
    """For each of `count` told entities of a kind the true one (seed and number) that it meets with an IoU over 0.25."""
    rows = scores.of(ANY_BOX if kind == "box" else kind).iou or [[]] * count
    return [(seed, int(np.argmax(row))) if len(row) and max(row) > 0.25 else None for row in rows]


def fit_scores(cases: list[Case], count: int) -> dict[str, object]:
    """Logistic weights of one kind per witness, and the least chance that counts, in homes with `count` entities of it."""
    weights = {}
    for witness in (BOTH, MODEL, FINDING):
        rows = [(case.features, case.truth is not None) for case in cases if case.witness == witness]
        weights[witness] = logistic(rows) if rows else [-2.0]
    totals = [weights[c.witness][0] + float(np.dot(weights[c.witness][1:], c.features)) for c in cases]
    rated = [(1.0 / (1.0 + np.exp(-total)), case.truth) for total, case in zip(totals, cases)]
    return {"weights": weights, "least": least_chance(rated, count)}


def least_chance(rated: list[tuple[float, tuple[int, int] | None]], count: int) -> float:
    """The chance from which on entities are kept, for the best F1 (at most a half), from chances and the true ones met."""
    best, least, seen = 0.0, 0.5, set()
    for told, (chance, truth) in enumerate(sorted(rated, key=lambda pair: -pair[0]), 1):
        seen |= {truth} - {None}
        best, least = max((best, least), (2 * len(seen) / (told + count), chance))
    return round(float(min(least, 0.5)), 3)


def logistic(pairs: list[tuple[tuple[float, ...], bool]], ridge: float = 1.0) -> list[float]:
    """Weights of a logistic model, the bias first, by Newton's method with a little shrinking."""
    x = np.array([(1.0, *row) for row, _ in pairs])
    y = np.array([right for _, right in pairs], dtype=float)
    weights = np.zeros(x.shape[1])
    if y.min() == y.max():  # nothing to tell apart by: the share that is right, by Laplace's rule
        return [round(float(np.log((y.sum() + 1) / (len(y) - y.sum() + 1))), 4), *[0.0] * (x.shape[1] - 1)]
    penalty = ridge * np.diag([0.0, *[1.0] * (x.shape[1] - 1)])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-x @ weights))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty + 1e-6 * np.eye(x.shape[1])
        weights -= np.linalg.solve(hessian, x.T @ (p - y) + penalty @ weights)
    return [round(float(value), 4) for value in weights]


def reliability(name: str, seeds: range) -> None:
    """Per fifth of the scores of boxes and walls: mean score -> share that is right (IoU over 0.25), number."""
    estimator = load_estimator(name)
    rated: dict[str, list[tuple[float, bool]]] = {"wall": [], "door": [], "window": [], ANY_BOX: []}
    for seed in seeds:
        cloud, truth = scenes(lambda s: 1 if s % 2 else 2 + s % 3)(seed)
        layout = estimator.estimate(cloud)
        scores = evaluate_scene(layout, truth)
        for kind, group in zip(rated, (layout.walls, layout.doors, layout.windows, layout.boxes)):
            iou = scores.of(kind).iou
            best = [max(row, default=0.0) for row in iou] if iou else [0.0] * len(group)
            rated[kind] += [(entity.score or 0.0, value > 0.25) for entity, value in zip(group, best)]
    print(f"scores of {name}")
    for kind, pairs in rated.items():
        values = np.array(pairs, dtype=float).reshape(-1, 2)
        fifth = np.clip((values[:, 0] * 5).astype(int), 0, 4)
        groups = [values[fifth == k] for k in range(5) if (fifth == k).any()]
        print(kind, "  ".join(f"{g[:, 0].mean():.2f}->{g[:, 1].mean():.2f} ({len(g)})" for g in groups), flush=True)


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="10000-10040", help="first-last, last excluded")
    parser.add_argument("--parts", default="plain,worse,gap,reliability,cost")
    parser.add_argument("--estimators", default="nano,geometric,auto")
    parser.add_argument("--calibrate", action="store_true", help="fit scores instead")
    args = parser.parse_args()
    seeds = range(*map(int, args.seeds.split("-")))
    if args.calibrate:
        calibrate(seeds)
        return
    names, parts = args.estimators.split(","), args.parts.split(",")
    runs: dict[str, Callable[[], object]] = {
        "plain": lambda: plain(names, seeds),
        "worse": lambda: worse(names, seeds),
        "gap": lambda: gap(len(seeds)),
        "reliability": lambda: [reliability(name, seeds) for name in names if name != "geometric"],
        "cost": lambda: [cost(name) for name in names if name != "geometric"],
    }
    for part in parts:
        runs[part]()


if __name__ == "__main__":
    main()
