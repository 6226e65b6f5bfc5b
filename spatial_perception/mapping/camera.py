"""A pinhole camera with lens distortion: rays of pixels, and pixels of points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError

_COEFFICIENTS = {"": (0,), "plumb_bob": (4, 5), "rational_polynomial": (8,), "equidistant": (4,)}
_ITERATIONS = 30
_LARGEST_ANGLE = np.pi / 2 - 0.01


@dataclass(frozen=True, slots=True)
class CameraModel:
    """A camera of `width` x `height` pixels with focal lengths and principal point in pixels.

    The optical frame has x right, y down, z forward; pixel (u, v) = (0, 0) is the centre of the upper left one.
    `distortion` holds the coefficients of `distortion_model` as in sensor_msgs/CameraInfo: plumb_bob (k1, k2, p1, p2[,
    k3]), rational_polynomial (k1, k2, p1, p2, k3..k6), equidistant (k1..k4, a fisheye), or none for rectified images.
    A negative focal length flips its axis, as some rendered sequences have it.
    Raises ConfigError for sizes or focal lengths of zero, as in a CameraInfo never filled in.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = ""
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or not (self.fx * self.fy and isfinite(self.fx * self.fy)):
            raise ConfigError(
                f"a camera of {self.width} x {self.height} pixels with focal lengths {self.fx}, {self.fy} cannot be; "
                "calibrate it, so that its camera_info holds K"
            )
        if self.distortion_model not in _COEFFICIENTS:
            known = ", ".join(name for name in _COEFFICIENTS if name)
            raise ConfigError(f"unknown distortion model {self.distortion_model!r}; use {known} or rectified images")
        if len(self.distortion) not in _COEFFICIENTS[self.distortion_model]:
            raise ConfigError(
                f"{len(self.distortion)} coefficients do not fit {self.distortion_model or 'no distortion'}"
            )

    def scaled(self, width: int, height: int) -> CameraModel:
        """The same camera for images reduced or enlarged to another size (pixels)."""
        x, y = width / self.width, height / self.height
        cx, cy = (self.cx + 0.5) * x - 0.5, (self.cy + 0.5) * y - 0.5
        return replace(self, width=width, height=height, fx=self.fx * x, fy=self.fy * y, cx=cx, cy=cy)

    def rays(self) -> NDArray[np.float32]:
        """Per pixel (height, width, 2) the x and y (m) of the point at depth z = 1 m; NaN where the lens sees none."""
        return _rays(self)

    def project(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Pixels (N, 2) of points (N, 3) in the optical frame, as (u, v); NaN for points that are not in front."""
        points = np.asarray(points, dtype=np.float32)
        z = np.where(points[:, 2] > 1e-6, points[:, 2], np.float32(np.nan))
        x, y = distorted(self, points[:, 0] / z, points[:, 1] / z)
        return np.stack([self.fx * x + self.cx, self.fy * y + self.cy], axis=1).astype(np.float32)


@lru_cache(maxsize=16)
def _rays(model: CameraModel) -> NDArray[np.float32]:
    u = (np.arange(model.width) - model.cx) / model.fx
    v = (np.arange(model.height) - model.cy) / model.fy
    x, y = undistorted(model, *np.meshgrid(u, v))
    rays = np.stack([x, y], axis=-1).astype(np.float32)
    rays.setflags(write=False)
    return rays


def distorted(model: CameraModel, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Where the lens images points that an ideal camera has at (x, y), both at depth 1.

    Formulas: Brown (1966) with the rational radial term of OpenCV's camera model; Kannala and Brandt (2006) for fisheyes.
    """
    if not any(model.distortion):
        return x, y
    if model.distortion_model == "equidistant":
        return _fisheye(model.distortion, x, y)
    k1, k2, p1, p2, k3, k4, k5, k6 = (*model.distortion, *([0.0] * 4))[:8]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return (
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
        y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
    )


def _fisheye(coefficients: tuple[float, ...], x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    radius = np.hypot(x, y)
    angle = np.arctan(radius)
    scale = np.where(radius > 1e-9, _bent(coefficients, angle) / np.maximum(radius, 1e-9), 1.0)
    return x * scale, y * scale


def _bent(coefficients: tuple[float, ...], angle: NDArray) -> NDArray:
    k1, k2, k3, k4 = coefficients
    a2 = angle * angle
    return angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))


def undistorted(model: CameraModel, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """The inverse of `distorted`, by fixed-point iteration; NaN where it does not converge."""
    if not any(model.distortion):
        return x, y
    if model.distortion_model == "equidistant":
        return _straightened(model, x, y)
    ideal_x, ideal_y = x.copy(), y.copy()
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(_ITERATIONS):
            seen_x, seen_y = distorted(model, ideal_x, ideal_y)
            ideal_x += x - seen_x
            ideal_y += y - seen_y
        seen_x, seen_y = distorted(model, ideal_x, ideal_y)
        good = np.hypot(seen_x - x, seen_y - y) < 0.5 / abs(model.fx)
    return np.where(good, ideal_x, np.nan), np.where(good, ideal_y, np.nan)


def _straightened(model: CameraModel, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """A fisheye's rays: Newton steps for the angle to the optical axis; NaN beyond what lies in front."""
    seen = np.hypot(x, y)
    angle = np.clip(seen, 0.0, _LARGEST_ANGLE)
    for _ in range(_ITERATIONS):
        slope = (_bent(model.distortion, angle + 1e-6) - _bent(model.distortion, angle - 1e-6)) / 2e-6
        step = (_bent(model.distortion, angle) - seen) / np.maximum(slope, 1e-3)
        angle = np.clip(angle - step, 0.0, _LARGEST_ANGLE)
    good = np.abs(_bent(model.distortion, angle) - seen) < 0.5 / abs(model.fx)
    scale = np.where(good, np.where(seen > 1e-9, np.tan(angle) / np.maximum(seen, 1e-9), 1.0), np.nan)
    return x * scale, y * scale
