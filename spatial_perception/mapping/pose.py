"""Rigid transforms: where a body (robot, sensor, camera) is in a frame, and how clouds move between frames."""

from __future__ import annotations

from dataclasses import dataclass
from math import acos, isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import CloudError
from spatial_perception.pointcloud.cloud import PointCloud, Vec3

Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Pose:
    """`position` (m) and `orientation` as a unit quaternion (x, y, z, w); maps from the body's axes to the frame's."""

    position: Vec3 = (0.0, 0.0, 0.0)
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

    @classmethod
    def of_quaternion(cls, position: ArrayLike, orientation: ArrayLike) -> Pose:
        """The pose of a position (3,) and a quaternion (x, y, z, w) that need not have length 1.

        Raises CloudError when a number is not finite or the quaternion is (nearly) zero, as in messages never filled in.
        """
        x, y, z, w = (float(v) for v in np.asarray(orientation, dtype=float))
        px, py, pz = (float(v) for v in np.asarray(position, dtype=float))
        length = sqrt(x * x + y * y + z * z + w * w)
        if not (isfinite(px + py + pz + length) and length > 1e-6):
            raise CloudError(f"({x}, {y}, {z}, {w}) at ({px}, {py}, {pz}) is no pose; fill in the transform")
        return cls((px, py, pz), (x / length, y / length, z / length, w / length))

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

    @property
    def tilt(self) -> float:
        """Angle (rad) in [0, pi] between the body's z axis and the frame's: 0 for a level robot."""
        return float(np.arccos(np.clip(self.rotation[2, 2], -1.0, 1.0)))

    def apply(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (N, 3) of the body in the frame."""
        return np.asarray(points, dtype=float) @ self.rotation.T + np.asarray(self.position)

    def inverse(self) -> Pose:
        """The pose of the frame in the body."""
        x, y, z, w = self.orientation
        px, py, pz = (float(v) for v in -(self.rotation.T @ np.asarray(self.position)))
        return Pose((px, py, pz), (-x, -y, -z, w))

    def distance(self, other: Pose) -> tuple[float, float]:
        """How far another pose is: shift (m) and smallest turn (rad) in [0, pi]."""
        shift = float(np.linalg.norm(np.subtract(self.position, other.position)))
        cosine = abs(sum(a * b for a, b in zip(self.orientation, other.orientation)))
        return shift, 2.0 * acos(min(1.0, cosine))

    def __matmul__(self, other: Pose) -> Pose:
        """The pose of something mounted at `other` on this body."""
        return Pose.of_matrix(self.rotation @ other.rotation, self.apply([other.position])[0])


def transformed(cloud: PointCloud, pose: Pose, frame_id: str) -> PointCloud:
    """A sensed cloud in the frame `frame_id`, in which its own frame has the given pose; colours and time are kept.

    Computed in float32, good to a tenth of a millimetre within a kilometre of the origin.
    """
    xyz = cloud.xyz @ pose.rotation.T.astype(np.float32)
    shift = pose.position if cloud.origin == (0.0, 0.0, 0.0) else pose.apply([cloud.origin])[0]
    xyz += np.asarray(shift, dtype=np.float32)
    return PointCloud(xyz, cloud.rgb, frame_id, cloud.stamp)
