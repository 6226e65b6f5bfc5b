"""A small floor plan for the terminal, in Braille dots: walls as they are found, the way of the robot, and the robot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from rich.text import Text

    from spatial_perception.layout.entities import Layout

Point = ArrayLike
"""x, y (m); more is left out."""
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The dots of a Braille character, by row and column."""
_EMPTY = 0x2800
_ARROWS = "→↗↑↖←↙↓↘"
_SMALL, _OVERHEAD = 0.3, 1.2
"""Left out for clearness: boxes with a footprint (m2) below this, or that begin this far (m) above the floor."""
WALL, DOOR, BOX, WAY = 3, 4, 1, 2
STYLES = {WALL: "bold", DOOR: "bold yellow", BOX: "blue", WAY: "green"}


class Canvas:
    """Dots in a grid of `columns` x `rows` characters that shows the area from `low` to `high` (x, y in m), to scale."""

    def __init__(self, low: Point, high: Point, columns: int, rows: int) -> None:
        self._shape = (rows, columns)
        self._dots = np.zeros((4 * rows, 2 * columns), dtype=np.uint8)
        span = np.maximum(np.subtract(high, low), 0.1)
        # A character is about twice as high as wide, so dots lie on a square grid.
        self._scale = float(min((2 * columns - 1) / span[0], (4 * rows - 1) / span[1]))
        margin = (np.array([2 * columns - 1, 4 * rows - 1]) - span * self._scale) / 2
        self._low, self._margin = np.asarray(low, dtype=float), margin

    def line(self, a: Point, b: Point, kind: int) -> None:
        """A straight line (m); where lines meet, the larger kind shows."""
        ends = np.array([self._dot(a), self._dot(b)])
        steps = int(np.ceil(np.abs(ends[1] - ends[0]).max())) + 1
        for x, y in np.rint(np.linspace(ends[0], ends[1], steps)).astype(int):
            if 0 <= y < self._dots.shape[0] and 0 <= x < self._dots.shape[1]:
                self._dots[y, x] = max(self._dots[y, x], kind)

    def path(self, points: Iterable[Point], kind: int) -> None:
        """Lines from point to point."""
        for a, b in pairwise(points):
            self.line(a, b, kind)

    def cell(self, point: Point) -> tuple[int, int]:
        """Row and column of the character at a point (m)."""
        x, y = np.rint(self._dot(point)).astype(int)
        return int(np.clip(y // 4, 0, self._shape[0] - 1)), int(np.clip(x // 2, 0, self._shape[1] - 1))

    def blocks(self) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Code points and the largest kind of each character, (rows, columns) each."""
        rows, columns = self._shape
        cells = self._dots.reshape(rows, 4, columns, 2)
        codes = _EMPTY + np.einsum("ricj,ij->rc", (cells > 0).astype(np.int64), _BITS)
        return codes, cells.max(axis=(1, 3))

    def _dot(self, point: Point) -> NDArray[np.float64]:
        x, y = (np.asarray(point, dtype=float)[:2] - self._low) * self._scale + self._margin
        return np.array([x, self._dots.shape[0] - 1 - y])


def terminal_map(
    bounds: tuple[Point, Point],
    layout: Layout | None,
    trail: Sequence[Point],
    pose: tuple[float, float, float] | None,
    size: tuple[int, int],
) -> Text:
    """The plan as coloured text of `size` (columns, rows)."""
    from rich.text import Text

    canvas = Canvas(*bounds, *size)
    if layout is not None:
        _draw(canvas, layout)
    canvas.path(trail, WAY)
    codes, kinds = canvas.blocks()
    robot = None if pose is None else canvas.cell(pose)
    text = Text(no_wrap=True)
    for row in range(codes.shape[0]):
        for column in range(codes.shape[1]):
            if robot == (row, column) and pose is not None:
                text.append(_ARROWS[round(pose[2] / (np.pi / 4)) % 8], style="bold red")
            else:
                text.append(chr(codes[row, column]), style=STYLES.get(int(kinds[row, column]), ""))
        text.append("\n" if row < codes.shape[0] - 1 else "")
    return text


def _draw(canvas: Canvas, layout: Layout) -> None:
    from spatial_perception.visualization.plan_geometry import box_quad

    floor = min((wall.start[2] for wall in layout.walls), default=0.0)
    for box in layout.boxes:
        if box.size[0] * box.size[1] < _SMALL or box.center[2] - box.size[2] / 2 > floor + _OVERHEAD:
            continue
        corners = [tuple(map(float, corner)) for corner in box_quad(box)]
        canvas.path([*corners, corners[0]], BOX)
    for wall in layout.walls:
        canvas.line(wall.start, wall.end, WALL)
    for door in layout.doors:
        host = layout.wall(door.wall_id)
        if host is not None:
            along = np.subtract(host.end, host.start)[:2]
            half = along / (np.linalg.norm(along) or 1.0) * door.width / 2
            canvas.line(door.center[:2] - half, door.center[:2] + half, DOOR)
