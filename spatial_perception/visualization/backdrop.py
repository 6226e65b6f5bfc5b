"""Clouds as pictures: thinned without chance, cut below the ceiling, rasterised so that 30 M points cost one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.visualization.palette import blend, rgb

MAX_POINTS = 1_500_000
_LOW, _HIGH = rgb("#dfe5ea"), rgb("#41566b")


@dataclass(frozen=True)
class Backdrop:
    """Points to draw: `xyz` (N, 3) float64 metres and `colour` (N, 3) float in [0, 1]."""

    xyz: NDArray[np.float64]
    colour: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.xyz)

    def select(self, mask: NDArray[np.bool_]) -> Backdrop:
        """The points where `mask` (N,) is true."""
        return Backdrop(self.xyz[mask], self.colour[mask])


def thin(count: int, limit: int) -> NDArray[np.intp]:
    """At most `limit` indices out of `count`: one from each of `limit` equal strata, drawn with a fixed seed.

    Strata instead of a plain stride, because a stride aliases with the rows of organised clouds.
    """
    if count <= limit:
        return np.arange(count)
    edges = np.linspace(0, count, limit + 1)
    jitter = np.random.default_rng(0).random(limit)
    return np.minimum(edges[:-1] + jitter * np.diff(edges), count - 1).astype(np.intp)


def prepare(cloud: PointCloud, offset: NDArray[np.float64], limit: int = MAX_POINTS) -> Backdrop:
    """Finite points of a cloud relative to `offset` (3,), at most `limit`, coloured by rgb or else by height."""
    index = thin(len(cloud), limit)
    index = index[np.isfinite(cloud.xyz[index]).all(axis=1)]
    xyz = cloud.xyz[index].astype(np.float64) + (np.asarray(cloud.origin) - offset)
    colour = cloud.rgb[index] / 255.0 if cloud.rgb is not None and _has_colour(cloud.rgb[index]) else by_height(xyz)
    return Backdrop(xyz, colour)


def _has_colour(values: NDArray[np.uint8]) -> bool:
    return len(values) > 0 and int(np.ptp(values.reshape(-1))) > 8


def by_height(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours (N, 3) from light at the floor to slate at the top of the points (N, 3)."""
    if not len(xyz):
        return np.zeros((0, 3))
    low, high = np.percentile(xyz[:, 2], [2, 98])
    share = np.clip((xyz[:, 2] - low) / max(high - low, 1e-6), 0, 1)[:, None]
    return np.asarray(_LOW) * (1 - share) + np.asarray(_HIGH) * share


def height_range(backdrop: Backdrop, floor: float | None, height: float | None) -> tuple[float, float]:
    """Lowest and highest z (m) to show, so that floor and furniture stay and the ceiling goes."""
    if not len(backdrop):
        return 0.0, 0.0
    low, high = (float(v) for v in np.percentile(backdrop.xyz[:, 2], [0.5, 99.5]))
    bottom = low if floor is None else floor
    tall = high - bottom if height is None else height
    return bottom - 0.25, bottom + (0.88 * tall if tall > 1.2 else tall + 0.25)


def inside(backdrop: Backdrop, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Backdrop:
    """The points within an axis-aligned box; `lower` and `upper` are (3,) metres."""
    within = (backdrop.xyz >= lower) & (backdrop.xyz <= upper)
    return backdrop.select(np.asarray(within.all(axis=1)))


@dataclass(frozen=True)
class Raster:
    """A picture (H, W, 4) float in [0, 1], rows from the top, that covers `extent` = (left, right, bottom, top)."""

    pixels: NDArray[np.float64]
    extent: tuple[float, float, float, float]


def dot_radius(area: float, count: int, pixel: float) -> int:
    """Radius in pixels, 0 to 2, at which `count` dots spread over an area (m^2) nearly touch."""
    side = np.sqrt(1.2 * area / max(count, 1)) / pixel
    return int(np.clip(round((side - 1) / 2), 0, 2))


def splat(
    uv: NDArray[np.float64],
    depth: NDArray[np.float64],
    colour: NDArray[np.float64],
    extent: tuple[float, float, float, float],
    pixel: float,
    radius: int = 0,
) -> Raster:
    """Draw points as squares of 2 * radius + 1 pixels; of several in one pixel the one with the largest `depth` stays.

    `uv` (N, 2) are plane coordinates in the unit of `extent` and `pixel`, `depth` (N,) grows towards the viewer.
    """
    left, right, bottom, top = extent
    width, height = (max(int(np.ceil(span / pixel)), 1) for span in (right - left, top - bottom))
    order = np.argsort(depth, kind="stable")
    column = np.floor((uv[order, 0] - left) / pixel).astype(np.intp)
    row = np.floor((top - uv[order, 1]) / pixel).astype(np.intp)
    winner = np.full(height * width, -1, dtype=np.intp)
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            r, c = row + dy, column + dx
            seen = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            np.maximum.at(winner, r[seen] * width + c[seen], np.flatnonzero(seen))
    pixels = np.zeros((height * width, 4))
    filled = winner >= 0
    pixels[filled, :3] = colour[order[winner[filled]]]
    pixels[filled, 3] = 1.0
    return Raster(pixels.reshape(height, width, 4), extent)


def faded(raster: Raster, paper: str, weight: float) -> Raster:
    """The raster moved towards the colour of the paper by `weight` in [0, 1]."""
    pixels = raster.pixels.copy()
    pixels[..., :3] = np.asarray(blend((0.0, 0.0, 0.0), rgb(paper), weight)) + (1 - weight) * pixels[..., :3]
    return Raster(pixels, raster.extent)
