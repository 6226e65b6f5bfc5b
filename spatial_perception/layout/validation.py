"""What is wrong or doubtful in a layout, found without changing it; and repairs that say what they removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import floor, hypot, inf, isfinite, pi
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiPoint, Point

from spatial_perception.layout.entities import Box, Door, Entity, Layout, Vec3, Wall, Window
from spatial_perception.layout.rooms import open_ends
from spatial_perception.layout.text import entity_name
from spatial_perception.layout.transforms import points_in_box

MAX_NUMBER = 1e6
"""Beyond this a number of an entity (m, rad) is a mistake, and no geometry is done with it."""
Severity: TypeAlias = Literal["error", "warning"]
_Opening = TypeVar("_Opening", Door, Window)
_Any = TypeVar("_Any", Wall, Door, Window, Box)


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far off is wrong: metres, and for `same_angle` radians."""

    closing_distance: float = 0.1
    min_length: float = 0.01
    opening_distance: float = 0.25
    opening_overhang: float = 0.1
    opening_overlap: float = 0.05
    same_distance: float = 0.05
    same_angle: float = 0.05
    outside_distance: float = 1.0
    max_number: float = MAX_NUMBER


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: its kind, the entity's name (`door_3`), a sentence for people, and how bad it is.

    An error makes the layout contradict itself; a warning is unlikely but possible.
    """

    kind: str
    entity: str
    message: str
    severity: Severity


def validate(layout: Layout, tolerances: Tolerances | None = None) -> tuple[Finding, ...]:
    """All findings, errors first, otherwise in the order of the checks; an empty tuple for a sound layout.

    Kinds: not finite, out of range, duplicate id, negative size, zero length, unknown wall, outside wall, above wall,
    overlapping openings,
    repeated entity, open end, outside room.
    """
    tolerances = tolerances or Tolerances()
    found = [finding for entity in layout for finding in _entity_faults(entity, tolerances)]
    found.extend(_duplicate_ids(layout))
    # Geometry is only compared between entities whose numbers make sense.
    sound = _only(layout, lambda entity: _largest(entity) <= tolerances.max_number)
    checks: tuple[Callable[[Layout, Tolerances], Iterator[Finding]], ...] = (
        _openings_in_walls,
        _overlapping_openings,
        _repeated,
        _open_ends,
        _outside_boxes,
    )
    found.extend(finding for check in checks for finding in check(sound, tolerances))
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired layout and the names of the entities that were removed."""

    layout: Layout
    removed: tuple[str, ...]


def deduplicate(layout: Layout, tolerances: Tolerances | None = None) -> Repaired:
    """Without entities that repeat an earlier one: same kind (and label), same place, size and direction.

    Openings of a removed wall move to the wall that it repeats. Of repeated entities the first stays.
    """
    tolerances = tolerances or Tolerances()
    walls, wall_twins = _first_ones(layout.walls, tolerances)
    kept_ids = {wall.id for wall in walls}
    new_ids = {twin.id: first.id for twin, first in wall_twins if twin.id not in kept_ids}
    doors, door_twins = _first_ones(_moved(layout.doors, new_ids), tolerances)
    windows, window_twins = _first_ones(_moved(layout.windows, new_ids), tolerances)
    boxes, box_twins = _first_ones(layout.boxes, tolerances)
    cleaned = replace(layout, walls=walls, doors=doors, windows=windows, boxes=boxes)
    twins: tuple[tuple[Entity, Entity], ...] = (*wall_twins, *door_twins, *window_twins, *box_twins)
    return Repaired(cleaned, tuple(entity_name(twin) for twin, _ in twins))


def remove_invalid(layout: Layout, tolerances: Tolerances | None = None) -> Repaired:
    """Without the entities that are wrong by themselves: not finite, negative size, walls without length, orphan openings."""
    tolerances = tolerances or Tolerances()
    sound = _only(layout, lambda entity: not any(_entity_faults(entity, tolerances)))
    ids = {wall.id for wall in sound.walls}
    cleaned = _only(sound, lambda entity: not isinstance(entity, (Door, Window)) or entity.wall_id in ids)
    kept = Counter(entity_name(entity) for entity in cleaned)
    removed = Counter(entity_name(entity) for entity in layout) - kept
    return Repaired(cleaned, tuple(removed.elements()))


