"""Intersection over union of wall-like rectangles in space and of boxes turned about z.

The benchmark's definition has defects. `compat=True` keeps them, so that published numbers can be reproduced; the
default corrects them. Each function says what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sin

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial_perception.errors import EvaluationError
from spatial_perception.layout.entities import Box, Door, Wall, Window

FloatArray = NDArray[np.float64]
MAX_ANGLE_SINE = sin(5 * pi / 180)
MAX_PLANE_DISTANCE = 0.2
MIN_AREA_PRODUCT = 1e-6


def wall_quads(walls: Sequence[Wall]) -> FloatArray:
    """The (N, 4, 3) corners of walls: start, end, end at the top, start at the top."""
    start = np.array([w.start for w in walls], dtype=np.float64).reshape(-1, 3)
    end = np.array([w.end for w in walls], dtype=np.float64).reshape(-1, 3)
    up = np.zeros_like(start)
    up[:, 2] = [w.height for w in walls]
    return np.stack([start, end, end + up, start + up], axis=1)


def opening_quads(openings: Sequence[Door | Window], walls: Sequence[Wall]) -> FloatArray:
    """The (N, 4, 3) corners of openings, in the order of `wall_quads`; `walls[i]` is the wall of `openings[i]`."""
    center = np.array([o.center for o in openings], dtype=np.float64).reshape(-1, 3)
    along = np.array([np.subtract(w.end, w.start)[:2] for w in walls], dtype=np.float64).reshape(-1, 2)
    width = np.array([o.width for o in openings], dtype=np.float64)
    half = np.zeros_like(center)
    with np.errstate(invalid="ignore", divide="ignore"):
        half[:, :2] = along / np.linalg.norm(along, axis=1, keepdims=True) * width[:, None] / 2
    up = np.zeros_like(center)
    up[:, 2] = np.array([o.height for o in openings], dtype=np.float64) / 2
    return np.stack([center - half - up, center + half - up, center + half + up, center - half + up], axis=1)


def quad_normals(quads: FloatArray) -> FloatArray:
    """The (N, 3) vectors normal to quads, as long as their area."""
    return np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])


def quad_iou(predicted: FloatArray, truth: FloatArray, *, compat: bool = False) -> FloatArray:
    """The (P, G) intersection over union of planar quads (P, 4, 3) and (G, 4, 3).

    A pair counts only if its planes are within 5 degrees and the first true corner is less than 0.2 m from the
    predicted plane; both quads are then projected on the true plane. `compat` takes that distance with its sign, so
    that a truth behind the prediction passes at any distance, and raises EvaluationError where a quad of some pair
    has no area (the reference stops there too). By default the distance is absolute; callers drop quads without
    area beforehand.
    """
    iou = np.zeros((len(predicted), len(truth)))
    if iou.size == 0:
        return iou
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        rows, columns = np.nonzero(_comparable_planes(predicted, truth, compat))
        if len(rows):
            iou[rows, columns] = _projected_iou(predicted[rows], truth[columns])
    return iou


def _comparable_planes(predicted: FloatArray, truth: FloatArray, compat: bool) -> NDArray[np.bool_]:
    normal_p, normal_t = quad_normals(predicted), quad_normals(truth)
    length_p, length_t = np.linalg.norm(normal_p, axis=1), np.linalg.norm(normal_t, axis=1)
    product = np.outer(length_p, length_t)
    if compat and (product <= MIN_AREA_PRODUCT).any():
        raise EvaluationError(
            "a wall, door or window has no area (zero height or width), where the reference stops; "
            "remove it or evaluate in corrected mode"
        )
    sine = np.linalg.norm(np.cross(normal_p[:, None], normal_t[None]), axis=2) / product
    offsets = truth[None, :, 0] - predicted[:, None, 0]
    distance = np.einsum("pgk,pk->pg", offsets, normal_p) / length_p[:, None]
    return (sine < MAX_ANGLE_SINE) & ((distance if compat else np.abs(distance)) < MAX_PLANE_DISTANCE)


def _projected_iou(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    """Pairwise IoU of quads (K, 4, 3) on the planes of the true quads."""
    first = _unit(truth[:, 1] - truth[:, 0])
    second = truth[:, 3] - truth[:, 0]
    second = _unit(second - np.sum(second * first, axis=1, keepdims=True) * first)
    basis = np.stack([first, second], axis=2)
    origin = truth[:, :1]
    polygon_p = _polygons((predicted - origin) @ basis)
    polygon_t = _polygons((truth - origin) @ basis)
    inter = shapely.area(shapely.intersection(polygon_p, polygon_t))
    union = shapely.area(polygon_p) + shapely.area(polygon_t) - inter
    return np.where(union > 0, np.divide(inter, union, where=union > 0, out=np.zeros_like(inter)), 0.0)


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _polygons(corners: FloatArray) -> NDArray[np.object_]:
    """Shapely polygons of corners (K, 4, 2); corners that are not finite give an empty polygon."""
    finite = np.isfinite(corners).all(axis=(1, 2))
    polygons = np.full(len(corners), shapely.Polygon(), dtype=object)
    polygons[finite] = shapely.polygons(corners[finite])
    return polygons


@dataclass(frozen=True)
class BoxArrays:
    """Boxes as arrays: `center` (N, 3), `size` (N, 3), `yaw` (N,)."""

    center: FloatArray
    size: FloatArray
    yaw: FloatArray

    @staticmethod
    def of(boxes: Sequence[Box], *, min_size: float = 0.0) -> BoxArrays:
        """The arrays of boxes, every size at least `min_size` (m)."""
        center = np.array([b.center for b in boxes], dtype=np.float64).reshape(-1, 3)
        size = np.array([b.size for b in boxes], dtype=np.float64).reshape(-1, 3)
        return BoxArrays(center, np.maximum(size, min_size), np.array([b.yaw for b in boxes], dtype=np.float64))

    def rectangles(self) -> FloatArray:
        """The (N, 4, 2) outlines seen from above."""
        signs = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
        local = signs * self.size[:, None, :2]
        c, s = np.cos(self.yaw)[:, None], np.sin(self.yaw)[:, None]
        x, y = local[..., 0], local[..., 1]
        return np.stack([c * x - s * y, s * x + c * y], axis=2) + self.center[:, None, :2]

    def vertical(self, compat: bool) -> tuple[FloatArray, FloatArray]:
        """Lower and upper z of each box (N,); `compat` takes the centre for the top."""
        z, height = self.center[:, 2], self.size[:, 2]
        return (z - height, z) if compat else (z - height / 2, z + height / 2)


def box_iou(predicted: BoxArrays, truth: BoxArrays, *, compat: bool = False) -> FloatArray:
    """The (P, G) intersection over union of boxes turned about z: exact polygons from above times overlap in height.

    `compat` does as the library of the reference: the centre counts as the top of a box when heights are compared, and
    results are rounded to 5 decimals.
    """
    iou = np.zeros((len(predicted.yaw), len(truth.yaw)))
    with np.errstate(invalid="ignore", over="ignore"):
        height = _vertical_overlap(predicted, truth, compat)
        rows, columns = np.nonzero((height > 0) & _near(predicted, truth))
        if len(rows) == 0:
            return iou
        polygons_p, polygons_t = _polygons(predicted.rectangles()), _polygons(truth.rectangles())
        inter = shapely.area(shapely.intersection(polygons_p[rows], polygons_t[columns])) * height[rows, columns]
        volume_p, volume_t = np.prod(predicted.size, axis=1)[rows], np.prod(truth.size, axis=1)[columns]
        iou[rows, columns] = np.where(inter > 0, inter / (volume_p + volume_t - inter), 0.0)
    return np.round(iou, 5) if compat else iou


def _vertical_overlap(predicted: BoxArrays, truth: BoxArrays, compat: bool) -> FloatArray:
    low_p, high_p = predicted.vertical(compat)
    low_t, high_t = truth.vertical(compat)
    return np.minimum(high_p[:, None], high_t) - np.maximum(low_p[:, None], low_t)


def _near(predicted: BoxArrays, truth: BoxArrays) -> NDArray[np.bool_]:
    """Pairs whose circumscribed circles, seen from above, meet: the others cannot overlap."""
    radius_p = np.linalg.norm(predicted.size[:, :2], axis=1) / 2
    radius_t = np.linalg.norm(truth.size[:, :2], axis=1) / 2
    gap = np.linalg.norm(predicted.center[:, None, :2] - truth.center[None, :, :2], axis=2)
    return gap < radius_p[:, None] + radius_t
