"""Distance and editing tasks with true results from any layout, and their scoring.

As for questions, the truth comes from `true_geometry` alone. Instructions that can be done keep clear of every limit of the
physics by a margin, those that cannot break it by one, so that the truth does not hang on a tolerance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.random import Generator

from spatial_perception.evaluation import true_geometry as truth
from spatial_perception.evaluation.editing import EditOutcome
from spatial_perception.evaluation.question_generator import words
from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.reasoning.answers import Answer, Status

Reason = Literal["", "no_target", "ambiguous_target", "blocked", "no_support", "out_of_room", "conflict"]
_AXES = {"+x": (1, 0), "-x": (-1, 0), "+y": (0, 1), "-y": (0, -1)}
_CLEAR, _BLOCKED = 0.08, 0.15
_TEMPLATES = {
    "center": "How far is the {a} from the {b}, centre to centre?",
    "gap": "What is the free gap between the {a} and the {b}?",
    "horizontal": "What is the horizontal distance between the {a} and the {b}?",
}


@dataclass(frozen=True, slots=True)
class DistanceTask:
    """A question for a distance of some kind, and the true one (m)."""

    question: str
    kind: str
    metres: float


@dataclass(frozen=True, slots=True)
class EditTask:
    """An instruction; what it moves, where that should be, or the `reason` why it cannot be done."""

    instruction: str
    old: Box | None = None
    new: Box | None = None
    reason: Reason = ""


def _single(layout: Layout) -> list[Box]:
    counts = Counter(box.label for box in layout.boxes)
    return [box for box in layout.boxes if counts[box.label] == 1]


def generate_distances(layout: Layout, rng: Generator, count: int = 6) -> tuple[DistanceTask, ...]:
    """Up to `count` distances between things that are alone of their kind, the three kinds in turn."""
    single = _single(layout)
    tasks: list[DistanceTask] = []
    for k in range(count if len(single) > 1 else 0):
        a, b = (single[i] for i in rng.choice(len(single), 2, replace=False))
        kind = tuple(_TEMPLATES)[k % 3]
        flat = replace(b, center=(b.center[0], b.center[1], a.center[2]))
        value = (
            truth.nearest_distance(a, b)
            if kind == "gap"
            else truth.center_distance(a, flat if kind == "horizontal" else b)
        )
        if value > 0.2:
            tasks.append(DistanceTask(_TEMPLATES[kind].format(a=words(a.label), b=words(b.label)), kind, value))
    return tuple(tasks)


# ------------------------------------------------------------------------------------------ edits
def generate_edits(layout: Layout, rng: Generator, per_kind: int = 1) -> tuple[EditTask, ...]:
    """Moves along an axis that can be done, that are blocked, or lead out of the home; unknown and ambiguous targets, and
    clauses that exclude one another."""
    makers: tuple[Callable[[Layout, Generator], EditTask | None], ...] = (
        _free_move, _blocked_move, _move_out, _no_target, _ambiguous, _conflict,
    )  # fmt: skip
    found: list[EditTask] = []
    for make in makers:
        tasks: dict[EditTask, None] = {}
        for _ in range(40):
            task = make(layout, rng) if len(tasks) < per_kind else None
            if task is not None:
                tasks[task] = None
        found += list(tasks)
    return tuple(found)


def _on_floor(layout: Layout) -> list[Box]:
    """Things alone of their kind that stand on the floor with nothing on or in them."""
    floor = min((w.start[2] for w in layout.walls), default=0.0)
    return [
        b
        for b in _single(layout)
        if abs(b.center[2] - b.size[2] / 2 - floor) < 0.02 and _is_bare(b, layout) and b.size[2] > 0.1
    ]


def _is_bare(box: Box, layout: Layout) -> bool:
    others = [b for b in layout.boxes if b is not box]
    return not any(truth.depth_in(np.array([b.center]), replace(box, size=(*box.size[:2], 20.0))) > 0 for b in others)


def _draw(layout: Layout, rng: Generator, low: float, high: float) -> tuple[str, Box, Box] | None:
    """A thing, an instruction to move it along an axis, and where it would be."""
    things = _on_floor(layout)
    if not things:
        return None
    box = things[int(rng.integers(len(things)))]
    axis = str(rng.choice(list(_AXES)))
    step = round(float(rng.uniform(low, high)), 2)
    dx, dy = (step * v for v in _AXES[axis])
    new = replace(box, center=(box.center[0] + dx, box.center[1] + dy, box.center[2]))
    return f"Move the {words(box.label)} {step:g} m along {axis}.", box, new


def _free_move(layout: Layout, rng: Generator) -> EditTask | None:
    drawn = _draw(layout, rng, 0.3, 1.5)
    if drawn is None:
        return None
    text, old, new = drawn
    others = [b for b in layout.boxes if b is not old]
    stays = not truth.crosses_wall(old, new, layout) and truth.is_in_room(new, layout)
    return EditTask(text, old, new) if stays and truth.is_clear(new, others, _CLEAR) else None


def _blocked_move(layout: Layout, rng: Generator) -> EditTask | None:
    """Onto the middle of something so large that no allowed correction leads out of it: 10 cm or 15 % of the way, 20 degrees."""
    things = _on_floor(layout)
    if not things:
        return None
    box = things[int(rng.integers(len(things)))]
    for other in _single(layout):
        step = float(np.hypot(other.center[0] - box.center[0], other.center[1] - box.center[1]))
        slack = max(0.10, 0.15 * step) + step * np.sin(np.radians(20)) + _BLOCKED
        low = other.center[2] - other.size[2] / 2
        if (
            other is not box
            and min(other.size[:2]) / 2 > slack - min(box.size[:2]) / 2
            and low < box.center[2]
            and other.size[2] > 0.3
        ):
            text = f"Move the {words(box.label)} {step:.2f} m toward the {words(other.label)}."
            return EditTask(text, box, None, "blocked")
    return None


def _move_out(layout: Layout, rng: Generator) -> EditTask | None:
    drawn = _draw(layout, rng, 30.0, 40.0)
    return EditTask(drawn[0], drawn[1], None, "out_of_room") if drawn else None


def _no_target(layout: Layout, rng: Generator) -> EditTask | None:
    absent = [w for w in ("piano", "fireplace", "dishwasher", "aquarium") if w not in {b.label for b in layout.boxes}]
    return EditTask(f"Move the {rng.choice(absent)} 0.5 m along +x.", None, None, "no_target") if absent else None


def _ambiguous(layout: Layout, rng: Generator) -> EditTask | None:
    counts = Counter(box.label for box in layout.boxes)
    many = sorted(label for label, n in counts.items() if n > 1)
    return (
        EditTask(f"Move the {words(str(rng.choice(many)))} 0.5 m along +x.", None, None, "ambiguous_target")
        if many
        else None
    )


def _conflict(layout: Layout, rng: Generator) -> EditTask | None:
    single = _single(layout)
    if len(single) < 2:
        return None
    a, b = (words(single[i].label) for i in rng.choice(len(single), 2, replace=False))
    pair = (("next to", "far from"), ("on", "under"), ("in front of", "behind"))[int(rng.integers(3))]
    return EditTask(f"Move the {a} until it is {pair[0]} the {b} and {pair[1]} the {b}.", None, None, "conflict")


# ------------------------------------------------------------------------------------------ scoring
def outcome_of(task: EditTask, answer: Answer) -> EditOutcome:
    """What an answer to an editing task is worth, for `editing.score_edits` and `editing.score_refusals`."""
    true_old, true_new = (_oriented(box) for box in (task.old, task.new))
    if not answer.answered:
        return EditOutcome(reason=reason_of(answer), true_old=true_old, true_new=true_new, true_reason=task.reason)
    made = answer.proposal
    return EditOutcome(
        made.old if made else None, made.new if made else None, answer.checks, "", bool(made and made.repaired),
        true_old, true_new, task.reason,
    )  # fmt: skip


def _oriented(box: Box | None) -> OrientedBox | None:
    return None if box is None else OrientedBox(box.id, "bbox", box.label, box.center, box.yaw, box.size)


def reason_of(answer: Answer) -> str:
    """Why an instruction was refused, in the words of `Reason`."""
    failed = {check.name for check in answer.checks if not check.passed}
    if answer.status is Status.INFEASIBLE:
        names = (("collision", "blocked"), ("room", "out_of_room"), ("support", "no_support"))
        return next((reason for name, reason in names if name in failed), "blocked")
    return {Status.NOT_FOUND: "no_target", Status.AMBIGUOUS: "ambiguous_target", Status.CONTRADICTORY: "conflict"}.get(
        answer.status, str(answer.status)
    )


def ask_edits(answerer: Any, scene: Any, tasks: Sequence[EditTask]) -> list[EditOutcome]:
    """The outcomes of all instructions."""
    return [outcome_of(task, answerer.ask(task.instruction, scene)) for task in tasks]
