"""What is asked about a scan in a training, what is known of it before, and the sample that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from numpy.random import Generator
from torch import Tensor

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Box, Entity, Layout
from spatial_perception.models.spatiallm.findings import FindingRows
from spatial_perception.models.spatiallm.pillar import Pillars
from spatial_perception.training.finding_hints import FindingHints
from spatial_perception.training.hints import Hints

TASKS = {"all": 0.86, "layout": 0.03, "objects": 0.06, "categories": 0.05}
_TRUE_TOLD, _FALSE_TOLD = 0.95, 0.15


@dataclass(frozen=True, eq=False)
class ScanSample:
    """One view ready for the model: its pillars, token ids of prompt and answer, how many of them are the prompt; and where
    findings are read, all of them and which are told to the decoder, `kept` (Q,) bool."""

    pillars: Pillars
    ids: list[int]
    prompt: int
    hints: Hints | None = None
    findings: FindingRows | None = None
    finding_hints: FindingHints | None = None
    kept: Tensor | None = None


def draw_task(layout: Layout, rng: Generator) -> tuple[str, tuple[str, ...]]:
    """What is asked about a layout: a task, and categories now and then, mostly some that are there."""
    task = str(rng.choice(list(TASKS), p=list(TASKS.values())))
    if task != "categories":
        return task, ()
    present = sorted({box.label for box in layout.boxes})
    names = [name for name in present if rng.random() < 0.4]
    names += [str(name) for name in rng.choice(CATEGORIES, int(rng.integers(1, 4)), replace=False)]
    return str(rng.choice(["all", "objects"])), tuple(dict.fromkeys(names))


def forgetful(findings: Layout, rng: Generator) -> Layout:
    """The findings as a worse estimator might have them: at times none, now and then one is missing."""
    if rng.random() < 0.06:
        return Layout()
    share = 0.0 if rng.random() < 0.4 else rng.uniform(0.0, 0.25)
    walls = tuple(w for w in findings.walls if rng.random() >= share)
    ids = {wall.id for wall in walls}
    return replace(
        findings,
        walls=walls,
        doors=tuple(d for d in findings.doors if d.wall_id in ids and rng.random() >= share),
        windows=tuple(w for w in findings.windows if w.wall_id in ids and rng.random() >= share),
        boxes=tuple(b for b in findings.boxes if rng.random() >= share),
    )


def drawn(real: Sequence[bool], findings: Layout, rng: Generator) -> list[bool]:
    """Which findings are told, as by an encoder that errs now and then about what is real; false ones are written as they
    are, so that their label must be known."""
    shares = (_TRUE_TOLD if true else _FALSE_TOLD * _has_known_label(entity) for true, entity in zip(real, findings))
    return [bool(rng.random() < share) for share in shares]


def _has_known_label(entity: Entity) -> bool:
    return not isinstance(entity, Box) or entity.label in CATEGORIES


def asked_for(layout: Layout, task: str, categories: Sequence[str]) -> Layout:
    """What the answer to a task holds."""
    boxes = tuple(b for b in layout.boxes if (not categories or b.label in categories) and task != "layout")
    if task == "objects":
        return replace(layout, walls=(), doors=(), windows=(), boxes=boxes)
    return replace(layout, boxes=boxes)
