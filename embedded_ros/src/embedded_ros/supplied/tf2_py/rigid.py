"""Rigid transforms as plain tuples ``(x, y, z, qx, qy, qz, qw)`` (metres, unit quaternion).

Plain floats are used on purpose: for a single transform they are several times faster than small numpy arrays.
Formulas: Hamilton product and slerp as in K. Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

Rigid = tuple[float, float, float, float, float, float, float]
Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

IDENTITY: Rigid = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
_PARALLEL = 1.0 - 1e-9


def rotate(quaternion: Iterable[float], vector: Iterable[float]) -> Vector:
    """Return ``vector`` (3) rotated by ``quaternion`` (x, y, z, w)."""
    qx, qy, qz, qw = quaternion
    x, y, z = vector
    # v' = v + w t + q x t with t = 2 q x v
    tx, ty, tz = 2.0 * (qy * z - qz * y), 2.0 * (qz * x - qx * z), 2.0 * (qx * y - qy * x)
    return x + qw * tx + qy * tz - qz * ty, y + qw * ty + qz * tx - qx * tz, z + qw * tz + qx * ty - qy * tx


def multiply(a: Iterable[float], b: Iterable[float]) -> Quaternion:
    """Return the Hamilton product ``a b`` of two quaternions (x, y, z, w)."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def compose(outer: Rigid, inner: Rigid) -> Rigid:
    """Return the transform that applies ``inner`` first and ``outer`` after it."""
    px, py, pz = rotate(outer[3:], inner[:3])
    return (px + outer[0], py + outer[1], pz + outer[2], *multiply(outer[3:], inner[3:]))


def invert(transform: Rigid) -> Rigid:
    """Return the inverse of a rigid transform."""
    x, y, z, qx, qy, qz, qw = transform
    conjugate = (-qx, -qy, -qz, qw)
    ix, iy, iz = rotate(conjugate, (x, y, z))
    return (-ix, -iy, -iz, *conjugate)


def slerp(a: Iterable[float], b: Iterable[float], fraction: float) -> Quaternion:
    """Interpolate two unit quaternions along the shorter arc; ``fraction`` 0 gives ``a``, 1 gives ``b``."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    dot = ax * bx + ay * by + az * bz + aw * bw
    sign = 1.0
    if dot < 0.0:
        dot, sign = -dot, -1.0
    if dot > _PARALLEL:
        wa, wb = 1.0 - fraction, sign * fraction
    else:
        angle = math.acos(dot)
        scale = 1.0 / math.sin(angle)
        wa, wb = math.sin((1.0 - fraction) * angle) * scale, sign * math.sin(fraction * angle) * scale
    return wa * ax + wb * bx, wa * ay + wb * by, wa * az + wb * bz, wa * aw + wb * bw


def interpolate(a: Rigid, b: Rigid, fraction: float) -> Rigid:
    """Interpolate two rigid transforms: translation linearly, rotation by slerp."""
    rest = 1.0 - fraction
    return (
        rest * a[0] + fraction * b[0],
        rest * a[1] + fraction * b[1],
        rest * a[2] + fraction * b[2],
        *slerp(a[3:], b[3:], fraction),
    )


def rotation_matrix(quaternion: Iterable[float]) -> np.ndarray:
    """Return the (3, 3) rotation matrix of a quaternion (x, y, z, w) of any non-zero length."""
    x, y, z, w = quaternion
    norm = x * x + y * y + z * z + w * w
    if norm < np.finfo(float).eps:
        return np.eye(3)
    s = 2.0 / norm
    return np.array(
        [
            [1.0 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1.0 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1.0 - s * (x * x + y * y)],
        ]
    )
