"""The heading of the walls: by how much a building is turned about the vertical."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.pointcloud.surfels import Surfels, surface_elements

_QUARTER = np.pi / 2
_BINS = 360
_MAX_SLOPE = 0.15


@dataclass(frozen=True)
class YawEstimate:
    """The angle `yaw` (rad, in [-pi/4, pi/4)) by which the main walls are turned about +z from the x and y axes.

    Turning the cloud by -yaw sets them parallel to the axes. `confidence` in [0, 1] is the share of wall area that
    follows these directions, less what chance would give.
    """

    yaw: float
    confidence: float


def estimate_yaw(xyz: NDArray[np.generic]) -> YawEstimate:
    """Manhattan heading of a z-up cloud (N, 3), in any unit.

    The directions of upright surfaces, folded to a quarter turn, give it coarsely; then it is turned to where the walls
    are thinnest seen from above. Raises CloudError for fewer than 50 points or a cloud without extent.
    """
    return yaw_of_surfels(surface_elements(xyz))


def yaw_of_surfels(surfels: Surfels) -> YawEstimate:
    """As `estimate_yaw`, from surface elements of a z-up cloud. Without upright surfaces the yaw is 0, the confidence 0."""
    upright = surfels.flat() & (np.abs(surfels.normals[:, 2]) < _MAX_SLOPE)
    if upright.sum() < 20:
        return YawEstimate(0.0, 0.0)
    headings = np.arctan2(surfels.normals[upright, 1], surfels.normals[upright, 0])
    coarse, share = _main_heading(headings, surfels.planarity[upright])
    fine = _sharpest(surfels.points[upright, :2], headings, coarse, surfels.size)
    by_chance = 2 * np.radians(5.0) / _QUARTER
    return YawEstimate(_folded(fine), float(np.clip((share - by_chance) / (1.0 - by_chance), 0.0, 1.0)))


def _folded(angle: NDArray[np.float64] | float) -> float:
    folded = float((angle + _QUARTER / 2) % _QUARTER - _QUARTER / 2)
    return folded if folded < _QUARTER / 2 else -_QUARTER / 2


def _off(headings: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    """Signed angle from the nearest of the four directions of `yaw`, in [-pi/4, pi/4)."""
    return (headings - yaw + _QUARTER / 2) % _QUARTER - _QUARTER / 2


def _main_heading(headings: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The most frequent heading modulo a quarter turn, and the share of weight within 5 degrees of it."""
    bins = ((headings % _QUARTER) / _QUARTER * _BINS).astype(np.int64) % _BINS
    counts = np.bincount(bins, weights, _BINS)
    offsets = np.arange(-10, 11)
    kernel = np.exp(-0.5 * (offsets / 4.0) ** 2)
    smooth = sum(float(k) * np.roll(counts, int(o)) for k, o in zip(kernel, offsets))
    yaw = (int(np.argmax(smooth)) + 0.5) / _BINS * _QUARTER
    for width in (5.0, 3.0, 3.0):
        off = _off(headings, yaw)
        near = np.abs(off) < np.radians(width)
        yaw += float((off[near] * weights[near]).sum() / max(weights[near].sum(), 1e-12))
    near = np.abs(_off(headings, yaw)) < np.radians(5.0)
    return yaw, float(weights[near].sum() / weights.sum())


def _sharpest(plan: NDArray[np.float64], headings: NDArray[np.float64], yaw: float, size: float) -> float:
    """Turn `yaw` to where the walls, seen along themselves, fall into the fewest places."""
    near = np.abs(_off(headings, yaw)) < np.radians(8.0)
    along_x = np.abs(np.cos(headings[near] - yaw)) > 0.5
    points, offset = plan[near], 0.0
    for reach, step in ((1.5, 0.25), (0.25, 0.05)):
        turns = np.arange(-reach, reach + step / 2, step) + offset
        scores = [_sharpness(points, along_x, yaw + np.radians(turn), size / 4) for turn in turns]
        offset = _peak(turns, np.asarray(scores))
    return yaw + float(np.radians(offset))


def _sharpness(points: NDArray[np.float64], along_x: NDArray[np.bool_], yaw: float, width: float) -> float:
    total = 0.0
    for chosen, angle in ((along_x, yaw), (~along_x, yaw + _QUARTER)):
        if not chosen.any():
            continue
        places = points[chosen] @ np.array([np.cos(angle), np.sin(angle)]) / width
        places -= places.min()
        low = places.astype(np.int64)
        part = places - low
        counts = np.bincount(low, 1.0 - part, int(low.max()) + 2) + np.bincount(low + 1, part, int(low.max()) + 2)
        total += float((np.convolve(counts, (0.25, 0.5, 0.25)) ** 2).sum())
    return total


def _peak(places: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Where a parabola through the highest score and its neighbours has its top."""
    top = int(scores.argmax())
    if top in (0, len(scores) - 1):
        return float(places[top])
    before, at, after = scores[top - 1 : top + 2]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(places[top] + shift * (places[1] - places[0]))
