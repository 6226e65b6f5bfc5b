"""Which frames of a video or a drive are looked at: evenly spread, or so that they cover the space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.layout.entities import Vec3, vec3

CANDIDATES = 128
"""So many frames at most are considered for space-aware sampling."""
CELLS = 20
"""The smallest extent of the scene has so many voxels."""
MIN_CONFIDENCE = 0.1


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """Frames chosen for coverage.

    `frames` ascending, `order` as they were chosen by gain (without those that fill up), `voxel` (m) and `origin` (m) of
    the grid, `threshold` of confidence, `voxels` per candidate, `covered` by the chosen of `total` seen by any.
    """

    frames: tuple[int, ...]
    order: tuple[int, ...]
    voxel: float
    origin: Vec3
    threshold: float
    voxels: tuple[int, ...]
    covered: int
    total: int


def uniform_frames(total: int, count: int) -> tuple[int, ...]:
    """`min(count, total)` indices spread evenly over 0..total-1, first and last included (rounded down)."""
    if total < 0 or count < 0:
        raise ConfigError(f"{count} of {total} frames cannot be chosen; both must be at least 0")
    return tuple(int(i) for i in np.linspace(0, total - 1, min(count, total)).astype(np.int64))


def space_aware_frames(
    points: NDArray[np.floating], confidence: NDArray[np.floating], count: int, *, fill: bool = True
) -> FrameSelection:
    """Choose `count` of T frames greedily by the voxels that each adds to those seen before (Spatial-MLLM).

    points: (T, H, W, 3) in metres in one frame; confidence: (T, H, W). Points below the median confidence, below 0.1, or
    not finite are left out. The voxel is a twentieth of the smallest extent of the rest. When no frame adds anything, the
    selection is filled up evenly from the frames left; without `fill` (as the published sampler) fewer come back.
    A flat or empty scene gives frames spread evenly. Raises CloudError when the shapes do not fit.
    """
    if points.ndim != 4 or points.shape[3] != 3 or confidence.shape != points.shape[:3]:
        raise CloudError(f"points {points.shape} and confidence {confidence.shape} must be (T, H, W, 3) and (T, H, W)")
    frames = len(points)
    finite = np.isfinite(points).all(axis=3) & np.isfinite(confidence)
    threshold = float(np.percentile(confidence[finite], 50)) if finite.any() else float("nan")
    valid = finite & (confidence >= threshold) & (confidence > MIN_CONFIDENCE)
    low, voxel = _grid(points[valid])
    if not voxel > 0:
        evenly = uniform_frames(frames, count)
        return FrameSelection(evenly, (), 0.0, vec3(low.tolist()), threshold, (0,) * frames, 0, 0)
    seen = _incidence(points, valid, low, voxel)
    order = greedy_cover(seen, count)
    chosen = filled(order, frames, count) if fill else tuple(sorted(order))
    covered = int(seen[list(chosen)].any(axis=0).sum()) if chosen else 0
    counts = tuple(int(n) for n in seen.sum(axis=1))
    return FrameSelection(chosen, order, voxel, vec3(low.tolist()), threshold, counts, covered, seen.shape[1])


def _grid(points: NDArray[np.floating]) -> tuple[NDArray[np.floating], float]:
    """Lowest corner, and edge of the voxels; 0 for a flat or empty scene."""
    if not len(points):
        return np.zeros(3), 0.0
    low, high = points.min(axis=0), points.max(axis=0)
    return low, float((high - low).min() / CELLS)


def _incidence(
    points: NDArray[np.floating], valid: NDArray[np.bool_], low: NDArray[np.floating], voxel: float
) -> NDArray[np.bool_]:
    """Which frame (T) sees which voxel (M) of those that any frame sees."""
    frame = np.nonzero(valid)[0]
    cells = np.floor((points[valid] - low) / points.dtype.type(voxel)).astype(np.int64)
    size = cells.max(axis=0) + 1
    _, column = np.unique((cells[:, 0] * size[1] + cells[:, 1]) * size[2] + cells[:, 2], return_inverse=True)
    seen = np.zeros((len(points), int(column.max()) + 1), dtype=bool)
    seen[frame, column] = True
    return seen


def greedy_cover(seen: NDArray[np.bool_], count: int) -> tuple[int, ...]:
    """Rows of `seen` (T, M) in the order of the columns that each adds, the first on ties, until none adds any."""
    order: list[int] = []
    left = np.ones(seen.shape[1], dtype=bool)
    rest = seen.copy()
    while len(order) < count and len(seen):
        gain = (rest & left).sum(axis=1)
        best = int(gain.argmax())
        if not gain[best]:
            break
        order.append(best)
        left &= ~seen[best]
        rest[best] = False
    return tuple(order)


def filled(chosen: tuple[int, ...], total: int, count: int) -> tuple[int, ...]:
    """The chosen frames and, spread evenly over those left, as many more as `count` (at most `total`) wants; ascending."""
    left = [i for i in range(total) if i not in set(chosen)]
    extra = uniform_frames(len(left), max(0, min(count, total) - len(chosen)))
    return tuple(sorted([*chosen, *(left[i] for i in extra)]))
