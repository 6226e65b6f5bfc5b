"""What every command needs: consoles, the debug switch, and the edge where errors become one line and an exit status."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from spatial_perception.errors import SpatialPerceptionError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

F = TypeVar("F", bound=Callable[..., Any])

FAILURE = 2
INTERRUPTED = 130


@dataclass
class Session:
    """Switches given before the command."""

    debug: bool = False


session = Session()


def out() -> Console:
    """Console for results: standard output."""
    from rich.console import Console

    return Console(highlight=False)


def err() -> Console:
    """Console for progress, tables about the run, warnings and errors: standard error."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def note(message: str) -> None:
    """A remark for people, on standard error."""
    err().print(message, style="dim", markup=False, soft_wrap=True)


def log_to_stderr(name: str = "spatial_perception.training") -> None:
    """Show the log of a part of the package as plain lines on standard error."""
    from rich.logging import RichHandler

    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(RichHandler(console=err(), show_time=False, show_level=False, show_path=False))
    logger.setLevel(logging.INFO)


def warn(message: str) -> None:
    """A warning, on standard error."""
    _labelled("warning", "yellow", message)


def report_error(message: str) -> None:
    """An error, on standard error."""
    _labelled("error", "bold red", message)


def _labelled(label: str, style: str, message: str) -> None:
    from rich.text import Text

    line = Text.assemble((f"{label}:", style), " ", one_line(message))
    err().print(line, soft_wrap=True)


def one_line(message: str) -> str:
    """A message without line breaks and control characters, so that file names cannot forge output."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in message).split())


def plain(text: str, style: str = "") -> Text:
    """Text for a table cell that is shown as it is, whatever brackets it holds."""
    from rich.text import Text

    return Text(one_line(text), style=style)


def unexpected(error: BaseException) -> str:
    """One line about an exception that nobody foresaw."""
    if isinstance(error, MemoryError):
        return "out of memory; use fewer processes (-j) or a smaller cloud"
    return f"unexpected {type(error).__name__}: {one_line(str(error))[:300]}; run again with --debug to see where"


def describe_error(error: BaseException) -> str:
    """The line for any exception: its own message where it is one of ours."""
    return one_line(str(error)) if isinstance(error, SpatialPerceptionError) else unexpected(error)


def at_the_edge(command: F) -> F:
    """Turn exceptions of a command into one line on standard error and exit status 2, an interrupt into 130."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            report_error("interrupted; files that were complete are kept")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _close_stdout()
            raise typer.Exit(0) from None
        except Exception as error:
            if session.debug or type(error).__module__.split(".")[0] in ("typer", "click"):
                raise
            report_error(describe_error(error))
            raise typer.Exit(FAILURE) from None

    return wrapper  # type: ignore[return-value]


def _close_stdout() -> None:
    """The reader of our output has gone (`| head`): let the interpreter not complain about it while it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def make_table(*columns: str, title: str | None = None, right: tuple[str, ...] = ()) -> Table:
    """A table in the style of all commands; columns named in `right` hold numbers."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        number = name in right
        table.add_column(name, justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table
