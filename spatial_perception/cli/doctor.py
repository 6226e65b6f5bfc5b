"""`spatial-perception doctor`: what is installed here, and what is right and wrong with a cloud."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatial_perception.cli.console import FAILURE, make_table, out, plain

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
    table = make_table("check", "", "seen", "what to do")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    table.columns[2].ratio, table.columns[3].ratio = 5, 4
    table.expand = True
    for finding in findings:
        style = _STYLES[finding.status]
        cells = (
            plain(finding.status, style),
            plain(finding.seen),
            plain(finding.advice, "" if finding.advice else "dim"),
        )
        table.add_row(plain(finding.subject), *cells)
    return table
