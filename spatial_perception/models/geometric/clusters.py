"""Groups of samples that stand or hang in rooms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.openings import Opening
from spatial_perception.models.geometric.samples import Floats, Samples
from spatial_perception.models.geometric.walls import Run
from spatial_perception.pointcloud.plan_mask import PlanMask

Mask = NDArray[np.bool_]

_OFF_FLOOR = 0.05  # m
_OFF_WALL = 0.03  # m
_FITTINGS = 0.14  # m; sills, casings and handles stand out this far around openings


def loose_samples(
    samples: Samples, levels: Levels, interior: PlanMask, walls: list[Run], openings: list[Opening]
) -> Mask:
    """Which samples (M,) are neither floor, ceiling, wall, opening nor outside."""
    xyz = samples.xyz
    loose = (xyz[:, 2] > levels.floor + _OFF_FLOOR) & interior.contains(xyz[:, :2])
    if levels.ceiling is not None:
        loose &= xyz[:, 2] < levels.ceiling - _OFF_FLOOR
    for index, run in enumerate(walls):
        loose &= ~in_wall(run, xyz)
        for hole in (o for o in openings if o.wall == index):
            loose &= ~at_opening(run, hole, xyz)
    return loose


def in_wall(run: Run, xyz: Floats) -> Mask:
    """Which points (N, 3) lie in the body of a wall or close to its faces; behind a wall of one face, 0.3 m count as body."""
    u, s = run.line.along(xyz[:, :2]), run.line.aside(xyz[:, :2])
    low = high = run.thickness / 2 + _OFF_WALL
    if not run.thickness:
        left = any(f.room_left for f in run.faces)
        right = any(f.room_right for f in run.faces)
        low, high = (low if right else 0.3), (high if left else 0.3)
    return (u > run.start - 0.05) & (u < run.end + 0.05) & (s > -low) & (s < high)


def at_opening(run: Run, hole: Opening, xyz: Floats) -> Mask:
    """Which points (N, 3) are frame, pane, sill or leaf of an opening."""
    u, s = run.line.along(xyz[:, :2]), run.line.aside(xyz[:, :2])
    beside = (u > hole.u0 - 0.1) & (u < hole.u1 + 0.1) & (np.abs(s) < run.thickness / 2 + _FITTINGS)
    return beside & (xyz[:, 2] > hole.z0 - 0.1) & (xyz[:, 2] < hole.z1 + 0.1)


def clusters(xyz: Floats, reach: float) -> NDArray[np.int64]:
    """Labels (N,) of groups whose points (N, 3) are chained by steps of at most `reach` metres."""
    if len(xyz) == 0:
        return np.zeros(0, dtype=np.int64)
    pairs = cKDTree(xyz).query_pairs(reach, output_type="ndarray")
    graph = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(xyz), len(xyz)))
    return connected_components(graph, directed=False)[1].astype(np.int64)
