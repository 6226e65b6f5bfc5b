"""Objects: what stands in rooms or hangs on their walls and ceilings, as oriented boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spatial_perception.models.geometric.arcs import rounded
from spatial_perception.models.geometric.box_features import box_features, box_probability
from spatial_perception.models.geometric.boxes import (
    Cuboid,
    between,
    completed,
    fit_cuboid,
    hung,
    is_over,
    merged_duplicates,
    surface,
    wall_gap,
)
from spatial_perception.models.geometric.clusters import clusters
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.curtains import drawn_together
from spatial_perception.models.geometric.hanging import hanging
from spatial_perception.models.geometric.labels import best_label
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.openings import Opening
from spatial_perception.models.geometric.rows import units
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.seats import with_backs
from spatial_perception.models.geometric.sparse import fewest
from spatial_perception.models.geometric.splitting import Piece, split
from spatial_perception.models.geometric.walls import Run

_REACH = 0.08  # m; points of one object are chained by steps of this length
_LEAST_POINTS = 15
_LEAF = ((0.5, 1.4), 0.2, (1.7, 2.4))  # m; width, greatest thickness and top of a door leaf
_RAISED = (0.1, 0.5)  # m above the floor, between which the lowest point of a raised part lies
_CROWN = (0.9, 0.2)  # m; the same is raised as far as this where it is so little above what stands below it
_RAISED_POINTS = 40
_SAME_PLAN = 0.3  # overlap on plan of a raised part and what it belongs to
_STRIP = (1.2, 0.05, 0.15)  # m; length, greatest thickness and greatest drop of a strip of ceiling
_BEFORE = 0.6  # m; a way through a door is free this far before its wall
_BOARD = 0.04  # m; the upper side of what a thing stands on is this near to its height
_JAMB = 0.1  # m; what stands this near to a side of a door may reach before it
_HEADROOM = 1.5  # m; what hangs higher leaves the way through free
_LAMP = "floor-standing_lamp"
_SHADE = (
    0.85,
    1.6,
    0.65,
    0.15,
)  # m; where the lower end of the shade of a lamp is, from, to; its greatest and least side
_SHADE_TO_WALL, _SHADE_TO_CEILING = 0.1, 0.4  # m; what is nearer hangs there, unless it has a pole
_FOOT, _POLE = 0.3, 0.2  # m; what ends lower, or is thinner, belongs to the lamp itself
_AFLOAT = (0.3, 0.2)  # m; what begins this far above the floor, and less than this above another thing, stands on that
_HINGE = 0.25  # m; a leaf begins this near to a side of its door


@dataclass(frozen=True, slots=True)
class Thing:
    """A found object: its box, label, chance of being right, and the features that this rests on."""

    box: Cuboid
    label: str
    score: float
    features: tuple[float, ...]


def find_objects(
    xyz: Floats,
    pictures: list[Floats],
    walls: list[Run],
    openings: list[Opening],
    levels: Levels,
    spacing: float,
    config: GeometricConfig,
) -> list[Thing]:
    """All objects among the loose samples (N, 3) and the `pictures`, samples (K, 3) of flat things on walls; largest first."""
    reach = max(_REACH, 2.0 * spacing)
    preferred = wall_directions(walls)
    boxes = [completed(fit_cuboid(picture, preferred, spacing), walls, levels) for picture in pictures]
    parts = with_raised_parts(xyz, groups(clusters(xyz, reach)), levels.floor, fewest(_RAISED_POINTS, spacing))
    for part in hung_apart(xyz, parts, reach, levels.floor, spacing):
        pieces = split(xyz[part], max(0.05, 1.2 * spacing), spacing)
        for piece in with_backs(xyz[part], pieces, preferred, levels.floor):
            boxes += _boxes_of(xyz[part], piece, preferred, walls, openings, levels, spacing)
    boxes = [b for b in boxes if b.size.max() >= config.object_min_size and not is_leaf(b, walls, openings, levels)]
    boxes = [hung(b, walls, levels) for b in boxes if not is_ceiling_strip(b, levels)]
    boxes = drawn_together(boxes, walls, openings)
    boxes = [on_what_is_below(box, boxes, walls, levels) for box in boxes]
    wholes = [on_its_pole(box, boxes, walls, levels) for box in boxes]
    seen = {id(whole): box for whole, box in zip(wholes, boxes)}
    things = [_thing(seen[id(box)], box, walls, levels, spacing) for box in merged_duplicates(wholes)]
    things = [t for t in things if t.score >= config.object_min_score]
    return sorted(things, key=lambda t: (-float(np.prod(t.box.size)), *t.box.center.tolist()))


def _boxes_of(
    group: Floats,
    piece: Piece,
    preferred: list[float],
    walls: list[Run],
    openings: list[Opening],
    levels: Levels,
    spacing: float,
) -> list[Cuboid]:
    """The boxes of one piece of a group of points (N, 3)."""
    xyz, board = group[piece.index], None
    if piece.base is not None:
        board = group[np.abs(group[:, 2] - piece.base) < _BOARD, :2]
    boxes = []
    for side in beside_doors(xyz, walls, openings, levels.floor):
        for unit in units(xyz[side], preferred, levels.floor) if board is None else [np.arange(len(side))]:
            if len(unit) >= fewest(_LEAST_POINTS, spacing):
                box = rounded(fit_cuboid(xyz[side[unit]], preferred, spacing), xyz[side[unit]])
                boxes.append(completed(box, walls, levels, piece.base, board))
    return boxes


def beside_doors(xyz: Floats, walls: list[Run], openings: list[Opening], floor: float) -> list[np.ndarray]:
    """Indices of the points (N, 3) of one group, taken apart at doors: left, right, and what hangs over the way through.

    Above a wide door the face of a wall, or what hangs there, chains together what stands at both sides.
    """
    parts = [np.arange(len(xyz))]
    for door in (o for o in openings if o.is_door):
        parts = [apart for part in parts for apart in _beside(xyz, part, walls[door.wall], door, floor)]
    return parts


def _beside(xyz: Floats, part: np.ndarray, run: Run, door: Opening, floor: float) -> list[np.ndarray]:
    points = xyz[part]
    u, s = run.line.along(points[:, :2]), run.line.aside(points[:, :2])
    near = np.abs(s) < run.thickness / 2 + _BEFORE
    over = near & (u > door.u0 + _JAMB) & (u < door.u1 - _JAMB)
    standing = points[:, 2].min() < floor + _RAISED[1]
    if not standing or not over.any() or points[over, 2].min() < floor + _HEADROOM:
        return [part]
    left = u < (door.u0 + door.u1) / 2
    return [part[mask] for mask in (~over & left, ~over & ~left, over) if mask.any()]


def groups(label: np.ndarray) -> list[np.ndarray]:
    """Indices of the points of each label, in the order of the labels."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []


