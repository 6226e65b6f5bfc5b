"""Solid primitives that virtual sensors see: boxes, ellipsoids and upright cylinders, each turned about z only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

BOX, ELLIPSOID, CYLINDER = 0, 1, 2
MATTE, GLASS, MIRROR, DARK = 0, 1, 2, 3

Colour = tuple[int, int, int]
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One primitive: `center` (m), full `size` along its own axes (m), `yaw` (rad), 8-bit colour, kind and material."""

    center: Triple
    size: Triple
    rgb: Colour = (200, 200, 200)
    yaw: float = 0.0
    kind: int = BOX
    material: int = MATTE

    def moved(self, yaw: float, offset: ArrayLike) -> Part:
        """The part turned by `yaw` (rad) about the origin, then shifted by `offset` (3,)."""
        x, y, z = self.center
        c, s = float(np.cos(yaw)), float(np.sin(yaw))
        dx, dy, dz = (float(v) for v in np.asarray(offset, dtype=float))
        return replace(self, center=(c * x - s * y + dx, s * x + c * y + dy, z + dz), yaw=self.yaw + yaw)


def box(cx: float, cy: float, z0: float, size: Triple, rgb: Colour, yaw: float = 0.0, material: int = MATTE) -> Part:
    """A box that stands on height `z0`, centred on (cx, cy)."""
    return Part((cx, cy, z0 + size[2] / 2), size, rgb, yaw, BOX, material)


def cylinder(cx: float, cy: float, z0: float, size: Triple, rgb: Colour) -> Part:
    """An upright (elliptic) cylinder that stands on height `z0`."""
    return Part((cx, cy, z0 + size[2] / 2), size, rgb, 0.0, CYLINDER)


def ellipsoid(cx: float, cy: float, z0: float, size: Triple, rgb: Colour) -> Part:
    """An ellipsoid whose lowest point is at height `z0`."""
    return Part((cx, cy, z0 + size[2] / 2), size, rgb, 0.0, ELLIPSOID)


def bounds_of(parts: Sequence[Part]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner (3,) of the tight axis-aligned box around parts, in the axes in which they are given."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for part in parts:
        half = _half_extent(part)
        low = np.minimum(low, np.subtract(part.center, half))
        high = np.maximum(high, np.add(part.center, half))
    return low, high


def _half_extent(part: Part) -> NDArray[np.float64]:
    c, s = abs(np.cos(part.yaw)), abs(np.sin(part.yaw))
    hx, hy, hz = (v / 2 for v in part.size)
    if part.kind == BOX:
        return np.array([c * hx + s * hy, s * hx + c * hy, hz])
    return np.array([np.hypot(c * hx, s * hy), np.hypot(s * hx, c * hy), hz])


@dataclass(frozen=True, slots=True, eq=False)
class Solids:
    """Many primitives as columns: `kind` (M,), `center` (M, 3), `size` (M, 3), `yaw` (M,), `rgb` (M, 3), `material` (M,).

    `owner` (M,) is the index of the thing that a primitive belongs to, in the list of owners of its home.
    """

    kind: NDArray[np.uint8]
    center: NDArray[np.float64]
    size: NDArray[np.float64]
    yaw: NDArray[np.float64]
    rgb: NDArray[np.uint8]
    material: NDArray[np.uint8]
    owner: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.kind)

    @classmethod
    def of(cls, parts: Iterable[tuple[Part, int]]) -> Solids:
        """Columns from pairs of a part and the index of its owner."""
        pairs = list(parts)
        return cls(
            np.array([p.kind for p, _ in pairs], dtype=np.uint8),
            np.array([p.center for p, _ in pairs], dtype=float).reshape(-1, 3),
            np.array([p.size for p, _ in pairs], dtype=float).reshape(-1, 3),
            np.array([p.yaw for p, _ in pairs], dtype=float),
            np.array([p.rgb for p, _ in pairs], dtype=np.uint8).reshape(-1, 3),
            np.array([p.material for p, _ in pairs], dtype=np.uint8),
            np.array([o for _, o in pairs], dtype=np.int32),
        )

    def select(self, index: NDArray[np.bool_] | NDArray[np.intp]) -> Solids:
        """The primitives chosen by a mask (M,) or by indices."""
        return Solids(
            self.kind[index],
            self.center[index],
            self.size[index],
            self.yaw[index],
            self.rgb[index],
            self.material[index],
            self.owner[index],
        )

    def moved(self, yaw: float, offset: ArrayLike) -> Solids:
        """All primitives turned by `yaw` (rad) about the origin, then shifted by `offset` (3,)."""
        c, s = np.cos(yaw), np.sin(yaw)
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        return replace(self, center=self.center @ turn.T + np.asarray(offset, dtype=float), yaw=self.yaw + yaw)

    def distance(self, points: ArrayLike, index: int) -> NDArray[np.float64]:
        """Unsigned distance (N,) of points (N, 3) to the surface of primitive `index` (first order for curved ones)."""
        local = np.asarray(points, dtype=float) - self.center[index]
        c, s = np.cos(self.yaw[index]), np.sin(self.yaw[index])
        local = np.stack([c * local[:, 0] + s * local[:, 1], c * local[:, 1] - s * local[:, 0], local[:, 2]], axis=1)
        half = self.size[index] / 2
        if self.kind[index] == ELLIPSOID:
            return _ellipsoid_distance(local, half)
        if self.kind[index] == CYLINDER:
            radial = _ellipsoid_signed(local[:, :2], half[:2])
            return np.abs(_join(radial[:, None], np.abs(local[:, 2:]) - half[2]))
        return np.abs(_join(np.abs(local) - half))


def _join(*gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Signed distance from per-axis signed gaps: Euclidean outside, the nearest face inside."""
    stacked = np.concatenate(gaps, axis=1)
    outside = np.linalg.norm(np.maximum(stacked, 0.0), axis=1)
    return outside + np.minimum(stacked.max(axis=1), 0.0)


def _ellipsoid_signed(local: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    level = np.linalg.norm(local / half, axis=1)
    slope = np.linalg.norm(local / half**2, axis=1)
    return (level - 1.0) * level / np.maximum(slope, 1e-9)


def _ellipsoid_distance(local: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(_ellipsoid_signed(local, half))
