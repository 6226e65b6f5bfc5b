"""Ray casting against solids, in float32 numpy.

Two casters give the same hits. `cast_level` is for level sensors, whose rays form a grid of columns (directions on plan) and rows
(slopes): a ray is origin + s * (column x, column y, slope). On plan a solid is cut once per column, in height once per row, and
only the rectangle of the grid that a solid covers is touched, nearest solids first; what lies wholly behind is skipped.
`cast` takes any directions and serves tilted sensors; solids are culled by their bounding cone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.simulation.solids import BOX, CYLINDER, ELLIPSOID, Solids

Float = NDArray[np.float32]
BUNDLE = 256
CHUNK = 2_000_000
"""Intermediate arrays hold at most this many elements."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Per ray: `distance` along it in units of its direction (inf where nothing was met), `index` of the solid or -1."""

    distance: Float
    index: NDArray[np.int32]


# ---------------------------------------------------------------------------------------------- level sensors
def cast_level(solids: Solids, origin: ArrayLike, columns: ArrayLike, slopes: ArrayLike) -> Hits:
    """First hits of the rays origin + s * (columns[j, 0], columns[j, 1], slopes[i]), s > 0, as arrays (rows, columns).

    `columns` is (W, 2), `slopes` (H,) in ascending order. A ray that starts inside a solid sees its far side.
    """
    start = np.asarray(origin, dtype=float)
    plan = np.asarray(columns, dtype=np.float32)
    slope = np.asarray(slopes, dtype=np.float32)
    distance = np.full((len(slope), len(plan)), np.inf, dtype=np.float32)
    index = np.full(distance.shape, -1, dtype=np.int32)
    block = max(1, CHUNK // max(1, len(plan)))
    covers = []
    for first in range(0, len(solids), block):
        covers += _covers(solids.select(np.arange(first, min(first + block, len(solids)))), first, start, plan)
    covers.sort(key=lambda cover: cover.near)
    for cover in covers:
        _draw(cover, solids, start, plan, slope, distance, index)
    return Hits(distance, index)


@dataclass(slots=True, eq=False)
class _Cover:
    """Where a solid lies on plan: columns from `first`, and the interval of s in each of them."""

    solid: int
    near: float
    far: float
    first: int
    enter: Float
    leave: Float


def _covers(solids: Solids, number: int, origin: NDArray[np.float64], plan: Float) -> list[_Cover]:
    """Runs of neighbouring columns that meet each solid on plan."""
    enter, leave = _cut_on_plan(solids, origin, plan)
    hit = (enter < leave) & (leave > 0)
    covers = []
    for row in np.flatnonzero(hit.any(axis=1)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], hit[row].view(np.int8), [0]])))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist()):
            a, b = np.maximum(enter[row, first:last], 0.0), leave[row, first:last]
            covers.append(_Cover(number + int(row), float(a.min()), float(b.max()), first, a, b))
    return covers


def _cut_on_plan(solids: Solids, origin: NDArray[np.float64], plan: Float) -> tuple[Float, Float]:
    """Interval of s (M, W) in which each column's ray is over each solid's rectangle or ellipse."""
    c, s = np.cos(solids.yaw), np.sin(solids.yaw)
    away = origin[:2] - solids.center[:, :2]
    half = solids.size[:, :2] / 2
    ox, oy = c * away[:, 0] + s * away[:, 1], c * away[:, 1] - s * away[:, 0]
    turn = np.stack([c, s, -s, c]).astype(np.float32)
    dx = turn[0][:, None] * plan[:, 0] + turn[1][:, None] * plan[:, 1]
    dy = turn[2][:, None] * plan[:, 0] + turn[3][:, None] * plan[:, 1]
    enter, leave = _slabs(ox, half[:, 0], dx)
    low, high = _slabs(oy, half[:, 1], dy)
    np.maximum(enter, low, out=enter)
    np.minimum(leave, high, out=leave)
    round_ones = np.flatnonzero(solids.kind != BOX)
    if len(round_ones):
        k = round_ones
        enter[k], leave[k] = _ellipses(
            ox[k] / half[k, 0], oy[k] / half[k, 1], dx[k] / _col(half[k, 0]), dy[k] / _col(half[k, 1])
        )
    return enter, leave


def _col(values: NDArray[np.float64]) -> Float:
    return values.astype(np.float32)[:, None]


