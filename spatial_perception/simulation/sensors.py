"""Whole scans of homes: stations in free space, merged clouds, and ready scenes with their truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray
from shapely.geometry import Polygon

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.apartment import Home, HomeStyle, make_home
from spatial_perception.simulation.lidar import LidarModel, scan
from spatial_perception.simulation.occupancy import floor_grid
from spatial_perception.simulation.poses import Pose


def simulate_scene(
    seed: int,
    *,
    stations: int = 3,
    noise: float = 0.01,
    rooms: int | None = None,
    style: HomeStyle | None = None,
    lidar: LidarModel | None = None,
    max_points: int | None = None,
) -> tuple[PointCloud, Home]:
    """A home and the merged cloud of a stationary scanner in it, both from one seed.

    `stations` is the number of stations, or one per room where that is more; `noise` the range noise (m, one sigma), `lidar`
    another scanner; `max_points` thins the cloud at random. The truth is `home.layout`.
    """
    home = make_home(seed, rooms=rooms, style=style)
    rng = np.random.default_rng([seed, 1])
    model = lidar or LidarModel.terrestrial()
    cloud = scan_stations(home, stations, replace(model, noise=noise), rng)
    return thinned(cloud, max_points, rng), home


def thinned(cloud: PointCloud, most: int | None, rng: Generator) -> PointCloud:
    """At most `most` points, chosen at random, in their old order."""
    if most is None or len(cloud) <= most:
        return cloud
    return cloud.select(np.sort(rng.choice(len(cloud), most, replace=False)))


def scan_stations(home: Home, count: int, model: LidarModel, rng: Generator, *, colour: bool = True) -> PointCloud:
    """The merged cloud, in the frame of the home, of scans from `count` stations (at least one per room)."""
    clouds = [scan(home, pose, model, rng, colour=colour).in_home for pose in station_poses(home, count, rng)]
    return merged(clouds, home.layout.frame_id)


def merged(clouds: Sequence[PointCloud], frame_id: str) -> PointCloud:
    """Clouds of one frame as one cloud; colours are kept where all have them."""
    xyz = np.concatenate([cloud.xyz for cloud in clouds]) if clouds else np.empty((0, 3), np.float32)
    colours = [cloud.rgb for cloud in clouds if cloud.rgb is not None]
    rgb = np.concatenate(colours) if clouds and len(colours) == len(clouds) else None
    return PointCloud(xyz, rgb, frame_id)


def station_poses(home: Home, count: int, rng: Generator, *, height: tuple[float, float] = (1.2, 1.7)) -> list[Pose]:
    """Tripods in free space: one per room, the others where the largest rooms are farthest from a station."""
    spots = [_free_spots(home, k) for k in range(len(home.rooms))]
    chosen: list[list[NDArray[np.float64]]] = [[_roomy(s, rng)] for s in spots]
    areas = [Polygon(room.free).area for room in home.rooms]
    for _ in range(max(0, count - len(spots))):
        k = max(range(len(spots)), key=lambda i: areas[i] / len(chosen[i]))
        chosen[k].append(_far_from(spots[k], chosen[k], rng))
    return [
        Pose.planar(
            float(p[0]), float(p[1]), home.floor + float(rng.uniform(*height)), float(rng.uniform(-np.pi, np.pi))
        )
        for group in chosen
        for p in group
    ]


def _free_spots(home: Home, room: int) -> NDArray[np.float64]:
    """Points (N, 2) of a room where a tripod can stand; the clearance shrinks until there is one."""
    polygon = Polygon(home.rooms[room].free)
    shapely.prepare(polygon)
    for radius in (0.4, 0.25, 0.12, 0.05):
        grid = floor_grid(home, radius, resolution=0.1)
        x, y = np.meshgrid(*grid.centres())
        free = ~grid.blocked & shapely.contains_xy(polygon, x, y)
        if free.any():
            return np.stack([x[free], y[free]], axis=1)
    middle = polygon.representative_point()
    return np.array([[middle.x, middle.y]])


def _roomy(spots: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """One of the spots near the middle of all of them."""
    distance = np.linalg.norm(spots - spots.mean(axis=0), axis=1)
    near = np.flatnonzero(distance <= np.quantile(distance, 0.3))
    return spots[near[int(rng.integers(len(near)))]]


def _far_from(spots: NDArray[np.float64], taken: list[NDArray[np.float64]], rng: Generator) -> NDArray[np.float64]:
    """One of the spots that are farthest from those taken."""
    distance = np.min([np.linalg.norm(spots - t, axis=1) for t in taken], axis=0)
    far = np.flatnonzero(distance >= np.quantile(distance, 0.85))
    return spots[far[int(rng.integers(len(far)))]]
