"""`spatial-perception simulate`: scans of procedural homes with their exact layouts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, describe_error, err, note, report_error
from spatial_perception.errors import ConfigError

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout
    from spatial_perception.pointcloud.cloud import PointCloud

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception simulate -o testset --count 60 --seed 1000 -j 4[/bold]\n\n"
    "[bold]spatial-perception simulate -o home --rooms 4 --pictures[/bold]\n\n"
    "then [bold]spatial-perception eval testset[/bold]"
)
_SUFFIXES = (".ply", ".pcd", ".npz")


@dataclass(frozen=True)
class Task:
    """One home to simulate and where to put it."""

    folder: Path
    seed: int
    rooms: int | None
    stations: int
    noise: float
    points: int | None
    suffix: str
    pictures: bool

    @property
    def name(self) -> str:
        """Name of the scene; its seed makes it again."""
        from spatial_perception.simulation.testset import scene_name

        return scene_name(self.seed)


def command(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the test set.", show_default=False)],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Number of homes.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first home; the next has the next seed.")] = 0,
    rooms: Annotated[int | None, typer.Option(min=1, max=6, help="Rooms of each home; random unless given.")] = None,
    stations: Annotated[int, typer.Option(min=1, help="Scanner stations, at least one per room.")] = 3,
    noise: Annotated[float, typer.Option(min=0.0, max=0.5, help="Range noise, metres (one sigma).")] = 0.01,
    points: Annotated[int | None, typer.Option(min=100, help="At most so many points per cloud.")] = None,
    suffix: Annotated[str, typer.Option(help="Clouds as .ply, .pcd or .npz.")] = ".ply",
    pictures: Annotated[bool, typer.Option("--pictures", help="Also draw plan and 3-D view of the truth.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")] = 1,
) -> None:
    """Simulate furnished homes and scan them: pcd/, layout/ and test.csv, as `eval` reads them.

    The same seed gives the same bytes.
    """
    from spatial_perception.cli.sources import output_folder
    from spatial_perception.simulation.testset import write_list

    ending = f".{suffix.lstrip('.').lower()}"
    if ending not in _SUFFIXES:
        raise ConfigError(f"unknown cloud format '{suffix}'; choose from {', '.join(_SUFFIXES)}")
    folder = output_folder(output)
    seeds = range(seed, seed + count)
    tasks = [Task(folder, s, rooms, stations, noise, points, ending, pictures) for s in seeds]
    errors = [text for text in _run(tasks, jobs) if text]
    done = [task.name for task in tasks if (folder / "layout" / f"{task.name}.txt").is_file()]
    write_list(folder, done, ending)
    for text in errors:
        report_error(text)
    if errors:
        raise typer.Exit(FAILURE)
    note(f"{count} {'home' if count == 1 else 'homes'} in {folder}")


def _run(tasks: list[Task], jobs: int) -> list[str]:
    """Do all tasks; for each its error in one line, or nothing."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from spatial_perception.cli.pool import run_jobs

    console = err()
    columns = (TextColumn("homes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=len(tasks) < 2 or not console.is_terminal) as bar:
        task = bar.add_task("homes", total=len(tasks))
        return run_jobs(make_one, tasks, jobs, lambda t, why: f"{t.name}: {why}", lambda _: bar.advance(task))


def make_one(task: Task) -> str:
    """Simulate and write one home; returns what went wrong in one line, or nothing."""
    try:
        cloud, truth = simulate(task)
        write(task, cloud, truth)
    except Exception as error:
        return f"{task.name}: {describe_error(error)}"
    return ""


def simulate(task: Task) -> tuple[PointCloud, Layout]:
    """The cloud and the true layout of a task."""
    from spatial_perception.simulation.sensors import simulate_scene

    cloud, home = simulate_scene(
        task.seed, stations=task.stations, noise=task.noise, rooms=task.rooms, max_points=task.points
    )
    return cloud, home.layout


def write(task: Task, cloud: PointCloud, truth: Layout) -> None:
    """Write cloud, layout and, where asked for, pictures of a task."""
    from spatial_perception.simulation.testset import write_scene

    write_scene(task.folder, task.name, cloud, truth, task.suffix)
    if task.pictures:
        from spatial_perception.visualization.figures import floor_plan, perspective, save_figure

        folder = task.folder / "pictures"
        save_figure(floor_plan(truth, cloud, title=task.name), folder / f"{task.name}_plan.png")
        save_figure(perspective(truth, title=task.name), folder / f"{task.name}_3d.png")
