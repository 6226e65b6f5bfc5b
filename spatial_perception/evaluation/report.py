"""Scores of many scenes in one report: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from spatial_perception.errors import EvaluationError
from spatial_perception.evaluation.accuracy import Deviation, merge
from spatial_perception.evaluation.layout_metrics import (
    LAYOUT_CLASSES,
    OBJECT_CLASSES,
    ClassScore,
    Kind,
    Mode,
    SceneScores,
)
from spatial_perception.evaluation.matching import NOTHING, THRESHOLDS, Counts

if TYPE_CHECKING:
    from rich.table import Table

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """One class over all scenes, at one IoU threshold.

    `mean_f1` is the benchmark's figure: the mean of the F1 of the `scenes` in which the class occurs, None where there are
    none. `total` adds the counts of all scenes; its `f1` is the micro average.
    """

    name: str
    kind: Kind
    threshold: float
    scenes: int
    mean_f1: float | None
    total: Counts

    @property
    def micro_f1(self) -> float | None:
        """F1 of the counts of all scenes together, None where the class occurs nowhere."""
        return None if self.total.masked else self.total.f1


@dataclass(frozen=True, slots=True)
class Report:
    """Scores of many scenes: one `ClassSummary` per class and threshold, the same for groups of classes, deviations, warnings.

    `groups` are micro averages over the layout classes and over the object classes; their `mean_f1` is the mean over the
    classes that occur.
    """

    mode: Mode
    scenes: tuple[SceneScores, ...]
    classes: tuple[ClassSummary, ...]
    groups: tuple[ClassSummary, ...]
    deviations: tuple[Deviation, ...]
    warnings: tuple[str, ...] = ()

    def summary(self, name: str, threshold: float = 0.25) -> ClassSummary:
        """The summary of a class or group at a threshold; raises EvaluationError where there is none."""
        for row in self.classes + self.groups:
            if row.name == name and row.threshold == threshold:
                return row
        raise EvaluationError(f"no scores of {name!r} at IoU {threshold}; the report has {', '.join(self.names())}")

    def names(self) -> tuple[str, ...]:
        """The classes and groups of the report."""
        return tuple(dict.fromkeys(row.name for row in self.classes + self.groups))

    def table(self) -> Table:
        """A rich table of all classes, means of scenes beside micro averages; `--` where a class occurs nowhere."""
        from rich.table import Table

        table = Table(title=f"Layout scores, {self.mode}, {len(self.scenes)} scenes", title_justify="left")
        table.add_column("class")
        for threshold in THRESHOLDS:
            table.add_column(f"F1 @{threshold:g}", justify="right")
            table.add_column(f"micro @{threshold:g}", justify="right")
        for header in ("precision", "recall", "predicted", "true", "scenes"):
            table.add_column(header, justify="right")
        for kind in ("layout", "object", "class ignored"):
            for name in self.names():
                self._add_row(table, name, kind)
            table.add_section()
        return table

    def deviation_table(self) -> Table:
        """A rich table of how far matched entities are off."""
        from rich.table import Table

        table = Table(title="Errors of matched entities (IoU >= 0.25)", title_justify="left")
        for header in ("measure", "median", "mean", "pairs"):
            table.add_column(header, justify="left" if header == "measure" else "right")
        for d in self.deviations:
            table.add_row(d.name, _measure(d.median, d.unit), _measure(d.mean, d.unit), str(len(d.values)))
        return table

    def to_json(self, *, indent: int | None = 2) -> str:
        """The report as JSON text with a schema version; the same scores give the same bytes."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "mode": self.mode,
            "classes": [_summary_json(row) for row in self.classes],
            "groups": [_summary_json(row) for row in self.groups],
            "deviations": [_deviation_json(d) for d in self.deviations],
            "scenes": [_scene_json(scene) for scene in self.scenes],
            "warnings": list(self.warnings),
        }
        return json.dumps(document, indent=indent, ensure_ascii=False) + "\n"

    def _add_row(self, table: Table, name: str, kind: str) -> None:
        rows = [self.summary(name, threshold) for threshold in THRESHOLDS]
        if rows[0].kind != kind:
            return
        scores = [_number(value) for row in rows for value in (row.mean_f1, row.micro_f1)]
        total = rows[0].total
        counts = [_number(total.precision), _number(total.recall), str(total.num_pred), str(total.num_gt)]
        is_group = any(row.name == name for row in self.groups)
        table.add_row(name, *scores, *counts, str(rows[0].scenes), style="bold" if is_group else None)


