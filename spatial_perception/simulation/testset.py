"""Test sets on disk in the form of the SpatialLM benchmark: `pcd/{id}.ply`, `layout/{id}.txt` and `test.csv`."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from spatial_perception.errors import OutputError
from spatial_perception.layout.text import write_layout
from spatial_perception.pointcloud.writing import write_cloud
from spatial_perception.simulation.apartment import HomeStyle
from spatial_perception.simulation.sensors import simulate_scene


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
    """Write one scene per seed and the list `test.csv` (columns id, pcd, layout); returns the path of the list.

    Scenes are named home_00000 and so on after their seeds. The list is written last, so a broken run leaves none behind.
    Raises OutputError when the folder cannot be written.
    """
    root = Path(folder)
    names = []
    try:
        for part in ("pcd", "layout"):
            (root / part).mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            name = f"home_{seed:05d}"
            cloud, home = simulate_scene(
                seed, stations=stations, noise=noise, rooms=rooms, style=style, max_points=max_points
            )
            write_cloud(root / "pcd" / f"{name}.ply", cloud)
            write_layout(home.layout, root / "layout" / f"{name}.txt")
            names.append(name)
        return _write_list(root / "test.csv", names)
    except OSError as error:
        raise OutputError(f"cannot write test set {root}: {error.strerror}; choose a writable folder") from error


def _write_list(path: Path, names: list[str]) -> Path:
    draft = path.with_suffix(".csv.part")
    with draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "pcd", "layout"])
        writer.writerows([name, f"pcd/{name}.ply", f"layout/{name}.txt"] for name in names)
    os.replace(draft, path)
    return path
