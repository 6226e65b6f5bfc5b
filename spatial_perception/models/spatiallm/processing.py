"""From a cloud to the tensor that the encoder reads, and from bins back to metres in the frame of the cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Entity, Layout, Vec3, vec3
from spatial_perception.layout.quantization import dequantise, quantise, step
from spatial_perception.layout.text import collect, format_layout
from spatial_perception.layout.transforms import rotate, translate
from spatial_perception.models.spatiallm.config import WORLD_EXTENT
from spatial_perception.models.spatiallm.settings import SpatialLMSettings
from spatial_perception.pointcloud.alignment import Alignment, align
from spatial_perception.pointcloud.cleaning import remove_non_finite, statistical_inliers
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.sampling import grid_sample, sample_grid_indices, voxel_means

MIN_POINTS = 64
MIN_YAW = 2e-3  # rad; smaller turns are within the error of their estimate
NEIGHBOURS, STD_RATIO = 15, 2.0


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where bins lie: `alignment` of the cloud, `origin` (m) of bin 0 in the aligned frame, bins per axis.

    With the canvas of an earlier cloud, an unchanged room gives unchanged text while the map grows.
    """

    alignment: Alignment
    origin: Vec3
    num_bins: int
    centred: bool = True

    def to_metres(self, entity: Entity) -> Entity:
        """An entity in bins to metres in the frame of the cloud."""
        found = dequantise(collect([entity]), self.num_bins, centred=self.centred)
        (restored,) = self.alignment.restore(translate(found, self.origin))
        return restored

    def to_text(self, layout: Layout) -> str:
        """A layout in metres, in the frame of the cloud, as text in bins: a draft of what the model may write.

        Entities outside of the canvas are cut to its border.
        """
        found = self.alignment
        shift = np.asarray(found.pivot) if found.keeps_frame else found.upright @ np.asarray(found.pivot)
        moved = translate(layout, [-float(value) for value in found.scale * shift])
        turned = rotate(moved, -found.yaw) if found.yaw else moved
        placed = translate(turned, [-value for value in self.origin])
        half = 0.5 * step("angle", self.num_bins)
        boxes = tuple(replace(box, yaw=box.yaw + half) for box in placed.boxes)  # yaws lie on edges of bins
        return format_layout(quantise(replace(placed, boxes=boxes), self.num_bins), integers=True)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cloud ready for the encoder: `tensor` (N, 9), the canvas that its bins refer to, remarks for people."""

    tensor: NDArray[np.float64]
    canvas: Canvas
    notes: tuple[str, ...] = ()


def clean_points(
    xyz: NDArray[Any], rgb: NDArray[np.uint8] | None, voxel: float
) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Mean point and colour per voxel of edge `voxel` (m), without statistical outliers: the reference's cleaning."""
    means, colours = voxel_means(xyz, None if rgb is None else rgb / 255.0, voxel)
    kept = statistical_inliers(means, NEIGHBOURS, STD_RATIO, compat=True)
    # the reference cuts colours off instead of rounding them
    return means[kept], None if colours is None else (colours[kept] * 255.0).astype(np.uint8)


def cloud_tensor(
    xyz: NDArray[Any], rgb: NDArray[np.uint8] | None, num_bins: int, origin: Vec3 | None = None
) -> tuple[NDArray[np.float64], Vec3]:
    """The tensor (N, 9) of points (N, 3) in metres, and the origin of its bins: the least coordinates unless given."""
    points = np.asarray(xyz, np.float64)
    if origin is None:
        return grid_sample(points, rgb, num_bins), vec3(points.min(axis=0))
    shifted = points - np.asarray(origin)
    cells = np.clip(np.floor(shifted * (num_bins / WORLD_EXTENT)).astype(np.int64), 0, num_bins - 1)
    chosen = sample_grid_indices(cells)
    colours = np.zeros((len(chosen), 3)) if rgb is None else rgb[chosen].astype(np.float64)
    return np.concatenate([cells[chosen], shifted[chosen], colours / 127.5 - 1.0], axis=1), origin


def prepare_cloud(cloud: PointCloud, settings: SpatialLMSettings) -> tuple[PointCloud, Alignment, tuple[str, ...]]:
    """The cloud without non-finite points, aligned; the alignment; remarks. Raises CloudError below 64 points."""
    finite, dropped = remove_non_finite(cloud)
    if len(finite) < MIN_POINTS:
        raise CloudError(f"the cloud has {len(finite)} usable points, at least {MIN_POINTS} are needed; map more of it")
    notes = (f"{dropped} points were not finite and were left out",) if dropped else ()
    aligned, alignment = align(finite, settings.up, settings.align_yaw, settings.scale)
    if 0.0 < abs(alignment.yaw) < MIN_YAW:
        aligned, alignment = align(finite, settings.up, False, settings.scale)
    return aligned, alignment, notes


def prepare(
    aligned: PointCloud,
    alignment: Alignment,
    num_bins: int,
    settings: SpatialLMSettings,
    canvas: Canvas | None = None,
) -> Prepared:
    """Clean an aligned cloud and sample it to the grid of `canvas`, or to one that begins at its least coordinates."""
    xyz, rgb = aligned.xyz.astype(np.float64), aligned.rgb
    if settings.cleanup:
        xyz, rgb = clean_points(xyz, rgb, WORLD_EXTENT / num_bins)
    if not len(xyz):
        raise CloudError("no point is left after cleaning; switch cleanup off or map more of the scene")
    tensor, origin = cloud_tensor(xyz, rgb, num_bins, None if canvas is None else canvas.origin)
    return Prepared(tensor, canvas or Canvas(alignment, origin, num_bins, settings.centred))


def thin(tensor: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """One row per block of `factor` cells along each axis, the first in row order: less memory, same bins."""
    blocks = tensor[:, :3].astype(np.int64) // factor
    _, first = np.unique(blocks, axis=0, return_index=True)
    return tensor[np.sort(first)]
