"""A folder of posed RGB-D frames as a sequence of moments: `color/*.png`, `depth/*.png`, `pose.txt`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spatial_perception.errors import CloudFileError, ConfigError
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.alignment import UP_AXES, upright_rotation

_MIRROR = np.diag([1.0, -1.0, 1.0])


@dataclass(frozen=True)
class PosedFrame:
    """One moment: `rgb` (H, W, 3) uint8, `depth` (H, W) float32 m (0: none), `pose` of the optical frame in the map."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    pose: Pose


@dataclass(frozen=True)
class FrameFolder:
    """A folder of frames that share a camera.

    `pose.txt` has one line `tx ty tz qx qy qz qw` per frame: the camera in its world. `unit` (m) is a step of the depth
    images, `up` the axis of the world that points up; poses come out in a world with z up. `focal` and `centre` are fx, fy
    and cx, cy in pixels. With a negative fy (as in ICL-NUIM) the world is mirrored, and is mirrored back.
    """

    path: Path
    focal: tuple[float, float]
    centre: tuple[float, float]
    unit: float = 0.001
    up: str = "z"

    def __post_init__(self) -> None:
        if self.up not in UP_AXES:
            raise ConfigError(f"unknown up axis '{self.up}'; choose from {', '.join(UP_AXES)}")
        if 0.0 in self.focal or self.focal[0] < 0:
            raise ConfigError(f"a camera with focal lengths {self.focal} cannot be; give fx and fy of the calibration")

    @property
    def intrinsics(self) -> NDArray[np.float64]:
        """The camera matrix (3, 3) of the frames as they come out."""
        (fx, fy), (cx, cy) = self.focal, self.centre
        return np.array([[fx, 0.0, cx], [0.0, abs(fy), cy], [0.0, 0.0, 1.0]])

    def frames(self) -> Iterator[PosedFrame]:
        """All frames in the order of their numbers; raises CloudFileError for what is missing or unreadable."""
        colours, depths, poses = self._files("color"), self._files("depth"), self._poses()
        if not len(colours) == len(depths) == len(poses) > 0:
            raise CloudFileError(
                f"{self.path}: {len(colours)} colour and {len(depths)} depth images, {len(poses)} poses; they must be as many"
            )
        for colour, depth, pose in zip(colours, depths, poses):
            metres = _pixels(depth, None).astype(np.float32) * np.float32(self.unit)
            yield PosedFrame(_pixels(colour, "RGB").astype(np.uint8), metres, pose)

    def _files(self, kind: str) -> list[Path]:
        return sorted((self.path / kind).glob("*.png"), key=lambda file: (len(file.stem), file.stem))

    def _poses(self) -> list[Pose]:
        file = self.path / "pose.txt"
        try:
            rows = np.loadtxt(file, ndmin=2)
        except (OSError, ValueError) as error:
            raise CloudFileError(f"{file}: no list of poses ({error}); write tx ty tz qx qy qz qw per frame") from error
        if rows.shape[1] != 7:
            raise CloudFileError(f"{file}: {rows.shape[1]} numbers a line; write tx ty tz qx qy qz qw per frame")
        return [self._upright(Pose.of_quaternion(row[:3], row[3:])) for row in rows]

    def _upright(self, pose: Pose) -> Pose:
        turn, mirror = upright_rotation(UP_AXES[self.up]), _MIRROR if self.focal[1] < 0 else np.eye(3)
        up = turn if self.focal[1] > 0 else upright_rotation(mirror @ np.asarray(UP_AXES[self.up]))
        return Pose.of_matrix(up @ mirror @ pose.rotation @ mirror, up @ mirror @ np.asarray(pose.position))


def _pixels(path: Path, mode: str | None) -> NDArray[np.generic]:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode) if mode else image)
    except (OSError, ValueError) as error:
        raise CloudFileError(f"{path}: unreadable image ({error})") from error
