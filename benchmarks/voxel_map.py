"""Time to take one LiDAR cloud of 200,000 beams into the voxel map, on one core. Run: python benchmarks/voxel_map.py

A robot drives through a home of six rooms; the scanner turns ten times a second. Prints wall clock and processor time:
on a busy machine the second is the fairer one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from spatial_perception.mapping.pose import Pose, transformed
from spatial_perception.mapping.voxel_map import MapSettings, VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation import LidarModel, drive, make_home, simulate_drive

LIMIT_MS = 30.0
"""A cloud must take less than this (ms)."""


def clouds(count: int, seed: int, colour: bool) -> Iterator[tuple[Pose, PointCloud]]:
    """Poses of the scanner and what it sees, evenly along a drive through all rooms."""
    home, rng = make_home(seed, rooms=6), np.random.default_rng(seed)
    way = drive(home, rng)
    hz = count / way.duration
    for _, pose, cloud in simulate_drive(home, way, LidarModel.dome(), hz, rng, colour=colour):
        yield pose, cloud


def measure(settings: MapSettings, count: int, colour: bool) -> tuple[VoxelMap, np.ndarray]:
    """The map, and wall and processor time (ms) of each cloud: transform, merge and decay."""
    world, times = VoxelMap(settings), []
    for pose, cloud in clouds(count, 7, colour):
        wall, cpu = time.perf_counter(), time.process_time()
        world.insert(transformed(cloud, pose, "map"), pose.position)
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return world, 1e3 * np.array(times)


def main() -> None:
    """Print one line per setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clouds", type=int, default=100, help="number of clouds along the drive")
    count = parser.parse_args().clouds
    for name, colour, normals in (("xyz", False, False), ("xyz rgb", True, False), ("xyz rgb normals", True, True)):
        world, times = measure(MapSettings(normals=normals), count, colour)
        (wall, cpu), (wall95, cpu95) = np.median(times, axis=0), np.quantile(times, 0.95, axis=0)
        print(
            f"{name:<16} {len(world):>8} voxels {world.nbytes / 2**20:5.0f} MB   wall {wall:5.1f} / p95 {wall95:5.1f} ms   "
            f"processor {cpu:5.1f} / p95 {cpu95:5.1f} ms   ({cpu / LIMIT_MS:.2f} of the limit)"
        )


if __name__ == "__main__":
    main()