def support_by_points(layout: Layout, points: ArrayLike, *, distance: float = 0.05) -> Layout:
    """The layout with `support` counted from the points (N, 3) of a cloud in the same frame (m).

    A point supports a wall or an opening if it lies within half the thickness of the wall plus `distance` of its rectangle, a
    box if it lies inside the box grown by `distance`. Points that are not finite count for nothing. An opening of an unknown
    wall has support 0.
    """
    xyz = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(xyz).all():
        xyz = xyz[np.isfinite(xyz).all(axis=1)]

    def supported(group: Sequence[_Opening]) -> tuple[_Opening, ...]:
        return tuple(replace(o, support=_opening_support(o, layout, xyz, distance)) for o in group)

    return replace(
        layout,
        walls=tuple(replace(w, support=_wall_support(w, xyz, distance)) for w in layout.walls),
        doors=supported(layout.doors),
        windows=supported(layout.windows),
        boxes=tuple(replace(b, support=_box_support(b, xyz, distance)) for b in layout.boxes),
    )


def _box_support(box: Box, xyz: NDArray[np.float64], distance: float) -> int:
    if _largest(box) > MAX_NUMBER:
        return 0
    reach = hypot(box.size[0] / 2 + distance, box.size[1] / 2 + distance)
    return int(points_in_box(box, nearby(xyz, box.center, reach), margin=distance).sum())


def _wall_support(wall: Wall, xyz: NDArray[np.float64], distance: float) -> int:
    if _largest(wall) > MAX_NUMBER:
        return 0
    low, high = min(wall.start[2], wall.end[2]), max(wall.start[2], wall.end[2]) + wall.height
    center = tuple((a + b) / 2 for a, b in zip(wall.start[:2], wall.end[:2]))
    return _in_slab(wall, xyz, (*center, (low + high) / 2), _plan_length(wall), high - low, distance)


def _opening_support(opening: Door | Window, layout: Layout, xyz: NDArray[np.float64], distance: float) -> int:
    wall = layout.wall(opening.wall_id)
    if wall is None or max(_largest(wall), _largest(opening)) > MAX_NUMBER:
        return 0
    return _in_slab(wall, xyz, opening.center, opening.width, opening.height, distance)


def _in_slab(
    wall: Wall, xyz: NDArray[np.float64], center: Sequence[float], length: float, height: float, distance: float
) -> int:
    """Points near the rectangle that stands in the plane of a wall around `center`."""
    yaw = np.arctan2(wall.end[1] - wall.start[1], wall.end[0] - wall.start[0])
    reach = hypot(length / 2 + distance, wall.thickness / 2 + distance)
    near = nearby(xyz, center, reach)
    x, y, c, s = near[:, 0] - center[0], near[:, 1] - center[1], float(np.cos(yaw)), float(np.sin(yaw))
    # few points are so near the plane
    beside = np.flatnonzero(np.abs(c * y - s * x) <= wall.thickness / 2 + distance)
    along = np.abs(c * x[beside] + s * y[beside]) <= length / 2 + distance
    return int((along & (np.abs(near[beside, 2] - center[2]) <= height / 2 + distance)).sum())


def nearby(xyz: NDArray[np.float64], center: Sequence[float], reach: float) -> NDArray[np.float64]:
    """The points (N, 3) whose x and y are within `reach` (m) of a centre: a cheap first cut, (M, 3)."""
    index = np.flatnonzero(np.abs(xyz[:, 0] - center[0]) <= reach)
    index = index[np.abs(xyz[index, 1] - center[1]) <= reach]
    return np.stack([column[index] for column in xyz.T]).T


def _only(layout: Layout, keep: Callable[[Entity], bool]) -> Layout:
    return replace(
        layout,
        walls=tuple(filter(keep, layout.walls)),
        doors=tuple(filter(keep, layout.doors)),
        windows=tuple(filter(keep, layout.windows)),
        boxes=tuple(filter(keep, layout.boxes)),
    )


def _numbers(entity: Entity) -> tuple[float, ...]:
    if isinstance(entity, Wall):
        return (*entity.start, *entity.end, entity.height, entity.thickness)
    if isinstance(entity, Box):
        return (*entity.center, entity.yaw, *entity.size)
    return (*entity.center, entity.width, entity.height)


