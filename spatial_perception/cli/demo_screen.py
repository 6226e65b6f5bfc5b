"""What the live demo shows while the robot drives: a panel with a map on a terminal, one line now and then elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from spatial_perception.cli.demo_map import terminal_map
from spatial_perception.cli.demo_results import counts

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from spatial_perception.layout.entities import Layout

_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN_PERIOD, _LONGEST_SILENCE, _PLAIN_STEP = 5.0, 30.0, 0.05
"""Without a terminal: a line at most and at least this often (s), and for this share of the round."""
_VALUES_WIDTH = 36
_MAP_ROWS = 15
_WIDEST_MAP = 70


@dataclass(frozen=True)
class Progress:
    """One moment of the drive: `share` of the round, `driven` m, `room` of the robot, `pace` simulated seconds per second,
    messages per second by topic, size of the map, the last layout with its number and latency (s), F1 by class over time."""

    share: float = 0.0
    driven: float = 0.0
    room: str = ""
    pace: float = 0.0
    rates: dict[str, float] = field(default_factory=dict)
    voxels: int = 0
    layout: Layout | None = None
    number: int = 0
    latency: float | None = None
    scores: tuple[dict[str, float], ...] = ()
    bounds: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (1.0, 1.0))
    trail: tuple[tuple[float, float], ...] = ()
    pose: tuple[float, float, float] | None = None
    elapsed: float = 0.0


class Screen:
    """Shows progress until the block ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Any = None
        self._printed: tuple[float, float] | None = None

    def __enter__(self) -> Screen:
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            from rich.live import Live

            self._live = Live(console=self._console, auto_refresh=False, transient=False, redirect_stderr=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, progress: Progress, last: bool = False) -> None:
        """Show this moment; without a terminal only every few seconds, and the `last` one."""
        if self._live is not None:
            self._live.update(panel(progress, self._console.width), refresh=True)
        elif last or self._is_due(progress.share):
            if self._printed is None:
                self._console.print(HEADER, markup=False, soft_wrap=True)
            self._printed = (monotonic(), progress.share)
            self._console.print(line(progress), markup=False, soft_wrap=True)

    def _is_due(self, share: float) -> bool:
        """Whether there is something new to tell."""
        if self._printed is None:
            return True
        silence, step = monotonic() - self._printed[0], share - self._printed[1]
        return silence >= _LONGEST_SILENCE or (silence >= _PLAIN_PERIOD and step >= _PLAIN_STEP)


HEADER = "  time  round  driven  in             msg/s    voxels  found   F1: wall door window boxes"


def line(p: Progress) -> str:
    """Everything in one line below HEADER, for pipes and logs."""
    latest = p.scores[-1] if p.scores else {}
    wall, door, window, boxes = (
        f"{latest[name]:.2f}" if name in latest else "-" for name in ("wall", "door", "window", "boxes")
    )
    found = len(p.layout) if p.layout is not None else 0
    return (
        f"{p.elapsed:4.0f} s {100 * p.share:4.0f} %  {p.driven:4.1f} m  {p.room or '-':<13.13} {sum(p.rates.values()):6.0f}"
        f" {p.voxels:9,} {found:6}   {wall:>8} {door:>4} {window:>6} {boxes:>5}"
    )


def panel(p: Progress, width: int) -> RenderableType:
    """The map beside the numbers; the numbers alone where the terminal is narrow."""
    from rich import box
    from rich.panel import Panel
    from rich.table import Table

    columns = min(width - _VALUES_WIDTH - 7, _WIDEST_MAP)
    values = _values(p)
    content: RenderableType = values
    if columns >= 20:
        content = Table.grid(padding=(0, 2))
        content.add_row(terminal_map(p.bounds, p.layout, p.trail, p.pose, (columns, _MAP_ROWS)), values)
    title = f"{100 * p.share:.0f} % of the round, {p.elapsed:.0f} s"
    return Panel(content, title=title, title_align="left", box=box.ROUNDED, border_style="dim", expand=False)


def _values(p: Progress) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", width=8)
    table.add_column(width=_VALUES_WIDTH - 9)
    table.add_row("way", f"{p.driven:.1f} m, {p.room}" if p.room else f"{p.driven:.1f} m")
    table.add_row("", ProgressBar(total=1.0, completed=p.share, width=_VALUES_WIDTH - 10))
    table.add_row("time", f"{p.pace:.1f} x real time" if p.pace else "")
    for name, topic in (("clouds", "/points"), ("images", "/camera/depth_registered/image_rect")):
        table.add_row(name, f"{p.rates[topic]:.1f} per second" if topic in p.rates else "")
    table.add_row("map", f"{p.voxels:,} voxels")
    latency = "" if p.latency is None else f", {p.latency:.1f} s old"
    table.add_row("layout", f"number {p.number}{latency}" if p.number else "")
    found = counts(p.layout).split(", ") if p.layout is not None else []
    table.add_row("", ", ".join(found[:2]))
    table.add_row("", ", ".join(found[2:]))
    table.add_row("", "")
    table.add_row("F1 @.25", "")
    for name in ("wall", "door", "window", "boxes"):
        table.add_row(f"  {name}", _curve([scores.get(name, 0.0) for scores in p.scores]))
    return table


def _curve(values: list[float], width: int = 18) -> str:
    """`0.94 ▁▃▅▇`: the last value, and how it came there."""
    if not values:
        return ""
    return f"{values[-1]:.2f} " + "".join(_BARS[round(v * (len(_BARS) - 1))] for v in values[-width:])
