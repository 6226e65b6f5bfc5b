"""`auto`: the geometric estimator and the small model in the box are both asked; what one of them says alone counts less.

The model reads the findings of the geometric estimator and weighs each against the points, so the two are no independent
witnesses; how often an entity is right that both tell, or one alone, was counted on simulated homes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from spatial_perception._version import __version__
from spatial_perception.configuration import check_settings
from spatial_perception.layout.assignment import best_pairs
from spatial_perception.layout.association import box_costs, opening_costs, wall_costs
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Provenance, Wall, Window
from spatial_perception.models.base import Task
from spatial_perception.models.consensus_rules import BOTH, GEOMETRIC, MODEL, AutoSettings, read_rules
from spatial_perception.models.spatiallm.findings import find
from spatial_perception.models.spatiallm.nano import NanoEstimator
from spatial_perception.models.spatiallm.prompts import check_categories
from spatial_perception.pointcloud.cloud import PointCloud

_GATES = {"wall": 1.0, "door": 0.8, "window": 0.8, "box": 1.0}
_SHOWN = 4
_KINDS: Mapping[type, str] = {Wall: "wall", Door: "door", Window: "window", Box: "box"}
_GROUPS = {"wall": "walls", "door": "doors", "window": "windows", "box": "boxes"}
_Any = TypeVar("_Any", Wall, Door, Window, Box)
_Opening = TypeVar("_Opening", Door, Window)


@dataclass(frozen=True)
class Told:
    """An entity, who tells it, and the scores of those who do."""

    entity: Entity
    witness: str
    scores: tuple[float, ...]


class ConsensusEstimator:
    """A `LayoutEstimator` that asks the geometric estimator and the small model in the box.

    Settings are those of `AutoSettings`, as an object or as keywords.
    """

    name = "auto"

    def __init__(self, config: AutoSettings | None = None, **settings: Any) -> None:
        given = {key: str(value) if key == "device" else value for key, value in settings.items() if value is not None}
        self.config = config or check_settings(AutoSettings, given)
        self.model = NanoEstimator(device=self.config.device)
        self.rules = read_rules()

    def estimate(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Layout:
        """The layout of a cloud; see `LayoutEstimator.estimate`. Its notes say what one estimator tells alone."""
        check_categories(categories, self.model.settings.known_categories)
        findings = find(cloud, task)
        layout = self.model.run(cloud, task, (), previous, findings=findings).layout()
        told = [one for one in merge(findings, layout) if is_asked(one.entity, categories)]
        kept = [one for one in map(self._judged, told) if one is not None]
        notes = (*layout.provenance.notes, *_notes(kept))
        provenance = Provenance(self.name, __version__, self.config.digest(), "", notes)
        return replace(numbered(kept)[0], frame_id=layout.frame_id, stamp=layout.stamp, provenance=provenance)

    def _judged(self, told: Told) -> Told | None:
        """The same with its chance of being right as the score, None where that is too low."""
        rule = self.rules[_KINDS[type(told.entity)]]
        chance = rule.chance(told.witness, told.scores)
        least = rule.least if self.config.least_score is None else self.config.least_score
        return replace(told, entity=replace(told.entity, score=chance)) if chance >= least else None

    def stream(
        self, cloud: PointCloud, task: Task = "all", categories: Sequence[str] = (), previous: Layout | None = None
    ) -> Iterator[Entity]:
        """The entities of `estimate`; none is certain before all are there."""
        yield from self.estimate(cloud, task, categories, previous)


def is_asked(entity: Entity, categories: Sequence[str]) -> bool:
    """Whether an entity is no box of a category that nobody asked for; no categories mean all."""
    return not categories or not isinstance(entity, Box) or entity.label in categories


def merge(findings: Layout, layout: Layout) -> Iterator[Told]:
    """Everything that the geometric estimator or the model tells, each thing once.

    Where both tell it, it is where it was measured, and what the model calls it: that knows labels better by far, and places
    no better.
    """
    walls = _pairs(wall_costs, findings.walls, layout.walls, "wall")
    first = 1 + max((wall.id for wall in layout.walls), default=-1)
    new_ids = {wall.id: first + number for number, wall in enumerate(findings.walls)}
    new_ids.update({findings.walls[f].id: layout.walls[m].id for f, m in walls.items()})
    moved = tuple(replace(wall, id=new_ids[wall.id]) for wall in findings.walls)
    yield from _union(moved, layout.walls, walls)
    doors = tuple(replace(door, wall_id=new_ids[door.wall_id]) for door in findings.doors)
    yield from _union(doors, layout.doors, _pairs(opening_costs, doors, layout.doors, "door"))
    windows = tuple(replace(window, wall_id=new_ids[window.wall_id]) for window in findings.windows)
    yield from _union(windows, layout.windows, _pairs(opening_costs, windows, layout.windows, "window"))
    yield from _union(findings.boxes, layout.boxes, _pairs(box_costs, findings.boxes, layout.boxes, "box"))


def _pairs(costs: Any, findings: Sequence[_Any], told: Sequence[_Any], kind: str) -> dict[int, int]:
    return dict(best_pairs(costs(findings, told), _GATES[kind])) if findings and told else {}


def _union(findings: Sequence[_Any], told: Sequence[_Any], pairs: Mapping[int, int]) -> Iterator[Told]:
    partner = {m: f for f, m in pairs.items()}
    for number, entity in enumerate(told):
        own = 0.5 if entity.score is None else entity.score
        if number in partner:
            found = findings[partner[number]]
            scores = (0.5 if found.score is None else found.score, own)
            yield Told(_called(found, entity), BOTH, scores)
        else:
            yield Told(entity, MODEL, (own,))
    for number, finding in enumerate(findings):
        if number not in pairs:
            yield Told(finding, GEOMETRIC, (0.5 if finding.score is None else finding.score,))


def _called(found: _Any, told: _Any) -> _Any:
    return replace(found, label=told.label) if isinstance(found, Box) and isinstance(told, Box) else found


def numbered(told: Sequence[Told]) -> tuple[Layout, Mapping[str, Sequence[Told]]]:
    """The entities as a layout, numbered anew, and what was told in the same order; openings without their wall are left out."""
    ids: dict[int, int] = {}
    groups: dict[str, list[Told]] = {"walls": [], "doors": [], "windows": [], "boxes": []}
    for one in told:
        entity, group = one.entity, groups[_GROUPS[_KINDS[type(one.entity)]]]
        if isinstance(entity, Wall):
            ids[entity.id] = len(group)
        elif isinstance(entity, (Door, Window)):
            if entity.wall_id not in ids:
                continue
            entity = replace(entity, wall_id=ids[entity.wall_id])
        group.append(replace(one, entity=replace(entity, id=len(group))))
    layout = Layout(**{name: tuple(one.entity for one in group) for name, group in groups.items()})  # type: ignore[arg-type]
    return layout, groups


def _notes(kept: Sequence[Told]) -> Iterator[str]:
    """Where the two do not agree."""
    if not kept:
        return
    both = sum(t.witness == BOTH for t in kept)
    yield f"{both} of {len(kept)} entities are told by both estimators"
    for witness in (GEOMETRIC, MODEL):
        alone = [_name(t.entity) for t in kept if t.witness == witness]
        if alone:
            more = f" and {len(alone) - _SHOWN} more" if len(alone) > _SHOWN else ""
            yield f"told by {witness} alone: {', '.join(alone[:_SHOWN])}{more}"


def _name(entity: Entity) -> str:
    what = entity.label if isinstance(entity, Box) else _KINDS[type(entity)]
    x, y = entity.start[:2] if isinstance(entity, Wall) else entity.center[:2]
    return f"{what} at ({x:.1f}, {y:.1f})"
