"""`spatial-perception eval`: scores of layouts against the truth, or of an estimator on a test set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, describe_error, make_table, out, plain, report_error, warn
from spatial_perception.errors import ConfigError, EvaluationError

if TYPE_CHECKING:
    from rich.table import Table

    from spatial_perception.cli.sources import Source
    from spatial_perception.evaluation.report import Report

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception eval predictions/ testset/[/bold]  {id}.txt against testset/layout/{id}.txt\n\n"
    "[bold]spatial-perception eval testset/ --estimator geometric -j 4 --json scores.json[/bold]  predict, then score\n\n"
    "[bold]spatial-perception eval predictions/ testset/ --mode both[/bold]  beside the published definition"
)
_WIDE = 110  # columns of a terminal that take the full table
MODES = ("corrected", "compat", "both")


def command(
    predictions: Annotated[
        Path, typer.Argument(help="Folder of layouts, or a test set to predict.", show_default=False)
    ],
    truth: Annotated[Path | None, typer.Argument(help="Test set, or folder of layouts.", show_default=False)] = None,
    metadata: Annotated[Path | None, typer.Option(help="CSV with a column id; TRUTH/test.csv unless given.")] = None,
    mode: Annotated[
        str, typer.Option(help="corrected, compat (the published one, defects included) or both.")
    ] = "corrected",
    mapping: Annotated[Path | None, typer.Option(help="TSV of categories; TRUTH/benchmark_categories.tsv.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the scores here.")] = None,
    estimator: Annotated[str, typer.Option(help="Used when only a test set is given.")] = "auto",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Keep predictions in this folder.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one per core.")] = 1,
    deviations: Annotated[bool, typer.Option(help="Also show how far matched entities are off.")] = True,
) -> None:
    """Score layouts by F1 at IoU 0.25 and 0.5: walls, doors, windows, and boxes by class.

    A scene without a prediction counts as empty, with a warning. With a test set alone (test.csv, pcd/, layout/) its
    clouds are predicted first.
    """
    if mode not in MODES:
        raise ConfigError(f"unknown mode '{mode}'; choose from {', '.join(MODES)}")
    modes = ("corrected", "compat") if mode == "both" else (mode,)
    if truth is not None:
        _score(predictions, truth, metadata, mapping, modes, json, deviations)
        return
    with TemporaryDirectory(prefix="spatial_perception_") as folder:
        kept = Path(folder) if output is None else output
        failed = predict(predictions, kept, estimator, jobs, metadata)
        _score(kept, predictions, metadata, mapping, modes, json, deviations)
    if failed:
        raise typer.Exit(FAILURE)


def predict(testset: Path, folder: Path, estimator: str, jobs: int, metadata: Path | None = None) -> int:
    """Write {id}.txt for every scene of a test set into a folder; returns how many failed, after naming them."""
    from dataclasses import replace

    from spatial_perception.cli.estimation import Job, make_request
    from spatial_perception.cli.layout import run
    from spatial_perception.cli.sources import output_folder

    request = replace(make_request(estimator, "all", "", "auto", "auto", None, ()), formats=("txt",))
    target = output_folder(folder)
    outcomes = run([Job(source, request, target) for source in scenes(testset, metadata)], jobs)
    bad = [outcome for outcome in outcomes if outcome.error]
    for outcome in bad:
        report_error(outcome.error)
    return len(bad)


def scenes(testset: Path, metadata: Path | None = None) -> list[Source]:
    """Clouds of a test set named by their scene: the column pcd of its table, else the files of pcd/ by their stem."""
    from spatial_perception.cli.sources import Source, collect
    from spatial_perception.evaluation.folders import METADATA_FILE
    from spatial_perception.evaluation.mapping import read_table

    if not testset.is_dir():
        raise EvaluationError(
            f"{testset}: is not a folder; give PREDICTIONS TRUTH, or a test set with pcd/ and layout/"
        )
    table = metadata or testset / METADATA_FILE
    if not table.is_file():
        return collect([testset])
    rows = read_table(table, delimiter=",", columns=("id",))
    files = {path.stem: path for path in sorted((testset / "pcd").glob("*"))}
    found = []
    for row in rows:
        named = [testset / row["pcd"], testset / "pcd" / row["pcd"]] if row.get("pcd") else []
        path = next((p for p in named if p.is_file()), files.get(row["id"]))
        found.append(Source(path or testset / "pcd" / f"{row['id']}.ply", row["id"]))
    return found


def _score(
    predictions: Path,
    truth: Path,
    metadata: Path | None,
    mapping: Path | None,
    modes: Sequence[str],
    json: Path | None,
    deviations: bool,
) -> None:
    from spatial_perception.evaluation.folders import evaluate_folder

    reports: dict[str, Report] = {}
    for mode in modes:
        try:
            reports[mode] = evaluate_folder(predictions, truth, metadata=metadata, mapping=mapping, mode=mode)  # type: ignore[arg-type]
        except EvaluationError as error:
            raise EvaluationError(f"{mode}: {describe_error(error)}" if len(modes) > 1 else str(error)) from error
    for report in reports.values():
        show(report, deviations)
    if json is not None:
        _write_json(reports, json)


def show(report: Report, deviations: bool = True) -> None:
    """Print the scores, then the warnings."""
    console = out()
    console.print(report.table() if console.width >= _WIDE else compact_table(report))
    if deviations and any(d.values for d in report.deviations):
        console.print(report.deviation_table())
    for text in report.warnings:
        warn(text)


def compact_table(report: Report) -> Table:
    """The scores in 80 columns: mean F1 at both thresholds, micro average, and counts at 0.25."""
    numbers = ("F1@.25", "F1@.5", "micro", "prec.", "recall", "found", "true")
    title = f"Layout scores, {report.mode}, {scene_count(len(report.scenes))}"
    table = make_table("class", *numbers, title=title, right=numbers)
    for name in report.names():
        row, half = report.summary(name, 0.25), report.summary(name, 0.5)
        scores = (row.mean_f1, half.mean_f1, row.micro_f1, row.total.precision, row.total.recall)
        cells = ("--" if value is None else f"{value:.3f}" for value in scores)
        table.add_row(plain(name), *cells, str(row.total.num_pred), str(row.total.num_gt))
    return table


def scene_count(number: int) -> str:
    """`1 scene`, `2 scenes`."""
    return f"{number} scene" if number == 1 else f"{number} scenes"


def _write_json(reports: dict[str, Report], path: Path) -> None:
    """One report as it is; several as an object with their modes as keys."""
    import json

    from spatial_perception.files import atomic_write

    if len(reports) == 1:
        atomic_write(path, next(iter(reports.values())).to_json())
    else:
        documents = {mode: json.loads(report.to_json()) for mode, report in reports.items()}
        atomic_write(path, json.dumps(documents, indent=2, ensure_ascii=False) + "\n")
