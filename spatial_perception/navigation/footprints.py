"""What stands on the floor, seen from above: rectangles of walls without their doors, and of furniture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.navigation.robot import FLAT_LABELS, Robot

Points2 = NDArray[np.float64]

MEETING_DISTANCE = 0.1
"""Ends of walls that are this close (m) to another wall meet it."""
PIERCE_DISTANCE = 0.35
"""A door also pierces walls that run along its own at most this far away (m): the other face of a wall known by its faces."""
_PARALLEL = 0.94
_SHORTEST = 1e-3
_CHUNK = 256  # walls that are compared with all others at once


@dataclass(frozen=True, slots=True, eq=False)
class Rectangles:
    """Upright rectangles: `centers` (N, 2) m, `halves` (N, 2) m along and across, `yaws` (N,) rad."""

    centers: Points2
    halves: Points2
    yaws: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.centers)

    def corners(self, least: float = 0.0) -> Points2:
        """Corners (N, 4, 2) counter-clockwise; rectangles narrower than `least` (m) are that wide."""
        signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
        local = signs * np.maximum(self.halves, least / 2)[:, None, :]
        c, s = np.cos(self.yaws)[:, None], np.sin(self.yaws)[:, None]
        turned = np.stack([c * local[..., 0] - s * local[..., 1], s * local[..., 0] + c * local[..., 1]], axis=-1)
        return np.asarray(turned + self.centers[:, None, :])

    def distances(self, points: Points2) -> Points2:
        """Distances (M, N) of points (M, 2) from each rectangle (m); 0 inside."""
        delta = points[:, None, :] - self.centers
        c, s = np.cos(self.yaws), np.sin(self.yaws)
        along = np.abs(c * delta[..., 0] + s * delta[..., 1]) - self.halves[:, 0]
        across = np.abs(c * delta[..., 1] - s * delta[..., 0]) - self.halves[:, 1]
        return np.asarray(np.hypot(np.maximum(along, 0.0), np.maximum(across, 0.0)))

    def near(self, lower: Points2, upper: Points2) -> Rectangles:
        """Those whose surrounding circle touches the area from `lower` to `upper` (2,)."""
        reach = np.hypot(*self.halves.T)[:, None]
        kept = ((self.centers + reach >= lower) & (self.centers - reach <= upper)).all(axis=1)
        return Rectangles(self.centers[kept], self.halves[kept], self.yaws[kept])


def join(*groups: Rectangles) -> Rectangles:
    """All rectangles of several groups, in order."""
    return Rectangles(
        np.concatenate([g.centers for g in groups]),
        np.concatenate([g.halves for g in groups]),
        np.concatenate([g.yaws for g in groups]),
    )


@dataclass(frozen=True, slots=True)
class WallPiece:
    """A part of wall `wall_id` between doors: number `index` along it, `start` and `end` (2,) m, `thickness` (m)."""

    wall_id: int
    index: int
    start: tuple[float, float]
    end: tuple[float, float]
    thickness: float


def floor_height(layout: Layout) -> float:
    """Height of the floor (m): median of the wall feet, else the lowest bottom of a box, else 0."""
    if layout.walls:
        return float(np.median([z for w in layout.walls for z in (w.start[2], w.end[2])]))
    return min((b.center[2] - b.size[2] / 2 for b in layout.boxes), default=0.0)


def blocks(box: Box, floor: float, robot: Robot) -> bool:
    """Whether a box is in the way of a robot: not flat on the floor, and not hanging above the robot."""
    bottom, top = box.center[2] - box.size[2] / 2 - floor, box.center[2] + box.size[2] / 2 - floor
    flat = box.label.strip().lower().replace(" ", "_") in FLAT_LABELS
    return not flat and bottom < robot.height and top > robot.step


def box_rectangles(boxes: Sequence[Box]) -> Rectangles:
    """The footprints of boxes."""
    values = np.array([(*b.center[:2], *b.size[:2], b.yaw) for b in boxes], dtype=np.float64).reshape(-1, 5)
    return Rectangles(values[:, :2], np.abs(values[:, 2:4]) / 2, values[:, 4])


def piece_rectangles(pieces: Sequence[WallPiece]) -> Rectangles:
    """The footprints of pieces of walls."""
    values = np.array([(*p.start, *p.end, p.thickness) for p in pieces], dtype=np.float64).reshape(-1, 5)
    delta = values[:, 2:4] - values[:, :2]
    halves = np.stack([np.hypot(*delta.T) / 2, values[:, 4] / 2], axis=1)
    return Rectangles((values[:, :2] + values[:, 2:4]) / 2, halves, np.arctan2(delta[:, 1], delta[:, 0]))


def wall_pieces(lines: WallLines, doors: Sequence[Door]) -> tuple[WallPiece, ...]:
    """The walls without the openings of `doors`, in the order of the walls.

    Ends that meet another wall reach to its far face, so that corners are solid. A door pierces its own wall and those that
    run along it close by.
    """
    gaps: dict[int, list[tuple[float, float]]] = {}
    for door in doors:
        for number, span in lines.openings(door).items():
            gaps.setdefault(number, []).append(span)
    pieces = []
    for number, wall in enumerate(lines.walls):
        first, last = lines.reach[number].tolist()
        ends = _between(sorted(gaps.get(number, ())), -first, float(lines.lengths[number]) + last)
        pieces += [
            WallPiece(wall.id, k, lines.at(number, a), lines.at(number, b), wall.thickness)
            for k, (a, b) in enumerate(ends)
        ]
    return tuple(pieces)


def wall_joints(lines: WallLines) -> Rectangles:
    """The ends of walls that meet another wall, as rectangles without size: where grids have to be tight."""
    met = lines.reach > 0
    yaws = np.repeat(np.arctan2(lines.along[:, 1], lines.along[:, 0])[:, None], 2, axis=1)[met]
    return Rectangles(lines.ends[met], np.zeros((int(met.sum()), 2)), yaws)


def _between(gaps: Sequence[tuple[float, float]], start: float, end: float) -> list[tuple[float, float]]:
    """What is left of the span from start to end without the gaps (sorted)."""
    spans, here = [], start
    for low, high in gaps:
        spans.append((here, min(low, end)))
        here = max(here, high)
    spans.append((here, end))
    return [(a, b) for a, b in spans if b - a > _SHORTEST]


class WallLines:
    """The base lines of walls, for questions about many at once.

    `reach` (N, 2) is by how much (m) each end is lengthened: across the gap and half the thickness of the walls that it
    meets, more than 0 where it meets one. `gap` (N, 2) is its distance (m) from the nearest other wall.
    """

    def __init__(self, walls: Sequence[Wall]) -> None:
        ends = np.array([(*w.start[:2], *w.end[:2]) for w in walls], dtype=np.float64).reshape(-1, 2, 2)
        delta = ends[:, 1] - ends[:, 0]
        self.ends, self.lengths = ends, np.hypot(*delta.T)
        self.along = delta / self.lengths[:, None]
        self.thick = np.array([w.thickness for w in walls])
        self.walls = tuple(walls)
        self.numbers = {w.id: k for k, w in enumerate(walls)}
        self._openings: dict[Door, dict[int, tuple[float, float]]] = {}
        self.reach, self.gap = np.zeros((len(walls), 2)), np.full((len(walls), 2), np.inf)
        for first in range(0, len(walls), _CHUNK):
            part = np.arange(first, min(first + _CHUNK, len(walls)))
            for end in (0, 1):
                self._meet(part, end)

    def at(self, number: int, mark: float) -> tuple[float, float]:
        """The point at `mark` metres from the start of a line."""
        x, y = self.ends[number, 0] + mark * self.along[number]
        return (float(x), float(y))

    def local(self, point: Points2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far along (N,) and beside (N,) each line a point lies (m)."""
        delta = point - self.ends[:, 0]
        along = (delta * self.along).sum(axis=1)
        return along, self.along[:, 0] * delta[:, 1] - self.along[:, 1] * delta[:, 0]

    def _meet(self, part: NDArray[np.intp], end: int) -> None:
        """Fill in `reach` and `gap` of one end of some walls."""
        delta = self.ends[part, end][:, None] - self.ends[:, 0]
        along = (delta * self.along).sum(axis=2)
        across = self.along[:, 0] * delta[..., 1] - self.along[:, 1] * delta[..., 0]
        gap = np.hypot(np.maximum(np.maximum(-along, along - self.lengths), 0.0), across)
        gap[np.arange(len(part)), part] = np.inf
        aslant = np.abs(self.along[part] @ self.along.T) < _PARALLEL
        met = aslant & (gap <= MEETING_DISTANCE + self.thick / 2)
        reach = np.minimum(gap, MEETING_DISTANCE) + self.thick / 2 + _SHORTEST
        self.reach[part, end] = np.where(met, reach, 0.0).max(axis=1, initial=0.0)
        self.gap[part, end] = gap.min(axis=1, initial=np.inf)

    def openings(self, door: Door) -> dict[int, tuple[float, float]]:
        """The span (m from the start) that a door cuts out of its wall and of walls close beside it."""
        own = self.numbers.get(door.wall_id)
        if own is None:
            return {}
        if door in self._openings:
            return self._openings[door]
        along, across = self.local(np.array(door.center[:2]))
        beside = (np.abs(across) <= PIERCE_DISTANCE) & (np.abs(self.along @ self.along[own]) > _PARALLEL)
        beside[own] = True
        half = door.width / 2
        cut = beside & (along + half > 0) & (along - half < self.lengths)
        spans = {int(k): (float(along[k] - half), float(along[k] + half)) for k in np.flatnonzero(cut)}
        self._openings[door] = spans
        return spans

    def depth(self, door: Door) -> tuple[float, float]:
        """From where to where (m, across the door's wall, from its base line) the walls reach that a door pierces."""
        own = self.numbers[door.wall_id]
        normal = np.array([-self.along[own, 1], self.along[own, 0]])
        faces = []
        for k, (low, high) in self.openings(door).items():
            middle = self.ends[k, 0] + self.along[k] * (low + high) / 2
            offset = float(normal @ (middle - self.ends[own, 0]))
            faces += [offset - self.thick[k] / 2, offset + self.thick[k] / 2]
        return min(faces, default=0.0), max(faces, default=0.0)