def _largest(entity: Entity) -> float:
    """The largest absolute number of an entity; infinite where one is NaN."""
    numbers = _numbers(entity)
    return max(map(abs, numbers)) if all(map(isfinite, numbers)) else inf


def _entity_faults(entity: Entity, tolerances: Tolerances) -> Iterator[Finding]:
    """What is wrong with an entity by itself."""
    name = entity_name(entity)
    largest = _largest(entity)
    if largest > tolerances.max_number:
        kind, what = (
            ("out of range", f"a number as large as {largest:.3g}") if largest < inf else ("not finite", "NaN or inf")
        )
        yield Finding(kind, name, f"holds {what}", "error")
        return
    lengths = entity.size if isinstance(entity, Box) else (entity.height, _second_length(entity))
    if min(lengths) < 0:
        yield Finding("negative size", name, f"has a length of {min(lengths):g} m", "error")
    if isinstance(entity, Wall):
        length = min(_plan_length(entity), entity.height)
        if 0 <= length < tolerances.min_length:
            yield Finding("zero length", name, f"is only {length:.3g} m long or high", "error")


def _duplicate_ids(layout: Layout) -> Iterator[Finding]:
    for name, number in Counter(entity_name(entity) for entity in layout).items():
        if number > 1:
            yield Finding("duplicate id", name, f"{number} entities share this id", "error")


def _second_length(entity: Wall | Door | Window) -> float:
    return entity.thickness if isinstance(entity, Wall) else entity.width


def _openings_in_walls(layout: Layout, tolerances: Tolerances) -> Iterator[Finding]:
    for opening in layout.doors + layout.windows:
        wall, name = layout.wall(opening.wall_id), entity_name(opening)
        if wall is None:
            yield Finding("unknown wall", name, f"stands in wall_{opening.wall_id}, which does not exist", "error")
        elif _plan_length(wall) >= tolerances.min_length:
            yield from _placement(opening, wall, name, tolerances)


def _placement(opening: Door | Window, wall: Wall, name: str, tolerances: Tolerances) -> Iterator[Finding]:
    along, across = _in_wall(opening.center, wall)
    if abs(across) > wall.thickness / 2 + tolerances.opening_distance:
        yield Finding("outside wall", name, f"is {abs(across):.2f} m from the plane of wall_{wall.id}", "error")
    overhang = max(opening.width / 2 - along, along + opening.width / 2 - _plan_length(wall))
    if overhang > tolerances.opening_overhang:
        yield Finding("outside wall", name, f"reaches {overhang:.2f} m beyond the end of wall_{wall.id}", "error")
    top = opening.center[2] + opening.height / 2 - max(wall.start[2], wall.end[2]) - wall.height
    bottom = min(wall.start[2], wall.end[2]) - opening.center[2] + opening.height / 2
    excess = max(top, bottom)
    if excess > tolerances.opening_overhang:
        yield Finding("above wall", name, f"reaches {excess:.2f} m above or below wall_{wall.id}", "error")


def _in_wall(position: Vec3, wall: Wall) -> tuple[float, float]:
    """Where a position is in a wall seen from above: along from its start, and across to the left (m)."""
    dx, dy = wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]
    x, y = position[0] - wall.start[0], position[1] - wall.start[1]
    length = hypot(dx, dy)
    return (dx * x + dy * y) / length, (dx * y - dy * x) / length


def _overlapping_openings(layout: Layout, tolerances: Tolerances) -> Iterator[Finding]:
    groups: dict[int, list[Door | Window]] = {}
    for opening in layout.doors + layout.windows:
        groups.setdefault(opening.wall_id, []).append(opening)
    for wall_id, openings in groups.items():
        wall = layout.wall(wall_id)
        if wall is None or _plan_length(wall) < tolerances.min_length:
            continue
        yield from _overlaps_in_wall(openings, wall, tolerances)


def _overlaps_in_wall(openings: list[Door | Window], wall: Wall, tolerances: Tolerances) -> Iterator[Finding]:
    spans = [(_in_wall(opening.center, wall)[0] - opening.width / 2, opening) for opening in openings]
    spans.sort(key=lambda span: span[0])
    for i, (start, first) in enumerate(spans):
        for next_start, second in spans[i + 1 :]:
            if start + first.width - next_start <= tolerances.opening_overlap:
                break
            upwards = (first.height + second.height) / 2 - abs(first.center[2] - second.center[2])
            if upwards > tolerances.opening_overlap and second.width > tolerances.opening_overlap:
                message = f"overlaps {entity_name(first)} in wall_{wall.id}"
                yield Finding("overlapping openings", entity_name(second), message, "error")


