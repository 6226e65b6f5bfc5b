"""The SpatialLM layout benchmark: F1 of walls, doors, windows and boxes at IoU 0.25 and 0.5.

Two definitions, never mixed:

- `mode="compat"` gives the published numbers bit for bit, defects included: signed distance of planes, centres of boxes
  taken for their tops, IoU of boxes rounded to 5 decimals, an error where a wall has no area.
- `mode="corrected"` (default) takes the absolute distance and the true heights, drops entities without area and counts
  them, and matches as many pairs as possible at IoU >= threshold.

Both clamp the sizes of boxes to at least 0.1 m, drop walls of no length together with their openings, and score a scene
only for classes that occur in it. A figure is the mean of the F1 of the scenes; `report` adds the micro average.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.accuracy import Deviation, box_deviations, opening_deviations, wall_deviations
from spatial_perception.evaluation.mapping import CategoryMapping
from spatial_perception.evaluation.matching import THRESHOLDS, Counts, count, match
from spatial_perception.evaluation.overlap import (
    MIN_AREA_PRODUCT,
    BoxArrays,
    box_iou,
    opening_quads,
    quad_iou,
    quad_normals,
    wall_quads,
)
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window

Mode: TypeAlias = Literal["corrected", "compat"]
Kind: TypeAlias = Literal["layout", "object", "class ignored"]
FloatArray: TypeAlias = NDArray[np.float64]
_Opening = TypeVar("_Opening", Door, Window)

LAYOUT_CLASSES = ("wall", "door", "window")
OBJECT_CLASSES = (
    "curtain", "nightstand", "chandelier", "wardrobe", "bed", "sofa", "chair", "cabinet", "dining table", "plants",
    "tv cabinet", "coffee table", "side table", "air conditioner", "dresser", "stool", "refrigerator", "painting",
    "carpet", "tv",
)  # fmt: skip
"""The 20 classes of boxes that the benchmark reports."""
ALL_BOXES = "boxes, class ignored"
MIN_BOX_SIZE = 0.1
_MIN_WALL_EXTENT = 1e-6
_MIN_AREA = MIN_AREA_PRODUCT**0.5


@dataclass(frozen=True, slots=True)
class ClassScore:
    """The counts of one class in one scene, per threshold of `THRESHOLDS`, and the (P, G) IoU they come from."""

    name: str
    kind: Kind
    counts: tuple[Counts, ...]
    iou: tuple[tuple[float, ...], ...] = ()

    @property
    def masked(self) -> bool:
        """Whether the class occurs neither in the prediction nor in the truth."""
        return self.counts[0].masked

    def at(self, threshold: float) -> Counts:
        """The counts at one of the thresholds; raises EvaluationError for another."""
        if threshold not in THRESHOLDS:
            raise EvaluationError(f"no scores at IoU {threshold}; choose from {', '.join(map(str, THRESHOLDS))}")
        return self.counts[THRESHOLDS.index(threshold)]


@dataclass(frozen=True, slots=True)
class SceneScores:
    """All scores of one scene; `dropped` counts entities that could not be scored, `deviations` measure matched ones."""

    name: str
    mode: Mode
    classes: tuple[ClassScore, ...]
    deviations: tuple[Deviation, ...] = ()
    dropped: int = 0

    def of(self, name: str) -> ClassScore | None:
        """The score of a class, or None where the scene has none of it."""
        return next((score for score in self.classes if score.name == name), None)


def evaluate_scene(
    prediction: Layout,
    truth: Layout,
    *,
    mode: Mode = "corrected",
    mapping: CategoryMapping | None = None,
    classes: Collection[str] | None = None,
    name: str = "",
) -> SceneScores:
    """The scores of one predicted layout against the true one, both in metres and in the same frame.

    `mapping` turns labels into classes and leaves out the others; without it a label is its own class (`_` read as a
    blank). `classes` are the classes of boxes to score: by default the benchmark's 20 in compat mode, every class that
    occurs otherwise. "boxes, class ignored" always takes all boxes, mapped or not.
    Raises EvaluationError in compat mode where a wall, door or window has no area.
    """
    compat = _is_compat(mode)
    wanted = OBJECT_CLASSES if compat and classes is None else classes
    # Absurd numbers (NaN, 1e300) overlap nothing; they are scored as misses without warnings from numpy.
    with np.errstate(all="ignore"):
        left, right = _Side.of(prediction, compat), _Side.of(truth, compat)
        scores, deviations = _layout_scores(left, right, compat)
        scores += _object_scores(left, right, _label_map(mapping), wanted, compat)
        every, pairs = _score_boxes(ALL_BOXES, "class ignored", left.boxes, right.boxes, compat)
        deviations += box_deviations(pairs)
    return SceneScores(name, mode, (*scores, every), deviations, left.dropped + right.dropped)


def _is_compat(mode: str) -> bool:
    if mode not in ("corrected", "compat"):
        raise EvaluationError(f"unknown mode {mode!r}; choose corrected or compat")
    return mode == "compat"


@dataclass(frozen=True)
class _Side:
    """What of a layout is scored: entities and their quads, in the same order."""

    walls: list[Wall]
    doors: list[Door]
    windows: list[Window]
    boxes: list[Box]
    quads: dict[str, FloatArray]
    dropped: int

    @staticmethod
    def of(layout: Layout, compat: bool) -> _Side:
        walls = [w for w in layout.walls if _has_length(w)]
        standing = {w.id: w for w in layout.walls}
        standing = {number: w for number, w in standing.items() if _has_length(w)}
        doors = [d for d in layout.doors if d.wall_id in standing]
        windows = [w for w in layout.windows if w.wall_id in standing]
        walls, wall_corners = _with_area(walls, wall_quads(walls), compat)
        doors, door_corners = _with_area(doors, opening_quads(doors, [standing[d.wall_id] for d in doors]), compat)
        windows, window_corners = _with_area(
            windows, opening_quads(windows, [standing[w.wall_id] for w in windows]), compat
        )
        kept = len(walls) + len(doors) + len(windows)
        dropped = len(layout.walls) + len(layout.doors) + len(layout.windows) - kept
        quads = {"wall": wall_corners, "door": door_corners, "window": window_corners}
        return _Side(walls, doors, windows, list(layout.boxes), quads, dropped)


def _has_length(wall: Wall) -> bool:
    dx, dy = abs(wall.end[0] - wall.start[0]), abs(wall.end[1] - wall.start[1])
    return not (dx <= _MIN_WALL_EXTENT and dy <= _MIN_WALL_EXTENT)


_Planar = TypeVar("_Planar", Wall, Door, Window)


def _with_area(entities: list[_Planar], quads: FloatArray, compat: bool) -> tuple[list[_Planar], FloatArray]:
    """Without quads that have no area (or no finite one); compat keeps them, and stops later as the reference does."""
    if compat:
        return entities, quads
    kept = np.linalg.norm(quad_normals(quads), axis=1) > _MIN_AREA
    return [e for e, keep in zip(entities, kept) if keep], quads[kept]


def _layout_scores(prediction: _Side, truth: _Side, compat: bool) -> tuple[list[ClassScore], tuple[Deviation, ...]]:
    measures: dict[str, Callable[[Any], tuple[Deviation, ...]]] = {
        "wall": wall_deviations,
        "door": lambda pairs: opening_deviations("door", pairs),
        "window": lambda pairs: opening_deviations("window", pairs),
    }
    entities = {"wall": "walls", "door": "doors", "window": "windows"}
    scores: list[ClassScore] = []
    deviations: tuple[Deviation, ...] = ()
    for name in LAYOUT_CLASSES:
        iou = quad_iou(prediction.quads[name], truth.quads[name], compat=compat)
        scores.append(_score(name, "layout", iou, compat))
        left, right = getattr(prediction, entities[name]), getattr(truth, entities[name])
        deviations += measures[name]([(left[p], right[g]) for p, g in match(iou, THRESHOLDS[0], compat=compat)])
    return scores, deviations


def _label_map(mapping: CategoryMapping | None) -> Callable[[str], str | None]:
    return mapping if mapping is not None else lambda label: label.replace("_", " ")


def _object_scores(
    prediction: _Side,
    truth: _Side,
    class_of: Callable[[str], str | None],
    classes: Collection[str] | None,
    compat: bool,
) -> list[ClassScore]:
    predicted, true = _by_class(prediction.boxes, class_of), _by_class(truth.boxes, class_of)
    present = predicted.keys() | true.keys()
    names = sorted(present) if classes is None else [name for name in classes if name in present]
    return [_score_boxes(name, "object", predicted.get(name, []), true.get(name, []), compat)[0] for name in names]


def _by_class(boxes: Sequence[Box], class_of: Callable[[str], str | None]) -> dict[str, list[Box]]:
    groups: dict[str, list[Box]] = {}
    for box in boxes:
        name = class_of(box.label)
        if name is not None:
            groups.setdefault(name, []).append(box)
    return groups


def _score_boxes(
    name: str, kind: Kind, predicted: Sequence[Box], true: Sequence[Box], compat: bool
) -> tuple[ClassScore, list[tuple[Box, Box]]]:
    arrays = (BoxArrays.of(boxes, min_size=MIN_BOX_SIZE) for boxes in (predicted, true))
    iou = box_iou(*arrays, compat=compat)
    pairs = [(predicted[p], true[g]) for p, g in match(iou, THRESHOLDS[0], compat=compat)]
    return _score(name, kind, iou, compat), pairs


def _score(name: str, kind: Kind, iou: FloatArray, compat: bool) -> ClassScore:
    counts = tuple(count(iou, threshold, compat=compat) for threshold in THRESHOLDS)
    return ClassScore(name, kind, counts, tuple(tuple(row) for row in iou.tolist()))
