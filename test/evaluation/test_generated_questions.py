"""Questions made from layouts: the same for one seed, true by an independent reckoning, and answered well by the solver."""

import numpy as np
import pytest

from spatial_perception.evaluation import true_geometry
from spatial_perception.evaluation.distances import score_distances
from spatial_perception.evaluation.editing import score_edits, score_refusals
from spatial_perception.evaluation.question_answering import evaluate_answerer
from spatial_perception.evaluation.question_generator import generate_questions, random_first_seen
from spatial_perception.evaluation.task_generator import ask_edits, generate_distances, generate_edits
from spatial_perception.evaluation.vsibench import CHOICE_TYPES, NUMBER_TYPES
from spatial_perception.layout.entities import Layout, Wall
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver
from spatial_perception.simulation import make_home

SEEDS = (3, 8, 21)


@pytest.fixture(scope="module")
def cases():
    made = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        layout = make_home(seed).layout
        seen = random_first_seen(layout, rng)
        made.append((make_scene(layout, first_seen=seen), generate_questions(layout, rng, seen)))
    return made


def test_one_seed_gives_the_same_questions():
    layout = make_home(3).layout
    seen = random_first_seen(layout, np.random.default_rng(1))
    first, second = (generate_questions(layout, np.random.default_rng(5), seen) for _ in range(2))
    assert first == second
    assert generate_questions(layout, np.random.default_rng(6), seen) != first


def test_all_types_occur_and_options_are_lettered(cases):
    items = [item for _, made in cases for item in made]
    assert {item.question_type for item in items} == {*CHOICE_TYPES, *NUMBER_TYPES}
    for item in items:
        assert (item.question_type in CHOICE_TYPES) == bool(item.options)
        if item.options:
            assert item.ground_truth in [option[0] for option in item.options]


def test_the_solver_answers_them(cases):
    report = evaluate_answerer(SpatialSolver(), cases)
    assert report.scores.choices.micro >= 0.95, report.wrong
    assert report.scores.numbers.micro >= 0.95, report.wrong


def test_an_answerer_that_knows_nothing_scores_nothing(cases):
    class Silent:
        def ask(self, question, scene):
            return Answer(question, "none", Status.PARSE_ERROR)

        def stream(self, question, scene):
            yield "none"

    report = evaluate_answerer(Silent(), cases)
    assert (report.scores.all.micro, report.statuses) == (0.0, {"PARSE_ERROR": sum(len(items) for _, items in cases)})


def test_a_wrong_scene_lowers_the_scores(cases):
    """The questions measure something: about another home they are not answered."""
    shuffled = [(cases[k - 1][0], items) for k, (_, items) in enumerate(cases)]
    assert evaluate_answerer(SpatialSolver(), shuffled).scores.all.micro < 0.6


def test_an_empty_layout_has_no_questions():
    assert generate_questions(Layout(), np.random.default_rng(0)) == ()


def test_areas_by_filling_a_grid():
    ring = [(0, 0), (5, 0), (5, 4), (0, 4)]
    turned = [(0.8 * x - 0.6 * y, 0.6 * x + 0.8 * y) for x, y in ring]
    walls = [Wall(k, (*turned[k], 0), (*turned[(k + 1) % 4], 0), 2.5) for k in range(4)]
    assert true_geometry.enclosed_area(Layout(walls)) == pytest.approx(20, rel=0.01)
    assert true_geometry.enclosed_area(Layout(walls[:3])) == 0.0


def test_tasks_are_answered():
    solver, outcomes, said, metres = SpatialSolver(), [], [], []
    for seed in SEEDS:
        layout, rng = make_home(seed).layout, np.random.default_rng(seed)
        scene = make_scene(layout)
        for task in generate_distances(layout, rng):
            said.append(solver.ask(task.question, scene).value)
            metres.append(task.metres)
        outcomes += ask_edits(solver, scene, generate_edits(layout, rng))
    assert score_distances(said, metres).within[0] >= 0.95
    assert score_edits(outcomes).success_rate == 1.0
    refusals = score_refusals(outcomes)
    assert (refusals.f1, refusals.reason_accuracy) == (1.0, pytest.approx(1.0, abs=0.1))
    assert {o.true_reason for o in outcomes} >= {"", "no_target", "ambiguous_target", "conflict", "out_of_room"}
