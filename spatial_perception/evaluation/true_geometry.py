"""Plain, slow geometry for the truth of generated questions.

Nothing here is shared with the code that answers questions, so that a fault there cannot hide: distances come from
alternating projections, areas from filling a grid, angles from complex numbers, contacts from sampled points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.layout.entities import Box, Layout, Wall

_CELL = 0.025
_BAND = 0.04


def _axes(box: Box) -> NDArray[np.float64]:
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _project(point: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """The point of a box that is nearest to a point (3,)."""
    axes, half = _axes(box), np.asarray(box.size) / 2
    local = (point - box.center) @ axes
    projected: NDArray[np.float64] = np.clip(local, -half, half) @ axes.T + box.center
    return projected


def nearest_distance(a: Box, b: Box, steps: int = 600) -> float:
    """The distance of the nearest points of two boxes (m), by projecting to and fro until nothing changes."""
    point = np.asarray(a.center, dtype=np.float64)
    for _ in range(steps):
        on_b = _project(point, b)
        new = _project(on_b, a)
        if np.abs(new - point).max() < 1e-6:
            break
        point = new
    return float(np.linalg.norm(point - _project(point, b)))


def center_distance(a: Box, b: Box) -> float:
    """The distance of two centres (m)."""
    return float(np.linalg.norm(np.subtract(a.center, b.center)))


def turn(at: Box, towards: Box, target: Box) -> float:
    """How far one turns (degrees, left positive) at a place from facing one thing to facing another, in plan."""
    origin, first, second = (complex(*box.center[:2]) for box in (at, towards, target))
    return float(np.degrees(np.angle((second - origin) / (first - origin))))


def enclosed_area(layout: Layout) -> float:
    """The area (m2) that the base lines of the walls shut off from the outside, by filling a grid from its border."""
    walls = np.array([(*w.start[:2], *w.end[:2]) for w in layout.walls])
    if not len(walls):
        return 0.0
    low = walls.reshape(-1, 2).min(0) - 0.5
    shape = np.ceil((walls.reshape(-1, 2).max(0) + 0.5 - low) / _CELL).astype(int)
    grid = (np.moveaxis(np.indices(tuple(shape)), 0, -1) + 0.5) * _CELL + low
    lines = np.zeros(shape, dtype=bool)
    for wall in layout.walls:
        lines |= _distance_to_line(grid, wall) < _BAND
    labels, _ = ndimage.label(~lines)
    outside = labels == labels[0, 0]
    away = ndimage.distance_transform_edt(~outside) * _CELL
    return float((away > _BAND + _CELL / 2).sum() * _CELL**2)


def _distance_to_line(points: NDArray[np.float64], wall: Wall) -> NDArray[np.float64]:
    """Distances (m) of points (..., 2) from a wall's base line, lengthened a little at both ends."""
    start, end = np.asarray(wall.start[:2]), np.asarray(wall.end[:2])
    along = end - start
    length = float(np.linalg.norm(along))
    share = np.clip(
        (points - start) @ along / max(length**2, 1e-12), -0.1 / max(length, 1e-6), 1 + 0.1 / max(length, 1e-6)
    )
    distance: NDArray[np.float64] = np.linalg.norm(points - start - share[..., None] * along, axis=-1)
    return distance


def crosses_wall(a: Box, b: Box, layout: Layout) -> bool:
    """Whether the straight line between two centres meets the base line of a wall, by points 1 cm apart."""
    start, end = np.asarray(a.center[:2]), np.asarray(b.center[:2])
    count = int(np.linalg.norm(end - start) / 0.01) + 2
    points = start + np.linspace(0, 1, count)[:, None] * (end - start)
    return any(bool((_distance_to_line(points, wall) < 0.02).any()) for wall in layout.walls)


def sample(box: Box, spacing: float = 0.04) -> NDArray[np.float64]:
    """Points (N, 3) all through a box, its faces included."""
    counts = [max(2, int(np.ceil(s / spacing)) + 1) for s in box.size]
    axes = [np.linspace(-s / 2, s / 2, n) for s, n in zip(box.size, counts)]
    local = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    points: NDArray[np.float64] = local @ _axes(box).T + box.center
    return points


def depth_in(points: NDArray[np.float64], box: Box) -> float:
    """How deep (m) the deepest of some points is inside a box; negative where all are outside."""
    local = np.abs((points - box.center) @ _axes(box))
    return float((np.asarray(box.size) / 2 - local).min(1).max())


def is_clear(box: Box, others: Sequence[Box], margin: float) -> bool:
    """Whether a box keeps `margin` (m) from all others."""
    points = sample(box, 0.06)
    radius = float(np.linalg.norm(box.size)) / 2 + margin
    near = [
        o for o in others if np.linalg.norm(np.subtract(o.center, box.center)) < radius + np.linalg.norm(o.size) / 2
    ]
    return all(depth_in(points, other) < -margin for other in near)


def is_in_room(box: Box, layout: Layout, margin: float = 0.05) -> bool:
    """Whether a box keeps clear of all walls and stays on the side of them where some other box's centre is, here its own."""
    ring = sample(box)[:, :2]
    return all(bool((_distance_to_line(ring, wall) > wall.thickness / 2 + margin).all()) for wall in layout.walls)
