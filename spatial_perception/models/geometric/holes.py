"""Candidates for openings: rectangles of a wall where its surface is missing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from spatial_perception.models.geometric.hole_features import Bounds
from spatial_perception.models.geometric.samples import Mask
from spatial_perception.models.geometric.wall_view import Side, WallView

_LEAST_AREA = 0.15  # m2
_LEAST_FILL = 0.55
_SQUARE = np.ones((3, 3), dtype=bool)


def candidate_bounds(view: WallView) -> list[Bounds]:
    """Rectangles of missing surface, found with and without the parts that shadows may explain."""
    found: dict[Bounds, None] = {}
    for mask in _open_masks(view):
        labels, _ = ndimage.label(mask)
        for k, where in enumerate(ndimage.find_objects(labels), start=1):
            cells = labels[where] == k
            if cells.sum() * view.grid.cell**2 > _LEAST_AREA:
                bounds = _rectangle(cells, where[0].start, where[1].start)
                if bounds is not None and not _at_wall_end(bounds, view):
                    found[bounds] = None
    return list(found)


def _open_masks(view: WallView) -> list[Mask]:
    """Masks (U, Z) of open cells, from the most to the least careful about shadows, and of each side's recesses."""
    shape = view.grid.shape
    empty, hidden, covered = np.ones(shape, bool), np.ones(shape, bool), np.ones(shape, bool)
    recess = [_recess(side) for side in view.sides]
    for side in view.sides:
        unseen = ~side.seen[:, None]
        empty &= ~side.solid | unseen
        hidden &= side.hidden | unseen
        covered &= side.covered | unseen
    masks = [empty & ~hidden, empty & ~covered, empty, *recess]
    return [ndimage.binary_opening(m, _SQUARE) for m in (*masks, np.any([empty & ~hidden, *recess], axis=0))]


def _recess(side: Side) -> Mask:
    """Holes of one side whose ground is a surface inside the wall."""
    ground = ndimage.binary_closing(np.pad(side.recessed, 2), _SQUARE)[2:-2, 2:-2]
    return ground & ~side.solid & side.seen[:, None]


def _rectangle(cells: Mask, i: int, j: int) -> Bounds | None:
    """Bounds of the rows and columns that are at least half as full as the fullest, or None when the shape is no rectangle."""
    columns, rows = cells.sum(axis=1), cells.sum(axis=0)
    across = np.flatnonzero(columns >= 0.5 * columns.max())
    up = np.flatnonzero(rows >= 0.5 * rows.max())
    i0, i1, j0, j1 = int(across[0]), int(across[-1]) + 1, int(up[0]), int(up[-1]) + 1
    if min(i1 - i0, j1 - j0) < 2 or cells[i0:i1, j0:j1].mean() < _LEAST_FILL:
        return None
    return Bounds(i0 + i, i1 + i, j0 + j, j1 + j)


def _at_wall_end(bounds: Bounds, view: WallView) -> bool:
    """Whether a hole of full height lies at the end of the wall: the wall is unseen there rather than open."""
    columns, rows = view.grid.shape
    return bounds.j1 - bounds.j0 > 0.9 * rows and (bounds.i0 <= 1 or bounds.i1 >= columns - 1)


def solid_below(view: WallView, bounds: Bounds) -> float:
    """Share of the wall below a hole that is seen as surface."""
    below = [
        side.solid[bounds.i0 : bounds.i1, : bounds.j0] for side in view.sides if side.seen[bounds.i0 : bounds.i1].any()
    ]
    return float(np.any(below, axis=0).mean()) if below and bounds.j0 else 0.0
