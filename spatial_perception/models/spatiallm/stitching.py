"""One layout out of those of overlapping tiles: cut walls joined, both faces of a wall made one, duplicates dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window, vec3
from spatial_perception.layout.validation import deduplicate
from spatial_perception.models.spatiallm.tiles import Tile

_GAP = 0.4  # m between two pieces of one wall
_OFFSET = 0.15  # m between the lines of two pieces seen from the same side
_THICKEST = 0.4  # m between the two faces of one wall
_SLOPE = 0.15  # sine of the largest angle between two pieces
_STUB = 0.4  # m; shorter pieces outside of the room are the begin of another room's wall
_SAME_SHARE = 0.3  # overlap of two openings, as a share of the smaller one, from which they are one
_Opening = TypeVar("_Opening", Door, Window)


@dataclass(frozen=True)
class _Piece:
    """A wall as one tile saw it: the number of the tile, and on which side of the wall its room is."""

    wall: Wall
    tile: int
    side: int


def stitch(tiles: Sequence[tuple[Tile, Layout]]) -> Layout:
    """One layout out of those of the tiles, numbered anew.

    Walls that continue one another in different tiles are joined; two faces of one wall, seen from the rooms on both of its
    sides, become its middle line and its thickness. Doors, windows and boxes come from the tiles whose share they
    are in, once each. The score of a joined wall is the least of its pieces'.
    """
    pieces: list[_Piece] = []
    doors: list[Door] = []
    windows: list[Window] = []
    boxes: list[Box] = []
    for number, (tile, layout) in enumerate(tiles):
        kept = [wall for wall in layout.walls if not _is_stub(tile, wall)]
        numbers = {wall.id: len(pieces) + index for index, wall in enumerate(kept)}
        pieces += [_Piece(wall, number, tile.side_of(wall)) for wall in kept]
        doors += _owned(tile, layout.doors, numbers)
        windows += _owned(tile, layout.windows, numbers)
        boxes = _with_boxes(boxes, [box for box in layout.boxes if tile.owns(box.center)])
    walls, new_ids = _join(pieces)
    whole = Layout(
        tuple(walls),
        _placed(doors, walls, new_ids),
        _placed(windows, walls, new_ids),
        tuple(replace(box, id=number) for number, box in enumerate(boxes)),
    )
    return deduplicate(whole).layout


def _is_stub(tile: Tile, wall: Wall) -> bool:
    """Whether a short piece mostly lies outside of the tile's room."""
    if tile.room is None or float(np.subtract(wall.end, wall.start) @ np.subtract(wall.end, wall.start)) > _STUB**2:
        return False
    places = np.linspace(wall.start[:2], wall.end[:2], 9)
    return float(tile.room.contains(places).mean()) < 0.5


def _owned(tile: Tile, openings: Sequence[_Opening], numbers: dict[int, int]) -> list[_Opening]:
    """The openings in the tile's own share, with the new number of their wall."""
    kept = [item for item in openings if tile.owns(item.center) and item.wall_id in numbers]
    return [replace(item, wall_id=numbers[item.wall_id]) for item in kept]


def _with_boxes(boxes: list[Box], more: Iterable[Box]) -> list[Box]:
    """Boxes of a further tile added; of two that are the same thing the larger stays, as tiles cut things off."""
    result = list(boxes)
    for box in more:
        rank = next((k for k, other in enumerate(boxes) if _same_box(box, other)), None)
        if rank is None:
            result.append(box)
        elif np.prod(box.size) > np.prod(result[rank].size):
            result[rank] = box
    return result


def _same_box(box: Box, other: Box) -> bool:
    near = 0.5 * min(max(box.size[:2]), max(other.size[:2]))
    apart = np.abs(np.subtract(box.center, other.center))
    height = 0.5 * (box.size[2] + other.size[2])
    return box.label == other.label and float(np.hypot(*apart[:2])) < near and float(apart[2]) < height


def _join(pieces: Sequence[_Piece]) -> tuple[list[Wall], list[int]]:
    """Walls numbered from 0 in the order of their first pieces, and the number of the wall of every piece."""
    group = list(range(len(pieces)))
    for second in range(len(pieces)):
        for first in range(second):
            if group[first] != group[second] and _is_continued(pieces[first], pieces[second]):
                old, new = max(group[first], group[second]), min(group[first], group[second])
                group = [new if number == old else number for number in group]
    firsts = sorted(set(group))
    members = {first: [piece for piece, number in zip(pieces, group) if number == first] for first in firsts}
    walls = [replace(_merged(members[first]), id=number) for number, first in enumerate(firsts)]
    return walls, [firsts.index(number) for number in group]


