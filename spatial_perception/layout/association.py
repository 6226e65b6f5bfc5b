"""How unlike two entities of one kind are: 0 for the same, 1 and more for certainly different ones.

Layouts of a growing map differ in more than noise: walls get longer as more of them is seen, their ends swap, objects
turn by a right angle with length and width exchanged. The costs look at what stays: the line of a wall, the place of an
opening, the place and footprint of an object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import dist, hypot, log, pi

import numpy as np
import shapely
from numpy.typing import NDArray

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Box, Door, Wall, Window

Costs = NDArray[np.float64]
Opening = Door | Window

WALL_OFFSET = 0.4
"""Distance (m) between two parallel base lines at which they are different walls."""
WALL_ANGLE = np.radians(20.0)
STOREY = 1.5
"""Difference of height (m) at which entities are on different storeys."""
OPENING_SHIFT = 0.8
BOX_SHIFT = 0.5
SAME_BOX = 0.15
"""Intersection over union from which on two boxes may be one thing, however unlike they look: seen in part, or as one with
what is next to it. What hangs before a wardrobe, or stands half under a table, has less."""


def wall_costs(old: Sequence[Wall], new: Sequence[Wall]) -> Costs:
    """Costs (N, M): offset and angle between the lines, how much of the shorter is not along the longer, and a little for
    unlike lengths, so that of two halves the larger one continues the whole."""
    a, b = _Lines.of(old), _Lines.of(new)
    offset = np.minimum(_offset(a, b), _offset(b, a).T)
    angle = np.arccos(np.clip(np.abs(a.direction @ b.direction.T), 0.0, 1.0))
    overlap, union = _along(a, b)
    shorter = np.maximum(np.minimum(a.length[:, None], b.length[None]), 1e-6)
    storey = np.abs(a.height[:, None] - b.height[None])
    apart = 1.0 - np.clip(overlap / shorter, -1.0, 1.0)
    unlike = 1.0 - np.clip(overlap, 0.0, None) / np.maximum(union, 1e-6)
    return offset / WALL_OFFSET + angle / WALL_ANGLE + apart + 0.3 * unlike + storey / STOREY


def opening_costs(old: Sequence[Opening], new: Sequence[Opening], same_wall: NDArray[np.bool_] | None = None) -> Costs:
    """Costs (N, M): distance of the centres, unlike widths and heights, and a little for another wall (None: not compared)."""
    shift = _distances([o.center for o in old], [o.center for o in new])
    width = np.abs(np.subtract.outer([o.width for o in old], [o.width for o in new])).reshape(shift.shape)
    height = np.abs(np.subtract.outer([o.height for o in old], [o.height for o in new])).reshape(shift.shape)
    return (
        shift / OPENING_SHIFT
        + width / 1.5
        + height / 3.0
        + (0.0 if same_wall is None else np.where(same_wall, 0.0, 0.2))
    )


def box_costs(old: Sequence[Box], new: Sequence[Box]) -> Costs:
    """Costs (N, M): distance of the centres (larger objects may move more), unlike footprint and height, another label."""
    shift = _distances([b.center for b in old], [b.center for b in new])
    reach = np.maximum(BOX_SHIFT, 0.4 * np.minimum.outer([max(b.size) for b in old], [max(b.size) for b in new]))
    sizes = [np.array([_log_size(b) for b in boxes]).reshape(-1, 3) for boxes in (old, new)]
    unlike = np.abs(sizes[0][:, None] - sizes[1][None]).mean(axis=2)
    label = np.array([[a.label != b.label for b in new] for a in old]).reshape(shift.shape)
    return shift / reach.reshape(shift.shape) + 0.5 * unlike + 0.4 * label


def box_angle(yaw: float, reference: float) -> float:
    """`yaw` turned by a multiple of a right angle so that it lies within 45 degrees of `reference` (rad)."""
    return yaw - round((yaw - reference) / (pi / 2)) * (pi / 2)


def turned_like(box: Box, reference: float) -> Box:
    """The same box with its yaw within 45 degrees of `reference` (rad); a quarter turn exchanges length and width."""
    yaw = box_angle(box.yaw, reference)
    length, width, height = box.size
    odd = round((yaw - box.yaw) / (pi / 2)) % 2 == 1
    return replace(box, yaw=yaw, size=(width, length, height) if odd else box.size)


def covered_by(wall: Wall, others: Sequence[Wall]) -> bool:
    """Whether another wall runs along the same line and takes up most of this one's length."""
    if not others:
        return False
    a, b = _Lines.of([wall]), _Lines.of(others)
    angle = np.arccos(np.clip(np.abs(a.direction @ b.direction.T), 0.0, 1.0))
    overlap, _ = _along(a, b)
    near = np.minimum(_offset(a, b), _offset(b, a).T) < 0.6 * WALL_OFFSET
    storey = np.abs(a.height[:, None] - b.height[None]) < STOREY / 2
    return bool((near & storey & (angle < WALL_ANGLE) & (overlap > 0.7 * a.length[:, None])).any())


