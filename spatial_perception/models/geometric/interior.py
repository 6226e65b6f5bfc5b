"""Where the inside of the home is, on plan."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.levels import HORIZONTAL, Levels
from spatial_perception.models.geometric.samples import Samples
from spatial_perception.pointcloud.plan_mask import Mask, PlanMask

_LAYER = 0.08  # m
_CLOSE = 0.4  # m; holes under furniture up to twice this wide are inside
_MOST_CELLS = 4_000_000


def find_interior(samples: Samples, levels: Levels) -> PlanMask:
    """The plan area below a ceiling or above a floor, with gaps under furniture closed."""
    xyz = samples.xyz
    flat = np.abs(samples.normal[:, 2]) > HORIZONTAL
    layer = flat & (np.abs(xyz[:, 2] - levels.floor) < _LAYER)
    if levels.ceiling is not None:
        layer |= flat & (np.abs(xyz[:, 2] - levels.ceiling) < _LAYER)
    xy = xyz[layer, :2] if levels.floor_seen or levels.ceiling is not None else xyz[:, :2]
    cell = max(0.1, 2.0 * samples.spacing)
    extent = np.ptp(xy, axis=0) + 2 * (_CLOSE + cell)
    cell = max(cell, float(np.sqrt(extent[0] * extent[1] / _MOST_CELLS)))
    origin = xy.min(axis=0) - _CLOSE - cell
    index = np.floor((xy - origin) / cell).astype(np.int64)
    raster = np.zeros(tuple(np.ceil(extent / cell).astype(int) + 1), dtype=bool)
    raster[index[:, 0], index[:, 1]] = True
    return PlanMask(_closed(raster, max(1, round(_CLOSE / cell))), origin, cell)


def _closed(raster: Mask, radius: int) -> Mask:
    grown = ndimage.distance_transform_edt(~np.pad(raster, radius)) <= radius
    shrunk = ndimage.distance_transform_edt(grown) > radius
    filled = ndimage.binary_fill_holes(shrunk)
    return filled[radius:-radius, radius:-radius] | raster