def _is_continued(one: _Piece, other: _Piece) -> bool:
    """Whether two pieces of different tiles lie on one line, or on the faces of one wall, and touch or overlap."""
    if one.tile == other.tile:
        return False
    longer, shorter = (one, other) if _length(one.wall) >= _length(other.wall) else (other, one)
    if _length(shorter.wall) < 1e-6:
        return False
    places, asides = _in_line(longer.wall, shorter.wall)
    opposite = _side_along(longer.wall, shorter) * longer.side < 0
    limit = _THICKEST if opposite else _OFFSET
    parallel = abs(asides[1] - asides[0]) <= _SLOPE * _length(shorter.wall)
    touching = places.min() <= _length(longer.wall) + _GAP and places.max() >= -_GAP
    return bool(parallel and touching and np.abs(asides).max() <= limit)


def _side_along(wall: Wall, piece: _Piece) -> int:
    """The side of a piece's room, told along the direction of another wall."""
    same = float(_axis(wall) @ _axis(piece.wall)) >= 0
    return piece.side if same else -piece.side


def _axis(wall: Wall) -> NDArray[np.float64]:
    """Plan vector (2,) from start to end, of unit length."""
    along = np.subtract(wall.end, wall.start)[:2]
    return along / max(float(np.linalg.norm(along)), 1e-9)


def _length(wall: Wall) -> float:
    return float(np.linalg.norm(np.subtract(wall.end, wall.start)[:2]))


def _in_line(line: Wall, wall: Wall) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where start and end of a wall lie along and beside the line of another, (2,) each, from its start."""
    axis = _axis(line)
    offsets = np.array([wall.start, wall.end])[:, :2] - np.asarray(line.start[:2])
    return offsets @ axis, offsets @ np.array([-axis[1], axis[0]])


def _merged(pieces: Sequence[_Piece]) -> Wall:
    """One wall out of its pieces: the middle between its faces, from the first to the last end, in the first's direction."""
    walls = [piece.wall for piece in pieces]
    if len(walls) == 1:
        return walls[0]
    line = max(walls, key=_length)
    axis = _axis(line) if float(_axis(line) @ _axis(walls[0])) >= 0 else -_axis(line)
    origin = np.asarray(line.start[:2])
    offsets = np.array([point[:2] for wall in walls for point in (wall.start, wall.end)]) - origin
    along, aside = offsets @ axis, (offsets @ np.array([-axis[1], axis[0]])).reshape(-1, 2).mean(axis=1)
    middle = origin + 0.5 * (aside.min() + aside.max()) * np.array([-axis[1], axis[0]])
    bottom = min(min(wall.start[2], wall.end[2]) for wall in walls)
    scores = [wall.score for wall in walls if wall.score is not None]
    return replace(
        walls[0],
        start=vec3((*(middle + along.min() * axis), bottom)),
        end=vec3((*(middle + along.max() * axis), bottom)),
        height=max(max(wall.start[2], wall.end[2]) + wall.height for wall in walls) - bottom,
        thickness=max(max(wall.thickness for wall in walls), _thickness(aside)),
        score=min(scores) if scores else None,
    )


def _thickness(aside: NDArray[np.float64]) -> float:
    """The distance of two faces; less than that of pieces seen from one side is no thickness."""
    spread = float(aside.max() - aside.min())
    return spread if spread > _OFFSET / 2 else 0.0


def _placed(openings: Sequence[_Opening], walls: Sequence[Wall], new_ids: Sequence[int]) -> tuple[_Opening, ...]:
    """Openings in their joined walls, on their middle lines, once each, numbered anew."""
    kept: list[_Opening] = []
    for opening in openings:
        number = new_ids[opening.wall_id]
        moved = replace(opening, wall_id=number, center=_onto(walls[number], opening.center))
        rank = next((k for k, other in enumerate(kept) if _same_opening(moved, other)), None)
        if rank is None:
            kept.append(moved)
        elif (moved.width, moved.score or 0.0) > (kept[rank].width, kept[rank].score or 0.0):
            kept[rank] = moved
    return tuple(replace(opening, id=number) for number, opening in enumerate(kept))


def _onto(wall: Wall, center: Sequence[float]) -> tuple[float, float, float]:
    """A place moved sideways onto the middle line of its wall, from no farther than the thickest wall's face."""
    axis = _axis(wall)
    normal = np.array([-axis[1], axis[0]])
    aside = float((np.asarray(center[:2]) - np.asarray(wall.start[:2])) @ normal)
    if abs(aside) > _THICKEST:
        return vec3(center)
    return vec3((*(np.asarray(center[:2]) - aside * normal), center[2]))


def _same_opening(one: Door | Window, other: Door | Window) -> bool:
    """Whether two openings of one wall overlap by a good share of the smaller one."""
    if one.wall_id != other.wall_id:
        return False
    apart = float(np.hypot(*np.subtract(one.center, other.center)[:2]))
    along = (one.width + other.width) / 2 - apart
    upward = (one.height + other.height) / 2 - abs(one.center[2] - other.center[2])
    return along > _SAME_SHARE * min(one.width, other.width) and upward > _SAME_SHARE * min(one.height, other.height)
