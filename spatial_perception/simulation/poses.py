"""Poses of sensors and robots in the frame of a home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.layout.entities import Vec3

Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """`position` (m) and `orientation` as a unit quaternion (x, y, z, w); maps from the body's axes to the frame's."""

    position: Vec3
    orientation: Quaternion = (0.0, 0.0, 0.0, 1.0)

    @classmethod
    def planar(cls, x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> Pose:
        """A level pose, turned by `yaw` (rad) about z."""
        return cls((float(x), float(y), float(z)), (0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2))))

    @classmethod
    def of_matrix(cls, rotation: ArrayLike, position: ArrayLike) -> Pose:
        """The pose of a rotation matrix (3, 3) and a position (3,)."""
        from scipy.spatial.transform import Rotation

        x, y, z, w = (float(v) for v in Rotation.from_matrix(np.asarray(rotation, dtype=float)).as_quat())
        px, py, pz = (float(v) for v in np.asarray(position, dtype=float))
        return cls((px, py, pz), (x, y, z, w))

    @property
    def rotation(self) -> NDArray[np.float64]:
        """Rotation matrix (3, 3)."""
        x, y, z, w = self.orientation
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )

    @property
    def yaw(self) -> float:
        """Heading (rad) of the x axis on plan."""
        rotation = self.rotation
        return float(np.arctan2(rotation[1, 0], rotation[0, 0]))

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (N, 3) of the body in the frame."""
        return np.asarray(points, dtype=float) @ self.rotation.T + np.asarray(self.position)

    def __matmul__(self, other: Pose) -> Pose:
        """The pose of something mounted at `other` on this body."""
        return Pose.of_matrix(self.rotation @ other.rotation, self.apply([other.position])[0])
