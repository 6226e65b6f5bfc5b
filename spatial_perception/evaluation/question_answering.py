"""How well an answerer does on generated questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import dist
from typing import Any

from spatial_perception.evaluation.question_generator import QuestionItem
from spatial_perception.evaluation.vsibench import CHOICE_TYPES, Result, VsiBenchScores, aggregate, prompt, score
from spatial_perception.layout.entities import Layout
from spatial_perception.models.base import QuestionAnswerer

SAME_PLACE = 0.5
"""Boxes of two layouts whose centres are this near (m) are taken for the same thing."""


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """Scores, how often each status came, and the items that were not answered perfectly, with the answers."""

    scores: VsiBenchScores
    statuses: Mapping[str, int]
    wrong: tuple[tuple[QuestionItem, str], ...]


def prediction_of(answer: Any, question_type: str) -> str:
    """What counts of an answer: the letter of a choice, the number without unit; the text where there is neither."""
    if question_type in CHOICE_TYPES:
        return str(answer.choice or answer.text)
    return str(answer.key[0]) if answer.key else str(answer.text)


def evaluate_answerer(
    answerer: QuestionAnswerer, cases: Iterable[tuple[Any, Iterable[QuestionItem]]]
) -> QuestionReport:
    """Ask all questions about their scenes, in the wording of the benchmark, and score the answers by its reference rules."""
    results, statuses, wrong = [], Counter[str](), []
    for scene, items in cases:
        for item in items:
            answer = answerer.ask(prompt(item.question, item.options), scene)
            said = prediction_of(answer, item.question_type)
            reward = score(item.question_type, item.ground_truth, said)
            results.append(Result(item.question_type, item.ground_truth, said, reward))
            statuses[str(answer.status)] += 1
            if reward < 0.95:
                wrong.append((item, f"{said}: {answer.text}"))
    return QuestionReport(aggregate(results), dict(sorted(statuses.items())), tuple(wrong))


def carry_first_seen(first_seen: Mapping[int, float], truth: Layout, estimate: Layout) -> dict[int, float]:
    """The times of the boxes of a true layout for those of an estimate: each has that of the nearest one within 0.5 m."""
    times = {}
    for box in estimate.boxes:
        near = [
            (dist(box.center, other.center), first_seen[other.id]) for other in truth.boxes if other.id in first_seen
        ]
        if near and min(near)[0] <= SAME_PLACE:
            times[box.id] = min(near)[1]
    return times
