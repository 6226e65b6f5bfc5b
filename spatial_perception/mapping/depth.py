"""Depth images to point clouds: any depth unit, any camera, colour from the same or another camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError, ConfigError
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.pose import Pose
from spatial_perception.pointcloud.cloud import PointCloud

GREY = 128
"""What points get that the colour camera does not see."""
REGISTERED = Pose()
"""Colour and depth share one optical frame."""
_HIDDEN = 1.05
"""A point this many times farther than the nearest one at its pixel is hidden from the colour camera."""


@dataclass(frozen=True, slots=True)
class DepthSettings:
    """How depth images become points: depth outside [`range_min`, `range_max`] (m along the optical axis) is dropped, every
    `stride`-th pixel of each row and column is used, `unit` (m) is what one step of an integer image means, and
    pixels beside a step of more than `edge` times their depth are dropped (0: kept), since sensors smear points there."""

    range_min: float = 0.2
    range_max: float = 8.0
    stride: int = 1
    unit: float = 0.001
    edge: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.range_min < self.range_max and self.unit > 0 and self.stride >= 1 and self.edge >= 0):
            raise ConfigError("depth needs 0 <= range_min < range_max, a positive unit and a stride of at least 1")


@dataclass(frozen=True, slots=True, eq=False)
class ColourView:
    """A colour image `rgb` (H, W, 3) uint8, its camera, and the pose of the depth camera's optical frame in its own.

    For registered depth the pose is the identity and both cameras are the same.
    """

    rgb: NDArray[np.uint8]
    camera: CameraModel
    depth_pose: Pose = REGISTERED

    def __post_init__(self) -> None:
        if self.rgb.dtype != np.uint8 or self.rgb.ndim != 3 or self.rgb.shape[2] != 3:
            raise CloudError(f"a colour image must be (H, W, 3) uint8, got {self.rgb.shape} {self.rgb.dtype}")

    @property
    def is_registered(self) -> bool:
        """Whether depth and colour share pose and pixels."""
        return self.depth_pose == REGISTERED


def depth_metres(image: NDArray, unit: float = 0.001) -> NDArray[np.float32]:
    """Depth (H, W) float32 in metres, 0 for none, of integer steps of `unit` (m) or floating metres (NaN, inf: none).

    Raises CloudError for images that are not (H, W) numbers.
    """
    if image.ndim != 2 or image.dtype.kind not in "uif":
        raise CloudError(f"a depth image must be (H, W) of 16UC1 or 32FC1, got {image.shape} {image.dtype}")
    if image.dtype.kind in "ui":
        return image.astype(np.float32) * np.float32(unit)
    metres = image.astype(np.float32)
    return np.where(np.isfinite(metres) & (metres > 0), metres, np.float32(0))


def depth_to_cloud(
    depth: NDArray,
    camera: CameraModel,
    *,
    colour: ColourView | None = None,
    settings: DepthSettings | None = None,
    frame_id: str = "",
    stamp: float = 0.0,
) -> PointCloud:
    """The points of a depth image (H, W) in the camera's optical frame, row by row; pixels without depth are left out.

    `depth` is uint16 in steps of the settings' unit, or floating metres. An image of another size than the camera is
    taken as reduced or enlarged. Raises CloudError for images that cannot be depth.
    """
    settings = settings or DepthSettings()
    metres = depth_metres(depth, settings.unit)
    camera = _fitted(camera, metres.shape)
    used = _usable(metres, settings)
    rows, columns = np.nonzero(used[:: settings.stride, :: settings.stride])
    rows, columns = rows * settings.stride, columns * settings.stride
    z = metres[rows, columns]
    rays = camera.rays()[rows, columns]
    xyz = np.column_stack([rays * z[:, None], z])
    # Where the lens model has no ray there is no point.
    good = np.isfinite(rays[:, 0])
    if not good.all():
        xyz, rows, columns = xyz[good], rows[good], columns[good]
    rgb = None if colour is None else _colours(xyz, rows, columns, metres.shape, colour)
    return PointCloud(xyz, rgb, frame_id, stamp)


def _fitted(camera: CameraModel, shape: tuple[int, ...]) -> CameraModel:
    height, width = shape
    if (camera.height, camera.width) == (height, width):
        return camera
    if abs(width * camera.height - height * camera.width) > max(camera.width, camera.height):
        raise CloudError(
            f"an image of {width} x {height} pixels does not fit a camera of {camera.width} x {camera.height}; "
            "use the camera_info of the same stream"
        )
    return camera.scaled(width, height)


def _usable(metres: NDArray[np.float32], settings: DepthSettings) -> NDArray[np.bool_]:
    used = (metres >= settings.range_min) & (metres <= settings.range_max) & (metres > 0)
    return used & ~_beside_steps(metres, settings.edge) if settings.edge else used


def _beside_steps(metres: NDArray[np.float32], edge: float) -> NDArray[np.bool_]:
    beside = np.zeros(metres.shape, dtype=bool)
    across = np.abs(np.diff(metres, axis=1)) > edge * np.minimum(metres[:, 1:], metres[:, :-1])
    down = np.abs(np.diff(metres, axis=0)) > edge * np.minimum(metres[1:], metres[:-1])
    beside[:, 1:] |= across
    beside[:, :-1] |= across
    beside[1:] |= down
    beside[:-1] |= down
    return beside


def _colours(
    xyz: NDArray[np.float32], rows: NDArray, columns: NDArray, shape: tuple[int, ...], view: ColourView
) -> NDArray[np.uint8]:
    height, width = view.rgb.shape[:2]
    if view.is_registered and (height, width) == shape:
        return view.rgb[rows, columns]
    if view.is_registered and height * shape[1] == width * shape[0]:
        # Registered, but one of the two was reduced in size.
        return view.rgb[rows * height // shape[0], columns * width // shape[1]]
    return _projected_colours(xyz, view)


def _projected_colours(xyz: NDArray[np.float32], view: ColourView) -> NDArray[np.uint8]:
    """The colour of the nearest pixel; grey for points out of the image or hidden behind others."""
    height, width = view.rgb.shape[:2]
    camera = _fitted(view.camera, (height, width))
    seen = xyz @ view.depth_pose.rotation.T.astype(np.float32) + np.asarray(view.depth_pose.position, dtype=np.float32)
    pixels = camera.project(seen)
    # NaN fails the comparisons.
    inside = ((pixels >= -0.5) & (pixels < [width - 0.5, height - 0.5])).all(axis=1)
    u, v = np.rint(pixels[inside]).astype(np.int32).T
    u, v = np.minimum(u, width - 1), np.minimum(v, height - 1)
    result = np.full((len(xyz), 3), GREY, dtype=np.uint8)
    visible = _in_front(u, v, seen[inside, 2], (height, width))
    result[np.flatnonzero(inside)[visible]] = view.rgb[v[visible], u[visible]]
    return result


def _in_front(u: NDArray, v: NDArray, z: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which points are (nearly) the nearest in their block of pixels; blocks leave no gaps where depth is sparser."""
    block = max(2, round(2 * np.sqrt(shape[0] * shape[1] / max(len(z), 1))))
    columns = -(-shape[1] // block)
    cell = (v // block) * columns + u // block
    nearest = np.full(columns * (-(-shape[0] // block)), np.inf, dtype=np.float32)
    np.minimum.at(nearest, cell, z)
    return np.asarray(z <= nearest[cell] * np.float32(_HIDDEN))
