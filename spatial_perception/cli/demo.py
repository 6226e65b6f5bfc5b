"""`spatial-perception demo`: the whole road in one command, without data, weights or GPU."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import make_table, out, plain, warn

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.cloud import PointCloud

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception demo[/bold]  results in ./demo\n\n"
    "[bold]spatial-perception demo -o /tmp/home --seed 12 --rooms 5[/bold]  another home"
)
DEFAULT_SEED = 3


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path("demo"),
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another home.")] = DEFAULT_SEED,
    rooms: Annotated[int, typer.Option(min=1, max=6, help="Rooms of the home.")] = 4,
    estimator: Annotated[str, typer.Option(help="'geometric', a checkpoint folder, or a hub id.")] = "geometric",
) -> None:
    """Simulate a furnished home, scan it, estimate its layout, score it against the truth, and draw it."""
    from spatial_perception.cli.sources import output_folder

    folder = output_folder(output)
    console = out()
    started = time.perf_counter()
    with console.status("simulating a home and scanning it"):
        cloud, truth = _scan(folder, seed, rooms)
    console.print(f"scanned   {len(cloud):,} points of a home with {rooms} rooms [{_since(started)}]", markup=False)
    started = time.perf_counter()
    with console.status("estimating the layout"):
        layout = _estimate(cloud, estimator)
    console.print(f"estimated {_counts(layout)} [{_since(started)}]", markup=False)
    started = time.perf_counter()
    with console.status("drawing"):
        paths = _write(folder, cloud, layout, truth)
    console.print(f"drew      plan, 3-D view and comparison [{_since(started)}]", markup=False)
    _score(layout, truth)
    _list(paths)


def _since(started: float) -> str:
    return f"{time.perf_counter() - started:.1f} s"


def _counts(layout: Layout) -> str:
    from spatial_perception.visualization.sheet import plural

    parts = {"wall": layout.walls, "door": layout.doors, "window": layout.windows, "box": layout.boxes}
    return ", ".join(plural(len(items), noun) for noun, items in parts.items())


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


def _write(folder: Path, cloud: PointCloud, layout: Layout, truth: Layout) -> list[tuple[Path, str]]:
    from spatial_perception.layout.json import write_json
    from spatial_perception.layout.text import write_layout
    from spatial_perception.visualization.figures import floor_plan, perspective, save_figure

    write_layout(layout, folder / "layout.txt")
    write_json(layout, folder / "layout.json")
    write_layout(truth, folder / "truth.txt")
    save_figure(floor_plan(layout, cloud, title="Estimated layout"), folder / "plan.png")
    save_figure(floor_plan(layout, truth=truth, title="Estimate and truth", areas=False), folder / "comparison.png")
    save_figure(perspective(layout, cloud, title="Estimated layout"), folder / "view_3d.png")
    texts = {
        "scan.ply": "the cloud",
        "layout.txt": "the layout, in the layout language",
        "layout.json": "the same with scores and support",
        "truth.txt": "what a perfect answer would be",
        "plan.png": "floor plan over the cloud",
        "view_3d.png": "3-D view",
        "comparison.png": "plan with the truth in dashes",
    }
    return [(folder / name, text) for name, text in texts.items()]


def _score(layout: Layout, truth: Layout) -> None:
    """F1 of each kind of entity, in a table that fits any terminal."""
    from spatial_perception.evaluation.layout_metrics import ALL_BOXES, LAYOUT_CLASSES, evaluate_scene
    from spatial_perception.evaluation.report import summarise

    report = summarise([evaluate_scene(layout, truth, name="demo")])
    numbers = ("F1 @ IoU .25", "F1 @ IoU .5", "found", "true")
    table = make_table("score", *numbers, right=numbers)
    for name in (*LAYOUT_CLASSES, ALL_BOXES):
        if name in report.names():
            row, half = report.summary(name, 0.25), report.summary(name, 0.5)
            scores = ("--" if r.mean_f1 is None else f"{r.mean_f1:.2f}" for r in (row, half))
            table.add_row(name, *scores, str(row.total.num_pred), str(row.total.num_gt))
    out().print(table)


def _list(paths: list[tuple[Path, str]]) -> None:
    table = make_table("file", "holds")
    for path, text in paths:
        table.add_row(plain(str(path)), plain(text))
    out().print(table)
