"""Wall footprints that meet in mitred corners, at any angle and with different thicknesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Wall

Points2: TypeAlias = NDArray[np.float64]

_SLACK = 0.05  # m beyond touching bodies at which ends still count as one corner
_PARALLEL = 0.12  # sine of the angle below which walls continue one another
_LONGEST = 4.0  # half thicknesses that a mitre may reach out


@dataclass(frozen=True)
class _End:
    """An end of a wall: its point (2,), the unit vector (2,) out of the wall, and half the thickness."""

    wall: int
    point: Points2
    out: Points2
    half: float

    def side(self, sign: float) -> Points2:
        """The corner of the square end to the left (+1) or right (-1) of `out`."""
        return self.point + sign * self.half * np.array([-self.out[1], self.out[0]])


def mitred_quads(walls: Sequence[Wall], minimum: float) -> list[Points2]:
    """Footprints (4, 2) of all walls: start right, end right, end left, start left.

    Two ends that meet are cut along their bisector; where more meet, each reaches half a thickness into the corner;
    free ends are square. Walls thinner than `minimum` metres are drawn that thick.
    """
    ends = [end for index, wall in enumerate(walls) for end in _ends(index, wall, minimum)]
    points = np.array([end.point for end in ends]).reshape(-1, 2)
    halves = np.array([end.half for end in ends])
    quads = []
    for k in range(len(walls)):
        start, end = (_corners(ends, i, points, halves) for i in (2 * k, 2 * k + 1))
        quads.append(np.array([start[0], end[1], end[0], start[1]]))
    return quads


def _ends(index: int, wall: Wall, minimum: float) -> tuple[_End, _End]:
    start, end = np.asarray(wall.start[:2]), np.asarray(wall.end[:2])
    along = (end - start) / max(float(np.hypot(*(end - start))), 1e-9)
    half = max(wall.thickness, minimum) / 2
    return _End(index, start, -along, half), _End(index, end, along, half)


def _corners(ends: Sequence[_End], index: int, points: Points2, halves: Points2) -> tuple[Points2, Points2]:
    """Left and right corner (2,) of an end, seen along its way out."""
    end = ends[index]
    gap = np.hypot(*(points - end.point).T)
    touching = np.flatnonzero(gap < end.half + halves + _SLACK)
    near = [ends[int(i)] for i in touching if ends[int(i)].wall != end.wall]
    near = [e for e in near if abs(_cross(e.out, end.out)) > _PARALLEL]
    square = end.side(1.0), end.side(-1.0)
    if not near:
        return square
    if len(near) == 1:
        mitre = tuple(_meeting(end, near[0], sign) for sign in (1.0, -1.0))
        if all(np.hypot(*(m - end.point)) < _LONGEST * max(end.half, near[0].half) + _SLACK for m in mitre):
            return mitre[0], mitre[1]
    reach = max(e.half for e in near) * end.out
    return square[0] + reach, square[1] + reach


def _meeting(end: _End, other: _End, sign: float) -> Points2:
    """Where the left (+1) or right (-1) faces of two walls meet, the second walked on from the corner."""
    here, there = end.side(sign), other.side(-sign)
    across = _cross(end.out, other.out)
    return here + end.out * (_cross(there - here, other.out) / across)


def _cross(a: Points2, b: Points2) -> float:
    return float(a[0] * b[1] - a[1] * b[0])
