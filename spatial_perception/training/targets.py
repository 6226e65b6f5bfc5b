"""What a model is to write about a home: the findings that it reads, line for line, as what they are; then what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.assignment import best_pairs
from spatial_perception.layout.association import box_costs, opening_costs, turned_like, wall_costs
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.text import format_layout
from spatial_perception.models.spatiallm.findings import in_bins
from spatial_perception.models.spatiallm.order import reversed_wall

WALL_GATE, OPENING_GATE, BOX_GATE = 1.2, 1.0, 1.4
"""Costs from which a finding is another wall, opening or box than the true one."""
FALSE = 1_000_000
"""Ids of findings that are nothing true, in a layout to be told, begin here."""
_Opening = TypeVar("_Opening", Door, Window)
_Entity = TypeVar("_Entity", Wall, Door, Window, Box)


@dataclass(frozen=True)
class Pairs:
    """Which entity each finding is: ids of findings to ids of the true entities, per kind."""

    walls: Mapping[int, int]
    doors: Mapping[int, int]
    windows: Mapping[int, int]
    boxes: Mapping[int, int]


def match(layout: Layout, findings: Layout) -> Pairs:
    """The pairs of a true layout and findings, both in metres in one frame."""
    return Pairs(
        _paired(findings.walls, layout.walls, wall_costs, WALL_GATE),
        _paired(findings.doors, layout.doors, opening_costs, OPENING_GATE),
        _paired(findings.windows, layout.windows, opening_costs, OPENING_GATE),
        _paired(findings.boxes, layout.boxes, box_costs, BOX_GATE),
    )


def _paired(
    findings: Sequence[_Entity], things: Sequence[_Entity], costs: Callable[..., NDArray[np.float64]], gate: float
) -> dict[int, int]:
    if not findings or not things:
        return {}
    return {findings[f].id: things[t].id for f, t in best_pairs(costs(findings, things), gate)}


def partners(findings: Layout, layout: Layout, pairs: Pairs) -> list[Entity | None]:
    """What each finding is, in the order of iteration: an entity of the layout, or nothing that is there."""
    groups = (
        (findings.walls, layout.walls, pairs.walls),
        (findings.doors, layout.doors, pairs.doors),
        (findings.windows, layout.windows, pairs.windows),
        (findings.boxes, layout.boxes, pairs.boxes),
    )
    found: list[Entity | None] = []
    for things, true, ids in groups:
        by_id = {thing.id: thing for thing in true}
        found += [by_id.get(ids.get(thing.id, -1)) for thing in things]
    return found


def guided(layout: Layout, findings: Layout, pairs: Pairs) -> Layout:
    """The layout, `in_order`, with what was found first and in the order of the findings; ids stay.

    Walls then run, and boxes head, as their findings do, as far as that is no other wall or box. A finding that is nothing
    true stands there as it is, with an id from `FALSE` on: lines of the answer are those of the findings, one for one.
    """
    walls = {wall.id for wall in layout.walls}
    on = {f.id: pairs.walls[f.id] if pairs.walls.get(f.id) in walls else FALSE + f.id for f in findings.walls}
    return replace(
        layout,
        walls=_led(layout.walls, findings.walls, pairs.walls, _like),
        doors=_led(layout.doors, _moved(findings.doors, on), pairs.doors),
        windows=_led(layout.windows, _moved(findings.windows, on), pairs.windows),
        boxes=_led(layout.boxes, findings.boxes, pairs.boxes, lambda box, finding: turned_like(box, finding.yaw)),
    )


def _moved(openings: Sequence[_Opening], walls: Mapping[int, int]) -> list[_Opening]:
    return [replace(opening, wall_id=walls.get(opening.wall_id, FALSE + opening.wall_id)) for opening in openings]


def _led(
    things: Sequence[_Entity],
    findings: Sequence[_Entity],
    pairs: Mapping[int, int],
    like: Callable[[_Entity, _Entity], _Entity] = lambda thing, finding: thing,
) -> tuple[_Entity, ...]:
    by_id = {thing.id: thing for thing in things}
    led: dict[int, _Entity] = {}
    for finding in findings:
        thing = by_id.get(pairs.get(finding.id, -1))
        thing = replace(finding, id=FALSE + finding.id) if thing is None else like(thing, finding)
        led[thing.id] = thing
    order: list[_Entity] = list(led.values())
    order += [thing for thing in things if thing.id not in led]
    return tuple(order)


def _like(wall: Wall, finding: Wall) -> Wall:
    """The wall in the direction of the finding."""
    away = np.subtract(wall.end, wall.start) @ np.subtract(finding.end, finding.start) < 0.0
    return reversed_wall(wall) if away else wall


def text_in_bins(layout: Layout, origin: Sequence[float], num_bins: int) -> str:
    """The layout (m) as text in bins from `origin`, a line break after each line; yaws are rounded to edges of bins."""
    text = format_layout(in_bins(layout, origin, num_bins), integers=True)
    return text + "\n" if text else ""
