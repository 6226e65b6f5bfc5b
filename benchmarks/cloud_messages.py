"""Time to build and to read point cloud messages, on one core. Run: python benchmarks/cloud_messages.py

Uses genuine ROS 2 messages where sourced, else those of the embedded runtime.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

if importlib.util.find_spec("embedded_ros") is not None:
    import embedded_ros

    embedded_ros.activate()

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.ros.convert.clouds import cloud_from_message, cloud_message

LIMIT_MS = 30.0
"""A message of 40 MB must be built in less than this (ms)."""


def medians(action: Callable[[], object], repeats: int = 15) -> tuple[float, float]:
    """Median wall and processor time (ms)."""
    times = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        action()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = 1e3 * np.median(times, axis=0)
    return float(wall), float(cpu)


def main() -> None:
    """Print one line per size."""
    rng = np.random.default_rng(0)
    for count in (100_000, 200_000, 2_500_000):
        rgb = rng.integers(0, 256, (count, 3), dtype=np.uint8)
        cloud = PointCloud(rng.random((count, 3), dtype=np.float32), rgb, "map", 1.0)
        message = cloud_message(cloud)
        built, built_cpu = medians(lambda cloud=cloud: cloud_message(cloud))
        again, again_cpu = medians(lambda cloud=cloud, data=message.data: cloud_message(cloud, data))
        read, read_cpu = medians(lambda message=message: cloud_from_message(message))
        print(
            f"{count:>9} points {len(message.data) / 1e6:5.1f} MB   wall / processor (ms): "
            f"build {built:6.2f} / {built_cpu:6.2f}, in old memory {again:6.2f} / {again_cpu:6.2f}, "
            f"read {read:6.2f} / {read_cpu:6.2f}"
        )
    print(f"limit for building 40 MB: {LIMIT_MS:.0f} ms; fresh memory is the larger part, and depends on the system")


if __name__ == "__main__":
    main()
