"""`spatial-perception layout`: layouts of point cloud files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, err, make_table, note, one_line, plain, report_error, warn
from spatial_perception.cli.costs import total

if TYPE_CHECKING:
    from rich.table import Table

    from spatial_perception.cli.estimation import Job, Outcome
    from spatial_perception.layout.entities import Entity, Layout

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception layout room.ply[/bold]  prints the layout\n\n"
    "[bold]spatial-perception layout scans/ -o out -j 4 --format txt,json,png[/bold]  writes out/NAME.txt and so on\n\n"
    "[bold]spatial-perception layout mesh.ply --up y --scale 0.001 --set least_score=0.8[/bold]  y up, in millimetres"
)


def command(
    files: Annotated[list[Path], typer.Argument(help="Cloud files, or folders of them.", show_default=False)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder for the results.")] = None,
    estimator: Annotated[
        str, typer.Option(help="'auto', 'geometric', 'nano', a checkpoint folder, or a hub id.")
    ] = "auto",
    task: Annotated[str, typer.Option(help="all, layout (walls, doors, windows) or objects (boxes).")] = "all",
    categories: Annotated[str, typer.Option(help="Keep boxes of these labels only: sofa,bed.")] = "",
    formats: Annotated[str, typer.Option("--format", "-f", help="txt, json, geojson, png, svg, pdf, 3d, rrd.")] = "txt",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")] = 1,
    up: Annotated[str, typer.Option(help="Up axis of the files: auto, z, y, x, -z, -y, -x.")] = "auto",
    scale: Annotated[str, typer.Option(help="auto, keep, mm, cm, in, ft, or a factor to metres.")] = "auto",
    config: Annotated[Path | None, typer.Option(help="YAML file with settings of the estimator.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="One setting: key=value. Repeatable.")] = None,
) -> None:
    """Find walls, doors, windows and boxes in point clouds.

    Reads .ply .pcd .npz .npy .bin .xyz in any orientation and unit; results are in the frame of the file, in metres.
    One file without -o prints its layout. Files that fail are named at the end (exit status 2), the others are done.
    """
    from spatial_perception.cli.estimation import Job, make_request
    from spatial_perception.cli.formats import parse_formats
    from spatial_perception.cli.sources import collect, output_folder, renamed

    names = parse_formats(formats)
    request = replace(make_request(estimator, task, categories, up, scale, config, settings or ()), formats=names)
    sources = collect(files)
    folder = None if output is None else output_folder(output)
    for source in renamed(sources) if folder else ():
        note(f"{source.path}: the name is taken; results are called {source.name}")
    todo = [Job(source, request, folder) for source in sources]
    if folder is None and names == ("txt",) and len(todo) == 1:
        outcomes = [run_and_print(todo[0])]
    else:
        outcomes = run(todo, jobs)
        if folder is None:
            _print_layouts(outcomes, names)
    report(outcomes, folder)


def run_and_print(job: Job) -> Outcome:
    """Do a job and print its entities: as they are decoded where the estimator tells them, else at the end."""
    from spatial_perception.cli.estimation import run_job
    from spatial_perception.layout.text import format_entity

    printed: list[str] = []

    def tell(entity: Entity) -> None:
        printed.append(format_entity(entity))
        typer.echo(printed[-1])

    outcome = run_job(job, tell)
    if not printed:
        _print_layouts([outcome], ("txt",))
    return outcome


def run(jobs: Sequence[Job], processes: int) -> list[Outcome]:
    """Do all jobs with a progress bar on the terminal; outcomes in the order of the jobs."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from spatial_perception.cli.estimation import failed, run_job
    from spatial_perception.cli.pool import run_jobs

    console = err()
    columns = (TextColumn("layouts"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    quiet = len(jobs) < 2 or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task("layouts", total=len(jobs))
        return run_jobs(run_job, jobs, processes, failed, lambda _: bar.advance(task))


def _print_layouts(outcomes: Sequence[Outcome], names: tuple[str, ...]) -> None:
    """The layout of a single file on standard output, as text or JSON."""
    if len(outcomes) > 1:
        warn("nothing is written without a folder; add -o DIR to keep the layouts")
        return
    layout = outcomes[0].layout
    if layout is not None:
        typer.echo(as_text(layout, names[0]), nl=bool(len(layout)))
    if names[0] not in ("txt", "json", "geojson") or len(names) > 1:
        warn("only text is printed; add -o DIR to write the other formats")


def as_text(layout: Layout, kind: str) -> str:
    """A layout in one of the text formats, without a newline at the end; the layout language for all others."""
    from spatial_perception.layout import geojson, json, text

    forms = {"json": json.dump_layout, "geojson": geojson.dump_geojson}
    return forms.get(kind, text.format_layout)(layout).rstrip("\n")


def report(outcomes: Sequence[Outcome], folder: Path | None) -> None:
    """Table of all clouds, their warnings, and the failures; exit status 2 when there is one."""
    good = [o for o in outcomes if not o.error]
    bad = [o for o in outcomes if o.error]
    console = err()
    if good and (folder is not None or len(outcomes) > 1):
        console.print(_table(good))
    for outcome in good:
        for warning in outcome.warnings:
            warn(f"{outcome.source.path.name}: {warning}")
    costs = [o.costs for o in good if o.costs is not None]
    if costs:
        note(str(total(costs)))
    if folder is not None and good:
        count = sum(len(o.paths) for o in good)
        console.print(f"{count} files in {folder}", markup=False, soft_wrap=True)
    for outcome in bad:
        report_error(one_line(outcome.error))
    if bad:
        if len(outcomes) > 1:
            console.print(f"{len(bad)} of {len(outcomes)} clouds failed", style="bold red", soft_wrap=True)
        raise typer.Exit(FAILURE)


def _table(outcomes: Sequence[Outcome]) -> Table:
    numbers = ("points", "walls", "doors", "windows", "boxes", "s", "notes")
    table = make_table("cloud", *numbers, right=numbers)
    for outcome in outcomes:
        layout = outcome.layout
        assert layout is not None
        counts = (len(layout.walls), len(layout.doors), len(layout.windows), len(layout.boxes))
        cells = (f"{outcome.points:,}", *map(str, counts), f"{outcome.seconds:.1f}", str(len(outcome.warnings) or ""))
        table.add_row(plain(outcome.source.name), *cells)
    return table
