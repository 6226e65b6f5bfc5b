"""A tiny random SpatialLM learns simulated rooms by heart: time, loss, and what the ordinary estimator then finds.

Run: OMP_NUM_THREADS=1 python benchmarks/overfitting.py [--rooms 8] [--seed 0] [--output out/overfitted]

Boxes with no more than 100 points are not in the targets, as in the published training: they count as missed below.
The checkpoint stays in the output folder: benchmarks/decoding.py --checkpoint takes it, and so does `layout --estimator`.
"""

from __future__ import annotations

import argparse
import logging
import time
from pathlib import Path

from spatial_perception.training.overfitting import overfit_checkpoint, recall

CLASSES = ("wall", "door", "window", "boxes, class ignored")


def main() -> None:
    """Train, estimate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=None, help="fewer than the recipe's to try it out")
    parser.add_argument("--output", type=Path, default=Path("out/overfitted"))
    args = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    begin, cpu = time.perf_counter(), time.process_time()
    overfit_checkpoint(args.output, args.rooms, args.seed, epochs=args.epochs)
    print(f"trained in {time.perf_counter() - begin:.0f} s ({time.process_time() - cpu:.0f} CPU s)")
    report = recall(args.output)
    for name in CLASSES:
        rows = [report.summary(name, threshold) for threshold in (0.25, 0.5)]
        scores = " / ".join("--" if row.mean_f1 is None else f"{row.mean_f1:.3f}" for row in rows)
        total = rows[0].total
        print(f"{name}: F1 {scores} @ IoU .25 / .5, {total.num_pred} found, {total.tp} right, {total.num_gt} true")
    perfect = [sum(scene.of("wall").at(t).f1 == 1.0 for scene in report.scenes) for t in (0.25, 0.5)]
    print(f"rooms whose walls are all right: {perfect[0]} and {perfect[1]} of {len(report.scenes)} @ IoU .25 and .5")


if __name__ == "__main__":
    main()
