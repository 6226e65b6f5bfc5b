"""Virtual laser scanners: a stationary one that sees the full sphere, and spinning ones as robots carry them."""

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

STEEPEST = np.radians(89.0)
"""Beams closer to the vertical than 1 degree have no slope in float32; scanners do not emit them either."""


@dataclass(frozen=True, slots=True)
class LidarModel:
    """A scanner with `rings` beams between `lowest` and `highest` (rad above the horizon) and `columns` shots per turn.

    `noise` is the standard deviation of the range (m), `dropout` the chance that a return is lost, `mixed` the chance that a
    return on an edge lies between foreground and background, `outliers` the chance of a return at a random range,
    `glass_return` the chance that glass itself answers, `glass_pass` that the beam goes through and comes back.
    """

    rings: int
    lowest: float
    highest: float
    columns: int
    range_min: float = 0.3
    range_max: float = 40.0
    noise: float = 0.01
    dropout: float = 0.01
    mixed: float = 0.15
    outliers: float = 0.0
    glass_return: float = 0.04
    glass_pass: float = 0.35
    grazing: float = 0.03

    def __post_init__(self) -> None:
        if self.rings < 1 or self.columns < 4 or not -STEEPEST <= self.lowest <= self.highest <= STEEPEST:
            raise ConfigError(
                "a lidar needs at least 1 ring, 4 columns and elevations within +-89 degrees, lowest first"
            )
        if self.noise < 0 or self.range_min < 0 or self.range_max <= self.range_min:
            raise ConfigError("a lidar needs noise >= 0 and 0 <= range_min < range_max")

    @classmethod
    def terrestrial(cls, columns: int = 800, noise: float = 0.01) -> LidarModel:
        """A stationary scanner on a tripod, down to 60 degrees below the horizon; rows as dense as columns."""
        rings = max(2, round(columns * 148 / 360))
        return cls(rings, np.radians(-60.0), np.radians(88.0), columns, noise=noise)

    @classmethod
    def spinning(cls, rings: int = 32, columns: int = 1024, noise: float = 0.01) -> LidarModel:
        """A robot's scanner with a field of view of +-22.5 degrees."""
        return cls(rings, np.radians(-22.5), np.radians(22.5), columns, noise=noise, range_max=30.0)

    @classmethod
    def dome(cls, rings: int = 64, columns: int = 3125, noise: float = 0.01) -> LidarModel:
        """A robot's wide scanner, -25 to +65 degrees; 200,000 beams per turn by default."""
        return cls(rings, np.radians(-25.0), np.radians(65.0), columns, noise=noise, range_max=30.0)

    @property
    def elevations(self) -> NDArray[np.float64]:
        """Elevation (rings,) of each ring (rad), ascending."""
        return np.linspace(self.lowest, self.highest, self.rings)

    @property
    def azimuths(self) -> NDArray[np.float64]:
        """Azimuth (columns,) of each shot (rad) about the sensor's z axis, ascending from -pi."""
        return -np.pi + 2 * np.pi * np.arange(self.columns) / self.columns

    @property
    def directions(self) -> Float:
        """Unit beam directions (rings, columns, 3) in the sensor's axes."""
        flat, up = np.cos(self.elevations)[:, None], np.sin(self.elevations)[:, None]
        azimuth = self.azimuths[None, :]
        turn = [flat * np.cos(azimuth), flat * np.sin(azimuth), np.broadcast_to(up, (self.rings, self.columns))]
        return np.stack(turn, axis=-1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class LidarScan:
    """One turn of a scanner: `cloud` in the sensor's axes, its `pose` in the home, and per point the owner (N,) that it lies
    on (an index into Home.owners, -1 for outliers) and its `ring` (N,)."""

    cloud: PointCloud
    pose: Pose
    owner: NDArray[np.int32]
    ring: NDArray[np.uint16]

    @property
    def in_home(self) -> PointCloud:
        """The cloud in the frame of the home."""
        return self.cloud.with_xyz(self.pose.apply(self.cloud.xyz))


def scan(
    home: Home,
    pose: Pose,
    model: LidarModel,
    rng: Generator,
    *,
    colour: bool = True,
    stamp: float = 0.0,
    frame_id: str = "lidar",
) -> LidarScan:
    """One turn of a scanner at `pose` (sensor in the frame of the home)."""
    hits = _through_glass(home.solids, *trace(home.solids, pose, model), model, rng)
    seen = np.where((hits.distance > model.range_min) & (hits.distance < model.range_max), hits.distance, np.inf)
    ranges, index = _disturbed(seen.astype(np.float32), hits.index, model, rng)
    rows, columns = np.nonzero(np.isfinite(ranges))
    index = index[rows, columns]
    beams = model.directions[rows, columns]
    xyz = beams * ranges[rows, columns, None]
    rgb, keep = _returns(home.solids, index, beams, xyz, pose, model, rng, colour)
    owner = np.where(index >= 0, home.solids.owner[index], -1).astype(np.int32)
    cloud = PointCloud(xyz[keep], None if rgb is None else rgb[keep], frame_id, stamp)
    return LidarScan(cloud, pose, owner[keep], rows[keep].astype(np.uint16))


def trace(solids: Solids, pose: Pose, model: LidarModel) -> tuple[Hits, Hits]:
    """True ranges (rings, columns) in metres and hit solids: of what is opaque, and of glass panes."""
    glass = solids.material == GLASS
    return _trace(solids, np.flatnonzero(~glass), pose, model), _trace(solids, np.flatnonzero(glass), pose, model)


def _trace(solids: Solids, chosen: NDArray[np.intp], pose: Pose, model: LidarModel) -> Hits:
    part = solids.select(chosen)
    if pose.rotation[2, 2] > 1 - 1e-9:
        azimuth = model.azimuths + pose.yaw
        plan = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
        hits = cast_level(part, pose.position, plan, np.tan(model.elevations))
        distance = hits.distance / np.cos(model.elevations).astype(np.float32)[:, None]
    else:
        beams = model.directions.reshape(-1, 3) @ pose.rotation.T.astype(np.float32)
        hits = cast_grid(part, pose.position, beams.reshape(model.rings, model.columns, 3))
        distance = hits.distance
    index = np.where(hits.index >= 0, chosen[hits.index] if len(chosen) else -1, -1)
    return Hits(distance, index.astype(np.int32))


def _through_glass(solids: Solids, opaque: Hits, glass: Hits, model: LidarModel, rng: Generator) -> Hits:
    """Let each beam that meets glass come back from the pane, from behind it, or not at all."""
    met = np.flatnonzero((glass.distance < opaque.distance).ravel())
    fate = rng.random(len(met))
    distance, index = opaque.distance.ravel().copy(), opaque.index.ravel().copy()
    back = met[fate < model.glass_return]
    distance[back], index[back] = glass.distance.ravel()[back], glass.index.ravel()[back]
    lost = met[fate >= model.glass_return + model.glass_pass]
    distance[lost], index[lost] = np.inf, -1
    return Hits(distance.reshape(opaque.distance.shape), index.reshape(opaque.index.shape))


def _disturbed(
    ranges: Float, index: NDArray[np.int32], model: LidarModel, rng: Generator
) -> tuple[Float, NDArray[np.int32]]:
    """Ranges with edge effects, outliers and noise."""
    ranges, index = _mix_edges(ranges, index, model.mixed, rng)
    valid = np.flatnonzero(np.isfinite(ranges.ravel()))
    flat = ranges.ravel()
    flat[valid] += (rng.standard_normal(len(valid), dtype=np.float32) * np.float32(model.noise)).astype(np.float32)
    if model.outliers > 0:
        wild = valid[rng.random(len(valid)) < model.outliers]
        flat[wild] = rng.uniform(model.range_min, np.maximum(flat[wild] * 1.3, model.range_min + 0.1)).astype(
            np.float32
        )
        index.ravel()[wild] = -1
    lost = valid[rng.random(len(valid), dtype=np.float32) < model.dropout]
    flat[lost] = np.inf
    return flat.reshape(ranges.shape), index


def _mix_edges(
    ranges: Float, index: NDArray[np.int32], chance: float, rng: Generator
) -> tuple[Float, NDArray[np.int32]]:
    """Beams that are split by an edge return a range between both surfaces (mixed pixels)."""
    ranges, index = ranges.copy(), index.copy()
    if chance <= 0:
        return ranges, index
    beside = np.roll(ranges, -1, axis=1)
    with np.errstate(invalid="ignore"):
        step = np.abs(ranges - beside)
    edges = np.flatnonzero((np.isfinite(step) & (step > 0.15) & (step < 2.0)).ravel())
    edges = edges[rng.random(len(edges)) < chance]
    share = rng.random(len(edges), dtype=np.float32)
    flat = ranges.ravel()
    flat[edges] = share * flat[edges] + (1 - share) * beside.ravel()[edges]
    index.ravel()[edges] = -1
    return ranges, index


def _returns(
    solids: Solids,
    index: NDArray[np.int32],
    beams: Float,
    xyz: Float,
    pose: Pose,
    model: LidarModel,
    rng: Generator,
    colour: bool,
) -> tuple[NDArray[np.uint8] | None, NDArray[np.bool_]]:
    """Colours of the returns, and which of them are strong enough: mirrors, dark screens and grazing beams fade."""
    weak = np.zeros(len(solids) + 1, dtype=np.float32)
    weak[:-1][solids.material == MIRROR] = 0.75
    weak[:-1][solids.material == DARK] = 0.35
    keep = rng.random(len(index), dtype=np.float32) >= weak[index]
    if not colour and model.grazing <= 0:
        return None, keep
    rotation = pose.rotation.astype(np.float32)
    points = xyz @ rotation.T + np.asarray(pose.position, dtype=np.float32)
    normal = normals(solids, index, points)
    facing = np.abs(np.einsum("nd,nd->n", beams @ rotation.T, normal))
    keep &= (facing >= model.grazing) | (index < 0)
    return (shaded(solids, index, normal) if colour else None), keep
