"""What the text of a model and the findings that it has read tell together: each thing once, and who tells it.

A model that reads findings weighs each against the points, so the two are no independent witnesses; how often an entity is
right that both tell, or one alone, is counted on simulated homes and comes with the checkpoint as its calibration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from spatial_perception.layout.assignment import best_pairs
from spatial_perception.layout.association import box_iou, opening_costs, wall_costs
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.models.spatiallm.refine import into_wall

BOTH, MODEL, FINDING = "both", "model", "finding"
"""Who tells an entity."""
KINDS: Mapping[type, str] = {Wall: "wall", Door: "door", Window: "window", Box: "box"}
GROUPS: Mapping[str, str] = {"wall": "walls", "door": "doors", "window": "windows", "box": "boxes"}
_FURTHEST = {"wall": 1.0, "door": 0.8, "window": 0.8, "box": 0.75}  # costs up to which two entities are the same
_SHOWN = 4
_Any = TypeVar("_Any", Wall, Door, Window, Box)


@dataclass(frozen=True)
class Told:
    """An entity, its score in the text and as a finding (None where it is not told there), and, of a box, its greatest overlap
    (IoU) with what the other one tells."""

    entity: Entity
    text: float | None = None
    finding: float | None = None
    overlap: float = 0.0

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return KINDS[type(self.entity)]

    @property
    def witness(self) -> str:
        """One of `BOTH`, `MODEL`, `FINDING`."""
        if self.finding is None:
            return MODEL
        return FINDING if self.text is None else BOTH


def merge(layout: Layout, findings: Layout | None) -> list[Told]:
    """Everything that the text or the findings tell, in a frame that they share; entities of the text with their ids.

    Where both tell it, it is as the text tells it, which has been moved onto the points.
    """
    if findings is None:
        return [Told(entity, _score(entity)) for entity in layout]
    walls = _pairs(wall_costs, layout.walls, findings.walls, "wall")
    first = 1 + max((wall.id for wall in layout.walls), default=-1)
    ids = {wall.id: first + number for number, wall in enumerate(findings.walls)}
    ids.update({findings.walls[f].id: layout.walls[m].id for m, f in walls.items()})
    found = tuple(replace(wall, id=ids[wall.id]) for wall in findings.walls)
    whole = replace(layout, walls=(*layout.walls, *(wall for wall in found if wall.id >= first)))
    doors = [into_wall(replace(door, wall_id=ids[door.wall_id]), whole) for door in findings.doors]
    windows = [into_wall(replace(window, wall_id=ids[window.wall_id]), whole) for window in findings.windows]
    return [
        *_united(layout.walls, found, walls),
        *_united(layout.doors, doors, _pairs(opening_costs, layout.doors, doors, "door")),
        *_united(layout.windows, windows, _pairs(opening_costs, layout.windows, windows, "window")),
        *_united(layout.boxes, findings.boxes, _pairs(_disjoint, layout.boxes, findings.boxes, "box")),
    ]


def _pairs(costs: Any, told: Sequence[_Any], found: Sequence[_Any], kind: str) -> dict[int, int]:
    return dict(best_pairs(costs(told, found), _FURTHEST[kind])) if told and found else {}


def _disjoint(told: Sequence[Box], found: Sequence[Box]) -> Any:
    """One minus the IoU (N, M)."""
    return np.array([[1.0 - box_iou(a, b) for b in found] for a in told]).reshape(len(told), len(found))


def _united(told: Sequence[_Any], found: Sequence[_Any], pairs: Mapping[int, int]) -> Iterator[Told]:
    for number, entity in enumerate(told):
        partner = found[pairs[number]] if number in pairs else None
        yield Told(entity, _score(entity), None if partner is None else _score(partner), _overlap(entity, found))
    for number, entity in enumerate(found):
        if number not in pairs.values():
            yield Told(entity, None, _score(entity), _overlap(entity, told))


def _score(entity: Entity) -> float:
    return 0.5 if entity.score is None else entity.score


def _overlap(entity: Entity, others: Sequence[Entity]) -> float:
    boxes = [other for other in others if isinstance(other, Box)]
    return max((box_iou(entity, box) for box in boxes), default=0.0) if isinstance(entity, Box) else 0.0


def as_layout(told: Sequence[Told]) -> Layout:
    """The entities as a layout, with the ids that they have."""
    parts = {name: tuple(one.entity for one in told if one.kind == kind) for kind, name in GROUPS.items()}
    return Layout(**parts)  # type: ignore[arg-type]


def numbered(told: Sequence[Told]) -> tuple[Layout, Mapping[str, Sequence[Told]]]:
    """The entities as a layout, numbered anew, and what was told per kind in the same order; openings without their wall are
    left out."""
    ids: dict[int, int] = {}
    groups: dict[str, list[Told]] = {kind: [] for kind in GROUPS}
    for one in told:
        entity, group = one.entity, groups[one.kind]
        if isinstance(entity, Wall):
            ids[entity.id] = len(group)
        elif isinstance(entity, (Door, Window)):
            if entity.wall_id not in ids:
                continue
            entity = replace(entity, wall_id=ids[entity.wall_id])
        group.append(replace(one, entity=replace(entity, id=len(group))))
    return as_layout([one for group in groups.values() for one in group]), groups


def apart(told: Sequence[Told], most: float) -> list[Told]:
    """Without boxes that overlap one with a higher score by more than `most` (IoU): a place holds one thing."""
    kept: list[Box] = []
    boxes = [one.entity for one in told if isinstance(one.entity, Box)]
    for box in sorted(boxes, key=lambda box: -(box.score or 0.0)):
        if all(box_iou(box, other) <= most for other in kept):
            kept.append(box)
    ids = {id(box) for box in kept}
    return [one for one in told if not isinstance(one.entity, Box) or id(one.entity) in ids]


def notes(told: Sequence[Told]) -> Iterator[str]:
    """Where text and findings do not agree, for people."""
    both = sum(one.witness == BOTH for one in told)
    if told:
        yield f"{both} of {len(told)} entities are told by the model and found in the geometry as well"
    for witness, who in ((FINDING, "found in the geometry alone"), (MODEL, "told by the model alone")):
        alone = [_name(one.entity) for one in told if one.witness == witness]
        if alone:
            more = f" and {len(alone) - _SHOWN} more" if len(alone) > _SHOWN else ""
            yield f"{who}: {', '.join(alone[:_SHOWN])}{more}"


def _name(entity: Entity) -> str:
    what = entity.label if isinstance(entity, Box) else KINDS[type(entity)]
    x, y = entity.start[:2] if isinstance(entity, Wall) else entity.center[:2]
    return f"{what} at ({x:.1f}, {y:.1f})"
