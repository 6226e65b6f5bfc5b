"""Obstacles for costmaps: points on walls and furniture, and what a flat laser scanner would measure among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, tau

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.navigation.footprints import Rectangles, blocks, box_rectangles, join
from spatial_perception.navigation.robot import Pose2, Robot
from spatial_perception.navigation.structure import Structure, build_structure, usable_boxes
from spatial_perception.pointcloud.cloud import PointCloud

SPACING, LEVEL_SPACING = 0.05, 0.25
MAX_POINTS = 5_000_000
_PARALLEL = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class FlatScan:
    """What `sensor_msgs/LaserScan` holds: `ranges` (N,) float32 m (infinite: nothing in range) from `angle_min` (rad) in steps of
    `angle_increment`, counter-clockwise, seen from `pose`."""

    pose: Pose2
    angle_min: float
    angle_max: float
    angle_increment: float
    range_min: float
    range_max: float
    ranges: NDArray[np.float32]
    stamp: float = 0.0


def obstacle_points(
    layout: Layout,
    *,
    robot: Robot | None = None,
    spacing: float = SPACING,
    level_spacing: float = LEVEL_SPACING,
    furniture: bool = True,
) -> PointCloud:
    """Points on the outlines of walls (without their doors) and of furniture in the way, for obstacle and voxel layers.

    Points are `spacing` (m) apart along outlines, in levels `level_spacing` (m) apart from the floor to the height of the
    robot, where the obstacle is. In the frame of the layout; empty where there is nothing. Raises ConfigError for a spacing
    that is not positive or makes too many points.
    """
    body = robot or Robot()
    structure = build_structure(layout, body)
    boxes, _ = usable_boxes(layout.boxes)
    return sample_obstacles(structure, boxes if furniture else (), body, spacing, level_spacing, layout.stamp)


def sample_obstacles(
    structure: Structure, boxes: Sequence[Box], robot: Robot, spacing: float, level_spacing: float, stamp: float
) -> PointCloud:
    """As `obstacle_points`, from a structure and usable boxes."""
    for name, value in (("spacing", spacing), ("level spacing", level_spacing)):
        if not (isfinite(value) and value > 0):
            raise ConfigError(f"obstacle {name} is {value:g} m; give a length above 0")
    standing = [box for box in boxes if blocks(box, structure.floor, robot)]
    group = join(structure.walls, box_rectangles(standing))
    spans = np.concatenate([_wall_spans(structure), _box_spans(standing, structure.floor)])
    levels = structure.floor + np.arange(level_spacing / 2, robot.height, level_spacing)
    _check_number(group, spacing, len(levels))
    outline, owner = _outline_points(group, spacing)
    low, high = spans[owner].T
    layers = [outline[(low <= z) & (z <= high)] for z in levels]
    heights = np.repeat(levels, [len(layer) for layer in layers])
    xyz = np.column_stack([np.concatenate([*layers, np.empty((0, 2))]), heights])
    return _cloud(xyz, structure.layout.frame_id, stamp)


def _check_number(group: Rectangles, spacing: float, levels: int) -> None:
    number = float((group.halves.sum(axis=1) * 4).sum()) / spacing * levels
    if number > MAX_POINTS:
        raise ConfigError(f"obstacles would have {number:.0f} points; use a spacing larger than {spacing:g} m")


def _wall_spans(structure: Structure) -> NDArray[np.float64]:
    """Lower and upper end (z, m) of each piece of wall."""
    walls = {w.id: w for w in structure.layout.walls}
    rows = [(min(w.start[2], w.end[2]), max(w.start[2], w.end[2]) + w.height)
            for w in (walls[piece.wall_id] for piece in structure.pieces)]  # fmt: skip
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _box_spans(boxes: list[Box], floor: float) -> NDArray[np.float64]:
    """Lower and upper end (z, m) of each box; what is lower than the first level is lifted into it."""
    rows = [(b.center[2] - b.size[2] / 2, max(b.center[2] + b.size[2] / 2, floor + LEVEL_SPACING)) for b in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _outline_points(group: Rectangles, spacing: float) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Points (M, 2) along the outlines, and the rectangle that each belongs to."""
    corners = group.corners()
    starts, ends = corners.reshape(-1, 2), np.roll(corners, -1, axis=1).reshape(-1, 2)
    counts = np.maximum(np.ceil(np.hypot(*(ends - starts).T) / spacing).astype(int), 1)
    edge = np.repeat(np.arange(len(starts)), counts)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = (step / counts[edge])[:, None]
    return starts[edge] + share * (ends - starts)[edge], np.asarray(edge // 4)


def _cloud(xyz: NDArray[np.float64], frame_id: str, stamp: float) -> PointCloud:
    """The points as float32, around a whole-metre origin where they lie far from zero."""
    far = len(xyz) > 0 and float(np.abs(xyz).max()) > 1000.0
    origin = np.round(xyz.mean(axis=0)) if far else np.zeros(3)
    x, y, z = (float(v) for v in origin)
    return PointCloud((xyz - origin).astype(np.float32), None, frame_id, stamp, (x, y, z))


def flat_scan(
    obstacles: Rectangles,
    pose: Pose2,
    *,
    beams: int = 360,
    range_max: float = 12.0,
    range_min: float = 0.05,
    stamp: float = 0.0,
) -> FlatScan:
    """What a scanner at `pose` measures all around among upright obstacles, beam 0 backwards (-pi).

    Raises ConfigError for a pose that is not finite, fewer than 1 beam, and ranges that are not in order.
    """
    if not pose.is_finite:
        raise ConfigError("the scanner pose holds NaN or infinity; wait for localisation")
    if beams < 1 or not 0 <= range_min < range_max:
        raise ConfigError(f"{beams} beams from {range_min:g} m to {range_max:g} m; give 1 or more, nearest first")
    here = np.array([pose.x, pose.y])
    step = tau / beams
    angles = pose.yaw - tau / 2 + step * np.arange(beams)
    near = obstacles.near(here - range_max, here + range_max)
    ranges = _first_hits(here, np.stack([np.cos(angles), np.sin(angles)], axis=1), near.corners())
    ranges[(ranges < range_min) | (ranges > range_max)] = np.inf
    return FlatScan(pose, -tau / 2, tau / 2 - step, step, range_min, range_max, ranges.astype(np.float32), stamp)


def _first_hits(
    here: NDArray[np.float64], beams: NDArray[np.float64], corners: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The distance (B,) along each unit vector (B, 2) to the first edge of quadrilaterals (N, 4, 2)."""
    starts, ends = corners.reshape(-1, 2) - here, np.roll(corners, -1, axis=1).reshape(-1, 2) - here
    along = ends - starts
    slope = beams[:, 0, None] * along[:, 1] - beams[:, 1, None] * along[:, 0]
    safe = np.where(np.abs(slope) < _PARALLEL, np.nan, slope)
    distance = (starts[:, 0] * along[:, 1] - starts[:, 1] * along[:, 0]) / safe
    share = (starts[:, 0] * beams[:, 1, None] - starts[:, 1] * beams[:, 0, None]) / safe
    hit = (distance >= 0) & (share >= 0) & (share <= 1)
    return np.asarray(np.where(hit, distance, np.inf).min(axis=1, initial=np.inf))
