"""How well questions are answered: generated ones about simulated homes, with true layouts and with estimated ones; free
wordings; and the time of a question over 200 objects.

Run: python benchmarks/question_answering.py [--homes 40] [--seed 10000] [--estimator geometric]
Thresholds were never tuned on seeds from 10000 on. The figures to hold: choices and numbers at least 0.95 with true layouts,
wordings at least 0.90, 20 ms for a question.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from spatial_perception.cli.evaluate_answers import cases, simulated
from spatial_perception.evaluation.question_answering import QuestionReport, evaluate_answerer
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.models.registry import load_answerer
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import Scene, make_scene
from spatial_perception.simulation import make_home

CHOICE_GOAL, NUMBER_GOAL, WORDING_GOAL, TIME_GOAL = 0.95, 0.95, 0.90, 0.020
_QUESTIONS = (
    "how many chairs are there?",
    "which chair is closest to the window?",
    "what is the distance between the nearest sofa and the largest bed?",
    "what is on the desk?",
    "where is the fridge?",
    "what is the sofa closest to",
    "hw mnay chiars did u see in teh kitchen",
    "how do I get from the largest bed to the kitchen?",
    "move the largest sofa 0.5 m to the left",
    "where can I put a desk?",
    "what fits in the bedroom?",
)


def crowded(count: int = 200) -> Scene:
    """Several homes side by side, until there are `count` boxes."""
    layout = Layout()
    for k in range(40):
        home = make_home(k).layout
        boxes = [Box(len(layout.boxes) + n, b.label, b.center, b.yaw, b.size) for n, b in enumerate(home.boxes)]
        layout = Layout(layout.walls or home.walls, layout.doors or home.doors, layout.windows or home.windows,
                        (*layout.boxes, *boxes)[:count])  # fmt: skip
        if len(layout.boxes) == count:
            break
    return replace(make_scene(layout), robot=Viewer(2.0, 2.0, 0.0))


def timed(scene: Scene) -> dict[str, float]:
    """The median time (s of processor time) of each question, when the scene was asked before."""
    answerer, times = load_answerer(), {}
    for question in _QUESTIONS:
        single = []
        for _ in range(8):
            start = time.process_time()
            answerer.ask(question, scene)
            single.append(time.process_time() - start)
        times[question] = float(np.median(single[1:]))
    return times


def wordings() -> dict[str, tuple[int, int]]:
    """Of each table of wordings: how many are understood, and how many there are."""
    folder = Path(__file__).parent.parent / "test" / "reasoning"
    sys.path.insert(0, str(folder))
    from wording_tables import is_understood, read_table

    tables = {path.stem: read_table(path.name) for path in sorted(folder.glob("wordings_*.txt"))}
    return {name: (sum(is_understood(*row) for row in rows), len(rows)) for name, rows in tables.items()}


def show(report: QuestionReport, title: str, goals: bool) -> None:
    """The scores by type and in all."""
    print(title)
    for name, (mean, count) in report.scores.per_type.items():
        print(f"  {name:32s} {mean:.3f}  ({count})")
    for name, average, goal in (("choices, accuracy", report.scores.choices, CHOICE_GOAL),
                                ("numbers, MRA", report.scores.numbers, NUMBER_GOAL)):  # fmt: skip
        held = f"  ({'holds' if average.micro >= goal else 'falls short of'} {goal})" if goals else ""
        print(f"  {name:20s} by question {average.micro:.3f}, by type {average.macro:.3f}{held}")
    print(f"  statuses {dict(report.statuses)}")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=10000)
    parser.add_argument("--estimator", default="", help="also score answers about layouts that it estimates from scans")
    arguments = parser.parse_args()
    for name in dict.fromkeys(("", arguments.estimator)):
        pairs = simulated(arguments.homes, arguments.seed, name)
        report = evaluate_answerer(load_answerer(), cases(pairs, 2, arguments.seed))
        show(report, f"{arguments.homes} homes, layouts {f'estimated by {name}' if name else 'true'}", goals=not name)
    for name, (good, count) in wordings().items():
        print(f"{name}: {good} of {count} understood, {good / count:.3f} (goal {WORDING_GOAL})")
    for question, seconds in timed(crowded()).items():
        print(f"{1e3 * seconds:6.1f} ms over 200 objects, {seconds / TIME_GOAL:4.2f} of the limit: {question}")


if __name__ == "__main__":
    main()