def _slabs(start: NDArray[np.float64], half: NDArray[np.float64], step: Float) -> tuple[Float, Float]:
    """Interval of s (M, W) with |start + s * step| <= half; rays along the slab get all or nothing."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inverse = 1.0 / np.where(np.abs(step) < 1e-12, np.float32(1e-12), step)
        a, b = _col(-half - start) * inverse, _col(half - start) * inverse
    return np.minimum(a, b), np.maximum(a, b)


def _ellipses(ox: NDArray[np.float64], oy: NDArray[np.float64], dx: Float, dy: Float) -> tuple[Float, Float]:
    """The same interval for unit circles; empty (enter = inf) where the line misses."""
    a = dx * dx + dy * dy
    b = dx * _col(ox) + dy * _col(oy)
    # The discriminant by the distance of the line from the centre keeps its precision in float32.
    cross = _col(ox) * dy - _col(oy) * dx
    under = a - cross * cross
    root = np.sqrt(np.maximum(under, 0.0))
    return np.where(under > 0, (-b - root) / a, np.inf).astype(np.float32), ((-b + root) / a).astype(np.float32)


def _draw(
    cover: _Cover,
    solids: Solids,
    origin: NDArray[np.float64],
    plan: Float,
    slope: Float,
    distance: Float,
    index: NDArray[np.int32],
) -> None:
    """Enter one solid into the buffers, where it is nearer than what is there."""
    k = cover.solid
    middle, half = float(solids.center[k, 2] - origin[2]), float(solids.size[k, 2] / 2)
    low, high = middle - half, middle + half
    near, far = max(cover.near, 1e-6), max(cover.far, 1e-6)
    top, bottom = max(high / near, high / far), min(low / near, low / far)
    i0 = max(int(np.searchsorted(slope, bottom)) - 1, 0)
    i1 = min(int(np.searchsorted(slope, top)) + 1, len(slope))
    part = (slice(i0, i1), slice(cover.first, cover.first + len(cover.enter)))
    buffer = distance[part]
    if not buffer.size or near >= buffer.max():
        return
    if solids.kind[k] == ELLIPSOID:
        found = _ellipsoid(solids, k, origin, plan[part[1]], slope[part[0]])
    else:
        found = _prism(cover, low, high, slope[part[0]])
    closer = found < buffer
    np.copyto(buffer, found, where=closer)
    np.copyto(index[part], np.int32(k), where=closer)


def _prism(cover: _Cover, low: float, high: float, slope: Float) -> Float:
    """First s > 0 (rows, columns) inside an upright prism, inf for a miss."""
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.float32(1.0) / np.where(np.abs(slope) < 1e-9, np.float32(1e-9), slope)
        a, b = np.float32(low) * inverse, np.float32(high) * inverse
    enter = np.maximum.outer(np.minimum(a, b), cover.enter)
    leave = np.minimum.outer(np.maximum(a, b), cover.leave)
    inside = enter <= 0
    if inside.any():
        enter = np.where(inside, leave, enter)
    return np.where((enter <= leave) & (leave > 0), enter, np.float32(np.inf))


def _ellipsoid(solids: Solids, k: int, origin: NDArray[np.float64], plan: Float, slope: Float) -> Float:
    columns, rows = len(plan), len(slope)
    directions = np.empty((rows, columns, 3), dtype=np.float32)
    directions[..., :2] = plan
    directions[..., 2] = slope[:, None]
    return _first_hit(solids, k, origin, directions.reshape(-1, 3)).reshape(rows, columns)


# ---------------------------------------------------------------------------------------------- any directions
def cast(solids: Solids, origin: ArrayLike, directions: ArrayLike) -> Hits:
    """First hits of the rays origin + s * directions[i], s > 0; directions (N, 3) of any length.

    Rays are culled in bundles of BUNDLE neighbours: fastest where rays that follow one another point to similar places.
    """
    start = np.asarray(origin, dtype=float)
    rays = np.asarray(directions, dtype=np.float32).reshape(-1, 3)
    count = -(-len(rays) // BUNDLE)
    padded = np.concatenate([rays, np.repeat(rays[-1:], count * BUNDLE - len(rays), axis=0)]).reshape(count, BUNDLE, 3)
    distance = np.full((count, BUNDLE), np.inf, dtype=np.float32)
    index = np.full((count, BUNDLE), -1, dtype=np.int32)
    farthest = np.full(count, np.inf, dtype=np.float32)
    near, meets = _cones(solids, start, padded)
    for k in np.argsort(near, kind="stable"):
        chosen = np.flatnonzero(meets[k] & (farthest > near[k]))
        if len(chosen):
            found = _first_hit(solids, int(k), start, padded[chosen].reshape(-1, 3)).reshape(-1, BUNDLE)
            old = distance[chosen]
            index[chosen] = np.where(found < old, np.int32(k), index[chosen])
            distance[chosen] = np.minimum(found, old)
            lengths = np.linalg.norm(padded[chosen], axis=2)
            farthest[chosen] = (distance[chosen] * lengths).max(axis=1)
    return Hits(distance.reshape(-1)[: len(rays)], index.reshape(-1)[: len(rays)])


def cast_grid(solids: Solids, origin: ArrayLike, directions: Float) -> Hits:
    """The same for directions (rows, columns, 3) of an image or a scan, where neighbours point to similar places."""
    rows, columns, _ = directions.shape
    order = block_order(rows, columns)
    hits = cast(solids, origin, directions.reshape(-1, 3)[order])
    back = np.argsort(order, kind="stable")
    return Hits(hits.distance[back].reshape(rows, columns), hits.index[back].reshape(rows, columns))


def _cones(solids: Solids, start: NDArray[np.float64], bundles: Float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Least distance (M,) of each solid's bounding ball, and whether its cone meets that of each bundle (M, B)."""
    away = solids.center - start
    reach = np.linalg.norm(away, axis=1)
    radius = np.linalg.norm(solids.size, axis=1) / 2
    wide = np.where(reach > radius, np.arcsin(np.minimum(radius / np.maximum(reach, 1e-9), 1.0)), np.pi)
    unit = bundles / np.linalg.norm(bundles, axis=2, keepdims=True)
    axis = unit.mean(axis=1)
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-6)
    spread = np.arccos(np.clip(np.einsum("brd,bd->br", unit, axis).min(axis=1), -1.0, 1.0))
    cosine = (away / np.maximum(reach, 1e-9)[:, None]) @ axis.T
    apart = np.arccos(np.clip(cosine, -1.0, 1.0))
    return np.maximum(reach - radius, 0.0), apart <= wide[:, None] + spread + 1e-3


