"""`spatial-perception doctor`: what is installed here, and what is right and wrong with a cloud."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, one_line, out, plain

if TYPE_CHECKING:
    from rich.table import Table

    from spatial_perception.cli.checks import Finding

EPILOG = (
    "Examples:\n\n"
    "[bold]spatial-perception doctor[/bold]  this machine\n\n"
    "[bold]spatial-perception doctor scan.ply[/bold]  up axis, unit, colour and density of a cloud, and what to do"
)
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red", "off": "dim"}


def command(
    clouds: Annotated[list[Path] | None, typer.Argument(help="Clouds to look at.", show_default=False)] = None,
) -> None:
    """Check this machine, or clouds: what is fine, what is not, and what to do about it.

    With clouds only these are looked at. Exit status 2 when something must be done.
    """
    from spatial_perception.cli.checks import machine
    from spatial_perception.cli.cloud_checks import examine

    worst = False
    for cloud in clouds or ():
        findings = list(examine(cloud))
        worst |= _show(findings, str(cloud))
    if not clouds:
        worst = _show(list(machine()), None)
    if worst:
        raise typer.Exit(FAILURE)


def _show(findings: list[Finding], title: str | None) -> bool:
    """Print the findings; whether one of them is a failure."""
    console = out()
    if title:
        console.print(plain(title, "bold"), soft_wrap=True)
    console.print(_table(findings))
    return any(f.status == "fail" for f in findings)


def _table(findings: Iterable[Finding]) -> Table:
    """State, subject, and what was seen, with the remedy below it."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        seen = Text(one_line(finding.seen))
        if finding.advice:
            seen.append(f"\n-> {one_line(finding.advice)}", style="cyan" if finding.status != "ok" else "dim")
        table.add_row(plain(finding.status, _STYLES[finding.status]), plain(finding.subject), seen)
    return table
