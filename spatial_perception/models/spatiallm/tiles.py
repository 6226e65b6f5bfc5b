"""Clouds of several rooms, or larger than the model's world, cut into tiles: one per room, and per stretch of a large one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Door, Layout, Vec3, Wall, Window, vec3
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.columns import every, highest, lowest
from spatial_perception.pointcloud.plan_mask import PlanMask
from spatial_perception.pointcloud.room_regions import room_regions

OVERLAP = 4.0
ROOM_MARGIN = 0.35  # m around a room, so that both faces of its walls are seen
_SLACK = 0.3  # m; what two tiles may both claim, to be told apart afterwards
_STEP = 0.02
_Opening = TypeVar("_Opening", Door, Window)


@dataclass(frozen=True, eq=False)
class Tile:
    """A rectangle (m) of the plan: `low`, `high` with overlap; `core_low`, `core_high` are its own share.

    `area` narrows it to a room with its walls, `room` is the room itself.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    core_low: tuple[float, float] = (-np.inf, -np.inf)
    core_high: tuple[float, float] = (np.inf, np.inf)
    room: PlanMask | None = None
    area: PlanMask | None = field(default=None, repr=False)

    def holds(self, xy: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which plan points (N, 2) the tile shows."""
        inside = every((xy >= self.low) & (xy <= self.high))
        return inside if self.area is None else inside & self.area.contains(xy)

    def owns(self, place: Vec3, slack: float = _SLACK) -> bool:
        """Whether a place lies in the tile's own share or within `slack` metres of it."""
        inside = all(
            low - slack <= value < high + slack for low, value, high in zip(self.core_low, place, self.core_high)
        )
        return inside and (self.area is None or bool(self.area.contains(np.array([place[:2]]))[0]))

    def side_of(self, wall: Wall) -> int:
        """On which side of a wall the room lies: 1 left, -1 right, 0 on both or unknown."""
        if self.room is None:
            return 0
        start, end = np.array(wall.start[:2]), np.array(wall.end[:2])
        along = end - start
        normal = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
        places = start + np.linspace(0.1, 0.9, 9)[:, None] * along
        left, right = (int(self.room.contains(places + 0.4 * side * normal).sum()) for side in (1, -1))
        return (left > 2 * right) - (right > 2 * left)

    def view(self, layout: Layout) -> Layout:
        """What the tile shows of a layout: walls cut to it, everything else whole where its middle is inside."""
        walls = tuple(wall for wall in map(self._cut, layout.walls) if wall is not None)
        kept = {wall.id for wall in walls}
        return replace(
            layout,
            walls=walls,
            doors=tuple(item for item in self._inside(layout.doors) if item.wall_id in kept),
            windows=tuple(item for item in self._inside(layout.windows) if item.wall_id in kept),
            boxes=tuple(box for box in layout.boxes if self._shows(box.center)),
        )

    def _inside(self, openings: Sequence[_Opening]) -> list[_Opening]:
        return [item for item in openings if self._shows(item.center)]

    def _shows(self, place: Vec3) -> bool:
        return bool(self.holds(np.array([place[:2]]))[0])

    def _cut(self, wall: Wall) -> Wall | None:
        """The wall from where it first lies in the tile to where it last does."""
        start, end = np.array(wall.start), np.array(wall.end)
        steps = max(2, ceil(float(np.linalg.norm(end - start)) / _STEP))
        share = np.linspace(0.0, 1.0, steps + 1)[:, None]
        inside = np.flatnonzero(self.holds((start + share * (end - start))[:, :2]))
        if len(inside) < 2:
            return None
        first, last = (start + share[k] * (end - start) for k in (inside[0], inside[-1]))
        return replace(wall, start=vec3(first), end=vec3(last))


def cut(cloud: PointCloud, edge: float, min_points: int, by_room: bool = True) -> list[tuple[Tile, PointCloud]]:
    """Tiles of at most `edge` metres with at least `min_points` points each; a small cloud of one room is one tile.

    With `by_room` every room is a tile of its own. Raises CloudError for clouds that are higher than `edge`: floors must
    be told apart first.
    """
    low, high = lowest(cloud.xyz), highest(cloud.xyz)
    if high[2] - low[2] > edge:
        raise CloudError(
            f"the cloud is {high[2] - low[2]:.0f} m high, at most {edge:g} m are possible; crop it to a storey"
        )
    rooms = list(_rooms(cloud)) if by_room else []
    areas = rooms if len(rooms) > 1 else [(None, None)]
    tiles = [tile for room, area in areas for tile in _tiles(cloud, room, area, edge)]
    inside = [(tile, _select(cloud, tile)) for tile in tiles]
    return [(tile, part) for tile, part in inside if len(part) >= min_points]


def _rooms(cloud: PointCloud) -> Iterator[tuple[PlanMask, PlanMask]]:
    """Every room, and the area that shows it with its walls."""
    regions = room_regions(cloud)
    for number in range(1, regions.count + 1):
        room = regions.mask(number)
        yield room, room.grown(ROOM_MARGIN)


def _tiles(cloud: PointCloud, room: PlanMask | None, area: PlanMask | None, edge: float) -> Iterator[Tile]:
    plan = cloud.xyz[:, :2]
    if area is not None:
        plan = plan[area.contains(plan)]
    if len(plan):
        low, high = lowest(plan), highest(plan)
        for spans in product(*(_spans(float(low[axis]), float(high[axis]), edge) for axis in (0, 1))):
            low_xy, high_xy, core_low, core_high = ((x, y) for x, y in zip(*spans))
            yield Tile(low_xy, high_xy, core_low, core_high, room, area)


def _spans(low: float, high: float, edge: float) -> Iterator[tuple[float, float, float, float]]:
    """Ends of equal tiles along one axis, with overlap, and of their own shares, which are open at the outside."""
    count = 1 if high - low <= edge else ceil((high - low - OVERLAP) / (edge - OVERLAP))
    share = (high - low) / count
    for index in range(count):
        begin, end = low + index * share, low + (index + 1) * share
        first, last = index == 0, index == count - 1
        reach = OVERLAP / 2
        yield (
            begin if first else begin - reach,
            end if last else end + reach,
            -np.inf if first else begin,
            np.inf if last else end,
        )


def _select(cloud: PointCloud, tile: Tile) -> PointCloud:
    inside = tile.holds(cloud.xyz[:, :2])
    return cloud if bool(inside.all()) else cloud.select(np.flatnonzero(inside))
