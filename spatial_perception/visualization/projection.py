"""An orthographic camera, and the order in which upright solids are painted so that nearer ones cover farther ones."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_TOUCH = 0.02  # m by which neighbours may overlap and still count as side by side


@dataclass(frozen=True)
class Camera:
    """Looks at the scene from far away: `azimuth` and `elevation` (degrees) are where the viewer stands."""

    azimuth: float
    elevation: float

    @property
    def towards(self) -> Array:
        """Unit vector (3,) from the scene to the viewer."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        return np.array([math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)])

    @property
    def plane(self) -> Array:
        """Right and up on paper as rows of a (2, 3) matrix."""
        a = math.radians(self.azimuth)
        right = np.array([-math.sin(a), math.cos(a), 0.0])
        return np.array([right, np.cross(self.towards, right)])

    def project(self, xyz: Any) -> Array:
        """Points (..., 3) to paper coordinates (..., 2), both in metres."""
        return np.asarray(np.asarray(xyz, dtype=np.float64) @ self.plane.T)

    def depth(self, xyz: Any) -> Array:
        """Nearness (...) of points (..., 3): larger is closer to the viewer."""
        return np.asarray(np.asarray(xyz, dtype=np.float64) @ self.towards)

    def axes(self) -> tuple[tuple[float, float], ...]:
        """The x, y and z axis of the frame as they lie on paper."""
        return tuple((float(u), float(v)) for u, v in self.plane.T)


@dataclass(frozen=True)
class Face:
    """A plane polygon in space: rings (K, 3), the outer one first, and how to paint it."""

    rings: tuple[Array, ...]
    fill: tuple[float, float, float, float]
    edge: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    width: float = 0.0
    dashed: bool = False


@dataclass(frozen=True)
class Solid:
    """An upright prism over a convex, counter-clockwise footprint (K, 2); its faces are in paint order."""

    footprint: Array
    bottom: float
    top: float
    faces: tuple[Face, ...] = field(default=())

    def corners(self) -> Array:
        """All corners (2K, 3)."""
        low = np.column_stack([self.footprint, np.full(len(self.footprint), self.bottom)])
        high = np.column_stack([self.footprint, np.full(len(self.footprint), self.top)])
        return np.concatenate([low, high])


def ring(footprint: Array, z: float) -> Array:
    """A footprint (K, 2) lifted to height z: (K, 3)."""
    return np.column_stack([footprint, np.full(len(footprint), z)])


def side(footprint: Array, index: int, bottom: float, top: float) -> Array:
    """The upright rectangle (4, 3) over edge `index` of a footprint."""
    a, b = footprint[index], footprint[(index + 1) % len(footprint)]
    return np.array([[*a, bottom], [*b, bottom], [*b, top], [*a, top]])


def outward(footprint: Array, index: int) -> Array:
    """Unit normal (2,) of an edge of a counter-clockwise footprint, pointing out."""
    edge = footprint[(index + 1) % len(footprint)] - footprint[index]
    return np.array([edge[1], -edge[0]]) / max(float(np.hypot(*edge)), 1e-12)


def _beyond(a: Solid, b: Solid, view: Array) -> int:
    """+1 when an edge of `a` separates it from `b` and `b` is nearer to the viewer, -1 when farther, 0 otherwise."""
    for index in range(len(a.footprint)):
        normal = outward(a.footprint, index)
        facing = float(normal @ view)
        if abs(facing) > 1e-9 and float(np.min((b.footprint - a.footprint[index]) @ normal)) >= -_TOUCH:
            return 1 if facing > 0 else -1
    return 0


def precedes(a: Solid, b: Solid, camera: Camera) -> bool:
    """Whether `a` must be painted before `b`. Solids that run into one another go by the depth of their centres."""
    if a.top <= b.bottom + _TOUCH:
        return True
    if b.top <= a.bottom + _TOUCH:
        return False
    view = camera.towards[:2]
    verdict = _beyond(a, b, view) or -_beyond(b, a, view)
    if verdict:
        return verdict > 0
    return bool(camera.depth(a.corners().mean(axis=0)) <= camera.depth(b.corners().mean(axis=0)))


def _overlapping(boxes: Array) -> list[tuple[int, int]]:
    """Pairs i < j of rectangles (N, 4: left, bottom, right, top) that overlap."""
    pairs = []
    for i in range(len(boxes) - 1):
        left, bottom, right, top = boxes[i]
        rest = boxes[i + 1 :]
        hit = (rest[:, 0] < right) & (left < rest[:, 2]) & (rest[:, 1] < top) & (bottom < rest[:, 3])
        pairs += [(i, int(j) + i + 1) for j in np.flatnonzero(hit)]
    return pairs


def _constraints(solids: Sequence[Solid], camera: Camera) -> list[set[int]]:
    """For each solid the ones that must be painted after it."""
    uv = [camera.project(s.corners()) for s in solids]
    boxes = np.array([[*c.min(axis=0), *c.max(axis=0)] for c in uv]).reshape(-1, 4)
    later: list[set[int]] = [set() for _ in solids]
    for i, j in _overlapping(boxes):
        first, second = (i, j) if precedes(solids[i], solids[j], camera) else (j, i)
        later[first].add(second)
    return later


def paint_order(solids: Sequence[Solid], camera: Camera) -> list[int]:
    """Indices from back to front: the painter's algorithm as a topological sort; cycles are cut at the farthest."""
    later = _constraints(solids, camera)
    waiting = [0] * len(solids)
    for followers in later:
        for j in followers:
            waiting[j] += 1
    rank = [(float(camera.depth(s.corners().mean(axis=0))), i) for i, s in enumerate(solids)]
    ready = [rank[i] for i in range(len(solids)) if waiting[i] == 0]
    heapq.heapify(ready)
    left = set(range(len(solids)))
    order: list[int] = []
    while left:
        index = heapq.heappop(ready)[1] if ready else min(rank[i] for i in left)[1]
        if index not in left:
            continue
        left.remove(index)
        order.append(index)
        for j in sorted(later[index] & left):
            waiting[j] -= 1
            if waiting[j] == 0:
                heapq.heappush(ready, rank[j])
    return order
