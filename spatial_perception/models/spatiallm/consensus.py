"""Several sampled layouts of one cloud, merged by vote: what most runs agree on is kept and averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window, vec3

MAX_DISTANCE = 0.3
_E = TypeVar("_E", Wall, Door, Window, Box)
_O = TypeVar("_O", Door, Window)


@dataclass
class _Group(Generic[_E]):
    """Entities of different runs that mean the same thing; run number to entity."""

    members: dict[int, _E] = field(default_factory=dict)

    @property
    def first(self) -> _E:
        return next(iter(self.members.values()))


def vote(layouts: Sequence[Layout], max_distance: float = MAX_DISTANCE) -> Layout:
    """Entities that more than half of the layouts have (corresponding points within `max_distance` metres), averaged.

    The score is the share of runs that agree times the mean score of their entities.
    """
    runs = len(layouts)
    walls = _agreed(_groups([layout.walls for layout in layouts], max_distance), runs)
    new_ids = {(run, wall.id): number for number, group in enumerate(walls) for run, wall in group.members.items()}
    doors = _groups([_in_walls(layout.doors, run, new_ids) for run, layout in enumerate(layouts)], max_distance)
    windows = _groups([_in_walls(layout.windows, run, new_ids) for run, layout in enumerate(layouts)], max_distance)
    boxes = _groups([layout.boxes for layout in layouts], max_distance)
    return replace(
        layouts[0],
        walls=_merge_all(walls, runs),
        doors=_merge_all(_agreed(doors, runs), runs),
        windows=_merge_all(_agreed(windows, runs), runs),
        boxes=_merge_all(_agreed(boxes, runs), runs),
    )


def _agreed(groups: Sequence[_Group[_E]], runs: int) -> list[_Group[_E]]:
    return [group for group in groups if 2 * len(group.members) > runs]


def _in_walls(openings: Sequence[_O], run: int, new_ids: dict[tuple[int, int], int]) -> list[_O]:
    """Openings whose wall was kept, with its new number."""
    kept = [item for item in openings if (run, item.wall_id) in new_ids]
    return [replace(item, wall_id=new_ids[run, item.wall_id]) for item in kept]


def _groups(runs: Sequence[Sequence[_E]], max_distance: float) -> list[_Group[_E]]:
    """Every entity joins the nearest group that fits and has none of its run yet, else it opens one."""
    groups: list[_Group[_E]] = []
    for run, entities in enumerate(runs):
        for entity in entities:
            free = [rank for rank, group in enumerate(groups) if run not in group.members]
            distance, rank = min(((_distance(groups[k].first, entity), k) for k in free), default=(np.inf, -1))
            if distance <= max_distance:
                groups[rank].members[run] = _like(groups[rank].first, entity)
            else:
                groups.append(_Group({run: entity}))
    return groups


def _points(entity: Entity) -> NDArray[np.float64]:
    """Points that must agree: ends and top of a wall, middle and extent of anything else."""
    if isinstance(entity, Wall):
        return np.array([entity.start, entity.end, np.add(entity.end, (0, 0, entity.height))])
    if isinstance(entity, Box):
        return np.array([entity.center, np.add(entity.center, np.divide(entity.size, 2))])
    return np.array([entity.center, np.add(entity.center, (entity.width / 2, 0, entity.height / 2))])


def _like(first: _E, entity: _E) -> _E:
    """The same wall with its ends in the order of `first`; anything else as it is."""
    if not isinstance(entity, Wall):
        return entity
    swapped = replace(entity, start=entity.end, end=entity.start)
    return swapped if _apart(first, swapped) < _apart(first, entity) else entity


def _apart(first: Entity, second: Entity) -> float:
    return float(np.linalg.norm(_points(first) - _points(second), axis=1).max())


def _distance(first: _E, second: _E) -> float:
    """Greatest distance (m) of corresponding points; infinite for another label or wall."""
    same_label = getattr(first, "label", None) == getattr(second, "label", None)
    same_wall = getattr(first, "wall_id", None) == getattr(second, "wall_id", None)
    return _apart(first, _like(first, second)) if same_label and same_wall else float(np.inf)


def _merge_all(groups: Sequence[_Group[_E]], runs: int) -> tuple[_E, ...]:
    return tuple(_merge(number, list(group.members.values()), runs) for number, group in enumerate(groups))


def _merge(number: int, members: Sequence[_E], runs: int) -> _E:
    """One entity out of several: means of places and lengths, the middle one of the yaws (they wrap around)."""
    values: dict[str, Any] = {"id": number}
    for name in ("start", "end", "center", "size"):
        if hasattr(members[0], name):
            values[name] = vec3(np.mean([getattr(member, name) for member in members], axis=0))
    for name in ("height", "width", "thickness"):
        if hasattr(members[0], name):
            values[name] = fmean(getattr(member, name) for member in members)
    if isinstance(members[0], Box):
        values["yaw"] = sorted(getattr(member, "yaw") for member in members)[len(members) // 2]  # noqa: B009
    scores = [1.0 if member.score is None else member.score for member in members]
    return replace(members[0], score=fmean(scores) * len(members) / runs, **values)
