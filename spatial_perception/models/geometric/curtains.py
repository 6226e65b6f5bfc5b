"""Curtains that are drawn to both sides of a window: two panels on one rail are one thing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid
from spatial_perception.models.geometric.openings import Opening
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.walls import Run

_DEPTH = 0.32  # m; a panel is no deeper
_TALL = 0.8  # m; nor lower
_OFF_WALL = 0.4  # m; nor farther from its wall
_LEVEL = 0.15  # m; panels on one rail, and the opening below it, end as high as each other
_BARE = 0.6  # share of what is free between two panels that is a window or a door


def drawn_together(boxes: list[Cuboid], walls: list[Run], openings: list[Opening]) -> list[Cuboid]:
    """The boxes with each two panels joined that hang at both sides of one opening."""
    for hole in openings:
        run = walls[hole.wall]
        panels = sorted((_along(box, run)[0], k) for k, box in enumerate(boxes) if _is_panel(box, run))
        for (_, i), (_, j) in pairwise(panels):
            if _one_rail(boxes[i], boxes[j], run, hole):
                boxes = [b for k, b in enumerate(boxes) if k not in (i, j)] + [_joined(boxes[i], boxes[j], run)]
                break
    return boxes


def _along(box: Cuboid, run: Run) -> tuple[float, float]:
    """The ends (m) of a box along a wall."""
    middle = float(run.line.along(box.center[None, :2])[0])
    half = float(box.size[:2].max()) / 2
    return middle - half, middle + half


def _is_panel(box: Cuboid, run: Run) -> bool:
    long = box.yaw + (0.0 if box.size[0] >= box.size[1] else np.pi / 2)
    if box.size[2] < _TALL or box.size[:2].min() > _DEPTH or abs(np.sin(long - run.line.angle)) > 0.1:
        return False
    aside = abs(float(run.line.aside(box.center[None, :2])[0])) - run.thickness / 2
    return 0.0 < aside < _OFF_WALL


def _one_rail(left: Cuboid, right: Cuboid, run: Run, hole: Opening) -> bool:
    aside = [float(run.line.aside(box.center[None, :2])[0]) for box in (left, right)]
    level = abs(left.top - right.top) < _LEVEL and abs(aside[0] - aside[1]) < _LEVEL
    low, high = _along(left, run)[1], _along(right, run)[0]
    shared = min(high, hole.u1) - max(low, hole.u0)
    return level and left.top > hole.z1 - _LEVEL and shared > max(_BARE * (high - low), 0.0)


def _joined(left: Cuboid, right: Cuboid, run: Run) -> Cuboid:
    """The box around two panels, along their wall."""
    corners = np.concatenate([_corners(left), _corners(right)])
    u, s = run.line.along(corners), run.line.aside(corners)
    middle = run.line.point((u.min() + u.max()) / 2) + run.line.normal * (s.min() + s.max()) / 2
    bottom, top = min(left.bottom, right.bottom), max(left.top, right.top)
    size = np.array([np.ptp(u), np.ptp(s), top - bottom])
    center = np.array([*middle, (bottom + top) / 2])
    yaw = float(np.pi / 2 - np.mod(np.pi / 2 - run.line.angle, np.pi))
    return replace(left, center=center, yaw=yaw, size=size, points=left.points + right.points)


def _corners(box: Cuboid) -> Floats:
    """The corners (4, 2) of a box on plan."""
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    x, y = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]]).T[:, :, None] * box.size[:2].reshape(2, 1, 1) / 2
    return box.center[:2] + np.concatenate([c * x - s * y, s * x + c * y], axis=1)
