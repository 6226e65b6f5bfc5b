"""What becomes of a layout after it was told: moved onto the points, held against the findings, unsupported entities dropped,
honest scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log, log1p
from pathlib import Path

from numpy.typing import ArrayLike

from spatial_perception.errors import EstimatorError
from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.layout.validation import deduplicate, support_by_points
from spatial_perception.models.spatiallm.agreement import GROUPS, Told, apart, as_layout, merge, notes, numbered
from spatial_perception.models.spatiallm.refine import refine

FILE = "calibration.json"
LEAST_SUPPORT = {"wall": 10, "box": 5}
"""Points that a wall or a box must have, or it is dropped."""
SAME_PLACE = 0.25
"""IoU from which on two boxes take the same place."""


@dataclass(frozen=True)
class Finished:
    """The layout, remarks for people on what was left out, and all that was told and has support."""

    layout: Layout
    notes: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """Logistic weights per kind of entity and witness: bias, then one weight per number of `features`; and the least chance of
    being right with which an entity of a kind is kept."""

    weights: Mapping[str, Mapping[str, tuple[float, ...]]]
    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path) -> Calibration | None:
        """The calibration that comes with a checkpoint, or None; raises EstimatorError where it cannot be read."""
        path = directory / FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            weights = {
                str(kind): {str(who): tuple(map(float, weights)) for who, weights in row["weights"].items()}
                for kind, row in values.items()
            }
            return cls(weights, {str(kind): float(row["least"]) for kind, row in values.items()})
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise EstimatorError(f"{path}: no calibration can be read ({error}); remove it") from error

    def score(self, told: Told) -> float | None:
        """The chance that an entity is right, as far as scores, support and size tell; without weights the score it has."""
        row = self.weights.get(told.kind, {}).get(told.witness)
        if row is None:
            return told.entity.score
        total = row[0] + sum(weight * value for weight, value in zip(row[1:], features(told)))
        return round(1.0 / (1.0 + exp(-max(-30.0, min(30.0, total)))), 4)

    def with_least(self, least: float | None) -> Calibration:
        """The same with one least chance for all kinds; None: as measured."""
        return self if least is None else replace(self, least=dict.fromkeys(GROUPS, least))

    def is_likely(self, told: Told) -> bool:
        """Whether an entity with such a chance as its score is kept."""
        return told.entity.score is None or told.entity.score >= self.least.get(told.kind, 0.0)


def features(told: Told) -> tuple[float, ...]:
    """The log odds of the score of the text and of the finding (0 where there is none), the logarithms of the support and of
    the largest side (m), and the overlap with what the other one tells."""
    entity = told.entity
    if isinstance(entity, Box):
        largest = max(entity.size)
    elif isinstance(entity, Wall):
        largest = max(abs(a - b) for a, b in zip(entity.start, entity.end))
    else:
        largest = max(entity.width, entity.height)
    return (
        _log_odds(told.text),
        _log_odds(told.finding),
        log1p(entity.support or 0),
        log(max(largest, 0.01)),
        told.overlap,
    )


def _log_odds(score: float | None) -> float:
    inside = min(max(0.5 if score is None else score, 1e-3), 1.0 - 1e-3)
    return log(inside / (1.0 - inside))


def finish(
    layout: Layout, points: ArrayLike, calibration: Calibration | None = None, findings: Layout | None = None
) -> Finished:
    """The layout moved onto the points (N, 3) it was read from (boxes onto their findings), with support, without entities that
    have none; with a calibration also what only the `findings` tell, scores that are chances of being right, and without what
    is too likely to be wrong."""
    single = deduplicate(refine(layout, points, findings)).layout
    told = _supported(merge(single, findings if calibration else None), points)
    left = sum(one.text is not None for group in numbered(told)[1].values() for one in group)
    remarks: list[str] = []
    if left < len(layout):
        remarks.append(f"{len(layout) - left} entities without points to support them, or told twice, were left out")
    if calibration is None:
        return Finished(numbered(told)[0], tuple(remarks), tuple(told))
    scored = [replace(one, entity=replace(one.entity, score=calibration.score(one))) for one in told]
    likely = apart([one for one in scored if calibration.is_likely(one)], SAME_PLACE)
    whole, groups = numbered(likely)
    if len(whole) < len(told):
        remarks.append(f"{len(told) - len(whole)} entities that are likely to be wrong were left out")
    if findings is not None:
        remarks += notes([one for group in groups.values() for one in group])
    return Finished(whole, tuple(remarks), tuple(told))


def _supported(told: Sequence[Told], points: ArrayLike) -> list[Told]:
    """What enough of the points (N, 3) support, with their number."""
    counted = support_by_points(as_layout(told), points)
    real = [replace(one, entity=entity) for one, entity in zip(told, counted)]
    return [one for one in real if (one.entity.support or 0) >= LEAST_SUPPORT.get(one.kind, 0)]
