"""Test sets on disk in the form of the SpatialLM benchmark: `pcd/{id}.ply`, `layout/{id}.txt` and `test.csv`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from spatial_perception.files import atomic_write
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import write_layout
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.writing import write_cloud
from spatial_perception.simulation.apartment import HomeStyle
from spatial_perception.simulation.sensors import simulate_scene


def scene_name(seed: int) -> str:
    """The id of the scene that this seed makes."""
    return f"home_{seed:06d}"


def write_scene(folder: Path, name: str, cloud: PointCloud, truth: Layout, suffix: str = ".ply") -> None:
    """Write one scene of a test set; raises OutputError when the folder cannot be written."""
    write_cloud(folder / "pcd" / f"{name}{suffix}", cloud)
    write_layout(truth, folder / "layout" / f"{name}.txt")


def write_list(folder: Path, names: Iterable[str], suffix: str = ".ply") -> Path:
    """Write `test.csv` (columns id, pcd, layout) for these scenes and return its path."""
    rows = ["id,pcd,layout", *(f"{name},pcd/{name}{suffix},layout/{name}.txt" for name in names)]
    return atomic_write(folder / "test.csv", "\n".join(rows) + "\n")


def write_testset(
    folder: str | os.PathLike[str],
    seeds: Iterable[int],
    *,
    stations: int = 3,
    noise: float = 0.01,
    rooms: int | None = None,
    style: HomeStyle | None = None,
    max_points: int | None = None,
) -> Path:
    """Write one scene per seed and the list `test.csv`; returns the path of the list.

    Scenes are named after their seeds. The list is written last, so a broken run leaves none behind.
    Raises OutputError when the folder cannot be written.
    """
    root, names = Path(folder), []
    for seed in seeds:
        cloud, home = simulate_scene(
            seed, stations=stations, noise=noise, rooms=rooms, style=style, max_points=max_points
        )
        write_scene(root, scene_name(seed), cloud, home.layout)
        names.append(scene_name(seed))
    return write_list(root, names)