@dataclass(frozen=True, slots=True)
class Passage:
    """The hole of a door: `center` (2,) on the middle of what it pierces, `yaw` (rad) along the wall, `width` and `depth` (m)."""

    door: Door
    center: tuple[float, float]
    yaw: float
    width: float
    depth: float


def passages(lines: WallLines, doors: Sequence[Door]) -> tuple[Passage, ...]:
    """The holes of doors that have a wall, in the order of the doors."""
    return tuple(_passage(lines, door) for door in doors if door.wall_id in lines.numbers)


def _passage(lines: WallLines, door: Door) -> Passage:
    low, high = lines.depth(door)
    own = lines.numbers[door.wall_id]
    dx, dy = lines.along[own]
    mark = float(lines.along[own] @ (np.array(door.center[:2]) - lines.ends[own, 0]))
    x, y = lines.at(own, mark)
    middle = (low + high) / 2
    center = (float(x - dy * middle), float(y + dx * middle))
    return Passage(door, center, float(np.arctan2(dy, dx)), door.width, high - low)


def passage_rectangles(holes: Sequence[Passage], beyond: float = 0.0) -> Rectangles:
    """The floor of passages, each lengthened by `beyond` (m) on both sides of its wall."""
    values = np.array([(*p.center, p.width / 2, p.depth / 2 + beyond, p.yaw) for p in holes], dtype=np.float64)
    values = values.reshape(-1, 5)
    return Rectangles(values[:, :2], values[:, 2:4], values[:, 4])
