"""Mending a proposal that physics forbids: the nearest place, within half a metre, where it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import shapely
from shapely.geometry import LineString

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Check
from spatial_perception.reasoning.measures import footprint, heights
from spatial_perception.reasoning.physics import (
    World,
    check_collisions,
    check_size,
    physical_checks,
    shifted,
    world_near,
)
from spatial_perception.reasoning.words import HANGING, WALL_MOUNTED

STEP, REACH, LIFT = 0.05, 0.5, 0.15
Extra = Callable[[OrientedBox], Sequence[Check]]


@dataclass(frozen=True, slots=True)
class Repair:
    """A box with its checks; `offset` is how far it was moved (m). `passed` says whether every check holds (unseen space
    does not count against it)."""

    box: OrientedBox
    checks: tuple[Check, ...]
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def passed(self) -> bool:
        """Whether all checks but that for unseen space hold."""
        return all(check.passed for check in self.checks if check.name != "seen")


def _no_more(_: OrientedBox) -> Sequence[Check]:
    return ()


def repair(box: OrientedBox, world: World, extra: Extra = _no_more, tick: Callable[[], None] = lambda: None) -> Repair:
    """The box itself where it passes all checks, else the first that does: lowered or lifted on a support within 15 cm, then
    moved by up to half a metre in steps of 5 cm, the nearest first (ties by x, then y). Never across a wall.

    `extra` gives further checks (relations), `tick` is called between attempts and may raise to stop. Where nothing
    passes, the original box and its failed checks come back.
    """
    world = world_near(world, box, REACH)
    start = Repair(box, (*physical_checks(box, world), *extra(box)))
    if start.passed or not check_size(box, world.moved_from).passed:
        return start
    for dx, dy in _offsets():
        tick()
        candidate = shifted(box, dx, dy)
        if _crosses_wall(box, candidate, world) or not _is_within(candidate, world):
            continue
        for level in _levels(candidate, world):
            moved = shifted(candidate, 0.0, 0.0, level)
            if not all(check.passed for check in extra(moved)) or not check_collisions(moved, world).passed:
                continue
            checks = (*physical_checks(moved, world), *extra(moved))
            found = Repair(moved, checks, (dx, dy, level))
            if found.passed:
                return found
    return start


def _offsets() -> list[tuple[float, float]]:
    """The grid of displacements, by distance, then x, then y."""
    ticks = range(-round(REACH / STEP), round(REACH / STEP) + 1)
    inside = [(i, j) for i in ticks for j in ticks if i * i + j * j <= (REACH / STEP) ** 2 + 1e-9]
    return [(i * STEP, j * STEP) for i, j in sorted(inside, key=lambda ij: (ij[0] ** 2 + ij[1] ** 2, *ij))]


def _levels(box: OrientedBox, world: World) -> list[float]:
    """Vertical offsets to try: to stay, then to the supports within 15 cm, the nearest first."""
    low = heights(box)[0]
    if box.label in WALL_MOUNTED | HANGING:
        return [0.0]
    under = [heights(o)[1] for o in world.obstacles if _may_touch(box, o)]
    lifts = {round(level - low, 9) for level in (world.scene.floor, *under) if abs(level - low) <= LIFT}
    return sorted(lifts, key=lambda lift: (abs(lift), lift)) or [0.0]


def _may_touch(box: OrientedBox, other: OrientedBox) -> bool:
    reach = (hypot(*box.size[:2]) + hypot(*other.size[:2])) / 2
    near = hypot(box.center[0] - other.center[0], box.center[1] - other.center[1]) <= reach
    return near and bool(shapely.intersects(footprint(box), footprint(other)))


def _crosses_wall(old: OrientedBox, new: OrientedBox, world: World) -> bool:
    walls = world.scene.wall_lines
    if not walls or old.center[:2] == new.center[:2]:
        return False
    way = LineString([old.center[:2], new.center[:2]])
    return bool(np.any(shapely.intersects(np.array(walls), way)))


def _is_within(box: OrientedBox, world: World) -> bool:
    """A cheap test before the full one: the centre lies on free floor."""
    area = world.scene.free_area
    return bool(area.is_empty or shapely.intersects_xy(area, *box.center[:2]))