def with_raised_parts(
    xyz: Floats, parts: list[np.ndarray], floor: float, least: int = _RAISED_POINTS
) -> list[np.ndarray]:
    """The groups of points with those joined that hang over another one of about their size: a seat over its unseen stem.

    Groups of fewer than `least` points are left as they are.
    """
    ends = [(xyz[part].min(axis=0), xyz[part].max(axis=0)) for part in parts]
    big = [k for k, part in enumerate(parts) if len(part) >= least]
    standing = [k for k in big if ends[k][0][2] - floor < _RAISED[0]]
    joined = {k: [k] for k in range(len(parts))}
    for k in big:
        bottom = ends[k][0][2]
        if _RAISED[0] <= bottom - floor < _CROWN[0]:
            lowest = -np.inf if bottom - floor < _RAISED[1] else bottom - _CROWN[1]
            shares = [(_plan_overlap(ends[k], ends[j]), j) for j in standing if lowest < ends[j][1][2] < ends[k][1][2]]
            share, below = max(shares, default=(0.0, k))
            if share > _SAME_PLAN:
                joined[below] += joined.pop(k)
    return [np.sort(np.concatenate([parts[k] for k in ks])) for ks in joined.values()]


def hung_apart(
    xyz: Floats, parts: list[np.ndarray], reach: float, floor: float, spacing: float = 0.0
) -> list[np.ndarray]:
    """The groups of points with what hangs over a worktop taken from what stands below; both are grouped anew."""
    result = []
    for part in parts:
        hangs = hanging(xyz[part], floor, spacing)
        for side in (part[~hangs], part[hangs]) if hangs.any() else ():
            result += [side[group] for group in groups(clusters(xyz[side], reach))]
        result += [] if hangs.any() else [part]
    return result


def _plan_overlap(a: tuple[Floats, Floats], b: tuple[Floats, Floats]) -> float:
    """Shared area of two upright boxes on plan over the area of both together."""
    sides = np.maximum(np.minimum(a[1], b[1])[:2] - np.maximum(a[0], b[0])[:2], 0.0)
    shared = float(np.prod(sides))
    return shared / max(float(np.prod((a[1] - a[0])[:2]) + np.prod((b[1] - b[0])[:2])) - shared, 1e-9)


