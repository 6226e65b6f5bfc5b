"""The rooms of a cloud, without any model: areas of the plan that walls divide.

Walls are looked for in a slice below the ceiling, above the lintels of most doors, where furniture is rare. What is left
open in that slice is one room wherever one can pass with a disc of `_PASSAGE` radius; every other cell of the home goes
to the room that it is nearest to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.plan_mask import Floats, Mask, PlanMask

_CELL = 0.1
_MOST_CELLS = 4_000_000
_SLICE = (0.45, 0.2)  # m below the top: most lintels are lower, ceilings with lamps and noise higher
_LEVEL = 0.05  # m
_STOREY = (1.8, 6.0)  # m, heights of storeys
_LAYER = 0.12  # m, half the thickness of floor and ceiling
_COLUMN = 0.5  # m, edge of the columns in which ceilings are looked for
_FEW, _SHARE = 3, 0.02  # points of a column, and share of them, that make a level
_CLOSE = 0.4  # m; holes in floor and ceiling up to twice this wide are inside
_PASSAGE = 0.45  # m; doors without lintel are narrower than twice this
_MIN_BARRIER = 1.0  # m; lamps and columns divide nothing
_MIN_AREA = 2.0  # m2
_MIN_ROOFED = 0.3  # share of a room below a ceiling
_REACH = 1.0  # m
_POCKET = 5.0  # m; how far what furniture cuts off of a room is followed
_SIDES = ndimage.generate_binary_structure(2, 1)


@dataclass(frozen=True, eq=False)
class RoomRegions:
    """Numbers of rooms per cell of the plan: `labels` (X, Y) int, 0 outside, cells of `cell` metres from `origin` (2,)."""

    labels: NDArray[np.int32]
    origin: Floats
    cell: float

    @property
    def count(self) -> int:
        """How many rooms there are; they are numbered from 1."""
        return int(self.labels.max(initial=0))

    def mask(self, room: int) -> PlanMask:
        """The area of one room, without the rest of the plan."""
        rows, columns = ndimage.find_objects(self.labels, room)[room - 1]
        corner = self.origin + self.cell * np.array([rows.start, columns.start])
        return PlanMask(self.labels[rows, columns] == room, corner, self.cell)


def room_regions(cloud: PointCloud) -> RoomRegions:
    """The rooms of an upright cloud (z up, metres), numbered from 1; none where no level shows an open area.

    What has no ceiling, such as the ground outside, is no room where other parts of the cloud have one.
    """
    xyz = cloud.xyz
    floor, top, has_ceiling = _levels(xyz[:, 2])
    origin, cell, shape = _raster(xyz[:, :2])
    index = np.floor((xyz[:, :2] - origin) / cell).astype(np.int32)
    below = (_local_tops(xyz, index, floor, cell) if has_ceiling else np.float32(top)) - xyz[:, 2]

    def cells(chosen: Mask) -> Mask:
        raster = np.zeros(shape, dtype=bool)
        raster[index[chosen, 0], index[chosen, 1]] = True
        return raster

    barrier = _large(cells((below <= _SLICE[0]) & (below >= _SLICE[1])), cell)
    ceiling = cells(np.abs(below) <= _LAYER)
    inside = _closed(cells(np.abs(xyz[:, 2] - floor) <= _LAYER) | ceiling | barrier, round(_CLOSE / cell))
    covered = _closed(ceiling, round(_CLOSE / cell)) if has_ceiling else inside
    labels = _numbered(*_spread(inside, barrier, covered, cell))
    return RoomRegions(_extended(labels, cells(np.ones(len(xyz), dtype=bool)), cell), origin, cell)


def _levels(z: NDArray[np.float32]) -> tuple[float, float, bool]:
    """Heights of floor and top of the storey with most points, and whether the top is a ceiling."""
    edges = np.arange(float(z.min()) - _LEVEL, float(z.max()) + 2 * _LEVEL, _LEVEL)
    counts, _ = np.histogram(z, edges)
    fullest = int(np.argmax(counts))
    near, far = round(_STOREY[0] / _LEVEL), round(_STOREY[1] / _LEVEL)
    above = _fullest(counts, fullest + near, fullest + far)
    below = _fullest(counts, fullest - far, fullest - near)
    is_floor = counts[above] >= counts[below]
    floor, ceiling = (fullest, above) if is_floor else (below, fullest)
    # a ceiling stands out from the walls below it; without one the walls end at the top
    between = counts[floor + 1 : ceiling]
    has_ceiling = len(between) > 0 and counts[ceiling] > 3 * max(1.0, float(np.median(between)))
    bottom = float(edges[floor] + _LEVEL / 2)
    return bottom, float(np.percentile(z[z <= bottom + _STOREY[1]], 99.5)), bool(has_ceiling)


def _fullest(counts: NDArray[np.int64], low: int, high: int) -> int:
    """Index of the largest count from `low` to `high`, cut to what there is."""
    low, high = max(0, min(low, len(counts) - 1)), max(1, min(high + 1, len(counts)))
    return low + int(np.argmax(counts[low:high])) if low < high else low


def _local_tops(xyz: NDArray[np.float32], index: NDArray[np.int32], floor: float, cell: float) -> NDArray[np.float32]:
    """For every point (N, 3) with its cell, the height of the ceiling about it: rooms may differ in height.

    It is the highest level of some points in a wide column or the columns beside it, up to the height of a storey.
    """
    column = index // max(1, round(_COLUMN / cell))
    shape = column.max(axis=0) + 1
    levels = round(_STOREY[1] / _LEVEL)
    level = np.floor((xyz[:, 2] - floor) / _LEVEL).astype(np.int32)
    good = (level >= 0) & (level < levels)
    flat = np.ravel_multi_index((*column[good].T, level[good]), (*shape, levels))
    counts = np.bincount(flat, minlength=int(np.prod(shape)) * levels).reshape(*shape, levels)
    enough = counts >= np.maximum(_FEW, _SHARE * counts.sum(axis=2, keepdims=True))
    tops = np.where(enough.any(axis=2), levels - np.argmax(enough[:, :, ::-1], axis=2), 0)
    tops = ndimage.maximum_filter(tops, size=3)
    tops = np.where(tops * _LEVEL >= _STOREY[0], tops, np.inf)  # the sky
    return (floor + (tops[column[:, 0], column[:, 1]] - 0.5) * _LEVEL).astype(np.float32)


def _raster(xy: NDArray[np.float32]) -> tuple[Floats, float, tuple[int, int]]:
    """Origin, cell and shape of a raster with some room around the cloud."""
    low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
    extent = high - low + 4 * _CELL
    cell = max(_CELL, float(np.sqrt(extent.prod() / _MOST_CELLS)))
    shape = np.ceil(extent / cell).astype(int) + 1
    return low - 2 * cell, cell, (int(shape[0]), int(shape[1]))


def _large(barrier: Mask, cell: float) -> Mask:
    """Without pieces that are small in both directions; gaps of sparse clouds do not count."""
    pieces, _ = ndimage.label(ndimage.binary_dilation(barrier, iterations=2))
    margin = 4 * cell
    spans = [max(part.stop - part.start for part in piece) * cell - margin for piece in ndimage.find_objects(pieces)]
    return barrier & np.array([False, *(span >= _MIN_BARRIER for span in spans)])[pieces]


def _closed(raster: Mask, radius: int) -> Mask:
    padded = np.pad(raster, radius + 1)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    shrunk = ndimage.distance_transform_edt(grown) > radius
    return ndimage.binary_fill_holes(shrunk | padded)[radius + 1 : -radius - 1, radius + 1 : -radius - 1]


def _spread(inside: Mask, barrier: Mask, covered: Mask, cell: float) -> tuple[NDArray[np.int32], Mask]:
    """Cores of rooms grown over the home, through open cells first, over walls last; and which of them are rooms."""
    free = inside & ~barrier
    distance = ndimage.distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1] * cell
    cores, count = ndimage.label(distance > _PASSAGE)
    labels = _grown(cores, free, round(2 * _PASSAGE / cell))
    small = np.bincount(labels[free], minlength=count + 1) * cell**2 < _MIN_AREA
    if small[1:].any():  # what wardrobes cut off goes to the room that it is a part of
        labels = _grown(np.where(small[cores], 0, cores), free, round(2 * _PASSAGE / cell))
    areas = np.bincount(labels[free], minlength=count + 1)
    roofed = np.bincount(labels[free & covered], minlength=count + 1)
    good = (areas * cell**2 >= _MIN_AREA) & (roofed > _MIN_ROOFED * areas)
    good[0] = False
    return np.where(inside, labels, 0), good


def _grown(cores: NDArray[np.int32], free: Mask, steps: int) -> NDArray[np.int32]:
    """Numbers of cores carried on over free cells, step by step, then to the nearest of all other cells.

    After the first steps only through the sides of cells: what stands before a wall must not lend its corner to the room
    behind it, nor may that room leak through a slanting wall.
    """
    labels = cores
    if not labels.any():
        return labels
    for step in range(round(_POCKET / _CELL)):
        reached = ndimage.grey_dilation(labels, 3) if step < steps else ndimage.grey_dilation(labels, footprint=_SIDES)
        carried = np.where(free & (labels == 0), reached, labels)
        if step >= steps and np.array_equal(carried, labels):
            break
        labels = carried
    nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    return labels[tuple(nearest)]


def _numbered(labels: NDArray[np.int32], keep: Mask) -> NDArray[np.int32]:
    """The kept rooms, numbered from 1 without gaps."""
    return np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels]


def _extended(labels: NDArray[np.int32], seen: Mask, cell: float) -> NDArray[np.int32]:
    """Points close to a room belong to it: what stands where neither floor nor ceiling was seen, small niches."""
    if not labels.any():
        return labels
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    near = seen & (distance * cell <= _REACH)
    return np.where(near, labels[tuple(nearest)], labels)
