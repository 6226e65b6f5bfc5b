from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Polygon

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.transforms import rotate, translate
from spatial_perception.simulation import make_home


def make_flat():
    """Two rooms of 4 x 3 m side by side: a bedroom, a kitchen, a door between them and one to the outside."""
    corners = [(0, 0), (4, 0), (8, 0), (8, 3), (4, 3), (0, 3)]
    walls = [Wall(k, (*a, 0), (*b, 0), 2.6, 0.1) for k, (a, b) in enumerate(zip(corners, corners[1:] + corners[:1]))]
    walls.append(Wall(6, (4, 0, 0), (4, 3, 0), 2.6, 0.1))
    doors = (Door(0, 6, (4, 1.0, 1), 0.9, 2.0), Door(1, 0, (1.5, 0, 1), 0.9, 2.0))
    boxes = (
        Box(0, "bed", (1.2, 2.2, 0.3), 0.0, (2.0, 1.4, 0.6)),
        Box(1, "nightstand", (2.6, 2.7, 0.25), 0.0, (0.5, 0.4, 0.5)),
        Box(2, "stove", (7.6, 2.0, 0.45), 0.0, (0.6, 0.6, 0.9)),
        Box(3, "refrigerator", (7.6, 0.5, 0.9), 0.0, (0.6, 0.6, 1.8)),
        Box(4, "carpet", (6.0, 1.5, 0.02), 0.0, (1.5, 1.0, 0.03)),
        Box(5, "chandelier", (2.0, 1.0, 2.3), 0.0, (0.8, 0.8, 0.5)),
        Box(6, "painting", (5.5, 2.94, 1.5), 0.0, (0.8, 0.02, 0.6)),
    )
    return Layout(tuple(walls), doors, (), boxes, frame_id="map", stamp=2.5)


@pytest.fixture
def flat():
    return make_flat()


@pytest.fixture
def moved():
    """Move a layout: turn by yaw (rad), then shift (m)."""

    def move(layout, yaw=0.0, shift=(0.0, 0.0, 0.0)):
        return translate(rotate(layout, yaw), shift)

    return move


@pytest.fixture(scope="session")
def homes():
    return [make_home(seed) for seed in (0, 1, 2, 5, 11)]


@dataclass
class Judge:
    """What really stands in a home, from its layout by plane geometry alone: no code of the package."""

    solid: shapely.Geometry
    radius: float

    @classmethod
    def of(cls, layout, radius, height, step):
        floor = float(np.median([w.start[2] for w in layout.walls]))
        parts = []
        by_id = {w.id: w for w in layout.walls}
        for wall in layout.walls:
            body = LineString([wall.start[:2], wall.end[:2]]).buffer(wall.thickness / 2, cap_style="flat")
            for door in layout.doors:
                body = body.difference(cls.hole(door, by_id[door.wall_id])) if door.wall_id == wall.id else body
            parts.append(body)
        for box in layout.boxes:
            low, high = box.center[2] - box.size[2] / 2 - floor, box.center[2] + box.size[2] / 2 - floor
            if low < height and high > step and box.label != "carpet":
                parts.append(cls.outline(box))
        return cls(shapely.union_all(parts), radius)

    @staticmethod
    def hole(door, wall):
        dx, dy = wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]
        length = math.hypot(dx, dy)
        half = (dx / length * door.width / 2, dy / length * door.width / 2)
        ends = [(door.center[0] + s * half[0], door.center[1] + s * half[1]) for s in (-1, 1)]
        return LineString(ends).buffer(wall.thickness / 2 + 0.05, cap_style="flat")

    @staticmethod
    def outline(box):
        c, s = math.cos(box.yaw), math.sin(box.yaw)
        x, y = box.size[0] / 2, box.size[1] / 2
        ring = [(-x, -y), (x, -y), (x, y), (-x, y)]
        return Polygon([(box.center[0] + c * a - s * b, box.center[1] + s * a + c * b) for a, b in ring])

    def room_left(self, points):
        """How far (m) the rim of the robot stays off everything on its way."""
        way = LineString(points) if len(points) > 1 else shapely.Point(points[0])
        return float(way.distance(self.solid)) - self.radius


@pytest.fixture(scope="session")
def judge_of():
    def make(layout, radius=0.22, height=1.2, step=0.04):
        return Judge.of(layout, radius, height, step)

    return make
