"""Oriented boxes around groups of points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.sparse import overhang, usual_samples
from spatial_perception.models.geometric.walls import Run

_LEAST_EDGE = 0.02  # m; nothing is flatter than the samples can tell
_TRIM = 0.5  # percent of the points left out at each end
_YAW_POINTS = 400  # enough to tell the direction of a box
_SLACK = 1.12  # the least rectangle must beat the preferred direction by this factor in area
_TO_FLOOR = 0.5  # m; what ends lower stands on the floor
_FRONT_TO_WALL = 0.75  # m; the same where only the front of something tall is seen
_TO_WALL = 0.25  # m; a hidden back this near to a wall reaches it
_TO_CEILING = 0.08  # m; so does a hidden top to the ceiling
_OVERHEAD = 1.7  # m; what is higher than this, and
_OFF_WALL = 0.15  # m; as far as this from any wall, hangs from the ceiling
_CHAIN = 0.5  # m; if that is as near
_DRAPE = (0.16, 0.05, 0.2, 0.8)  # m; depth of a curtain at most, its distance from the wall, from, to, its least height
_CLOTH = ((0.1, 0.3), 0.8, 2.0)
"""Depth and least height (m) of what may hang in folds; percent of its points that are left out at each end."""
_FOLDS = 0.12  # m; depth of a curtain, of which mostly the front is seen
_SWEEPS = 0.15  # m; a curtain that ends lower reaches the floor
_SCREEN = (0.1, 0.3, 0.22)  # m; greatest thickness of a screen, its least width and height, the depth of its foot
_KEYBOARD = (0.75, 0.35, 0.1)
"""Screens narrower (m) than this have a keyboard before them, up to here; their foot reaches so far behind (m)."""
_THIN = 0.16  # m; of thinner things mostly the faces are seen
_SHELL = 0.03  # m; the points of a face spread over this


@dataclass(frozen=True, slots=True)
class Cuboid:
    """A box in the canonical frame: centre (3,), yaw (rad) in (-pi/2, pi/2], size (3,), the points in it, and whether it
    stands upon another thing."""

    center: Floats
    yaw: float
    size: Floats
    points: int
    upon: bool = False

    @property
    def bottom(self) -> float:
        """Height of the lower face (m)."""
        return float(self.center[2] - self.size[2] / 2)

    @property
    def top(self) -> float:
        """Height of the upper face (m)."""
        return float(self.center[2] + self.size[2] / 2)


def best_yaw(xy: Floats, preferred: list[float]) -> float:
    """Direction of the rectangle of least area, or the best preferred one if that is hardly larger."""
    xy = xy[:: max(1, len(xy) // _YAW_POINTS)]
    tried = np.radians(np.arange(0.0, 90.0, 3.0))
    areas = _areas(xy, np.concatenate([tried, preferred]))
    free, liked = int(np.argmin(areas[: len(tried)])), len(tried) + int(np.argmin(areas[len(tried) :]))
    return preferred[liked - len(tried)] if areas[liked] <= _SLACK * areas[free] + 0.02 else float(tried[free])


def _areas(xy: Floats, yaws: Floats) -> Floats:
    """Areas (Y,) of the trimmed rectangles around plan points (N, 2), one for each direction."""
    c, s = np.cos(yaws), np.sin(yaws)
    sides = [np.percentile(xy @ axis, [_TRIM, 100 - _TRIM], axis=0) for axis in (np.stack([c, s]), np.stack([-s, c]))]
    u, v = (np.maximum(high - low, 0.03) for low, high in sides)
    return u * v


def fit_cuboid(xyz: Floats, preferred: list[float], spacing: float = 0.0) -> Cuboid:
    """The box around points (N, 3), `spacing` metres apart."""
    yaw = best_yaw(xyz[:, :2], preferred)
    c, s = np.cos(yaw), np.sin(yaw)
    bottom, top = _ends(xyz[:, 2], spacing)
    trim = _TRIM if top - bottom < _CLOTH[1] else _CLOTH[2]
    ends = [_ends(along, spacing, trim) for along in (xyz[:, :2] @ (c, s), xyz[:, :2] @ (-s, c))]
    low, high = (np.array([ends[0][k], ends[1][k]]) for k in range(2))
    return cuboid_of(yaw, low, high, bottom, top, len(xyz))


def _ends(along: Floats, spacing: float, trim: float = _TRIM) -> tuple[float, float]:
    """Low and high end of coordinates (N,), trimmed by a few; where both are near, by `trim` percent.

    Where they are as near as the faces of something thin, the middles of the faces there.
    """
    least = _TRIM / usual_samples(spacing)
    low, high = np.percentile(along, [least, 100 - least])
    if _CLOTH[0][0] < high - low < _CLOTH[0][1]:
        low, high = np.percentile(along, [trim, 100 - trim])
    if high - low < _THIN:
        shell = min(_SHELL, (high - low) / 2)
        return float(np.median(along[along <= low + shell])), float(np.median(along[along >= high - shell]))
    return float(low) - overhang(spacing), float(high) + overhang(spacing)


def cuboid_of(yaw: float, low: Floats, high: Floats, bottom: float, top: float, points: int) -> Cuboid:
    """A box from its ends along its own axes."""
    middle = (low + high) / 2
    c, s = np.cos(yaw), np.sin(yaw)
    center = np.array([c * middle[0] - s * middle[1], s * middle[0] + c * middle[1], (bottom + top) / 2])
    return Cuboid(center, yaw, np.maximum([*(high - low), top - bottom], _LEAST_EDGE), points)


def completed(
    box: Cuboid, walls: list[Run], levels: Levels, base: float | None = None, board: Floats | None = None
) -> Cuboid:
    """The box drawn on to what it stands on (`base`, m; None: the floor) and to the wall that hides its back.

    `board`: points (N, 2) on plan of what it stands on.
    """
    low, high = -box.size[:2] / 2, box.size[:2] / 2
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    at = np.array([c * box.center[0] + s * box.center[1], -s * box.center[0] + c * box.center[1]])
    low, high = at + low, at + high
    bottom = base if base is not None else levels.floor if box.bottom - levels.floor < _TO_FLOOR else box.bottom
    if base is None:
        drapes = [_draw_to_wall(run, box, low, high, box.top - bottom) for run in walls]
        bottom = box.bottom if any(drapes) and box.bottom - levels.floor > _SWEEPS else bottom
    if base is not None:
        u = None if board is None else np.column_stack([board @ (c, s), board @ (-s, c)])
        _give_foot(low, high, box.top - bottom, u)
    return replace(cuboid_of(box.yaw, low, high, bottom, box.top, box.points), upon=base is not None)


def _give_foot(low: Floats, high: Floats, tall: float, board: Floats | None) -> None:
    """Make what is as flat as a screen as deep as its foot; the ends along its axes are changed in place.

    Before a screen that is no wider than those of computers, where the `board`, points (N, 2) along the axes, reaches out
    farther, lies a keyboard.
    """
    axis = int(np.argmin(high - low))
    wide = high[1 - axis] - low[1 - axis]
    if high[axis] - low[axis] >= _SCREEN[0] or min(wide, tall) <= _SCREEN[1]:
        return
    middle = (low[axis] + high[axis]) / 2
    low[axis], high[axis] = middle - _SCREEN[2] / 2, middle + _SCREEN[2] / 2
    if board is None or wide > _KEYBOARD[0]:
        return
    beside = (board[:, 1 - axis] > low[1 - axis]) & (board[:, 1 - axis] < high[1 - axis])
    off = board[beside, axis] - middle
    before, behind = float(off.max(initial=0.0)), float(-off.min(initial=0.0))
    front, back = min(_KEYBOARD[1], max(before, behind)), min(_KEYBOARD[2], min(before, behind))
    low[axis], high[axis] = (middle - back, middle + front) if before > behind else (middle - front, middle + back)


def _draw_to_wall(run: Run, box: Cuboid, low: Floats, high: Floats, tall: float) -> bool:
    """Move the side of a box (ends `low`, `high` along its axes, changed in place) that faces a near, parallel wall.

    Returns whether the box is a curtain before it.
    """
    at = box.center[None, :2]
    u, s = float(run.line.along(at)[0]), float(run.line.aside(at)[0])
    drapes = False
    if not run.start - 0.1 < u < run.end + 0.1:
        return drapes
    for axis in range(2):
        direction = box.yaw + axis * np.pi / 2
        cosine = float(np.cos(direction) * run.line.normal[0] + np.sin(direction) * run.line.normal[1])
        gap = abs(s) - run.thickness / 2 - box.size[axis] / 2
        if abs(cosine) < 0.996 or not -0.1 < gap < _wall_reach(box.size[axis], box.size[1 - axis], tall):
            continue
        drape = _is_drape(box, axis, gap)
        back = max(0.0, _FOLDS - box.size[axis]) if drape else gap
        drapes |= drape
        if cosine * s < 0:
            high[axis] += back
        else:
            low[axis] -= back
    return drapes


def _is_drape(box: Cuboid, axis: int, gap: float) -> bool:
    """Whether something before a wall is a curtain, which leaves a gap to it."""
    shallow = box.size[axis] < min(_DRAPE[0], box.size[1 - axis] / 2)
    return bool(shallow and _DRAPE[1] < gap < _DRAPE[2] and box.size[2] > _DRAPE[3])


def _wall_reach(depth: float, length: float, tall: float) -> float:
    """How far (m) the unseen back of a box may lie behind what is seen: far for the mere front of something tall."""
    return _FRONT_TO_WALL if depth < 0.12 and length > 0.5 and tall > 0.6 else _TO_WALL


def hung(box: Cuboid, walls: list[Run], levels: Levels) -> Cuboid:
    """The box drawn on to the ceiling that hides its top, or from which it hangs by what no scan saw."""
    gap = np.inf if levels.ceiling is None else levels.ceiling - box.top
    in_the_air = box.bottom - levels.floor > _OVERHEAD and wall_gap(box, walls) > _OFF_WALL
    if levels.ceiling is None or not 0.0 < gap < (_CHAIN if in_the_air else _TO_CEILING):
        return box
    return between(box, box.bottom, levels.ceiling)


def between(box: Cuboid, bottom: float, top: float) -> Cuboid:
    """The box from one height to another (m)."""
    center = np.array([*box.center[:2], (bottom + top) / 2])
    return replace(box, center=center, size=np.array([*box.size[:2], top - bottom]))


def wall_gap(box: Cuboid, walls: list[Run]) -> float:
    """Distance (m) between a box and the nearest face of a wall, inf without walls."""
    gaps = [np.inf]
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    for run in walls:
        u, aside = float(run.line.along(box.center[None, :2])[0]), float(run.line.aside(box.center[None, :2])[0])
        if run.start - 0.2 < u < run.end + 0.2:
            n = run.line.normal
            half = abs(c * n[0] + s * n[1]) * box.size[0] / 2 + abs(-s * n[0] + c * n[1]) * box.size[1] / 2
            gaps.append(abs(aside) - run.thickness / 2 - half)
    return float(min(gaps))


def merged_duplicates(boxes: list[Cuboid]) -> list[Cuboid]:
    """The boxes without those that lie mostly within a larger one that reaches as high, and do not stand upon it."""
    kept: list[Cuboid] = []
    for box in sorted(boxes, key=lambda b: (-float(np.prod(b.size)), *b.center.tolist())):
        if box.upon or not any(_within(box, other) for other in kept):
            kept.append(box)
    return kept


def is_over(box: Cuboid, other: Cuboid, margin: float) -> bool:
    """Whether on plan the middle of a box lies in another one that is made larger by `margin` (m) on all sides."""
    c, s = np.cos(other.yaw), np.sin(other.yaw)
    d = box.center[:2] - other.center[:2]
    local = np.abs([c * d[0] + s * d[1], -s * d[0] + c * d[1]])
    return bool((local < other.size[:2] / 2 + margin).all())


def surface(box: Cuboid) -> Floats:
    """Points (N, 2) on plan all over a box."""
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    u, v = (side.ravel() * length for side, length in zip(np.mgrid[-0.5:0.5:21j, -0.5:0.5:21j], box.size[:2]))
    return box.center[:2] + np.column_stack([c * u - s * v, s * u + c * v])


def _within(box: Cuboid, other: Cuboid) -> bool:
    """Whether the middle of a box lies inside another, below its top."""
    return (
        is_over(box, other, -0.02)
        and other.bottom - 0.05 < box.bottom
        and box.top < other.top + 0.02
        and float(np.prod(box.size)) < 0.3 * float(np.prod(other.size))
    )
