"""A virtual RGB-D camera: depth along the optical axis and flat-shaded colour, registered to each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from spatial_perception.errors import ConfigError
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.simulation.apartment import Home
from spatial_perception.simulation.poses import Pose
from spatial_perception.simulation.raycast import Float, Hits, cast_grid, cast_level
from spatial_perception.simulation.solids import DARK, GLASS, MIRROR, Solids
from spatial_perception.simulation.surfaces import normals, shaded

OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Axes of the optical frame (x right, y down, z forward) in a body frame with x forward, y left, z up (REP-103)."""
SKY = (205, 220, 235)


@dataclass(frozen=True, slots=True)
class DepthCameraModel:
    """A pinhole camera of `width` x `height` pixels with focal lengths and principal point in pixels.

    The depth noise has standard deviation noise + noise_growth * depth^2 (m), as of stereo and structured light; `dropout` is
    the chance that a pixel has no depth, `edge_dropout` that one beside a depth step has none, and surfaces seen at a cosine
    below `grazing` have none either. Depth outside [range_min, range_max] (m) is 0.
    """

    width: int = 640
    height: int = 480
    fx: float = 525.0
    fy: float = 525.0
    cx: float = 319.5
    cy: float = 239.5
    range_min: float = 0.3
    range_max: float = 8.0
    noise: float = 0.001
    noise_growth: float = 0.0015
    dropout: float = 0.005
    edge_dropout: float = 0.4
    grazing: float = 0.08

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or min(self.fx, self.fy) <= 0:
            raise ConfigError("a camera needs width and height of at least 1 pixel and positive focal lengths")
        if min(self.noise, self.noise_growth) < 0 or not 0 <= self.range_min < self.range_max:
            raise ConfigError("a camera needs noise >= 0 and 0 <= range_min < range_max")

    @property
    def intrinsics(self) -> NDArray[np.float64]:
        """The camera matrix K (3, 3)."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def rays(self) -> Float:
        """Per pixel (height, width, 3) the point at depth 1 m in the optical frame."""
        u = (np.arange(self.width) - self.cx) / self.fx
        v = (np.arange(self.height) - self.cy) / self.fy
        return np.stack([*np.meshgrid(u, v), np.ones((self.height, self.width))], axis=-1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class DepthFrame:
    """One picture: `depth` (H, W) float32 m along the optical axis (0 = none), `rgb` (H, W, 3) uint8, `owner` (H, W) of
    each pixel (index into Home.owners, -1 = nothing), camera matrix `intrinsics` (3, 3), `pose` of the optical frame in
    the home, `stamp`."""

    depth: Float
    rgb: NDArray[np.uint8]
    owner: NDArray[np.int32]
    intrinsics: NDArray[np.float64]
    pose: Pose
    stamp: float

    def cloud(self, frame_id: str = "camera_optical") -> PointCloud:
        """The pixels that have depth as points of the optical frame."""
        v, u = np.nonzero(self.depth)
        z = self.depth[v, u]
        x = (u - self.intrinsics[0, 2]) / self.intrinsics[0, 0] * z
        y = (v - self.intrinsics[1, 2]) / self.intrinsics[1, 1] * z
        return PointCloud(np.stack([x, y, z], axis=1).astype(np.float32), self.rgb[v, u], frame_id, self.stamp)


def optical_pose(body: Pose) -> Pose:
    """The pose of the optical frame of a camera that looks along the x axis of `body`."""
    return Pose.of_matrix(body.rotation @ OPTICAL, body.position)


def capture(home: Home, pose: Pose, model: DepthCameraModel, rng: Generator, *, stamp: float = 0.0) -> DepthFrame:
    """One picture taken at `pose`, the optical frame in the frame of the home."""
    opaque, glass = trace_image(home.solids, pose, model)
    behind = glass.distance < opaque.distance
    normal, facing = _surface(home.solids, opaque, pose, model)
    rgb = np.full((model.height, model.width, 3), SKY, dtype=np.uint8)
    met = opaque.index >= 0
    rgb[met] = shaded(home.solids, opaque.index[met], normal[met])
    depth = _sensed(np.where(behind, np.inf, opaque.distance).astype(np.float32), model, rng)
    depth[(facing < model.grazing) | _faded(home.solids, opaque.index, rng)] = 0.0
    owner = np.where(met, home.solids.owner[opaque.index], -1).astype(np.int32)
    return DepthFrame(depth, rgb, owner, model.intrinsics, pose, stamp)


def trace_image(solids: Solids, pose: Pose, model: DepthCameraModel) -> tuple[Hits, Hits]:
    """True depth (H, W) in metres and hit solids: of what is opaque, and of glass panes."""
    glass = solids.material == GLASS
    return _trace(solids, np.flatnonzero(~glass), pose, model), _trace(solids, np.flatnonzero(glass), pose, model)


def _trace(solids: Solids, chosen: NDArray[np.intp], pose: Pose, model: DepthCameraModel) -> Hits:
    part = solids.select(chosen)
    rotation = pose.rotation
    if rotation[2, 1] < -1 + 1e-9:
        u = (np.arange(model.width) - model.cx) / model.fx
        plan = rotation[:2, 2] + u[:, None] * rotation[:2, 0]
        slopes = (model.cy - np.arange(model.height)[::-1]) / model.fy
        hits = cast_level(part, pose.position, plan, slopes)
        hits = Hits(hits.distance[::-1], hits.index[::-1])
    else:
        hits = cast_grid(part, pose.position, model.rays @ rotation.T.astype(np.float32))
    index = np.where(hits.index >= 0, chosen[hits.index] if len(chosen) else -1, -1)
    return Hits(hits.distance, index.astype(np.int32))


def _surface(solids: Solids, hits: Hits, pose: Pose, model: DepthCameraModel) -> tuple[Float, Float]:
    """Normals (H, W, 3), and the cosine (H, W) between view and normal; 0 and 1 where nothing was met."""
    met = hits.index >= 0
    rays = (model.rays[met] @ pose.rotation.T).astype(np.float32)
    points = rays * hits.distance[met][:, None] + np.asarray(pose.position, dtype=np.float32)
    normal = np.zeros((*met.shape, 3), dtype=np.float32)
    facing = np.ones(met.shape, dtype=np.float32)
    normal[met] = normals(solids, hits.index[met], points)
    facing[met] = np.abs(np.einsum("nd,nd->n", rays, normal[met])) / np.linalg.norm(rays, axis=1)
    return normal, facing


def _sensed(depth: Float, model: DepthCameraModel, rng: Generator) -> Float:
    """Depth with noise, holes and edge losses; 0 where there is none."""
    spread = model.noise + model.noise_growth * np.where(np.isfinite(depth), depth, 0.0) ** 2
    noisy = depth + rng.standard_normal(depth.shape, dtype=np.float32) * spread
    lost = rng.random(depth.shape, dtype=np.float32) < np.where(_edges(depth), model.edge_dropout, model.dropout)
    valid = (noisy >= model.range_min) & (noisy <= model.range_max) & ~lost
    return np.where(valid, noisy, 0.0).astype(np.float32)


def _edges(depth: Float) -> NDArray[np.bool_]:
    """Pixels next to a step of more than 5 % of the depth."""
    flat = np.where(np.isfinite(depth), depth, np.float32(1e3))
    edge = np.zeros(depth.shape, dtype=bool)
    across = np.abs(np.diff(flat, axis=1)) > 0.05 * flat[:, 1:]
    down = np.abs(np.diff(flat, axis=0)) > 0.05 * flat[1:]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge


def _faded(solids: Solids, index: NDArray[np.int32], rng: Generator) -> NDArray[np.bool_]:
    """Pixels on mirrors and dark screens that give no depth."""
    weak = np.zeros(len(solids) + 1, dtype=np.float32)
    weak[:-1][solids.material == MIRROR] = 0.9
    weak[:-1][solids.material == DARK] = 0.5
    return np.asarray(rng.random(index.shape, dtype=np.float32) < weak[index])
