"""The sheet that pictures are drawn on, sized for its scene, with title, scale bar, frame arrows and legend.

Figures are built with matplotlib's object interface; pyplot and its global state are never touched.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.visualization import palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

F = TypeVar("F", bound=Callable[..., Any])

_DRAWING = (9.6, 7.4)  # in, the most that the drawing itself may take
_SMALLEST = 2.6  # in, the least side, so that title and scale bar have room
_LEAST_LONG_SIDE = 4.5  # in, up to which a small scene is blown up
_LARGEST_SCALE = 1.05  # in per m; a bathroom is not blown up to the size of a flat
_TITLE, _FOOTER, _SIDE, _LEGEND = 0.72, 0.62, 0.42, 1.9  # in
_ENTRY = 0.205  # in per legend entry
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "svg.hashsalt": "spatial_perception",
    "svg.fonttype": "path",
    "path.simplify": True,
    "axes.unicode_minus": False,
    "image.composite_image": True,
}
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


@contextmanager
def fixed_style() -> Iterator[None]:
    """Matplotlib's own defaults plus ours: a user's matplotlibrc does not change the bytes of a picture."""
    import matplotlib

    defaults: dict[Any, Any] = {k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith("backend")}
    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        matplotlib.rcParams.update(defaults)
        matplotlib.rcParams.update(_STYLE)
        yield


def styled(function: F) -> F:
    """Run a drawing function under `fixed_style`."""

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with fixed_style():
            return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


@dataclass(frozen=True)
class Entry:
    """A line of the legend: a colour patch, or a line where `line` is set."""

    text: str
    colour: palette.Colour | str
    line: str = ""


@dataclass(frozen=True)
class Sheet:
    """A figure with one drawing area of `lower` to `upper` (metres), drawn `m_per_pt` metres to the point."""

    figure: Figure
    axes: Axes
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    m_per_pt: float

    def metres(self, inches: float) -> float:
        """Metres of the drawing that `inches` of paper cover."""
        return inches * 72 * self.m_per_pt

    @property
    def whole(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of the drawing axes, which fill the paper beside the legend, in metres."""
        left, right = self.axes.get_xlim()
        bottom, top = self.axes.get_ylim()
        return left, right, bottom, top


_POINTS_PER_LETTER, _MOST_LINES = 4.4, 3  # of the subtitle


def _drawing_scale(span: NDArray[np.float64]) -> float:
    largest = max(_LARGEST_SCALE, min(_LEAST_LONG_SIDE / float(span.max()), 3 * _LARGEST_SCALE))
    return float(min(_DRAWING[0] / span[0], _DRAWING[1] / span[1], largest))


def make_sheet(lower: NDArray[np.float64], upper: NDArray[np.float64], legend: bool) -> Sheet:
    """A blank sheet for a drawing between two corners (2,) in metres, with room for a legend where asked for."""
    from matplotlib.figure import Figure

    span = np.maximum(upper - lower, 0.5)
    scale = _drawing_scale(span)
    inches = np.maximum(span * scale, _SMALLEST)
    width = inches[0] + 2 * _SIDE
    height = inches[1] + _TITLE + _FOOTER
    total = width + (_LEGEND if legend else 0.0)
    figure = Figure(figsize=(total, height), dpi=160, facecolor=palette.PAPER)
    axes = figure.add_axes((0.0, 0.0, width / total, 1.0))
    axes.set_axis_off()
    middle = (lower + upper) / 2
    axes.set_xlim(middle[0] - width / 2 / scale, middle[0] + width / 2 / scale)
    axes.set_ylim(middle[1] - (inches[1] / 2 + _FOOTER) / scale, middle[1] + (inches[1] / 2 + _TITLE) / scale)
    return Sheet(figure, axes, lower, upper, 1 / (72 * scale))


def write(sheet: Sheet, x: float, y: float, text: str, **style: Any) -> None:
    """Plain text at paper metres; never read as mathematics, since labels may hold any character."""
    settings: dict[str, Any] = {"color": palette.INK, "fontsize": 7, "ha": "center", "va": "center", "zorder": 20}
    sheet.axes.text(x, y, text, parse_math=False, **{**settings, **style})


