"""From a cloud to the tensor that the encoder reads, and from bins back to metres in the frame of the cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Entity, Layout, Vec3, vec3
from spatial_perception.layout.quantization import dequantise
from spatial_perception.layout.text import collect, format_layout
from spatial_perception.layout.transforms import translate
from spatial_perception.models.spatiallm.config import WORLD_EXTENT
from spatial_perception.models.spatiallm.core import core_mask, lone_mask
from spatial_perception.models.spatiallm.findings import fitting, in_bins
from spatial_perception.models.spatiallm.order import in_order, numbered
from spatial_perception.models.spatiallm.settings import SpatialLMSettings
from spatial_perception.pointcloud.alignment import Alignment, align, upright_rotation
from spatial_perception.pointcloud.cleaning import remove_non_finite, statistical_inliers
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.columns import highest, lowest
from spatial_perception.pointcloud.sampling import grid_sample, voxel_means

MIN_POINTS = 64
MIN_YAW = 2e-3  # rad; smaller turns are within the error of their estimate
NEIGHBOURS, STD_RATIO = 15, 2.0
_FURTHEST = 2.0  # m between parts of a home
STRAYS, STRAY_MARGIN = 0.01, 4.0  # share of the points at either end of an axis; m beyond the others
CANVAS_SLACK = 0.25  # m that points may lie below the first bin
CANVAS_OUTSIDE = 0.03  # share of the points that may lie elsewhere
UNMOVED = Alignment(upright_rotation((0.0, 0.0, 1.0)), upright_rotation((0.0, 0.0, 1.0)))
CANVAS_YAW = np.radians(2.0)  # rad between the headings of canvas and cloud, modulo quarter turns


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where bins lie: `alignment` of the cloud, `origin` (m) of bin 0 in the aligned frame, bins per axis.

    With the canvas of an earlier cloud, an unchanged room gives unchanged text while the map grows.
    """

    alignment: Alignment
    origin: Vec3
    num_bins: int
    centred: bool = True

    def fits(self, alignment: Alignment, xyz: NDArray[Any]) -> bool:
        """Whether the bins still suit a cloud of this alignment whose points, aligned as the canvas is, are these (N, 3).

        A few stray points are no reason to move every bin: they fall into the outermost ones.
        """
        yaw = abs((alignment.yaw - self.alignment.yaw + pi / 4) % (pi / 2) - pi / 4)
        same = np.array_equal(alignment.upright, self.alignment.upright) and alignment.scale == self.alignment.scale
        low = np.asarray(self.origin)
        outside = np.any((xyz < low - CANVAS_SLACK) | (xyz >= low + WORLD_EXTENT), axis=1)
        kept = same and yaw < CANVAS_YAW and alignment.frame_id == self.alignment.frame_id
        return bool(kept and outside.mean() <= CANVAS_OUTSIDE)

    def to_metres(self, entity: Entity) -> Entity:
        """An entity in bins to metres in the frame of the cloud."""
        found = dequantise(collect([entity]), self.num_bins, centred=self.centred)
        (restored,) = self.alignment.restore(translate(found, self.origin))
        return restored

    def beginning_at(self, low: ArrayLike) -> Canvas:
        """A canvas for a part of the aligned cloud whose least coordinates (3,) are `low`: its bins fall onto these bins."""
        edge, origin = WORLD_EXTENT / self.num_bins, np.asarray(self.origin)
        first = np.floor((np.asarray(low, np.float64) - origin) / edge)
        return Canvas(UNMOVED, vec3(origin + first * edge), self.num_bins, self.centred)

    def to_text(self, layout: Layout) -> str:
        """A layout in metres, in the frame of the cloud, as text in bins: a draft of what the model may write.

        Entities outside of the canvas are cut to its border.
        """
        placed = in_bins(self.alignment.apply_layout(layout), self.origin, self.num_bins)
        return format_layout(placed, integers=True)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A cloud ready for the encoder: `tensor` (N, 9), the canvas that its bins refer to, remarks for people, and what
    another estimator found (m, in the aligned frame) for models that read it."""

    tensor: NDArray[np.float64]
    canvas: Canvas
    notes: tuple[str, ...] = ()
    findings: Layout | None = None

    def knowing(self, findings: Layout | None) -> Prepared:
        """The same with findings, in the order in which layouts are written."""
        return self if findings is None else replace(self, findings=numbered(fitting(in_order(findings))))


def clean_points(
    xyz: NDArray[Any], rgb: NDArray[np.uint8] | None, voxel: float, *, lattice: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.uint8] | None]:
    """Mean point and colour per voxel of edge `voxel` (m), without statistical outliers: the reference's cleaning.

    With `lattice` voxels do not move while a cloud grows, which the reference's do.
    """
    means, colours = voxel_means(xyz, None if rgb is None else rgb / 255.0, voxel, lattice=lattice)
    kept = statistical_inliers(means, NEIGHBOURS, STD_RATIO, compat=True)
    # the reference cuts colours off instead of rounding them
    return means[kept], None if colours is None else (colours[kept] * 255.0).astype(np.uint8)


def cloud_tensor(
    xyz: NDArray[Any],
    rgb: NDArray[np.uint8] | None,
    num_bins: int,
    origin: Vec3 | None = None,
    *,
    cleanup: bool = False,
    compat: bool = True,
    generator: np.random.Generator | None = None,
) -> tuple[NDArray[np.float64], Vec3]:
    """The tensor (N, 9) of points (N, 3) in metres, and the origin of its bins: the least coordinates unless given.

    With `cleanup` the points are cleaned before. `compat` chooses voxels and points exactly as the reference, else in a
    way that stays the same in one place whatever is added in another. `generator` draws the point that stands for a
    voxel, as in the published training; without it the choice is fixed. Raises CloudError where cleaning leaves nothing.
    """
    points = np.asarray(xyz, np.float64)
    if cleanup:
        points, rgb = clean_points(points, rgb, WORLD_EXTENT / num_bins, lattice=not compat)
    if not len(points):
        raise CloudError("no point is left after cleaning; switch cleanup off or map more of the scene")
    low = vec3(lowest(points).tolist()) if origin is None else origin
    return grid_sample(points, rgb, num_bins, generator, low, local=not compat), low


def without_strays(cloud: PointCloud, edge: float) -> tuple[PointCloud, int]:
    """The cloud within a cube of `edge` (m), and how many points were left out, if nearly all of them fit into one.

    A scanner sees far through a window: a few points must not make a room too large for the model. Larger places are
    returned as they are.
    """
    low, high = lowest(cloud.xyz), highest(cloud.xyz)
    if (high - low).max() <= edge:
        return cloud, 0
    first, last = np.quantile(cloud.xyz, (STRAYS, 1.0 - STRAYS), axis=0)
    spare = np.minimum(STRAY_MARGIN, (edge - (last - first)) / 2)
    if spare.min() <= 0.0:
        return cloud, 0
    inside = np.all((cloud.xyz >= first - spare) & (cloud.xyz <= last + spare), axis=1)
    return cloud.select(inside), int(len(cloud) - inside.sum())


def prepare_cloud(
    cloud: PointCloud, settings: SpatialLMSettings, canvas: Canvas | None = None
) -> tuple[PointCloud, Alignment, tuple[str, ...]]:
    """The cloud without non-finite points, aligned; the alignment; remarks. Raises CloudError below 64 points.

    The alignment is that of `canvas` where it fits the cloud, so that small changes do not turn everything a little.
    """
    finite, dropped = remove_non_finite(cloud)
    if len(finite) < MIN_POINTS:
        raise CloudError(f"the cloud has {len(finite)} usable points, at least {MIN_POINTS} are needed; map more of it")
    notes: tuple[str, ...] = (f"{dropped} points were not finite and were left out",) if dropped else ()
    if not settings.compat and settings.scale == "keep":
        finite, strays = without_strays(finite, settings.max_extent)
        notes += (f"{strays} stray points far from all others were left out",) if strays else ()
    aligned, alignment = align(finite, settings.up, settings.align_yaw, settings.scale)
    if 0.0 < abs(alignment.yaw) < MIN_YAW:
        aligned, alignment = align(finite, settings.up, False, settings.scale)
    if canvas is not None:
        kept = canvas.alignment.apply(finite)
        if canvas.fits(alignment, kept.xyz):
            return _core(kept, settings), canvas.alignment, notes
    return _core(aligned, settings), alignment, notes


def _core(aligned: PointCloud, settings: SpatialLMSettings) -> PointCloud:
    if not settings.core:
        return aligned
    home = aligned.select(np.flatnonzero(~lone_mask(aligned.xyz)))
    return home.select(np.flatnonzero(core_mask(home.xyz, _FURTHEST)))


def prepare(
    aligned: PointCloud,
    alignment: Alignment,
    num_bins: int,
    settings: SpatialLMSettings,
    canvas: Canvas | None = None,
    whole: Canvas | None = None,
) -> Prepared:
    """Clean an aligned cloud and sample it to the grid of `canvas`, or to one that begins at its least coordinates.

    The canvas counts only where its alignment is the one given: bins of another heading would mean other places. For a
    part of a larger cloud, `whole` is the canvas of all of it, onto whose bins those of the part fall.
    """
    xyz, rgb, cleanup = aligned.xyz, aligned.rgb, settings.cleanup
    canvas = canvas if canvas is not None and canvas.alignment is alignment else None
    if whole is not None:
        if cleanup:
            points, rgb = clean_points(xyz.astype(np.float64), rgb, WORLD_EXTENT / num_bins, lattice=True)
            xyz, cleanup = points, False  # type: ignore[assignment]
        canvas = whole.beginning_at(lowest(xyz)) if len(xyz) else None
    origin = None if canvas is None else canvas.origin
    tensor, origin = cloud_tensor(xyz, rgb, num_bins, origin, cleanup=cleanup, compat=settings.compat)
    return Prepared(tensor, canvas or Canvas(alignment, origin, num_bins, settings.centred))


def thin(tensor: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    """One row per block of `factor` cells along each axis, the first in row order: less memory, same bins."""
    blocks = tensor[:, :3].astype(np.int64) // factor
    _, first = np.unique(blocks, axis=0, return_index=True)
    return tensor[np.sort(first)]