def block_order(rows: int, columns: int, side: int = 16) -> NDArray[np.intp]:
    """An order (rows * columns,) of the cells of a grid, square block by square block, for `cast`."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.lexsort((column, row, column // side, row // side))


def _first_hit(solids: Solids, k: int, origin: NDArray[np.float64], rays: Float) -> Float:
    """First s > 0 (N,) at which rays meet solid `k`, inf for a miss."""
    c, s = np.cos(solids.yaw[k]), np.sin(solids.yaw[k])
    away, half = origin - solids.center[k], solids.size[k] / 2
    start = np.array([c * away[0] + s * away[1], c * away[1] - s * away[0], away[2]])
    c32, s32 = np.float32(c), np.float32(s)
    steps = np.stack([c32 * rays[:, 0] + s32 * rays[:, 1], c32 * rays[:, 1] - s32 * rays[:, 0], rays[:, 2]])
    if solids.kind[k] == ELLIPSOID:
        enter, leave = _quadric(start / half, steps / half.astype(np.float32)[:, None])
    elif solids.kind[k] == CYLINDER:
        enter, leave = _quadric(start[:2] / half[:2], steps[:2] / half[:2].astype(np.float32)[:, None])
        enter, leave = _within(enter, leave, *_slabs(start[2:], half[2:], steps[2:]))
    else:
        low, high = _slabs(start, half, steps)
        enter, leave = low.max(axis=0), high.min(axis=0)
    first = np.where(enter > 0, enter, leave)
    return np.where((enter <= leave) & (leave > 0), first, np.float32(np.inf))


def _within(enter: Float, leave: Float, low: Float, high: Float) -> tuple[Float, Float]:
    return np.maximum(enter, low[0]), np.minimum(leave, high[0])


def _quadric(start: NDArray[np.float64], steps: Float) -> tuple[Float, Float]:
    """Interval in which start (D,) + s * steps (D, N) is in the unit ball."""
    origin = start.astype(np.float32)
    a = np.einsum("dn,dn->n", steps, steps)
    a = np.maximum(a, np.float32(1e-20))
    b = origin @ steps
    closest = origin[:, None] - steps * (b / a)
    under = 1.0 - np.einsum("dn,dn->n", closest, closest)
    root = np.sqrt(np.maximum(under, 0.0) / a)
    return np.where(under > 0, -b / a - root, np.float32(np.inf)), -b / a + root
