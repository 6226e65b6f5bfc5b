"""What becomes of a layout after it was told: moved onto the points, unsupported entities dropped, honest scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import exp, log, log1p
from pathlib import Path
from typing import TypeVar

from numpy.typing import ArrayLike

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Box, Door, Entity, Layout, Wall, Window
from spatial_perception.layout.validation import deduplicate, support_by_points
from spatial_perception.models.spatiallm.refine import refine

FILE = "calibration.json"
LEAST_SUPPORT = {"wall": 10, "box": 5}
"""Points that a wall or a box must have, or it is dropped."""
_KINDS: Mapping[type, str] = {Wall: "wall", Door: "door", Window: "window", Box: "box"}
_Any = TypeVar("_Any", Wall, Door, Window, Box)


@dataclass(frozen=True)
class Finished:
    """The layout, and remarks for people on what was left out."""

    layout: Layout
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """Logistic weights per kind of entity: bias, then one weight per number of `features`; and the least chance of being
    right with which an entity of a kind is kept."""

    weights: Mapping[str, tuple[float, ...]]
    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path) -> Calibration | None:
        """The calibration that comes with a checkpoint, or None; raises EstimatorError where it cannot be read."""
        path = directory / FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            weights = {str(kind): tuple(float(v) for v in row["weights"]) for kind, row in values.items()}
            return cls(weights, {str(kind): float(row["least"]) for kind, row in values.items()})
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise EstimatorError(f"{path}: no calibration can be read ({error}); remove it") from error

    def score(self, entity: Entity) -> float | None:
        """The chance that the entity is right, as far as its own score and its support tell."""
        row = self.weights.get(_KINDS[type(entity)])
        if row is None or entity.score is None:
            return entity.score
        total = row[0] + sum(weight * value for weight, value in zip(row[1:], features(entity)))
        return round(1.0 / (1.0 + exp(-max(-30.0, min(30.0, total)))), 4)

    def is_likely(self, entity: Entity) -> bool:
        """Whether an entity with such a chance as its score is kept."""
        return entity.score is None or entity.score >= self.least.get(_KINDS[type(entity)], 0.0)


def features(entity: Entity) -> tuple[float, float, float]:
    """The log odds of the score, the logarithm of the support, and that of the largest side (m)."""
    score = min(max(entity.score or 0.0, 1e-3), 1.0 - 1e-3)
    if isinstance(entity, Box):
        largest = max(entity.size)
    elif isinstance(entity, Wall):
        largest = max(abs(a - b) for a, b in zip(entity.start, entity.end))
    else:
        largest = max(entity.width, entity.height)
    return log(score / (1.0 - score)), log1p(entity.support or 0), log(max(largest, 0.01))


def finish(
    layout: Layout, points: ArrayLike, calibration: Calibration | None = None, measured: Layout | None = None
) -> Finished:
    """The layout moved onto the points (N, 3) it was read from (its boxes onto `measured` ones), with support, without entities
    that have none, and without those that are too likely to be wrong."""
    moved = support_by_points(refine(layout, points, measured), points)
    supported = _only(moved, lambda entity: (entity.support or 0) >= LEAST_SUPPORT.get(_KINDS[type(entity)], 0))
    single = deduplicate(supported).layout
    notes = []
    if len(single) < len(moved):
        dropped = len(moved) - len(single)
        notes.append(f"{dropped} entities without points to support them, or told twice, were left out")
    if calibration is None:
        return Finished(single, tuple(notes))
    scored = replace(
        single,
        walls=_scored(single.walls, calibration),
        doors=_scored(single.doors, calibration),
        windows=_scored(single.windows, calibration),
        boxes=_scored(single.boxes, calibration),
    )
    likely = _only(scored, calibration.is_likely)
    if len(likely) < len(scored):
        notes.append(f"{len(scored) - len(likely)} entities that are likely to be wrong were left out")
    return Finished(likely, tuple(notes))


def _only(layout: Layout, is_kept: Callable[[Entity], bool]) -> Layout:
    """The entities that are kept, openings with their walls."""
    walls = tuple(wall for wall in layout.walls if is_kept(wall))
    ids = {wall.id for wall in walls}
    return replace(
        layout,
        walls=walls,
        doors=tuple(door for door in layout.doors if door.wall_id in ids and is_kept(door)),
        windows=tuple(window for window in layout.windows if window.wall_id in ids and is_kept(window)),
        boxes=tuple(box for box in layout.boxes if is_kept(box)),
    )


def _scored(entities: tuple[_Any, ...], calibration: Calibration) -> tuple[_Any, ...]:
    return tuple(replace(entity, score=calibration.score(entity)) for entity in entities)