def summarise(scenes: Iterable[SceneScores], *, warnings: Sequence[str] = ()) -> Report:
    """The report over scenes of one mode. Compat reports list all 20 object classes, seen or not, as the reference does.

    Raises EvaluationError for no scenes at all and for scenes of different modes.
    """
    scenes = tuple(scenes)
    modes = {scene.mode for scene in scenes}
    if len(modes) != 1:
        raise EvaluationError("give at least one scene" if not modes else "scenes of both modes cannot be averaged")
    mode = scenes[0].mode
    names = _class_names(scenes, mode)
    classes = tuple(_summary(scenes, name, kind, t) for name, kind in names.items() for t in THRESHOLDS)
    dropped = sum(scene.dropped for scene in scenes)
    notes = [f"{dropped} entities without area or without their wall were not scored"] if dropped else []
    return Report(
        mode=mode,
        scenes=scenes,
        classes=classes,
        groups=_groups(classes),
        deviations=merge(scene.deviations for scene in scenes),
        warnings=(*warnings, *notes),
    )


def _class_names(scenes: Sequence[SceneScores], mode: Mode) -> dict[str, Kind]:
    """Every class with its kind: layout, then objects in the order of the benchmark, others by name, then all boxes."""
    seen: dict[str, Kind] = {score.name: score.kind for scene in scenes for score in scene.classes}
    objects = {name for name, kind in seen.items() if kind == "object"}
    standard = [name for name in OBJECT_CLASSES if mode == "compat" or name in objects]
    names: dict[str, Kind] = dict.fromkeys(LAYOUT_CLASSES, "layout")
    names.update(dict.fromkeys([*standard, *sorted(objects - set(standard))], "object"))
    return names | {name: kind for name, kind in seen.items() if kind == "class ignored"}


def _summary(scenes: Sequence[SceneScores], name: str, kind: Kind, threshold: float) -> ClassSummary:
    scores = [scene.of(name) for scene in scenes]
    counts = [score.at(threshold) for score in scores if score is not None and not score.masked]
    mean = float(np.mean([c.f1 for c in counts])) if counts else None
    return ClassSummary(name, kind, threshold, len(counts), mean, reduce(add, counts, NOTHING))


def _groups(classes: Sequence[ClassSummary]) -> tuple[ClassSummary, ...]:
    kinds: tuple[tuple[Kind, str], ...] = (("layout", "all layout"), ("object", "all objects"))
    return tuple(
        _group([c for c in classes if c.kind == k and c.threshold == t], n, k, t) for k, n in kinds for t in THRESHOLDS
    )


def _group(members: Sequence[ClassSummary], name: str, kind: Kind, threshold: float) -> ClassSummary:
    means = [m.mean_f1 for m in members if m.mean_f1 is not None]
    total = reduce(add, (m.total for m in members), NOTHING)
    scenes = max((m.scenes for m in members), default=0)
    return ClassSummary(name, kind, threshold, scenes, float(np.mean(means)) if means else None, total)


def _number(value: float | None) -> str:
    return "--" if value is None else f"{value:.3f}"


def _measure(value: float | None, unit: str) -> str:
    return "--" if value is None else f"{value:.3f} {unit}"


def _counts_json(counts: Counts) -> dict[str, Any]:
    return {"tp": counts.tp, "predicted": counts.num_pred, "true": counts.num_gt, "f1": counts.f1}


def _summary_json(row: ClassSummary) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "iou": row.threshold,
        "scenes": row.scenes,
        "mean_f1": row.mean_f1,
        "micro_f1": row.micro_f1,
        "precision": row.total.precision,
        "recall": row.total.recall,
        "tp": row.total.tp,
        "predicted": row.total.num_pred,
        "true": row.total.num_gt,
    }


def _deviation_json(deviation: Deviation) -> dict[str, Any]:
    return {
        "name": deviation.name,
        "unit": deviation.unit,
        "pairs": len(deviation.values),
        "median": deviation.median,
        "mean": deviation.mean,
    }


def _scene_json(scene: SceneScores) -> dict[str, Any]:
    return {
        "name": scene.name,
        "dropped": scene.dropped,
        "classes": [_class_json(score) for score in scene.classes if not score.masked],
    }


def _class_json(score: ClassScore) -> dict[str, Any]:
    scores = {f"iou_{t:g}": _counts_json(counts) for t, counts in zip(THRESHOLDS, score.counts)}
    return {"name": score.name, "kind": score.kind, **scores}