def is_ceiling_strip(box: Cuboid, levels: Levels) -> bool:
    """Whether a box is a strip of the ceiling, as wide scan rings on a ceiling that is not quite level leave them."""
    if levels.ceiling is None or levels.ceiling - box.top > _STRIP[2]:
        return False
    return max(box.size[:2]) > _STRIP[0] and float(box.size[2]) < _STRIP[1]


def on_its_pole(box: Cuboid, boxes: list[Cuboid], walls: list[Run], levels: Levels) -> Cuboid:
    """What hangs in the open above nothing, drawn on to the floor: the shade of a lamp, whose pole a scan hardly meets."""
    wide, tall = float(box.size[:2].max()), float(box.size[2])
    floats = _SHADE[0] < box.bottom - levels.floor < _SHADE[1] and wide < _SHADE[2] and _SHADE[3] < tall < _SHADE[2]
    if not floats or levels.top - box.top < _SHADE_TO_CEILING:
        return box
    below = [other for other in boxes if _stands_on(box, other)]
    on_a_wall = not below and wall_gap(box, walls) < _SHADE_TO_WALL
    if on_a_wall or any(not _is_pole(other, levels) for other in below):
        return box
    return between(box, levels.floor, box.top)


def on_what_is_below(box: Cuboid, boxes: list[Cuboid], walls: list[Run], levels: Levels) -> Cuboid:
    """What seems to float off every wall a little above another thing, drawn on to it."""
    if box.upon or box.bottom - levels.floor < _AFLOAT[0] or wall_gap(box, walls) < _SHADE_TO_WALL:
        return box
    below = [o for o in boxes if 0.0 < box.bottom - o.top < _AFLOAT[1] and is_over(box, o, 0.0)]
    if not below:
        return box
    base = max(below, key=lambda o: o.top)
    return completed(box, walls, levels, base.top, surface(base))


def _is_pole(box: Cuboid, levels: Levels) -> bool:
    """Whether a box may be what a scan met of the foot or the pole of a lamp."""
    return box.top - levels.floor < _FOOT or float(box.size[:2].max()) < _POLE


def _stands_on(box: Cuboid, other: Cuboid) -> bool:
    """Whether the middle of a box is over another one that is not all above it."""
    return is_over(box, other, 0.1) and other.bottom < box.bottom - 0.05


def _thing(seen: Cuboid, box: Cuboid, walls: list[Run], levels: Levels, spacing: float) -> Thing:
    """A box with its label and chance; the latter rests on what was `seen` of it."""
    label, fit = best_label(seen, walls, levels)
    features = box_features(seen, walls, levels, spacing, fit)
    in_the_open = not walls and levels.floor_seen
    label = label if box is seen else _LAMP
    return Thing(box, label, box_probability(features, in_the_open=in_the_open), features)


def is_leaf(box: Cuboid, walls: list[Run], openings: list[Opening], levels: Levels) -> bool:
    """Whether a box is an open door leaf: thin, as tall as a door, and hinged at the side of one."""
    width, thickness = max(box.size[:2]), min(box.size[:2])
    shape = (
        _LEAF[0][0] < width < _LEAF[0][1]
        and thickness < _LEAF[1]
        and _LEAF[2][0] < box.top - levels.floor < _LEAF[2][1]
    )
    if not shape or box.bottom - levels.floor > 0.4:
        return False
    axis = box.yaw + (0.0 if box.size[0] >= box.size[1] else np.pi / 2)
    step = np.array([np.cos(axis), np.sin(axis)]) * width / 2
    ends = np.stack([box.center[:2] - step, box.center[:2] + step])
    hinges = [walls[o.wall].line.point(u) for o in openings if o.is_door for u in (o.u0, o.u1)]
    reach = [_HINGE + walls[o.wall].thickness / 2 for o in openings if o.is_door for _ in range(2)]
    return any(np.linalg.norm(ends - h, axis=1).min() < r for h, r in zip(hinges, reach))


def wall_directions(walls: list[Run]) -> list[float]:
    """Directions (rad) in [0, pi/2) that boxes prefer: those of the walls and the main axes."""
    return sorted({0.0, *(round(float(np.mod(run.line.angle, np.pi / 2)), 3) for run in walls)})
