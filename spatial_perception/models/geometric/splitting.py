"""Splitting of connected groups by the heights of their tops: a bed and its nightstand, a cabinet and what stands on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spatial_perception.models.geometric.notches import without_notches
from spatial_perception.models.geometric.samples import Floats, Mask
from spatial_perception.models.geometric.sparse import fewest

Labels = NDArray[np.int64]

_MOST_CELLS = 200_000
_LEAST_POINTS = 50  # smaller groups are one thing
_STEP = 0.07  # m; neighbouring cells with tops closer than this belong to one plateau
_PLATEAU_AREA = 0.05  # m2
_NARROW = 0.27  # m; backs, arms and headboards are narrower, and belong to what they rise from
_SURROUND = 0.4  # share of its border along which a thing on top meets what it stands on
_ON_TOP = (
    0.05,
    0.02,
    0.4,
    0.75,
)  # things upon others: height (m), area (m2), its share of theirs, the share of its rim that is within
_FRONT = (0.4, 1.3, 0.2, 0.15, 0.6)
"""Faces: least length and height (m), step of their tops (m), nearness to a plateau (m), the share that may be so near."""
_BROKEN = 4  # cells; a face goes on after a gap as short as this
_BLOB = (0.28, 0.75, 0.4, 0.75)
"""Things beside a bed: their sides (m), from, to; the share of their rectangle that is seen; the width of a bed (m)."""
_BUMP = 0.12  # m; neighbouring cells of such a thing differ by less
_EIGHT = np.ones((3, 3), dtype=bool)
_SHELF = 2.3  # length over depth of a board or cabinet on which narrow things stand
_SHELF_DEPTH = 0.6  # m


@dataclass(frozen=True, slots=True)
class Piece:
    """Indices (N,) of the points of one object; `base` is the height (m) of what it stands on, None for the floor."""

    index: NDArray[np.intp]
    base: float | None = None


@dataclass(frozen=True, slots=True)
class _Tops:
    """Top heights (X, Y) of plan cells, -inf where empty, and the cell (N, 2) of each point."""

    height: Floats
    cell_of: Labels
    cell: float


def split(xyz: Floats, cell: float, spacing: float = 0.0) -> list[Piece]:
    """Objects within one connected group of points (N, 3), `spacing` metres apart; plan cells are `cell` metres wide."""
    if len(xyz) < fewest(_LEAST_POINTS, spacing):
        return [Piece(np.arange(len(xyz)))]
    extent = np.ptp(xyz[:, :2], axis=0) + cell
    tops = _tops(xyz, max(cell, float(np.sqrt(extent[0] * extent[1] / _MOST_CELLS))))
    region, beside = _plateaus(tops)
    _add_fronts(region, tops, float(xyz[:, 2].min()))
    _add_blobs(region, tops)
    count = int(region.max())
    if count == 0:
        return [Piece(np.arange(len(xyz)))]
    parent = _stacking(region, tops, count)
    nearest = ndimage.distance_transform_edt(region == 0, return_distances=False, return_indices=True)
    place = region[tuple(nearest)]
    for k, large in beside.items():
        level = float(np.median(tops.height[region == k]))
        place[(place == k) & (region != k) & (tops.height > level + _STEP)] = large
    parent += _set_upon(region, place, tops, count)
    owner = place[tops.cell_of[:, 0], tops.cell_of[:, 1]]
    return _pieces(xyz, owner, parent, tops, region)


def _tops(xyz: Floats, cell: float) -> _Tops:
    index = np.floor((xyz[:, :2] - xyz[:, :2].min(axis=0)) / cell).astype(np.int64) + 1
    height = np.full(index.max(axis=0) + 2, -np.inf)
    np.maximum.at(height, (index[:, 0], index[:, 1]), xyz[:, 2])
    return _Tops(height, index, cell)


def _plateaus(tops: _Tops) -> tuple[Labels, dict[int, int]]:
    """Labels (X, Y) from 1 of wide regions of even height, 0 elsewhere; and of small ones the large one they were cut from."""
    label = _even_regions(tops.height)
    result = np.zeros(tops.height.shape, dtype=np.int64)
    areas = np.bincount(label.ravel()) * tops.cell**2
    count = large = 0
    beside: dict[int, int] = {}
    for k in np.flatnonzero(areas >= _PLATEAU_AREA):
        mask = (label == k) & np.isfinite(tops.height)
        for number, part in enumerate(without_notches(mask, tops.height, tops.cell) if mask.any() else ()):
            if _width(part, tops.cell) >= _NARROW:
                count += 1
                result[part] = count
                large = large if number else count
                beside |= {count: large} if number else {}
    return result, beside


def _add_fronts(region: Labels, tops: _Tops, lowest: float) -> None:
    """Give the faces of tall things whose tops no scan saw regions of their own, in place, unless they bound a plateau."""
    rest = np.where(region == 0, tops.height, -np.inf)
    label = np.where(np.isfinite(rest), _even_regions(rest, _FRONT[2]), -1)
    beside = _grown_hulls(region, _FRONT[3] / tops.cell)
    first = int(region.max()) + 1
    for k in np.flatnonzero(np.bincount(label[label >= 0]) * tops.cell >= _FRONT[0]):
        mask = label == k
        long = float(np.hypot(*np.ptp(np.argwhere(mask), axis=0))) * tops.cell
        top = float(np.median(tops.height[mask]))
        if long > _FRONT[0] and top - lowest > _FRONT[1] and beside[mask].mean() < _FRONT[4]:
            region[mask] = _same_front(region, mask, top, first, tops)


def _same_front(region: Labels, mask: Mask, top: float, first: int, tops: _Tops) -> int:
    """The region, from `first` on, of the face that goes on in a mask after a short gap, at the same height; or a new one."""
    near = np.unique(region[ndimage.binary_dilation(mask, _EIGHT, iterations=_BROKEN)])
    for k in near[near >= first]:
        if abs(float(np.median(tops.height[region == k])) - top) < _STEP:
            return int(k)
    return int(region.max()) + 1


def _add_blobs(region: Labels, tops: _Tops) -> None:
    """Give what stands off a plateau as wide as a bed, and is as wide as a thing, regions of their own, in place."""
    if not region.any() or _width(region == np.bincount(region[region > 0]).argmax(), tops.cell) < _BLOB[3]:
        return
    rest = (region == 0) & np.isfinite(tops.height) & ~_grown_hulls(region, 1.0)
    label, count = ndimage.label(rest, _EIGHT)
    last = int(region.max())
    for k in range(1, count + 1):
        cells = np.argwhere(label == k)
        size = (np.ptp(cells, axis=0) + 1) * tops.cell
        if _BLOB[0] < size.min() and size.max() < _BLOB[1] and len(cells) * tops.cell**2 > _BLOB[2] * size.prod():
            last += 1
            region[label == k] = last


def _grown_hulls(region: Labels, reach: float) -> Mask:
    """The cells (X, Y) in or up to `reach` cells from the convex hulls of all regions."""
    result = np.zeros(region.shape, dtype=bool)
    for k in range(1, int(region.max()) + 1):
        result |= _hull(region == k, reach)
    return result


def _even_regions(height: Floats, step: float = _STEP) -> Labels:
    """Labels (X, Y) of cells chained by small steps; empty cells are alone."""
    number = np.arange(height.size).reshape(height.shape)
    pairs = []
    for a, b in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
        with np.errstate(invalid="ignore"):
            near = np.abs(height[a] - height[b]) < step
        pairs.append(np.stack([number[a][near], number[b][near]], axis=1))
    joined = np.concatenate(pairs)
    graph = coo_matrix((np.ones(len(joined), bool), (joined[:, 0], joined[:, 1])), shape=(height.size, height.size))
    return connected_components(graph, directed=False)[1].reshape(height.shape).astype(np.int64)


def _width(mask: Mask, cell: float) -> float:
    """Diameter (m) of the largest disc that fits into a mask whose small holes are closed."""
    closed = ndimage.binary_closing(np.pad(mask, 2), np.ones((3, 3), bool))
    return float(2 * ndimage.distance_transform_edt(closed).max() - 1) * cell


def _stacking(region: Labels, tops: _Tops, count: int) -> list[int]:
    """For each region (index 0 unused) the one it stands on, or 0."""
    parent = [0] * (count + 1)
    level = [0.0, *(float(np.median(tops.height[region == k])) for k in range(1, count + 1))]
    size = np.bincount(region.ravel(), minlength=count + 1)
    for k in range(1, count + 1):
        ring = ndimage.binary_dilation(region == k, iterations=2) & (region != k)
        beside = np.bincount(region[ring], minlength=count + 1)
        beside[0] = 0
        base = int(beside.argmax())
        share = beside[base] / max(1, int(ring.sum()))
        if base and share > _SURROUND and level[k] > level[base] + _STEP / 2 and size[k] < 0.6 * size[base]:
            parent[k] = base
    return parent


def _set_upon(region: Labels, place: Labels, tops: _Tops, count: int) -> list[int]:
    """Give small things that rise from within a plateau (a pillow, a pot) regions of their own, from count + 1.

    `region` and `place` (the plateau that each cell belongs to) are changed in place; returns what each stands on. Backs, arms
    and headboards rise at the rim.
    """
    bases: list[int] = []
    for k in range(1, count + 1):
        level = float(np.median(tops.height[region == k]))
        rises = (place == k) & (tops.height > level + _ON_TOP[0])
        flat = (region == k) & ~rises
        if not rises.any() or not flat.any():
            continue
        raised = np.where(rises, _even_regions(np.where(rises, tops.height, -np.inf), _BUMP), -1)
        within = _hull(flat)
        most = _ON_TOP[2] * float(within.sum())
        for j in np.unique(raised[rises]):
            thing = raised == j
            ring = ndimage.binary_dilation(thing, _EIGHT) & ~thing
            if _ON_TOP[1] / tops.cell**2 < thing.sum() < most and within[ring].mean() > _ON_TOP[3]:
                bases.append(k)
                region[thing] = place[thing] = count + len(bases)
    return bases


def _hull(mask: Mask, reach: float = 0.1) -> Mask:
    """The cells (X, Y) in or up to `reach` cells from the convex hull of a mask."""
    cells = np.argwhere(mask)
    hull = shapely.MultiPoint(cells).convex_hull.buffer(reach)
    x, y = np.indices(mask.shape)
    return shapely.contains_xy(hull, x, y)


def _pieces(xyz: Floats, owner: Labels, parent: list[int], tops: _Tops, region: Labels) -> list[Piece]:
    pieces = []
    for k in range(1, len(parent)):
        mine = np.flatnonzero(owner == k)
        level = float(np.median(tops.height[region == k]))
        if parent[k]:
            base = float(np.median(tops.height[region == parent[k]]))
            top = float(tops.height[region == k].max())
            pieces.append(Piece(mine[(xyz[mine, 2] > base - 0.02) & (xyz[mine, 2] < top + 0.02)], base))
            continue
        carried = [j for j in range(1, len(parent)) if parent[j] == k]
        below = np.flatnonzero(np.isin(owner, carried) & (xyz[:, 2] <= level))
        pieces += _without_narrow_top(xyz, np.union1d(mine, below), level)
    return [p for p in pieces if len(p.index)]


def _without_narrow_top(xyz: Floats, index: NDArray[np.intp], level: float) -> list[Piece]:
    """A long shallow body and, apart from it, the narrow thing that stands on it (a screen on a board)."""
    above = xyz[index, 2] > level + _STEP
    body = xyz[index[~above], :2]
    if above.sum() < 20 or len(body) < 20:
        return [Piece(index)]
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(body.T))) * np.sqrt(12)
    if spread[1] < _SHELF * spread[0] or spread[0] > _SHELF_DEPTH or float(np.ptp(xyz[index[above], 2])) < 0.15:
        return [Piece(index)]
    return [Piece(index[~above]), Piece(index[above], level)]
