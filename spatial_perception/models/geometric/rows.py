"""Rows of kitchen units under one worktop, cut into units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spatial_perception.models.geometric.boxes import fit_cuboid
from spatial_perception.models.geometric.samples import Floats

_WORKTOP = (0.8, 1.0)  # m above the floor, from, to
_DEPTH = (0.54, 0.75)  # m, from, to
_ABOVE = 1.4  # m above the floor; what reaches higher is no part of a unit
_LONGEST = 1.4  # m; what is longer is more than one unit
_UNIT = 0.8  # m; width of a unit, where nothing tells more
_LEVEL = 0.6  # share of the length over which the highest points are at the height of a worktop


def units(xyz: Floats, preferred: list[float], floor: float) -> list[NDArray[np.intp]]:
    """Indices of the points (N, 3) of each unit of a row along a worktop; of all points where they are none."""
    whole = [np.arange(len(xyz))]
    kept = np.flatnonzero(xyz[:, 2] < floor + _ABOVE)
    if len(kept) < 100:
        return whole
    box = fit_cuboid(xyz[kept], preferred)
    depth, long = float(box.size[:2].min()), float(box.size[:2].max())
    if long < _LONGEST or not _DEPTH[0] < depth < _DEPTH[1]:
        return whole
    yaw = box.yaw if box.size[0] > box.size[1] else box.yaw + np.pi / 2
    along = (xyz[kept, :2] - box.center[:2]) @ (np.cos(yaw), np.sin(yaw)) / long + 0.5
    if not _is_level(along, xyz[kept, 2] - floor):
        return whole
    count = max(2, round(long / _UNIT))
    place = np.clip((along * count).astype(int), 0, count - 1)
    return [kept[place == k] for k in range(count)]


def _is_level(along: Floats, z: Floats) -> bool:
    """Whether most of a row is as high as a worktop, `along` (N,) in 0 to 1 and `z` (N,) m above the floor."""
    share = np.zeros(30, dtype=bool)
    top = (z > _WORKTOP[0]) & (z < _WORKTOP[1])
    share[np.clip((along[top] * 30).astype(int), 0, 29)] = True
    return bool(share.mean() > _LEVEL and np.percentile(z, 95) < _WORKTOP[1])
