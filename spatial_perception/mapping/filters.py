"""What must not enter the map: points of the robot itself, too near, too far, below the floor or above the ceiling."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud, Vec3


@dataclass(frozen=True, slots=True)
class BodyBox:
    """A box of the robot in the axes of its base (m): points inside are the robot itself."""

    low: Vec3
    high: Vec3

    def __post_init__(self) -> None:
        if not all(a < b for a, b in zip(self.low, self.high)):
            raise ConfigError(f"a body box needs low < high on each axis, got {self.low} and {self.high}")


@dataclass(frozen=True, slots=True)
class CloudLimits:
    """Which points are used: distance from the sensor in [`range_min`, `range_max`] (m), height above zero of the map in
    [`height_min`, `height_max`] (m), and not within the boxes of the robot's `body`."""

    range_min: float = 0.3
    range_max: float = 20.0
    height_min: float = -inf
    height_max: float = inf
    body: tuple[BodyBox, ...] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.range_min < self.range_max and self.height_min < self.height_max):
            raise ConfigError("limits need 0 <= range_min < range_max and height_min < height_max")


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many points were left out, by reason."""

    not_finite: int = 0
    near: int = 0
    far: int = 0
    body: int = 0
    low: int = 0
    high: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(getattr(self, field.name) for field in fields(self))

    def __add__(self, other: Dropped) -> Dropped:
        return Dropped(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def filter_sensed(
    cloud: PointCloud, limits: CloudLimits, sensor_in_base: Pose | None = None
) -> tuple[PointCloud, Dropped]:
    """A cloud in the sensor's axes without what is not finite, too near, too far, or (where the pose of the sensor on the
    robot's base is given) the robot's body."""
    x, y, z = np.ascontiguousarray(cloud.xyz.T)
    with np.errstate(over="ignore", invalid="ignore"):
        square = x * x + y * y + z * z
    finite = np.isfinite(square)
    near = square < np.float32(limits.range_min) ** 2
    far = finite & (square > limits.range_max**2)
    keep = finite & ~near & ~far
    body = np.zeros(0, dtype=bool)
    if limits.body and sensor_in_base is not None:
        body = keep & _in_body(cloud.xyz, limits, sensor_in_base, keep)
        keep &= ~body
    counts = (int(np.count_nonzero(mask)) for mask in (~finite, near, far, body))
    dropped = Dropped(*counts)
    return (cloud.select(keep) if dropped.total else cloud), dropped


def filter_height(cloud: PointCloud, limits: CloudLimits) -> tuple[PointCloud, Dropped]:
    """A cloud in the frame of the map (z up) without what is below or above the limits."""
    z = cloud.xyz[:, 2] + np.float32(cloud.origin[2])
    low, high = z < limits.height_min, z > limits.height_max
    dropped = Dropped(low=int(np.count_nonzero(low)), high=int(np.count_nonzero(high)))
    return (cloud.select(~(low | high)) if dropped.total else cloud), dropped


def _in_body(
    xyz: NDArray[np.float32], limits: CloudLimits, sensor_in_base: Pose, keep: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Points within one of the boxes; only those near enough to touch one are transformed."""
    corners = np.array([corner for box in limits.body for corner in (box.low, box.high)])
    reach = np.linalg.norm(np.abs(corners).max(axis=0)) + np.linalg.norm(sensor_in_base.position)
    candidates = np.flatnonzero(keep)
    candidates = candidates[(np.abs(xyz[candidates]) <= reach).all(axis=1)]
    points = sensor_in_base.apply(xyz[candidates])
    inside = np.zeros(len(points), dtype=bool)
    for box in limits.body:
        inside |= ((points >= box.low) & (points <= box.high)).all(axis=1)
    result = np.zeros(len(xyz), dtype=bool)
    result[candidates[inside]] = True
    return result
