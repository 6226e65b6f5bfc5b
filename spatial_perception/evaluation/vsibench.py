"""VSI-Bench: question types, cleaning of answers, scores, and their averages.

Two definitions exist and are never mixed. `reference` is what Spatial-MLLM's evaluation does: exact strings, strict
thresholds in float32. `official` is the benchmark's own: the first word counts, thresholds are inclusive in float64.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from spatial_perception.errors import EvaluationError

Definition = Literal["reference", "official"]
DIRECTION_TYPES = ("object_rel_direction_easy", "object_rel_direction_medium", "object_rel_direction_hard")
CHOICE_TYPES = (*DIRECTION_TYPES, "object_rel_distance", "route_planning", "obj_appearance_order")
NUMBER_TYPES = ("object_abs_distance", "object_counting", "object_size_estimation", "room_size_estimation")
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
_THRESHOLDS = (0.5 + 0.05 * np.arange(10)).astype(np.float32)
_NUMBER_NOTE = "Please answer the question using a single word or phrase."
_CHOICE_NOTE = "Answer with the option's letter from the given choices directly."


@dataclass(frozen=True, slots=True)
class Result:
    """One answered item of the benchmark, with its score."""

    question_type: str
    ground_truth: str
    prediction: str
    reward: float


@dataclass(frozen=True, slots=True)
class Average:
    """Means over items (micro) and over question types (macro)."""

    micro: float = 0.0
    macro: float = 0.0


@dataclass(frozen=True, slots=True)
class VsiBenchScores:
    """Mean and number of items of each type present, in alphabetical order, and the averages over choices, numbers, all."""

    per_type: Mapping[str, tuple[float, int]]
    choices: Average
    numbers: Average
    all: Average


def prompt(question: str, options: Sequence[str] | None = None) -> str:
    """The text that a model is asked; options carry their letters already."""
    if not options:
        return f"{question}\n{_NUMBER_NOTE}"
    return "\n".join([question, "Options:", *options, _CHOICE_NOTE])


def clean_answer(text: str) -> str:
    """What counts of an answer: the last <answer>...</answer> if any, in one line, without dots at the end, in lower case."""
    tagged = _ANSWER.findall(text)
    line = (tagged[-1] if tagged else text).replace("\n", " ").replace("\r", " ")
    return re.sub(r"\s+", " ", line).strip().rstrip(".").lower()


def mean_relative_accuracy(prediction: float, truth: float, definition: Definition = "reference") -> float:
    """The share of the ten confidence thresholds c = 0.50 ... 0.95 for which the relative error is below 1 - c.

    "reference": |p - t| / (|t| + 1e-8) < 1 - c, all in float32. "official": |p - t| / t <= 1 - c in float64; raises
    EvaluationError for a truth of 0, which it does not define.
    """
    if definition == "official":
        if truth == 0:
            raise EvaluationError("the official mean relative accuracy is undefined for a truth of 0; use 'reference'")
        error = abs(prediction - truth) / truth
        return float(np.mean(error <= 1 - np.linspace(0.5, 0.95, 10)))
    p, t = np.float32(prediction), np.float32(truth)
    with np.errstate(over="ignore", invalid="ignore"):
        relative = np.abs(p - t) / (np.abs(t) + np.float32(1e-8))
    return float((relative < np.float32(1) - _THRESHOLDS).astype(np.float32).mean())


def score(question_type: str, ground_truth: str, prediction: str, definition: Definition = "reference") -> float:
    """The reward of one answer, from 0 to 1. Raises EvaluationError for an unknown type."""
    truth, said = clean_answer(ground_truth), clean_answer(prediction)
    if definition == "official":
        truth, said = (_first_word(text) for text in (truth, said))
    if question_type in CHOICE_TYPES:
        return float(said.strip() == truth.strip())
    if question_type not in NUMBER_TYPES:
        raise EvaluationError(
            f"unknown question type '{question_type}'; known are {', '.join(CHOICE_TYPES + NUMBER_TYPES)}"
        )
    numbers = _number(said), _number(truth)
    if numbers[0] is None or numbers[1] is None:
        return 0.0
    return mean_relative_accuracy(numbers[0], numbers[1], definition)


def _first_word(text: str) -> str:
    words = text.split(" ")
    return words[0].rstrip(".").strip() if words else ""


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if isfinite(value) else None


def aggregate(results: Iterable[Result]) -> VsiBenchScores:
    """Averages: micro over items; macro over types, where the three direction types together count as one."""
    rewards: dict[str, list[float]] = {}
    for result in results:
        rewards.setdefault(result.question_type, []).append(result.reward)
    per_type = {name: (float(np.mean(values)), len(values)) for name, values in sorted(rewards.items())}
    choices = {name: values for name, values in rewards.items() if name in CHOICE_TYPES}
    numbers = {name: values for name, values in rewards.items() if name in NUMBER_TYPES}
    return VsiBenchScores(per_type, _average(choices), _average(numbers), _average(choices | numbers))


def _average(rewards: Mapping[str, Sequence[float]]) -> Average:
    if not rewards:
        return Average()
    means = {name: float(np.mean(values)) for name, values in rewards.items()}
    directions = [means.pop(name) for name in DIRECTION_TYPES if name in means]
    groups = [*means.values(), *([float(np.mean(directions))] if directions else [])]
    return Average(float(np.mean([v for values in rewards.values() for v in values])), float(np.mean(groups)))
