"""Every entity as an oriented box: what viewers draw and what messages carry."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, dist, sin
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import LayoutError
from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window

Kind: TypeAlias = Literal["wall", "door", "window", "bbox"]
_COMPAT_OFFSET = {"wall": 0, "door": 1000, "window": 2000, "bbox": 3000}


@dataclass(frozen=True, slots=True)
class OrientedBox:
    """A box with full lengths `size` (m) along its own axes, turned by `yaw` (rad) about +z around its `center` (m)."""

    id: int
    kind: Kind
    label: str
    center: Vec3
    yaw: float
    size: Vec3

    @property
    def rotation(self) -> NDArray[np.float64]:
        """The (3, 3) matrix that turns box axes into frame axes."""
        c, s = cos(self.yaw), sin(self.yaw)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def corners(self) -> NDArray[np.float64]:
        """The (8, 3) corners: lower face counter-clockwise from (-x, -y), then the upper face in the same order."""
        ring = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
        signs = np.array([(x, y, z) for z in (-1, 1) for x, y in ring])
        return signs * np.asarray(self.size) / 2 @ self.rotation.T + np.asarray(self.center)


def to_boxes(layout: Layout, *, compat: bool = False) -> tuple[OrientedBox, ...]:
    """One box per entity, in the order of the layout. Walls have their thickness, openings that of their wall.

    Raises LayoutError for an opening of an unknown wall. `compat` draws as the reference does: walls without thickness,
    ids shifted by 1000 (doors), 2000 (windows) and 3000 (boxes), openings of unknown walls left out.
    """
    walls = {wall.id: wall for wall in layout.walls}
    boxes = [_wall_box(wall, compat) for wall in layout.walls]
    for opening in layout.doors + layout.windows:
        if opening.wall_id in walls:
            boxes.append(_opening_box(opening, walls[opening.wall_id], compat))
        elif not compat:
            kind = type(opening).__name__.lower()
            raise LayoutError(
                f"{kind}_{opening.id} stands in wall_{opening.wall_id}, which does not exist; remove it first"
            )
    boxes.extend(_furniture_box(box, compat) for box in layout.boxes)
    return tuple(boxes)


def wall_yaw(wall: Wall) -> float:
    """The direction from start to end of a wall in the plane (rad)."""
    return atan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0])


def _wall_box(wall: Wall, compat: bool) -> OrientedBox:
    x, y, z = ((a + b) / 2 for a, b in zip(wall.start, wall.end))
    size = (dist(wall.start, wall.end), 0.0 if compat else wall.thickness, wall.height)
    return OrientedBox(wall.id, "wall", "wall", (x, y, z + wall.height / 2), wall_yaw(wall), size)


def _opening_box(opening: Door | Window, wall: Wall, compat: bool) -> OrientedBox:
    kind: Kind = "door" if isinstance(opening, Door) else "window"
    number = opening.id + (_COMPAT_OFFSET[kind] if compat else 0)
    size = (opening.width, wall.thickness, opening.height)
    return OrientedBox(number, kind, kind, opening.center, wall_yaw(wall), size)


def _furniture_box(box: Box, compat: bool) -> OrientedBox:
    number = box.id + (_COMPAT_OFFSET["bbox"] if compat else 0)
    return OrientedBox(number, "bbox", box.label, box.center, box.yaw, box.size)