def _repeated(layout: Layout, tolerances: Tolerances) -> Iterator[Finding]:
    groups: tuple[Sequence[Any], ...] = (layout.walls, layout.doors, layout.windows, layout.boxes)
    for group in groups:
        for twin, first in _first_ones(group, tolerances)[1]:
            yield Finding("repeated entity", entity_name(twin), f"repeats {entity_name(first)}", "warning")


def _open_ends(layout: Layout, tolerances: Tolerances) -> Iterator[Finding]:
    for end in open_ends(layout, closing_distance=tolerances.closing_distance):
        x, y = end.position
        where = f"its {end.end} at ({x:.2f}, {y:.2f}) meets no other wall"
        yield Finding("open end", f"wall_{end.wall_id}", where, "warning")


def _outside_boxes(layout: Layout, tolerances: Tolerances) -> Iterator[Finding]:
    if len(layout.walls) < 3:
        return
    hull = MultiPoint([p[:2] for w in layout.walls for p in (w.start, w.end)]).convex_hull
    for box in layout.boxes:
        distance = hull.distance(Point(box.center[:2]))
        if distance > tolerances.outside_distance:
            yield Finding("outside room", entity_name(box), f"lies {distance:.2f} m outside all walls", "warning")


def _plan_length(wall: Wall) -> float:
    return hypot(wall.end[0] - wall.start[0], wall.end[1] - wall.start[1])


def _moved(openings: Sequence[_Opening], new_ids: dict[int, int]) -> list[_Opening]:
    return [replace(o, wall_id=new_ids.get(o.wall_id, o.wall_id)) for o in openings]


def _first_ones(entities: Sequence[_Any], tolerances: Tolerances) -> tuple[tuple[_Any, ...], list[tuple[_Any, _Any]]]:
    """Entities that repeat none before them, and pairs (repetition, first)."""
    cells: dict[tuple[int, int], list[_Any]] = {}
    kept: list[_Any] = []
    twins: list[tuple[_Any, _Any]] = []
    for entity in entities:
        column, row = _cell(entity, tolerances)
        near = (other for x in (-1, 0, 1) for y in (-1, 0, 1) for other in cells.get((column + x, row + y), ()))
        first = next((other for other in near if _same(entity, other, tolerances)), None)
        if first is None:
            kept.append(entity)
            cells.setdefault((column, row), []).append(entity)
        else:
            twins.append((entity, first))
    return tuple(kept), twins


def _cell(entity: Entity, tolerances: Tolerances) -> tuple[int, int]:
    """The grid cell of the middle of an entity; the same entity lies in this cell or one beside it."""
    if isinstance(entity, Wall):
        middle = [(a + b) / 2 for a, b in zip(entity.start, entity.end)]
    else:
        middle = list(entity.center)
    if _largest(entity) > tolerances.max_number:
        return (0, 0)
    return floor(middle[0] / tolerances.same_distance), floor(middle[1] / tolerances.same_distance)


def _same(entity: Entity, other: Entity, tolerances: Tolerances) -> bool:
    if isinstance(entity, Wall) and isinstance(other, Wall):
        forward = (*other.start, *other.end)
        backward = (*other.end, *other.start)
        near = any(_near((*entity.start, *entity.end), ends, tolerances) for ends in (forward, backward))
        return near and _near((entity.height,), (other.height,), tolerances)
    if isinstance(entity, Box) and isinstance(other, Box):
        same_place = _near((*entity.center, *entity.size), (*other.center, *other.size), tolerances)
        turn = (entity.yaw - other.yaw) % pi
        return entity.label == other.label and same_place and min(turn, pi - turn) <= tolerances.same_angle
    assert isinstance(entity, (Door, Window))
    assert isinstance(other, (Door, Window))
    lengths, others = (entity.width, entity.height), (other.width, other.height)
    return entity.wall_id == other.wall_id and _near((*entity.center, *lengths), (*other.center, *others), tolerances)


def _near(values: Sequence[float], others: Sequence[float], tolerances: Tolerances) -> bool:
    return all(abs(a - b) <= tolerances.same_distance for a, b in zip(values, others))
