"""Walls that jut into rooms or stand free, and columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from shapely.geometry import LineString, Polygon
from shapely.geometry import box as rectangle
from shapely.geometry.base import BaseGeometry

from spatial_perception.simulation.walls import WallPlan


def add_partitions(
    rng: Generator, free: Sequence[Polygon], keep: BaseGeometry, chance: float
) -> tuple[list[WallPlan], list[Polygon]]:
    """Partition walls and columns (footprints) for rooms whose free floors are given; they stay off `keep`."""
    walls: list[WallPlan] = []
    columns: list[Polygon] = []
    for floor in free:
        if floor.area > 13.0 and rng.random() < chance:
            wall = _stub(rng, floor, keep) if rng.random() < 0.6 else _free_wall(rng, floor, keep)
            walls += [wall] if wall else []
        elif floor.area > 13.0 and rng.random() < chance:
            column = _column(rng, floor, keep)
            columns += [column] if column else []
    return walls, columns


def _allowed(body: BaseGeometry, floor: Polygon, keep: BaseGeometry, attached: bool) -> bool:
    """Whether a robot still gets around a body and doors and windows stay clear."""
    if body.intersects(keep) or (not attached and not floor.buffer(-0.9).contains(body)):
        return False
    rest = floor.difference(body).buffer(-0.42, quad_segs=2)
    return isinstance(rest, Polygon) and rest.area > 5.0


def _stub(rng: Generator, floor: Polygon, keep: BaseGeometry) -> WallPlan | None:
    """A wall of 0.7-1.6 m that starts at a wall face and juts into the room at a right angle."""
    ring = np.array(floor.exterior.coords)
    for _ in range(12):
        k = int(rng.integers(len(ring) - 1))
        a, b = ring[k], ring[k + 1]
        length = float(np.linalg.norm(b - a))
        if length < 2.6:
            continue
        u = (b - a) / length
        inward = np.array([-u[1], u[0]]) * (1 if floor.exterior.is_ccw else -1)
        foot = a + u * rng.uniform(1.1, length - 1.1)
        thick, long = round(float(rng.uniform(0.08, 0.15)), 3), float(rng.uniform(0.7, 1.6))
        tip = foot + inward * long
        body = LineString([foot + inward * 0.01, tip]).buffer(thick / 2, cap_style="flat")
        if _allowed(body, floor, keep, attached=True):
            return WallPlan(_mm(foot - inward * 0.03), _mm(tip), thick, outer=False, free=True)
    return None


def _free_wall(rng: Generator, floor: Polygon, keep: BaseGeometry) -> WallPlan | None:
    """A wall of 1-2 m that stands in the room on its own, sometimes at an odd angle."""
    x0, y0, x1, y1 = floor.bounds
    for _ in range(12):
        middle = np.array([rng.uniform(x0, x1), rng.uniform(y0, y1)])
        angle = float(rng.choice([0.0, np.pi / 2])) + (float(rng.uniform(-0.6, 0.6)) if rng.random() < 0.3 else 0.0)
        reach = np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.5, 1.0)
        thick = round(float(rng.uniform(0.08, 0.18)), 3)
        body = LineString([middle - reach, middle + reach]).buffer(thick / 2, cap_style="flat")
        if floor.contains(body) and _allowed(body, floor, keep, attached=False):
            return WallPlan(_mm(middle - reach), _mm(middle + reach), thick, outer=False, free=True)
    return None


def _column(rng: Generator, floor: Polygon, keep: BaseGeometry) -> Polygon | None:
    x0, y0, x1, y1 = floor.bounds
    for _ in range(12):
        x, y, side = rng.uniform(x0, x1), rng.uniform(y0, y1), round(float(rng.uniform(0.25, 0.45)), 2)
        body = rectangle(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        if floor.contains(body) and _allowed(body, floor, keep, attached=False):
            return body
    return None


def _mm(point: np.ndarray) -> tuple[float, float]:
    return (round(float(point[0]), 3), round(float(point[1]), 3))
