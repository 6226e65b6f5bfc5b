"""What a field of a layout line most likely holds, judged by the lines before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

Point = tuple[str, str]


class LineLike(Protocol):
    """Kind (0 wall, 1 door, 2 window, 3 bbox), number and field texts of a line."""

    @property
    def kind(self) -> int:
        """Kind of the entity."""

    @property
    def number(self) -> int:
        """Number within its kind."""

    @property
    def values(self) -> tuple[str, ...]:
        """Texts of the fields."""


def guess_field(kind: int, done: Sequence[str], lines: Iterable[LineLike], num_bins: int) -> str | None:
    """The likely text of field `len(done)` of a line of `kind` whose earlier fields are `done`; None if nothing is known."""
    lines = list(lines)
    if kind == 0:
        return _wall(done, [line for line in lines if line.kind == 0])
    if kind == 3:
        return _box(done, [line for line in lines if line.kind == 3], num_bins)
    return _opening(done, lines, [line for line in lines if line.kind == kind])


def _last(lines: Sequence[LineLike], index: int) -> str | None:
    return lines[-1].values[index] if lines else None


def _open_corners(walls: Sequence[LineLike]) -> list[Point]:
    """Corners where only one wall ends so far, in the order in which walls are written: by y, then x."""
    ends = Counter(end for wall in walls for end in (_start(wall), _end(wall)))
    return sorted((end for end, count in ends.items() if count == 1), key=lambda end: (int(end[1]), int(end[0])))


def _start(wall: LineLike) -> Point:
    return wall.values[0], wall.values[1]


def _end(wall: LineLike) -> Point:
    return wall.values[3], wall.values[4]


def _wall(done: Sequence[str], walls: Sequence[LineLike]) -> str | None:
    rules: tuple[Callable[[], str | None], ...] = (
        lambda: _next_corner(walls, 0),
        lambda: _corner_at(done[0], walls),
        lambda: _last(walls, 2),
        lambda: _wall_end_x(done, walls),
        lambda: _wall_end_y(done, walls),
        lambda: done[2],
        lambda: _last(walls, 6),
        lambda: _last(walls, 7) or "0",
    )
    return rules[len(done)]()


def _next_corner(walls: Sequence[LineLike], axis: int) -> str | None:
    corners = _open_corners(walls)
    return corners[0][axis] if corners else None


def _corner_at(x: str, walls: Sequence[LineLike]) -> str | None:
    """The y of the first open corner at `x`."""
    return next((corner[1] for corner in _open_corners(walls) if corner[0] == x), None)


def _is_upright(wall: LineLike) -> bool:
    """Whether a wall runs along y."""
    return wall.values[0] == wall.values[3]


def _meets_horizontal(start: Point, walls: Sequence[LineLike]) -> bool:
    """Whether a wall along x already ends at `start`, so that the next one runs along y."""
    return any(start in (_start(wall), _end(wall)) and not _is_upright(wall) for wall in walls)


def _wall_end_x(done: Sequence[str], walls: Sequence[LineLike]) -> str | None:
    start = (done[0], done[1])
    if _meets_horizontal(start, walls):
        return done[0]
    corner = next((c for c in _open_corners(walls) if c[1] == start[1] and c != start), None)
    return corner[0] if corner else done[0]


def _wall_end_y(done: Sequence[str], walls: Sequence[LineLike]) -> str | None:
    if done[3] != done[0]:
        return done[1]
    corner = next((c for c in _open_corners(walls) if c[0] == done[3] and c != (done[0], done[1])), None)
    return corner[1] if corner else _last(walls, 4)


def _opening(done: Sequence[str], lines: Sequence[LineLike], same: Sequence[LineLike]) -> str | None:
    index = len(done)
    if index == 0:
        return _next_wall(lines, same)
    number = done[0].partition("_")[2]
    wall = next((line for line in lines if line.kind == 0 and str(line.number) == number), None)
    if index == 1 and wall is not None and _is_upright(wall):
        return wall.values[0]
    if index == 2 and wall is not None and not _is_upright(wall):
        return _y_on_wall(wall, int(done[1]))
    return _last(same, index) if index >= 3 or same else None


def _y_on_wall(wall: LineLike, x: int) -> str:
    """The y of a wall that does not run along y, at `x`."""
    (ax, ay), (bx, by) = map(int, _start(wall)), map(int, _end(wall))
    return str(max(0, round(ay + (by - ay) * (x - ax) / (bx - ax))))


def _next_wall(lines: Sequence[LineLike], same: Sequence[LineLike]) -> str | None:
    """Openings are written from small to large y, as walls are: look at the wall of the one before, or the first."""
    walls = [line for line in lines if line.kind == 0]
    return _last(same, 0) or (f"wall_{walls[0].number}" if walls else None)


def _box(done: Sequence[str], boxes: Sequence[LineLike], num_bins: int) -> str | None:
    index = len(done)
    if index == 4:
        return _last(boxes, 4) or str(num_bins // 2)
    alike = [box for box in boxes if done and box.values[0] == done[0]]
    return _last(alike or boxes, index)
