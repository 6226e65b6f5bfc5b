"""Bringing clouds into the pose that estimators expect (z up, walls along x and y, metres), and results back.

What goes out is in the frame that came in. A layout stands upright by definition, so this has two cases:

- The cloud was upright, or tilted by less than 2 degrees: the layout returns into the incoming frame. Positions are
  moved back exactly; headings turn about z, and heights stay along z.
- The cloud had another up axis or a larger tilt: a layout cannot be said in such a frame. It is given in the incoming
  frame turned upright about its own origin, named "<frame>_zup", and a note holds the rotation.

Layouts are in metres, always: where the cloud was in another unit, its layout is the cloud's in metres, and a note
says by which factor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Layout, Vec3, Wall, vec3
from spatial_perception.layout.transforms import rotate, rotate_points
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.columns import mapped
from spatial_perception.pointcloud.scale import UNITS, ScaleCheck, check_scale, scale_of_surfels
from spatial_perception.pointcloud.surfels import Surfels, surface_elements
from spatial_perception.pointcloud.up_axis import UpEstimate, estimate_up, up_of_surfels
from spatial_perception.pointcloud.yaw import YawEstimate, estimate_yaw, yaw_of_surfels

__all__ = [
    "Alignment", "ScaleCheck", "UpEstimate", "YawEstimate", "align", "check_scale", "estimate_up", "estimate_yaw",
    "upright_rotation",
]  # fmt: skip

# Up to this tilt a layout is still told in the incoming frame.
SMALL_TILT = float(np.radians(2.0))
# Below these confidences the file is taken as it is.
MIN_UP_CONFIDENCE = 0.35
MIN_SCALE_CONFIDENCE = 0.5
MIN_YAW_CONFIDENCE = 0.15
UP_AXES = {
    "x": (1.0, 0.0, 0.0), "-x": (-1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "-y": (0.0, -1.0, 0.0),
    "z": (0.0, 0.0, 1.0), "-z": (0.0, 0.0, -1.0),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Alignment:
    """The motion from the incoming frame to the aligned one: aligned = scale * rotation @ (incoming - pivot).

    `rotation` (3, 3) is a turn to z up (`upright`) followed by a turn by -`yaw` (rad) about z; `pivot` (m) is the origin
    of the incoming cloud, `frame_id` its frame. `notes` say what was corrected, for people.
    """

    rotation: NDArray[np.float64]
    upright: NDArray[np.float64]
    yaw: float = 0.0
    scale: float = 1.0
    pivot: Vec3 = (0.0, 0.0, 0.0)
    frame_id: str = ""
    notes: tuple[str, ...] = ()

    @property
    def tilt(self) -> float:
        """The angle (rad) between the z axis of the incoming frame and up."""
        return float(np.arccos(np.clip(self.upright[2, 2], -1.0, 1.0)))

    @property
    def keeps_frame(self) -> bool:
        """True where results return into the incoming frame itself, False where into its upright companion."""
        return self.tilt < SMALL_TILT

    @property
    def result_frame(self) -> str:
        """The frame of restored layouts."""
        return self.frame_id if self.keeps_frame else f"{self.frame_id}_zup".lstrip("_")

    def apply(self, cloud: PointCloud) -> PointCloud:
        """The cloud in the aligned frame, in metres, with origin zero."""
        shift = np.asarray(cloud.origin) - np.asarray(self.pivot)
        if _is_identity(self.rotation) and self.scale == 1.0 and not shift.any():
            return cloud.with_xyz(cloud.xyz)
        # In pieces, so that no second cloud in double precision is held.
        turned, matrix = np.empty_like(cloud.xyz), self.scale * self.rotation
        for start in range(0, len(cloud), 1 << 18):
            piece = slice(start, start + (1 << 18))
            turned[piece] = mapped(cloud.xyz[piece] + shift, matrix)
        return cloud.with_xyz(turned)

    def apply_points(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (N, 3) of the incoming frame in the aligned one."""
        return self.scale * (np.asarray(points, np.float64) - np.asarray(self.pivot)) @ self.rotation.T

    def undo_points(self, points: ArrayLike) -> NDArray[np.float64]:
        """Aligned points (N, 3) in the incoming frame and unit: the exact inverse of `apply_points`."""
        return np.asarray(points, np.float64) @ self.rotation / self.scale + np.asarray(self.pivot)

    def restore_points(self, points: ArrayLike) -> NDArray[np.float64]:
        """Aligned points (N, 3) where `restore` tells a layout: in `result_frame`, in metres."""
        turned = rotate_points(np.asarray(points, np.float64), self.yaw)
        back, offset = self._way_back()
        return mapped(turned, back) + offset

    def _way_back(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rotation (3, 3) and shift (3,) from the upright frame about the origin to `result_frame`."""
        back = self.upright.T if self.keeps_frame else np.eye(3)
        return back, self.scale * (
            np.asarray(self.pivot) if self.keeps_frame else self.upright @ np.asarray(self.pivot)
        )

    def restore(self, layout: Layout) -> Layout:
        """A layout found in the aligned cloud, in `result_frame` and in metres, with this alignment's notes added."""
        turned = rotate(layout, self.yaw) if self.yaw else layout
        back, offset = self._way_back()
        provenance = replace(turned.provenance, notes=(*turned.provenance.notes, *self.notes))
        return replace(_moved(turned, back, offset), frame_id=self.result_frame, provenance=provenance)

    def apply_layout(self, layout: Layout) -> Layout:
        """A layout told as `restore` tells it, in the aligned frame: the inverse of `restore`."""
        forth = self.upright if self.keeps_frame else np.eye(3)
        shift = self.upright @ np.asarray(self.pivot)
        moved = _moved(layout, forth, -self.scale * shift)
        return rotate(moved, -self.yaw) if self.yaw else moved


def _is_identity(rotation: NDArray[np.float64]) -> bool:
    return bool((rotation == np.eye(3)).all())


def _moved(layout: Layout, rotation: NDArray[np.float64], offset: NDArray[np.float64]) -> Layout:
    """All positions turned and shifted; headings and heights stay."""
    if _is_identity(rotation) and not offset.any():
        return layout

    def move(point: Vec3) -> Vec3:
        return vec3(rotation @ np.asarray(point) + offset)

    walls = tuple(_moved_wall(wall, move(wall.start), move(wall.end)) for wall in layout.walls)
    doors = tuple(replace(door, center=move(door.center)) for door in layout.doors)
    windows = tuple(replace(window, center=move(window.center)) for window in layout.windows)
    boxes = tuple(replace(box, center=move(box.center)) for box in layout.boxes)
    return replace(layout, walls=walls, doors=doors, windows=windows, boxes=boxes)


def _moved_wall(wall: Wall, start: Vec3, end: Vec3) -> Wall:
    return replace(wall, start=start, end=end)


def upright_rotation(up: ArrayLike) -> NDArray[np.float64]:
    """The smallest rotation (3, 3) that turns the unit vector `up` onto +z; about x by half a turn where `up` is -z.

    Source: Rodrigues' formula, with the angle expressed by the vectors' products.
    """
    x, y, z = (float(value) for value in np.asarray(up, np.float64) / np.linalg.norm(np.asarray(up, np.float64)))
    if z < -1.0 + 1e-9:
        return np.diag([1.0, -1.0, -1.0])
    scale = 1.0 / (1.0 + z)
    rotation = np.array([[1 - x * x * scale, -x * y * scale, -x], [-x * y * scale, 1 - y * y * scale, -y], [x, y, z]])
    # File axes give whole numbers, free of the minus sign of zero.
    return np.where(np.abs(rotation) < 1e-15, 0.0, rotation)


def _yaw_rotation(yaw: float) -> NDArray[np.float64]:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def align(
    cloud: PointCloud,
    up: str | ArrayLike = "auto",
    yaw: bool | float = True,
    scale: str | float = "auto",
) -> tuple[PointCloud, Alignment]:
    """Turn a cloud upright, set its main walls along x and y, and bring it to metres.

    `up`: "auto", an axis of the file ("x", "-y", ...), or a vector (3,) such as gravity measured by an IMU reversed.
    `yaw`: True to estimate, False to keep, or the angle in radians. `scale`: "auto" corrects a unit that is beyond doubt
    (millimetres, centimetres, feet, inches), "keep" leaves it, a number is applied. What cannot be judged is kept, and a
    note says so. Raises CloudError for an unknown `up` or `scale`.
    """
    notes: list[str] = []
    surfels = None
    if yaw is True or "auto" in (str(up), str(scale)):
        try:
            surfels = surface_elements(cloud.xyz)
        except CloudError as error:
            notes = [f"alignment not judged: {error}"]
    upright = upright_rotation(_choose_up(up, surfels, notes))
    standing = None if surfels is None else surfels.turned(upright)
    factor = _choose_scale(scale, standing, notes)
    angle = _choose_yaw(yaw, standing)
    rotation = _yaw_rotation(angle) @ upright if angle else upright
    found = Alignment(rotation, upright, angle, factor, cloud.origin, cloud.frame_id)
    found = replace(found, notes=(*notes, *_frame_notes(found)))
    return found.apply(cloud), found


def _choose_up(up: str | ArrayLike, surfels: Surfels | None, notes: list[str]) -> ArrayLike:
    if isinstance(up, str) and up != "auto":
        if up.removeprefix("+") not in UP_AXES:
            raise CloudError(f"unknown up axis '{up}'; use auto, {', '.join(UP_AXES)}, or a vector")
        return UP_AXES[up.removeprefix("+")]
    if not isinstance(up, str):
        return _checked_vector(up)
    if surfels is None:
        return UP_AXES["z"]
    estimate = up_of_surfels(surfels)
    if estimate.confidence < MIN_UP_CONFIDENCE and estimate.convention != "z":
        notes.append(
            f"up axis unclear (best guess {estimate.convention}, confidence {estimate.confidence:.2f}): z is kept;"
            " name it if that is wrong"
        )
        return UP_AXES["z"]
    if estimate.convention != "z":
        notes.append(f"up axis is {estimate.convention} (confidence {estimate.confidence:.2f}): turned to z")
    return estimate.axis


def _checked_vector(up: ArrayLike) -> NDArray[np.float64]:
    vector = np.asarray(up, np.float64)
    if vector.shape != (3,) or not np.isfinite(vector).all() or not np.linalg.norm(vector) > 1e-9:
        raise CloudError(f"up must be a vector of three numbers, not all zero, got {up!r}")
    return vector


def _choose_scale(scale: str | float, surfels: Surfels | None, notes: list[str]) -> float:
    if not isinstance(scale, str):
        if not (np.isfinite(scale) and scale > 0):
            raise CloudError(f"scale must be a positive number, got {scale}")
        return float(scale)
    if scale in UNITS:
        return UNITS[scale]
    if scale not in ("auto", "keep"):
        raise CloudError(f"unknown scale '{scale}'; use auto, keep, {', '.join(UNITS)}, or a number")
    if surfels is None or scale == "keep":
        return 1.0
    check = scale_of_surfels(surfels, np.array([0.0, 0.0, 1.0]))
    return _believed_factor(check, notes)


def _believed_factor(check: ScaleCheck, notes: list[str]) -> float:
    if check.unit == "m":
        if check.confidence < MIN_SCALE_CONFIDENCE:
            notes.append(f"scale not certain: {check.reason}; taken as metres")
        return 1.0
    if check.is_sure:
        notes.append(
            f"the unit is {check.unit}: multiplied by {check.factor:g}, results are in metres ({check.reason})"
        )
        return check.factor
    notes.append(f"scale doubtful: {check.reason}; taken as metres, give the factor if that is wrong")
    return 1.0


def _choose_yaw(yaw: bool | float, surfels: Surfels | None) -> float:
    if not isinstance(yaw, bool):
        return float(yaw)
    if not yaw or surfels is None:
        return 0.0
    estimate = yaw_of_surfels(surfels)
    return estimate.yaw if estimate.confidence >= MIN_YAW_CONFIDENCE else 0.0


def _frame_notes(found: Alignment) -> list[str]:
    if found.keeps_frame:
        if found.tilt == 0.0:
            return []
        return [f"results are in the incoming frame, with verticals {np.degrees(found.tilt):.1f} deg off its z axis"]
    rows = "; ".join(" ".join(f"{value:.6g}" for value in row) for row in found.upright)
    return [f"results are in frame '{found.result_frame}': the incoming frame turned upright by the rotation [{rows}]"]