def halo(colour: str) -> list[Any]:
    """A rim around text that keeps it readable on a busy ground."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.8, foreground=colour)]


def heading(sheet: Sheet, title: str | None, subtitle: str) -> None:
    """Title and grey text below it, wrapped to the paper, at its top left."""
    left, right, _, top = sheet.whole
    x, pad = left + sheet.metres(0.22), sheet.metres
    y = top - pad(0.24)
    if title:
        write(sheet, x, y, title, fontsize=12, ha="left", fontweight="bold")
        y -= pad(0.21)
    lines = wrap(subtitle, max(40, int((right - left) / sheet.m_per_pt / _POINTS_PER_LETTER)))
    text = "\n".join(lines[:_MOST_LINES])
    write(sheet, x, y + pad(0.06), text, fontsize=7.5, ha="left", va="top", color=palette.MUTED)


def scale_bar(sheet: Sheet) -> None:
    """A bar of four fields in a round length, at the bottom left of the paper."""
    left, _, bottom, _ = sheet.whole
    unit = next((s for s in reversed(STEPS) if 4 * s <= sheet.metres(2.3)), STEPS[0])
    x, y, tall = left + sheet.metres(0.26), bottom + sheet.metres(0.22), sheet.metres(0.055)
    from matplotlib.patches import Rectangle

    for field in range(4):
        face = palette.INK if field % 2 == 0 else palette.PAPER
        patch = Rectangle((x + field * unit, y), unit, tall, facecolor=face, edgecolor=palette.INK, lw=0.6, zorder=20)
        sheet.axes.add_artist(patch)
    for mark in (0, 2, 4):
        text = f"{mark * unit:g}" + (" m" if mark == 4 else "")
        write(sheet, x + mark * unit, y + 2.6 * tall, text, fontsize=6.5)


def arrow(sheet: Sheet, tail: Sequence[float], head: Sequence[float], colour: str, text: str) -> None:
    """An arrow from tail to head (paper metres) with its name beyond the head."""
    style = {"arrowstyle": "-|>,head_length=0.32,head_width=0.14", "color": colour, "lw": 1.3,
             "shrinkA": 0, "shrinkB": 0}  # fmt: skip
    sheet.axes.annotate("", xy=(head[0], head[1]), xytext=(tail[0], tail[1]), arrowprops=style, zorder=20)
    reach = math.hypot(head[0] - tail[0], head[1] - tail[1]) or 1.0
    over = 1 + sheet.metres(0.075) / reach
    spot = [t + (h - t) * over for t, h in zip(tail, head)]
    write(sheet, spot[0], spot[1], text, fontsize=7, color=colour, fontweight="bold")


def frame_arrows(sheet: Sheet, directions: Sequence[tuple[float, float]], frame_id: str) -> None:
    """Axes of the frame (unit vectors on paper, in the order x, y, z) and its name, at the bottom right."""
    _, right, bottom, _ = sheet.whole
    reach = sheet.metres(0.34)
    down = max(0.0, *(-dy for _, dy in directions))
    tail = (right - sheet.metres(0.62), bottom + sheet.metres(0.2) + 1.2 * down * reach)
    for (dx, dy), colour, name in zip(directions, (palette.AXIS_X, palette.AXIS_Y, palette.AXIS_Z), "xyz"):
        if math.hypot(dx, dy) > 0.05:
            arrow(sheet, tail, (tail[0] + dx * reach, tail[1] + dy * reach), colour, name)
    if frame_id:
        x = tail[0] - sheet.metres(0.3)
        write(sheet, x, tail[1], f"frame: {frame_id}", ha="right", fontsize=6.5, color=palette.MUTED)


def legend(sheet: Sheet, entries: Sequence[Entry]) -> None:
    """Colour patches and lines with their names, to the right of the drawing; what does not fit is counted."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    room = int((sheet.figure.get_size_inches()[1] - 0.9) / _ENTRY)
    shown = list(entries) if len(entries) <= room else list(entries[: room - 1])
    handles: list[Any] = [
        Line2D([], [], color=e.colour, lw=1.6, ls=e.line) if e.line else Patch(facecolor=e.colour, lw=0) for e in shown
    ]
    texts = [e.text for e in shown]
    if len(shown) < len(entries):
        handles.append(Line2D([], [], lw=0))
        texts.append(f"and {len(entries) - len(shown)} more")
    x0, y0 = sheet.axes.get_position().x1, 1 - 0.62 / sheet.figure.get_size_inches()[1]
    key = sheet.figure.legend(handles, texts, loc="upper left", bbox_to_anchor=(x0, y0), frameon=False, fontsize=7,
                              handlelength=1.2, labelspacing=0.55, borderpad=0, labelcolor=palette.INK)  # fmt: skip
    for text in key.get_texts():
        text.set_parse_math(False)


def plural(count: int, noun: str) -> str:
    """`1 wall`, `2 walls`, `2 boxes`."""
    ending = "" if count == 1 else "es" if noun.endswith("x") else "s"
    return f"{count} {noun}{ending}"
