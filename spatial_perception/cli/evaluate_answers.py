"""`spatial-perception eval qa`: scores of an answerer on generated questions about simulated homes or given layouts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import make_table, out, plain
from spatial_perception.errors import ConfigError

if TYPE_CHECKING:
    from rich.table import Table

    from spatial_perception.evaluation.question_answering import QuestionReport
    from spatial_perception.evaluation.question_generator import QuestionItem
    from spatial_perception.layout.entities import Layout
    from spatial_perception.reasoning.scene import Scene

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception eval qa[/bold]  40 simulated homes, true layouts\n\n"
    "[bold]spatial-perception eval qa home.txt flat.json --per-type 4[/bold]  questions about these layouts\n\n"
    "[bold]spatial-perception eval qa --homes 5 --wrong[/bold]  also shows what was not answered well\n\n"
    "[bold]spatial-perception eval qa --homes 5 --estimator geometric[/bold]  about layouts estimated from scans"
)


def command(
    layouts: Annotated[list[Path] | None, typer.Argument(help="Layouts; none: simulated.", show_default=False)] = None,
    homes: Annotated[int, typer.Option(min=1, help="Simulated homes, when no layouts are given.")] = 40,
    per_type: Annotated[int, typer.Option(min=1, max=50, help="Questions of each type per layout.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed of homes and questions.")] = 0,
    estimator: Annotated[
        str, typer.Option(help="Scan the simulated homes, and answer about what this estimator makes of the scans.")
    ] = "",
    answerer: Annotated[str, typer.Option(help="Who answers: auto, geometric.")] = "auto",
    wrong: Annotated[bool, typer.Option("--wrong", help="List what was not answered well.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the scores here.")] = None,
) -> None:
    """Score answers to generated VSI-Bench questions, whose truth is computed apart from the answerer.

    Choices are scored by accuracy, numbers by mean relative accuracy, as Spatial-MLLM's evaluation does.
    """
    from spatial_perception.evaluation.question_answering import evaluate_answerer
    from spatial_perception.models.registry import load_answerer

    if layouts and estimator:
        raise ConfigError("--estimator scans simulated homes; leave out the layouts, or the option")
    pairs = _read(layouts) if layouts else simulated(homes, seed, estimator)
    report = evaluate_answerer(load_answerer(answerer), cases(pairs, per_type, seed))
    console = out()
    console.print(_table(report))
    for item, said in report.wrong if wrong else ():
        console.print(f"{item.question}\n  true: {item.ground_truth}  said: {said}", markup=False, soft_wrap=True)
    if json is not None:
        _write(report, json)


def cases(
    pairs: Iterable[tuple[Layout, Layout]], per_type: int, seed: int
) -> Iterator[tuple[Scene, tuple[QuestionItem, ...]]]:
    """Scenes of what is known, with questions about what is true."""
    import numpy as np

    from spatial_perception.evaluation.question_answering import carry_first_seen
    from spatial_perception.evaluation.question_generator import generate_questions, random_first_seen
    from spatial_perception.reasoning.scene import make_scene

    for number, (truth, known) in enumerate(pairs):
        rng = np.random.default_rng([seed, number])
        seen = random_first_seen(truth, rng)
        times = seen if known is truth else carry_first_seen(seen, truth, known)
        yield make_scene(known, first_seen=times), generate_questions(truth, rng, seen, per_type)


def _read(paths: Iterable[Path]) -> Iterator[tuple[Layout, Layout]]:
    from spatial_perception.cli.layout_files import read_any_layout

    yield from ((layout, layout) for layout in map(read_any_layout, paths))


def simulated(homes: int, seed: int, estimator: str) -> Iterator[tuple[Layout, Layout]]:
    """True layouts, each with itself, or with what an estimator makes of a scan of the home."""
    from spatial_perception.models.registry import load_estimator
    from spatial_perception.simulation import make_home
    from spatial_perception.simulation.sensors import simulate_scene

    made = load_estimator(estimator) if estimator else None
    for number in range(seed, seed + homes):
        if made is None:
            layout = make_home(number).layout
            yield layout, layout
        else:
            cloud, home = simulate_scene(number)
            yield home.layout, made.estimate(cloud)


def _table(report: QuestionReport) -> Table:
    table = make_table(
        "type", "score", "questions", title="Answers to generated questions", right=("score", "questions")
    )
    for name, (mean, count) in report.scores.per_type.items():
        table.add_row(plain(name), f"{mean:.3f}", str(count))
    scores = report.scores
    for name, average in (("choices", scores.choices), ("numbers", scores.numbers), ("all", scores.all)):
        table.add_row(plain(f"{name}: mean over questions", "bold"), f"{average.micro:.3f}", "")
        table.add_row(plain(f"{name}: mean over types", "bold"), f"{average.macro:.3f}", "")
    return table


def _write(report: QuestionReport, path: Path) -> None:
    import json
    from dataclasses import asdict

    from spatial_perception.files import atomic_write

    document = {"scores": asdict(report.scores), "statuses": dict(report.statuses), "wrong": len(report.wrong)}
    atomic_write(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
