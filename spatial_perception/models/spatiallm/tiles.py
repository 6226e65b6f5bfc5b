"""Clouds larger than the model's world, cut into overlapping tiles whose layouts are stitched together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from typing import TypeVar

import numpy as np

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Box, Door, Layout, Vec3, Wall, Window, vec3
from spatial_perception.layout.validation import deduplicate
from spatial_perception.pointcloud.cloud import PointCloud

OVERLAP = 4.0
_Opening = TypeVar("_Opening", Door, Window)
_JOIN_GAP, _JOIN_OFFSET = 0.4, 0.15


@dataclass(frozen=True)
class Tile:
    """A rectangle (m) of the plan: `low`, `high` with overlap; `core_low`, `core_high` are its own share."""

    low: tuple[float, float]
    high: tuple[float, float]
    core_low: tuple[float, float]
    core_high: tuple[float, float]

    def owns(self, place: Vec3) -> bool:
        """Whether a place lies in the tile's own share."""
        return all(low <= value < high for low, value, high in zip(self.core_low, place, self.core_high))


def cut(cloud: PointCloud, edge: float, min_points: int) -> list[tuple[Tile, PointCloud]]:
    """Tiles of at most `edge` metres with at least `min_points` points each; a small cloud is one tile.

    Raises CloudError for clouds that are higher than `edge`: floors must be told apart first.
    """
    low, high = cloud.xyz.min(axis=0), cloud.xyz.max(axis=0)
    if high[2] - low[2] > edge:
        raise CloudError(
            f"the cloud is {high[2] - low[2]:.0f} m high, at most {edge:g} m are possible; crop it to a storey"
        )
    tiles = [Tile(*zip(*spans)) for spans in product(*(_spans(low[axis], high[axis], edge) for axis in (0, 1)))]  # type: ignore[arg-type]
    inside = [(tile, _select(cloud, tile)) for tile in tiles]
    return [(tile, part) for tile, part in inside if len(part) >= min_points]


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
    plan = cloud.xyz[:, :2]
    inside = np.all((plan >= tile.low) & (plan <= tile.high), axis=1)
    return cloud if bool(inside.all()) else cloud.select(np.flatnonzero(inside))


def stitch(tiles: Sequence[tuple[Tile, Layout]]) -> Layout:
    """One layout out of those of the tiles: each tile gives what lies in its own share; cut walls are joined.

    Walls are given by every tile that they touch, joined where they continue one another, and numbered anew.
    """
    walls: list[Wall] = []
    doors: list[Door] = []
    windows: list[Window] = []
    boxes: list[Box] = []
    for tile, layout in tiles:
        numbers = {wall.id: len(walls) + index for index, wall in enumerate(layout.walls)}
        walls += [replace(wall, id=numbers[wall.id]) for wall in layout.walls]
        doors += _owned(tile, layout.doors, numbers)
        windows += _owned(tile, layout.windows, numbers)
        boxes += [box for box in layout.boxes if tile.owns(box.center)]
    joined, new_ids = _join(walls)
    whole = Layout(
        tuple(joined),
        tuple(replace(item, id=i, wall_id=new_ids[item.wall_id]) for i, item in enumerate(doors)),
        tuple(replace(item, id=i, wall_id=new_ids[item.wall_id]) for i, item in enumerate(windows)),
        tuple(replace(item, id=i) for i, item in enumerate(boxes)),
    )
    return deduplicate(whole).layout


def _owned(tile: Tile, openings: Sequence[_Opening], numbers: dict[int, int]) -> list[_Opening]:
    """The openings in the tile's own share, with the new number of their wall."""
    kept = [item for item in openings if tile.owns(item.center) and item.wall_id in numbers]
    return [replace(item, wall_id=numbers[item.wall_id]) for item in kept]


def _join(walls: Sequence[Wall]) -> tuple[list[Wall], dict[int, int]]:
    """Walls with their continuations joined and numbered from 0, and old to new number."""
    joined: list[Wall] = []
    new_ids: dict[int, int] = {}
    for wall in walls:
        for index, other in enumerate(joined):
            longer = _continued(other, wall)
            if longer is not None:
                joined[index] = longer
                new_ids[wall.id] = index
                break
        else:
            new_ids[wall.id] = len(joined)
            joined.append(replace(wall, id=len(joined)))
    return joined, new_ids


def _continued(first: Wall, second: Wall) -> Wall | None:
    """`first` prolonged by `second`, if both lie on one line and touch or overlap."""
    start, end = np.asarray(first.start), np.asarray(first.end)
    length = float(np.linalg.norm(end - start))
    if length < 1e-6:
        return None
    along = (end - start) / length
    offsets = np.array([second.start, second.end]) - start
    places = offsets @ along
    sideways = np.linalg.norm(offsets - places[:, None] * along, axis=1)
    if sideways.max() > _JOIN_OFFSET or places.min() > length + _JOIN_GAP or places.max() < -_JOIN_GAP:
        return None
    low, high = min(0.0, places.min()), max(length, places.max())
    scores = [wall.score for wall in (first, second) if wall.score is not None]
    return replace(
        first,
        start=vec3(start + low * along),
        end=vec3(start + high * along),
        height=max(first.height, second.height),
        score=min(scores) if scores else None,
    )
