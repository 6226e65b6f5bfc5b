"""Accuracy of the solver on generated questions about 40 simulated homes with true layouts, and the time per question.

Run: python benchmarks/question_answering.py [HOMES]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from spatial_perception.evaluation.question_answering import evaluate_answerer
from spatial_perception.evaluation.question_generator import generate_questions, random_first_seen
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.reasoning.scene import Scene, make_scene
from spatial_perception.reasoning.solver import SpatialSolver
from spatial_perception.simulation import make_home

CHOICE_GOAL, NUMBER_GOAL, TIME_GOAL = 0.95, 0.95, 0.020
_QUESTIONS = (
    "how many chairs are there?",
    "which chair is closest to the window?",
    "what is the distance between the nearest sofa and the largest bed?",
    "what is on the desk?",
    "where is the fridge?",
)


def case(seed: int) -> tuple[Scene, tuple]:
    """A home as a scene, and its questions."""
    rng = np.random.default_rng(seed)
    layout = make_home(seed).layout
    seen = random_first_seen(layout, rng)
    return make_scene(layout, first_seen=seen), generate_questions(layout, rng, seen)


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
    return make_scene(layout)


def slowest(scene: Scene) -> float:
    """The longest median time (s) of some questions."""
    solver, worst = SpatialSolver(), 0.0
    for question in _QUESTIONS:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            solver.ask(question, scene)
            times.append(time.perf_counter() - start)
        worst = max(worst, float(np.median(times)))
    return worst


def main() -> None:
    """Print scores by type, what was wrong, and the ratios to the goals."""
    homes = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    report = evaluate_answerer(SpatialSolver(), (case(seed) for seed in range(homes)))
    for name, (mean, count) in report.scores.per_type.items():
        print(f"{name:32s} {mean:.3f}  ({count})")
    for item, said in report.wrong[:10]:
        print(f"  wrong: {item.question[:100]} [{item.ground_truth}] {said[:120]}")
    print(f"statuses {dict(report.statuses)}")
    scores = report.scores
    print(f"choices, accuracy micro {scores.choices.micro:.3f}, macro {scores.choices.macro:.3f}  (goal {CHOICE_GOAL})")
    print(f"numbers, MRA      micro {scores.numbers.micro:.3f}, macro {scores.numbers.macro:.3f}  (goal {NUMBER_GOAL})")
    seconds = slowest(crowded())
    print(
        f"slowest of {len(_QUESTIONS)} questions over 200 objects: {1e3 * seconds:.1f} ms, {seconds / TIME_GOAL:.2f} of the limit"
    )


if __name__ == "__main__":
    main()