def fills_the_same_place(box: Box, other: Box) -> bool:
    """Whether the centre of either of two boxes lies within the other: two solid things cannot be so."""
    return _contains(box, other.center) or _contains(other, box.center)


def box_iou(a: Box | OrientedBox, b: Box | OrientedBox) -> float:
    """Intersection over union of two upright boxes; 0 where either has no volume."""
    if min(*a.size, *b.size) <= 0:
        return 0.0
    low = max(box.center[2] - box.size[2] / 2 for box in (a, b))
    high = min(box.center[2] + box.size[2] / 2 for box in (a, b))
    reach = sum(hypot(*box.size[:2]) for box in (a, b)) / 2
    if low >= high or dist(a.center[:2], b.center[:2]) >= reach:
        return 0.0
    shared = float(shapely.area(shapely.intersection(*(shapely.polygons(_ring(box)) for box in (a, b))))) * (high - low)
    return shared / (float(np.prod(a.size)) + float(np.prod(b.size)) - shared)


def overlap_in_wall(opening: Opening, other: Opening) -> bool:
    """Whether two openings are nearer to each other than half their mean width: one hole, seen twice."""
    shift = float(np.linalg.norm(np.subtract(opening.center, other.center)[:2]))
    apart = abs(opening.center[2] - other.center[2])
    return shift < 0.25 * (opening.width + other.width) and apart < 0.5 * (opening.height + other.height)


def _ring(box: Box | OrientedBox) -> Costs:
    """The (4, 2) corners in plan."""
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    half = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * np.asarray(box.size[:2]) / 2
    return half @ np.array([[c, s], [-s, c]]) + np.asarray(box.center[:2])


def _contains(box: Box, point: Sequence[float]) -> bool:
    x, y, z = np.subtract(point, box.center)
    c, s = np.cos(box.yaw), np.sin(box.yaw)
    local = np.abs([c * x + s * y, c * y - s * x, z])
    return bool((local < np.asarray(box.size) / 2).all())


def _log_size(box: Box) -> tuple[float, float, float]:
    """Footprint (longer side first) and height on a scale where a factor counts, whatever the size; 5 cm count as nothing."""
    long, short = max(box.size[:2]), min(box.size[:2])
    return log(abs(long) + 0.05), log(abs(short) + 0.05), log(abs(box.size[2]) + 0.05)


def _distances(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> Costs:
    a, b = (np.asarray(points, dtype=float).reshape(-1, 3) for points in (old, new))
    return np.linalg.norm(a[:, None] - b[None], axis=2)


class _Lines:
    """Base lines of walls as arrays: `start` (N, 2), unit `direction` (N, 2), `length` (N,), `height` of the floor (N,)."""

    def __init__(self, start: Costs, end: Costs, height: Costs) -> None:
        self.start, self.end, self.height = start, end, height
        step = end - start
        self.length = np.linalg.norm(step, axis=1)
        # A wall without length has the direction of x: it matches by place alone.
        safe = np.where(self.length > 1e-9, self.length, 1.0)[:, None]
        self.direction = np.where(self.length[:, None] > 1e-9, step / safe, [1.0, 0.0])

    @classmethod
    def of(cls, walls: Sequence[Wall]) -> _Lines:
        ends = np.array([(w.start, w.end) for w in walls], dtype=float).reshape(-1, 2, 3)
        return cls(ends[:, 0, :2], ends[:, 1, :2], ends[:, :, 2].mean(axis=1))


def _offset(line: _Lines, other: _Lines) -> Costs:
    """Mean distance (N, M) of the ends of the others from the (endless) lines."""
    normal = np.stack([-line.direction[:, 1], line.direction[:, 0]], axis=1)
    middle = np.einsum("nd,nd->n", normal, line.start)[:, None]
    return 0.5 * (np.abs(normal @ other.start.T - middle) + np.abs(normal @ other.end.T - middle))


def _along(line: _Lines, other: _Lines) -> tuple[Costs, Costs]:
    """Overlap (negative: gap) and union (N, M) of the others with the lines, in metres along the lines."""
    zero = np.einsum("nd,nd->n", line.direction, line.start)[:, None]
    ends = np.stack([line.direction @ other.start.T - zero, line.direction @ other.end.T - zero])
    low, high = ends.min(axis=0), ends.max(axis=0)
    length = line.length[:, None]
    overlap = np.minimum(high, length) - np.maximum(low, 0.0)
    return overlap, np.maximum(high, length) - np.minimum(low, 0.0)
