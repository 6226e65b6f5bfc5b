"""Distances between things, and their extents. Boxes stand upright: they are turned about z only, so that their distance
is exact from the distance of their footprints and the gap of their heights."""

from __future__ import annotations

from functools import lru_cache
from math import dist, hypot

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Vec3


def corners(center: Vec3, yaw: float, size: Vec3) -> NDArray[np.float64]:
    """The (4, 2) corners of a footprint, counter-clockwise."""
    c, s = np.cos(yaw), np.sin(yaw)
    half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.asarray(size[:2]) / 2
    return half @ np.array([[c, s], [-s, c]]) + np.asarray(center[:2])


@lru_cache(maxsize=8192)
def footprint(box: OrientedBox) -> Polygon:
    """The area that a box covers in plan."""
    return shapely.polygons(corners(box.center, box.yaw, box.size))


def heights(box: OrientedBox) -> tuple[float, float]:
    """Bottom and top of a box (m)."""
    half = box.size[2] / 2
    return box.center[2] - half, box.center[2] + half


def center_distance(a: OrientedBox, b: OrientedBox) -> float:
    """Euclidean distance of the centres (m)."""
    return dist(a.center, b.center)


def horizontal_distance(a: OrientedBox, b: OrientedBox) -> float:
    """Distance of the centres in plan (m)."""
    return dist(a.center[:2], b.center[:2])


def horizontal_gap(a: OrientedBox, b: OrientedBox) -> float:
    """Distance of the footprints (m), 0 where they overlap."""
    return float(shapely.distance(footprint(a), footprint(b)))


def gap(a: OrientedBox, b: OrientedBox) -> float:
    """Distance of the nearest points (m), 0 where the boxes touch or overlap."""
    low = max(heights(a)[0], heights(b)[0]) - min(heights(a)[1], heights(b)[1])
    return hypot(horizontal_gap(a, b), max(0.0, low))


def nearest_points(a: OrientedBox, b: OrientedBox) -> tuple[Vec3, Vec3]:
    """A pair of points of two boxes as near as `gap` says."""
    line = shapely.get_coordinates(shapely.shortest_line(footprint(a), footprint(b)))
    (low_a, high_a), (low_b, high_b) = heights(a), heights(b)
    level = (max(low_a, low_b) + min(high_a, high_b)) / 2
    first, second = (min(max(level, low), high) for low, high in ((low_a, high_a), (low_b, high_b)))
    return (float(line[0][0]), float(line[0][1]), first), (float(line[-1][0]), float(line[-1][1]), second)


def overlap_share(b: OrientedBox, a: OrientedBox) -> float:
    """The share of b's footprint that lies over a's, from 0 to 1."""
    own = footprint(b)
    return float(shapely.area(shapely.intersection(own, footprint(a))) / own.area) if own.area > 0 else 0.0


def volume(box: OrientedBox) -> float:
    """Product of the sizes (m3)."""
    return box.size[0] * box.size[1] * box.size[2]


def planar_penetration(a: OrientedBox, b: OrientedBox) -> float:
    """How far two footprints are inside each other (m), along the direction in which they part soonest; <= 0 when apart.

    The separating axis theorem with the four edge directions.
    """
    ring_a, ring_b = (corners(x.center, x.yaw, x.size) for x in (a, b))
    angles = np.array([a.yaw, a.yaw + np.pi / 2, b.yaw, b.yaw + np.pi / 2])
    axes = np.stack([np.cos(angles), np.sin(angles)])
    on_a, on_b = ring_a @ axes, ring_b @ axes
    return float((np.minimum(on_a.max(0), on_b.max(0)) - np.maximum(on_a.min(0), on_b.min(0))).min())
