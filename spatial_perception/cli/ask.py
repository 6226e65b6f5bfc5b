"""`spatial-perception ask`: questions about a layout, one or a conversation."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, note, one_line, out
from spatial_perception.errors import ConfigError

if TYPE_CHECKING:
    from spatial_perception.layout.entities import Layout
    from spatial_perception.reasoning.answers import Answer
    from spatial_perception.reasoning.conversation import Conversation
    from spatial_perception.reasoning.relations import Viewer

EPILOG = (
    "Examples:\n\n"
    '[bold]spatial-perception ask home.txt "how far is the sofa from the door?"[/bold]\n\n'
    '[bold]spatial-perception ask home.txt --robot 1,2,90 "what is left of me?"[/bold]  x, y in m, yaw in degrees\n\n'
    '[bold]spatial-perception ask home.txt "how do I get from the bed to the sofa?" --picture way.png[/bold]\n\n'
    "[bold]spatial-perception ask home.txt[/bold]  a conversation; ask 'help' there, end with Ctrl-D"
)


def command(
    layout: Annotated[Path, typer.Argument(help="Layout, .txt or .json.", show_default=False)],
    questions: Annotated[list[str] | None, typer.Argument(help="Questions in English.", show_default=False)] = None,
    robot: Annotated[str, typer.Option(help="Where the robot stands: X,Y,YAW in metres and degrees.")] = "",
    picture: Annotated[
        Path | None, typer.Option(help="Draw the last answer on the floor plan: .png, .svg, .pdf.", show_default=False)
    ] = None,
    answerer: Annotated[str, typer.Option(help="Who answers: auto, geometric.")] = "auto",
    json: Annotated[bool, typer.Option("--json", help="Print each answer as one line of JSON.")] = False,
    max_time: Annotated[float, typer.Option(min=0.0, help="Seconds for one answer.")] = 5.0,
) -> None:
    """Answer questions about a layout: how many, how far, how large, where, which way, what fits.

    Works from the geometry alone. Each answer has a status; the exit status is 2 when the last question had no answer.
    """
    from spatial_perception.cli.layout_files import read_any_layout
    from spatial_perception.models.registry import load_answerer
    from spatial_perception.reasoning.conversation import Conversation
    from spatial_perception.reasoning.scene import make_scene

    scene = make_scene(read_any_layout(layout), robot=parse_robot(robot))
    for text in scene.notes:
        note(text)
    talk = Conversation(load_answerer(answerer), scene)
    if picture is not None and not questions:
        raise ConfigError("--picture draws the answer to a question; give the question too")
    if not questions and sys.stdin.isatty():
        from spatial_perception.cli.talk import converse

        converse(talk, lambda question: _tell(talk, question, json, max_time))
        return
    answers = [_tell(talk, question, json, max_time) for question in questions or _lines()]
    if picture is not None:
        _draw(scene.layout, answers[-1], picture)
    if questions and not answers[-1].answered:
        raise typer.Exit(FAILURE)


def _draw(layout: Layout, answer: Answer, path: Path) -> None:
    from spatial_perception.visualization.figures import floor_plan, save_figure
    from spatial_perception.visualization.marks import marks_of

    save_figure(floor_plan(layout, title=answer.question, areas=False, marks=marks_of(answer)), path)


def parse_robot(text: str) -> Viewer | None:
    """The pose of `X,Y,YAW` (m, m, degrees; yaw may be left out); raises ConfigError for anything else."""
    from math import isfinite, radians

    from spatial_perception.reasoning.relations import Viewer

    if not text:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not all(map(isfinite, numbers)):
        raise ConfigError(f"--robot {text!r} is no pose; give X,Y,YAW in metres and degrees, for instance 1.5,2,90")
    return Viewer(numbers[0], numbers[1], radians(numbers[2]) if len(numbers) == 3 else 0.0)


def _lines() -> Iterable[str]:
    return (line for line in sys.stdin if line.strip())


def _tell(talk: Conversation, question: str, json: bool, max_time: float) -> Answer:
    answer = talk.ask(question, max_time=max_time)
    if json:
        typer.echo(as_json(answer))
    else:
        text = answer.text if str(answer.status) == "OK" else f"[{answer.status}] {answer.text}"
        if answer.choice:
            text = f"{answer.choice}. {text}"
        out().print(one_line(text), markup=False, soft_wrap=True)
    return answer


def as_json(answer: Answer) -> str:
    """An answer as one line of JSON: text, status, value, unit, choice, entities, rooms, checks, proposal, confidence."""
    import json
    from dataclasses import asdict

    proposal = None if answer.proposal is None else asdict(answer.proposal)
    fields = {
        "question": answer.question, "kind": answer.kind, "status": str(answer.status), "text": answer.text,
        "value": answer.value, "unit": answer.unit, "choice": answer.choice, "key": answer.key, "entities": answer.entities,
        "rooms": answer.rooms, "checks": [asdict(check) for check in answer.checks], "proposal": proposal,
        "confidence": answer.confidence,
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False)
