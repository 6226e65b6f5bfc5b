"""What a scan saw through: an image of the nearest ranges around a sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.pointcloud.cloud import Vec3


@dataclass(frozen=True, eq=False)
class RangeImage:
    """Nearest range (m) per direction, in cells of `step` radians of azimuth and elevation; inf where nothing was measured."""

    sensor: NDArray[np.float32]
    nearest: NDArray[np.float32]
    step: float

    @classmethod
    def of_points(cls, xyz: NDArray[np.float32], sensor: Vec3 | None, step: float = np.radians(1.5)) -> RangeImage:
        """From points (N, 3) and the position of the sensor, both in metres in one frame."""
        origin = np.asarray(sensor if sensor is not None else (0, 0, 0), dtype=np.float32)
        shape = (int(np.ceil(np.pi / step)) + 1, int(np.ceil(2 * np.pi / step)) + 1)
        nearest = np.full(shape, np.inf, dtype=np.float32)
        cells, ranges = _directions(xyz - origin, step, shape)
        np.minimum.at(nearest.reshape(-1), cells, ranges)
        return cls(origin, _eroded(nearest), step)

    def sees_through(self, xyz: NDArray[np.float32], margin: float) -> NDArray[np.bool_]:
        """Which points (N, 3) lie more than `margin` metres in front of everything measured in their direction."""
        cells, ranges = _directions(xyz - self.sensor, self.step, self.nearest.shape)
        nearest = self.nearest.reshape(-1)[cells]
        # Directions without an echo (windows, dark or far things) say nothing about what stands there.
        return np.isfinite(nearest) & (ranges + margin < nearest)


def _directions(
    relative: NDArray[np.float32], step: float, shape: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    x, y, z = np.ascontiguousarray(relative.T)
    level = x * x + y * y
    row = ((np.arctan2(z, np.sqrt(level)) + np.float32(np.pi / 2)) * np.float32(1 / step)).astype(np.int32)
    column = ((np.arctan2(y, x) + np.float32(np.pi)) * np.float32(1 / step)).astype(np.int32)
    return row * shape[1] + column, np.sqrt(level + z * z)


def _eroded(nearest: NDArray[np.float32]) -> NDArray[np.float32]:
    """The minimum over each cell's neighbours: a voxel is wider than a ray, and must not vanish at the edge of what hides it."""
    result = nearest.copy()
    for axis in (0, 1):
        for shift in (-1, 1):
            result = np.minimum(result, np.roll(nearest, shift, axis))
    # Without an echo of its own a cell stays silent.
    return np.where(np.isfinite(nearest), result, np.inf).astype(np.float32)
