"""Round things that are seen from one side, drawn on to the whole circle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid
from spatial_perception.models.geometric.samples import Floats

_WIDEST = 0.65  # m
_SEEN = (0.3, 0.85)  # depth over width: less is no arc that tells the circle, and more is seen from more than one side
_RADIUS = (0.42, 0.65)  # of the width of the box
_OFF = 0.07  # root of the mean squared distance from the circle, over its radius


def rounded(box: Cuboid, xyz: Floats) -> Cuboid:
    """The box around a whole circle where the points (N, 3) in it lie on an arc of one."""
    wide, deep = float(box.size[:2].max()), float(box.size[:2].min())
    if wide > _WIDEST or not _SEEN[0] * wide < deep < _SEEN[1] * wide:
        return box
    xy = xyz[:, :2] - box.center[:2]
    matrix = np.column_stack([2 * xy, np.ones(len(xy))])
    x, y, rest = np.linalg.lstsq(matrix, (xy**2).sum(axis=1), rcond=None)[0]
    radius = float(np.sqrt(max(rest + x**2 + y**2, 0.0)))
    if not _RADIUS[0] * wide < radius < _RADIUS[1] * wide:
        return box
    off = np.linalg.norm(xy - (x, y), axis=1) - radius
    if float(np.sqrt(np.mean(off**2))) > _OFF * radius:
        return box
    center = np.array([box.center[0] + x, box.center[1] + y, box.center[2]])
    return replace(box, center=center, size=np.array([2 * radius, 2 * radius, box.size[2]]))
