"""Moves of a whole layout: shift, scale, turn about z, order.

`compat=True` reproduces the published reference where it differs; each place says how.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from math import cos, isfinite, pi, sin
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spatial_perception.errors import LayoutError
from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window, vec3
from spatial_perception.layout.quantization import quantise

MIN_TRAINING_SIZE = 0.15
DROPPED_LABELS = ("", "unknown")
_Opening = TypeVar("_Opening", Door, Window)


@dataclass(frozen=True, slots=True)
class YawTransform:
    """A turn by `yaw` (rad, counter-clockwise) about the z axis of the origin, then a shift by `translation` (m)."""

    yaw: float = 0.0
    translation: Vec3 = (0.0, 0.0, 0.0)

    def apply(self, layout: Layout) -> Layout:
        """The moved layout."""
        return translate(rotate(layout, self.yaw), self.translation)

    def apply_points(self, points: ArrayLike) -> NDArray[np.float64]:
        """The moved points; (N, 3) in, (N, 3) out."""
        return rotate_points(points, self.yaw) + np.asarray(self.translation)

    def inverse(self) -> YawTransform:
        """The transform that undoes this one."""
        back = rotate_points([self.translation], -self.yaw)[0]
        return YawTransform(-self.yaw, vec3(-back))

    def then(self, following: YawTransform) -> YawTransform:
        """This transform followed by another, as one."""
        shift = following.apply_points([self.translation])[0]
        return YawTransform(wrap_angle(self.yaw + following.yaw), vec3(shift))


def transform(layout: Layout, yaw: float, translation: Sequence[float]) -> Layout:
    """The layout turned by `yaw` (rad) about the z axis of the origin, then shifted by `translation` (m)."""
    return YawTransform(yaw, vec3(translation)).apply(layout)


def translate(layout: Layout, offset: Sequence[float]) -> Layout:
    """The layout shifted by `offset` (3,) in metres."""
    dx, dy, dz = vec3(offset)
    return _map_positions(layout, lambda p: (p[0] + dx, p[1] + dy, p[2] + dz))


def move_box(layout: Layout, box_id: int, dx: float, dy: float) -> Layout:
    """The layout with one box moved on plan by dx, dy (m); unchanged where it has no box of this id."""
    boxes = (
        replace(b, center=(b.center[0] + dx, b.center[1] + dy, b.center[2])) if b.id == box_id else b
        for b in layout.boxes
    )
    return replace(layout, boxes=tuple(boxes))


def scale(layout: Layout, factor: float) -> Layout:
    """The layout with every coordinate and length multiplied by `factor` > 0, about the origin."""
    if not (isfinite(factor) and factor > 0):
        raise LayoutError(f"a layout cannot be scaled by {factor}; give a positive number")
    moved = _map_positions(layout, lambda p: (p[0] * factor, p[1] * factor, p[2] * factor))
    return replace(
        moved,
        walls=tuple(replace(w, height=w.height * factor, thickness=w.thickness * factor) for w in moved.walls),
        doors=tuple(replace(d, width=d.width * factor, height=d.height * factor) for d in moved.doors),
        windows=tuple(replace(w, width=w.width * factor, height=w.height * factor) for w in moved.windows),
        boxes=tuple(replace(b, size=vec3([s * factor for s in b.size])) for b in moved.boxes),
    )


def rotate(layout: Layout, angle: float, *, compat: bool = False) -> Layout:
    """The layout turned by `angle` (rad, counter-clockwise) about the z axis of the origin.

    The yaw of a box becomes yaw + angle in [-pi, pi), so that its front stays its front. `compat` instead forgets
    the front as the reference does: the yaw is reduced to [-pi, 0), and to [-pi, -pi/2) for boxes whose x and y
    sizes agree to 1 mm.
    """
    c, s = cos(angle), sin(angle)
    moved = _map_positions(layout, lambda p: (c * p[0] - s * p[1], s * p[0] + c * p[1], p[2]))
    turn = _reduced_yaw if compat else lambda box, yaw: wrap_angle(yaw)
    return replace(moved, boxes=tuple(replace(b, yaw=turn(b, b.yaw + angle)) for b in moved.boxes))


def rotate_points(points: ArrayLike, angle: float) -> NDArray[np.float64]:
    """Points (N, 3) turned by `angle` (rad) about the z axis of the origin."""
    xyz = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    c, s = cos(angle), sin(angle)
    return np.column_stack([c * xyz[:, 0] - s * xyz[:, 1], s * xyz[:, 0] + c * xyz[:, 1], xyz[:, 2]])


def wrap_angle(angle: float) -> float:
    """The same direction in [-pi, pi); angles already there are returned unchanged."""
    if -pi <= angle < pi:
        return angle
    wrapped = (angle + pi) % (2 * pi) - pi
    return wrapped if wrapped < pi else -pi


def reorder(
    layout: Layout,
    *,
    min_size: float | None = MIN_TRAINING_SIZE,
    dropped_labels: Collection[str] = DROPPED_LABELS,
) -> Layout:
    """The canonical order in which models are taught to write a layout, ids counted from 0.

    Wall ends ordered by (z, y, x); walls by (start, end) compared the same way; doors, windows and boxes by (y, x).
    Boxes with all three sizes under `min_size` (None: keep) or with a label in `dropped_labels` are left out.
    Raises LayoutError where an opening refers to a wall that does not exist.
    """
    walls = sorted((_ordered_ends(w) for w in layout.walls), key=lambda w: (w.start[::-1], w.end[::-1]))
    new_ids = {wall.id: number for number, wall in enumerate(walls)}
    return replace(
        layout,
        walls=tuple(replace(wall, id=number) for number, wall in enumerate(walls)),
        doors=_renumbered_openings(layout.doors, new_ids),
        windows=_renumbered_openings(layout.windows, new_ids),
        boxes=_renumbered_boxes(layout.boxes, min_size, dropped_labels),
    )


def filter_empty_boxes(
    layout: Layout, points: ArrayLike, *, min_points: int = 100, margin: float = 0.15, compat: bool = False
) -> Layout:
    """Only the boxes that hold more than `min_points` of the points (N, 3), grown by `margin` (m) on every side.

    `compat` turns the points the wrong way (by +yaw instead of -yaw), as the reference does.
    """
    xyz = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    kept = (b for b in layout.boxes if points_in_box(b, xyz, margin=margin, compat=compat).sum() > min_points)
    return replace(layout, boxes=tuple(kept))


def points_in_box(
    box: Box, points: NDArray[np.float64], *, margin: float = 0.0, compat: bool = False
) -> NDArray[np.bool_]:
    """Which points (N, 3) lie in the box grown by `margin` (m) on every side; `compat` as in `filter_empty_boxes`."""
    local = np.abs(rotate_points(points - np.asarray(box.center), box.yaw if compat else -box.yaw))
    x, y, z = (local[:, axis] <= box.size[axis] / 2 + margin for axis in range(3))
    return x & y & z


def training_target(
    layout: Layout,
    *,
    angle: float,
    factor: float,
    center: Sequence[float],
    min_bound: Sequence[float],
    num_bins: int,
    points: ArrayLike | None = None,
    compat: bool = False,
) -> Layout:
    """The layout in bins that a model is to write for an augmented cloud: the chain of SpatialLM's fine-tuning.

    Scale by `factor` and turn by `angle` about `center` (m), drop boxes without points (`points`: the augmented
    cloud, None: keep all), canonical order, shift by -`min_bound` (m), quantise. Yaws are always reduced as
    in `rotate(compat=True)`, so that one shape has one target; `compat` also finds empty boxes as the reference does.
    """
    middle = vec3(center)
    moved = rotate(scale(translate(layout, _negative(middle)), factor), angle, compat=True)
    moved = translate(moved, middle)
    if points is not None:
        moved = filter_empty_boxes(moved, points, compat=compat)
    shifted = translate(reorder(moved), _negative(min_bound))
    return quantise(shifted, num_bins)


def _negative(vector: Sequence[float]) -> Vec3:
    x, y, z = vec3(vector)
    return (-x, -y, -z)


def _map_positions(layout: Layout, move: Callable[[Vec3], Vec3]) -> Layout:
    return replace(
        layout,
        walls=tuple(replace(w, start=move(w.start), end=move(w.end)) for w in layout.walls),
        doors=tuple(replace(d, center=move(d.center)) for d in layout.doors),
        windows=tuple(replace(w, center=move(w.center)) for w in layout.windows),
        boxes=tuple(replace(b, center=move(b.center)) for b in layout.boxes),
    )


def _reduced_yaw(box: Box, yaw: float) -> float:
    symmetric = abs(box.size[0] - box.size[1]) <= 1e-3 + 1e-5 * abs(box.size[1])
    return (wrap_angle(yaw) + pi) % (pi / 2 if symmetric else pi) - pi


def _ordered_ends(wall: Wall) -> Wall:
    if wall.end[::-1] < wall.start[::-1]:
        return replace(wall, start=wall.end, end=wall.start)
    return wall


def _renumbered_openings(openings: Sequence[_Opening], new_ids: dict[int, int]) -> tuple[_Opening, ...]:
    unknown = next((o for o in openings if o.wall_id not in new_ids), None)
    if unknown is not None:
        kind = type(unknown).__name__.lower()
        raise LayoutError(
            f"{kind}_{unknown.id} stands in wall_{unknown.wall_id}, which does not exist; remove it first"
        )
    ordered = sorted(openings, key=lambda o: (o.center[1], o.center[0]))
    return tuple(replace(o, id=number, wall_id=new_ids[o.wall_id]) for number, o in enumerate(ordered))


def _renumbered_boxes(boxes: Sequence[Box], min_size: float | None, dropped: Collection[str]) -> tuple[Box, ...]:
    kept = [b for b in boxes if b.label not in dropped and (min_size is None or max(b.size) >= min_size)]
    kept.sort(key=lambda b: (b.center[1], b.center[0]))
    return tuple(replace(box, id=number) for number, box in enumerate(kept))
