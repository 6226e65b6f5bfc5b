"""Time of the simulation on one core: homes, room scans, robot scans, pictures. Run: python benchmarks/simulation_speed.py"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from spatial_perception.simulation import (
    DepthCameraModel,
    LidarModel,
    Pose,
    capture,
    drive,
    make_home,
    optical_pose,
    scan,
    station_poses,
)

ROOM_SCAN_LIMIT = 2.0
"""A room scan must take less than this (s)."""


def median_time(action: Callable[[], object], repeats: int = 5) -> float:
    """Median seconds of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    """Print one line per claim."""
    home, rng = make_home(7, rooms=6), np.random.default_rng(0)
    station = station_poses(home, 1, rng)[0]
    tilted = station @ Pose((0.0, 0.0, 0.0), (0.0, 0.1, 0.0, 0.995))
    sphere, dome, camera = LidarModel.terrestrial(), LidarModel.dome(), DepthCameraModel()
    room_scan = median_time(lambda: scan(home, station, sphere, rng))
    beams = sphere.rings * sphere.columns
    print(f"home of 6 rooms, {len(home.solids)} solids      {median_time(lambda: make_home(7, rooms=6)):.3f} s")
    print(f"room scan, {beams} beams, coloured   {room_scan:.3f} s  ({room_scan / ROOM_SCAN_LIMIT:.2f} of the limit)")
    print(
        f"robot scan, 200000 beams, level      {median_time(lambda: scan(home, station, dome, rng, colour=False)):.3f} s"
    )
    print(
        f"robot scan, 200000 beams, tilted     {median_time(lambda: scan(home, tilted, dome, rng, colour=False)):.3f} s"
    )
    print(
        f"picture 640x480, level               {median_time(lambda: capture(home, optical_pose(station), camera, rng)):.3f} s"
    )
    print(
        f"picture 640x480, tilted              {median_time(lambda: capture(home, optical_pose(tilted), camera, rng)):.3f} s"
    )
    print(f"drive through 6 rooms                {median_time(lambda: drive(home, rng), 3):.3f} s")


if __name__ == "__main__":
    main()
