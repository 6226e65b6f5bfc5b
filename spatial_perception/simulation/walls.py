"""From room outlines to walls: each wall is one maximal straight run on its centre line, shared by the rooms beside it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from shapely.geometry import Polygon

from spatial_perception.simulation.floorplan import RoomPlan

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WallPlan:
    """A wall on plan: centre line from `start` to `end` (m), `thickness`, whether it is an outer wall, whether it stands free.

    `grow` is how far (m) its body reaches beyond the two ends, so that corners are closed.
    """

    start: Point
    end: Point
    thickness: float
    outer: bool
    free: bool = False
    grow: tuple[float, float] = (0.0, 0.0)

    @property
    def length(self) -> float:
        """Length of the centre line (m)."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def axis(self) -> NDArray[np.float64]:
        """Unit vector (2,) from start to end."""
        return np.subtract(self.end, self.start) / self.length

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector (2,) to the left of the axis."""
        return np.array([-self.axis[1], self.axis[0]])

    @property
    def yaw(self) -> float:
        """Angle (rad) of the axis."""
        return float(np.arctan2(self.axis[1], self.axis[0]))

    def at(self, along: float, aside: float = 0.0) -> Point:
        """The point `along` metres from the start and `aside` metres to the left of the centre line."""
        x, y = np.asarray(self.start) + self.axis * along + self.normal * aside
        return (float(x), float(y))

    def along(self, point: Sequence[float]) -> float:
        """How far (m) along the wall a point lies."""
        return float(np.dot(np.subtract(point[:2], self.start), self.axis))

    def strip(self, low: float, high: float, left: float, right: float) -> Polygon:
        """The rectangle between `low` and `high` along the wall, `left` and `right` metres to either side of it."""
        return Polygon([self.at(low, -right), self.at(high, -right), self.at(high, left), self.at(low, left)])

    @property
    def footprint(self) -> Polygon:
        """The ground that the body of the wall covers, corners included."""
        half = self.thickness / 2
        return self.strip(-self.grow[0], self.length + self.grow[1], half, half)


def walls_of(rooms: Sequence[RoomPlan], rng: Generator) -> list[WallPlan]:
    """Walls around rooms: collinear edges that meet are one wall, edges that two rooms share are one wall."""
    thick, thin = round(float(rng.uniform(0.15, 0.3)), 3), round(float(rng.uniform(0.07, 0.16)), 3)
    walls = [
        WallPlan(start, end, thick if outer else thin, outer)
        for start, end, outer in _runs([room.polygon for room in rooms])
    ]
    return close_corners(walls)


def _runs(polygons: Sequence[Polygon]) -> list[tuple[Point, Point, bool]]:
    """Maximal straight runs over all polygon edges, each with whether most of it has a room on one side only."""
    lines: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for polygon in polygons:
        ring = list(polygon.exterior.coords)
        for p, q in itertools.pairwise(ring):
            key, low, high = _on_line(p, q)
            near = next((k for k in lines if _same_line(k, key)), key)
            lines.setdefault(near, []).append((low, high))
    return [run for key, spans in lines.items() for run in _merge(key, spans)]


def _on_line(p: Point, q: Point) -> tuple[tuple[float, float], float, float]:
    """The line through two points as (angle in [0, pi), signed distance from the origin), and the interval on it."""
    angle = float(np.arctan2(q[1] - p[1], q[0] - p[0])) % np.pi
    angle = 0.0 if np.pi - angle < 1e-6 else angle
    c, s = np.cos(angle), np.sin(angle)
    a, b = c * p[0] + s * p[1], c * q[0] + s * q[1]
    return (angle, float(c * p[1] - s * p[0])), min(a, b), max(a, b)


def _same_line(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Millimetre rounding turns an oblique edge that two rooms share by a little, hence the tolerance."""
    return abs(a[0] - b[0]) < 2e-3 and abs(a[1] - b[1]) < 4e-3


def _merge(key: tuple[float, float], spans: list[tuple[float, float]]) -> list[tuple[Point, Point, bool]]:
    runs: list[list[float]] = []
    for low, high in sorted(spans):
        if runs and low <= runs[-1][1] + 2e-3:
            runs[-1] = [runs[-1][0], max(runs[-1][1], high), runs[-1][2] + high - low]
        else:
            runs.append([low, high, high - low])
    c, s = np.cos(key[0]), np.sin(key[0])

    def point(t: float) -> Point:
        return (round(float(c * t - s * key[1]), 3) + 0.0, round(float(s * t + c * key[1]), 3) + 0.0)

    return [(point(low), point(high), covered < 1.7 * (high - low)) for low, high, covered in runs]


def close_corners(walls: Sequence[WallPlan]) -> list[WallPlan]:
    """Lengthen wall bodies at corners just as far as the neighbour's outer face; nothing pokes out of it."""
    return [replace(w, grow=(_growth(w, w.start, walls), _growth(w, w.end, walls))) for w in walls]


def _growth(wall: WallPlan, corner: Point, walls: Sequence[WallPlan]) -> float:
    best = 0.0
    for other in walls:
        if other is wall or min(_gap(corner, other.start), _gap(corner, other.end)) > 5e-3:
            continue
        cos, sin = abs(float(wall.axis @ other.axis)), abs(float(wall.normal @ other.axis))
        if sin > 0.05:
            best = max(best, (other.thickness / 2 - wall.thickness / 2 * cos) / sin)
    return best


def _gap(p: Point, q: Point) -> float:
    return float(np.hypot(p[0] - q[0], p[1] - q[1]))


def slanted_corners(walls: Sequence[WallPlan]) -> list[tuple[Point, float]]:
    """Corners where two walls meet at an angle that is not right, each with the lesser thickness (m)."""
    found: dict[Point, float] = {}
    for i, a in enumerate(walls):
        for b in walls[i + 1 :]:
            if abs(float(a.axis @ b.axis)) < 0.02:
                continue
            for p in (a.start, a.end):
                if min(_gap(p, b.start), _gap(p, b.end)) < 5e-3:
                    found[p] = min(a.thickness, b.thickness)
    return sorted(found.items())
