"""Cost of the geometric estimator: seconds and peak memory against the number of points, and the exponent of the growth.

Run: OMP_NUM_THREADS=1 python benchmarks/geometric_cost.py [--seed 3] [--points 62500 125000 250000 500000 1000000]

One home is thinned (or scanned again more densely) to each number of points. Times are CPU seconds of this process, the
least of three runs; memory is the peak that numpy and Python allocate, over the bytes of the input coordinates.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc

import numpy as np

from spatial_perception.models.geometric.pipeline import GeometricEstimator
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.lidar import LidarModel
from spatial_perception.simulation.sensors import simulate_scene


def dense_scan(seed: int, points: int) -> PointCloud:
    """A scan of a home of four rooms with at least `points` points."""
    columns = 900
    while True:
        cloud, _ = simulate_scene(seed, rooms=4, lidar=LidarModel.terrestrial(columns))
        if len(cloud) >= points:
            return PointCloud(cloud.xyz)
        columns = int(columns * 1.3)


def cpu_seconds(estimator: GeometricEstimator, cloud: PointCloud, repeats: int = 3) -> float:
    """Least CPU time of some runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        estimator.estimate(cloud)
        times.append(time.process_time() - start)
    return min(times)


def peak_ratio(estimator: GeometricEstimator, cloud: PointCloud) -> float:
    """Peak of allocated memory over the bytes of the coordinates."""
    tracemalloc.start()
    estimator.estimate(cloud)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / cloud.xyz.nbytes


def main() -> None:
    """Print one row per size, then the exponents."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument(
        "--points", type=int, nargs="+", default=[62_500, 125_000, 250_000, 500_000, 1_000_000, 2_000_000]
    )
    args = parser.parse_args()
    scan, rng, estimator = dense_scan(args.seed, max(args.points)), np.random.default_rng(0), GeometricEstimator()
    seconds = []
    for count in sorted(args.points):
        cloud = scan.select(np.sort(rng.choice(len(scan), count, replace=False)))
        seconds.append(cpu_seconds(estimator, cloud))
        print(
            f"{count:>9,} points: {seconds[-1]:.2f} CPU s, peak {peak_ratio(estimator, cloud):.1f} x input", flush=True
        )
    slope = np.polyfit(np.log(sorted(args.points)), np.log(seconds), 1)[0]
    print(f"time grows as points ** {slope:.2f}")


if __name__ == "__main__":
    main()
