"""The demo without nodes: a home is scanned at once, and its layout estimated from the file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from spatial_perception.cli.console import out, warn
from spatial_perception.cli.demo_results import counts, draw, list_files, show_score, write_layouts

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.cloud import PointCloud


def run_offline(folder: Path, seed: int, rooms: int, estimator: str) -> None:
    """Simulate a furnished home, scan it, estimate its layout, score it against the truth, and draw it."""
    console = out()
    started = time.perf_counter()
    with console.status("simulating a home and scanning it"):
        cloud, truth = _scan(folder, seed, rooms)
    console.print(f"scanned   {len(cloud):,} points of a home with {rooms} rooms [{_since(started)}]", markup=False)
    started = time.perf_counter()
    with console.status("estimating the layout"):
        layout = _estimate(cloud, estimator)
    console.print(f"estimated {counts(layout)} [{_since(started)}]", markup=False)
    started = time.perf_counter()
    with console.status("drawing"):
        write_layouts(folder, layout, truth)
        draw(folder, layout, cloud, truth)
    console.print(f"drew      plan, 3-D view and comparison [{_since(started)}]", markup=False)
    show_score(layout, truth)
    list_files(folder)


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.1f} s"


def _scan(folder: Path, seed: int, rooms: int) -> tuple[PointCloud, Layout]:
    from spatial_perception.pointcloud.io import write_cloud
    from spatial_perception.simulation.sensors import simulate_scene

    cloud, home = simulate_scene(seed, rooms=rooms, stations=rooms + 2)
    write_cloud(folder / "scan.ply", cloud)
    return cloud, home.layout


def _estimate(cloud: PointCloud, estimator: str) -> Layout:
    from spatial_perception.cli.estimation import estimate, make_request

    layout, _ = estimate(cloud, make_request(estimator, "all", "", "auto", "auto", None, ()), "scan.ply")
    for text in layout.provenance.notes:
        warn(text)
    return layout
