"""Entry point: collects the commands. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from spatial_perception._version import __version__
from spatial_perception.cli import (
    ask,
    convert,
    demo,
    doctor,
    evaluate,
    evaluate_answers,
    layout,
    merge_adapter,
    navigation,
    simulate,
    tiny_checkpoint,
    train,
    view,
)
from spatial_perception.cli.console import INTERRUPTED, at_the_edge, session


class PlainGroup(TyperGroup):
    """Writes the list of commands without rich, whose import takes longer than all the rest of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rich_markup_mode = None


app = typer.Typer(
    name="spatial-perception",
    cls=PlainGroup,
    help="Walls, doors, windows and boxes from point clouds of indoor scenes.",
    epilog="Start with: spatial-perception demo, then: spatial-perception layout scan.ply",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_command = {"layout": layout, "eval": evaluate, "simulate": simulate, "view": view, "convert": convert,
            "navigation": navigation, "ask": ask, "eval-qa": evaluate_answers, "doctor": doctor, "demo": demo,
            "train": train, "merge-adapter": merge_adapter, "make-tiny-checkpoint": tiny_checkpoint}  # fmt: skip
_WITHOUT_ARGUMENTS = ("doctor", "demo", "eval-qa")
_TWO_WORDS = {("eval", "qa"): "eval-qa"}

for _name, _module in _command.items():
    app.command(
        _name,
        epilog=_module.EPILOG,
        short_help=(_module.command.__doc__ or "").partition("\n")[0],
        no_args_is_help=_name not in _WITHOUT_ARGUMENTS,
    )(at_the_edge(_module.command))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spatial-perception {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    session.debug = debug


def _joined(arguments: Sequence[str]) -> list[str]:
    """Arguments with a command of two words (`eval qa`) as the one that it is registered by (`eval-qa`)."""
    start = next((k for k, word in enumerate(arguments) if not word.startswith("-")), len(arguments))
    name = _TWO_WORDS.get(tuple(arguments[start : start + 2]))  # type: ignore[arg-type]
    return [*arguments[:start], name, *arguments[start + 2 :]] if name else list(arguments)


def hoist_debug(arguments: Sequence[str]) -> list[str]:
    """Arguments with `--debug` moved to the front: people add it at the end of the line that failed."""
    arguments = _joined(arguments)
    limit = list(arguments).index("--") if "--" in arguments else len(arguments)
    if "--debug" not in arguments[:limit]:
        return list(arguments)
    return ["--debug", *(a for a in arguments[:limit] if a != "--debug"), *arguments[limit:]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends with SystemExit: 0 done, 2 something failed, 130 interrupted."""
    try:
        if hasattr(signal, "pthread_sigmask"):  # scripts hold interrupts back until here
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        app(hoist_debug(list(sys.argv[1:] if arguments is None else arguments)))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
