"""What a ray finds where it ends: the normal of the surface, its colour, and what glass did to the ray."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial_perception.simulation.raycast import Float
from spatial_perception.simulation.solids import BOX, CYLINDER, Solids

LIGHT = np.array([0.35, 0.25, 0.9]) / np.linalg.norm([0.35, 0.25, 0.9])


def normals(solids: Solids, index: NDArray[np.int32], points: Float) -> Float:
    """Unit surface normals (N, 3) at points (N, 3) on the solids `index` (N,), pointing outwards."""
    c, s = np.cos(solids.yaw)[index].astype(np.float32), np.sin(solids.yaw)[index].astype(np.float32)
    away = points - solids.center.astype(np.float32)[index]
    half = (solids.size / 2).astype(np.float32)[index]
    local = np.stack([c * away[:, 0] + s * away[:, 1], c * away[:, 1] - s * away[:, 0], away[:, 2]], axis=1)
    local = local.astype(np.float32)
    found = _local_normals(solids.kind[index], (local / half).astype(np.float32), half)
    turned = [c * found[:, 0] - s * found[:, 1], s * found[:, 0] + c * found[:, 1], found[:, 2]]
    return np.stack(turned, axis=1)


def _local_normals(kind: NDArray[np.uint8], relative: Float, half: Float) -> Float:
    """Normals from positions relative to the half sizes: the nearest face of boxes, the gradient of curved ones."""
    flat = np.zeros_like(relative)
    # In metres, not in relative units: long thin boxes would get the wrong face near their edges.
    nearest = np.argmin(np.abs(1.0 - np.abs(relative)) * half, axis=1)
    rows = np.arange(len(relative))
    flat[rows, nearest] = np.sign(relative[rows, nearest])
    curved = relative / half
    curved[kind == CYLINDER, 2] = 0.0
    curved /= np.maximum(np.linalg.norm(curved, axis=1, keepdims=True), 1e-9)
    caps = np.zeros_like(relative)
    caps[:, 2] = np.sign(relative[:, 2])
    on_cap = (kind == CYLINDER) & _on_cap(relative, half)
    return np.where((kind == BOX)[:, None], flat, np.where(on_cap[:, None], caps, curved))


def _on_cap(relative: Float, half: Float) -> NDArray[np.bool_]:
    """Whether a point on a cylinder lies on an end rather than on the mantle."""
    to_cap = np.abs(1.0 - np.abs(relative[:, 2])) * half[:, 2]
    to_side = np.abs(1.0 - np.hypot(relative[:, 0], relative[:, 1])) * np.minimum(half[:, 0], half[:, 1])
    return to_cap < to_side


def shaded(solids: Solids, index: NDArray[np.int32], normal: Float) -> NDArray[np.uint8]:
    """Colours (N, 3) under a fixed soft light, the same for every sensor pose."""
    bright = 0.72 + 0.28 * np.abs(normal @ LIGHT.astype(np.float32))
    return np.clip(solids.rgb[index] * bright[:, None], 0, 255).astype(np.uint8)
