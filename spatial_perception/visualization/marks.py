"""What an answer rests on, drawn over a floor plan: things ringed, distances and ways as lines, proposals dashed."""

from __future__ import annotations

from dataclasses import dataclass
from math import dist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.measures import corners
from spatial_perception.visualization import palette
from spatial_perception.visualization.sheet import Entry, Sheet, halo, write

if TYPE_CHECKING:
    from spatial_perception.reasoning.answers import Answer

MARK, PROPOSED = "#b3124f", "#1f7a5c"
_SHORTEST_LABEL = 0.3  # m


@dataclass(frozen=True)
class Marks:
    """`boxes` to ring, `lines` to draw (m), where something would go (`proposed`, and from where), and what is `said`."""

    boxes: tuple[OrientedBox, ...] = ()
    lines: tuple[tuple[Vec3, Vec3], ...] = ()
    proposed: OrientedBox | None = None
    moved_from: OrientedBox | None = None
    said: str = ""

    def entries(self) -> list[Entry]:
        """Their lines of the legend."""
        found = [Entry("meant", MARK, "-")] if self.boxes or self.lines else []
        return [*found, Entry("proposed", PROPOSED, "--")] if self.proposed else found


def marks_of(answer: Answer) -> Marks:
    """The marks of an answer."""
    proposal = answer.proposal
    new, old = (proposal.new, proposal.old) if proposal else (None, None)
    return Marks(answer.boxes, answer.segments, new, old, answer.text)


def draw_marks(page: Sheet, marks: Marks, offset: NDArray[np.float64]) -> None:
    """Draw marks on a plan that was moved by `offset` (x, y, z) m."""
    shift = offset[:2]
    for box in marks.boxes:
        _outline(page, box, shift, color=MARK, linewidth=1.8, zorder=30)
    for a, b in marks.lines:
        _line(page, np.array([a[:2], b[:2]]) - shift, f"{dist(a, b):.2f} m" if len(marks.lines) == 1 else "")
    if marks.proposed is not None:
        _outline(page, marks.proposed, shift, color=PROPOSED, linewidth=1.8, linestyle=(0, (4, 2)), zorder=31)
        if marks.moved_from is not None:
            ends = np.array([marks.moved_from.center[:2], marks.proposed.center[:2]]) - shift
            style = {"arrowstyle": "-|>", "color": PROPOSED, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
            page.axes.annotate("", xytext=tuple(ends[0]), xy=tuple(ends[1]), arrowprops=style, zorder=32)


def _outline(page: Sheet, box: OrientedBox, shift: NDArray[np.float64], **style: Any) -> None:
    ring = corners(box.center, box.yaw, box.size) - shift
    page.axes.plot(*np.vstack([ring, ring[:1]]).T, solid_joinstyle="miter", **style)


def _line(page: Sheet, ends: NDArray[np.float64], text: str) -> None:
    page.axes.plot(*ends.T, color=MARK, linewidth=1.4, marker="o", markersize=3.5, zorder=32, solid_capstyle="round")
    if text and dist(*ends) >= _SHORTEST_LABEL:
        x, y = ends.mean(axis=0)
        write(page, x, y, text, color=MARK, weight="bold", zorder=33, path_effects=halo(palette.PAPER))
