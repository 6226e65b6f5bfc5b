"""Any layout and any sentence: an answer with a status and a sentence, in bounded time, from any number of threads."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver

SOLVER = SpatialSolver()
QUESTIONS = (
    "how many chairs are there", "is there a bed", "how wide is the bed", "how big is the bedroom", "how big is the home",
    "how far is the chair from the bed", "gap between the bed and the door", "what is closest to the bed",
    "which is farther from the door, the bed or the chair", "standing by the bed and facing the chair, where is the door",
    "which way is the bed", "what is left of me", "what is in the room", "which room is the bed in", "where is the chair",
    "the chair nearest to the window", "is the chair next to the bed", "is the bed bigger than the chair",
    "how do i get from the bed to the chair", "did you see the bed before the chair", "what can i put on the bed",
    "what fits in the room", "move the bed 1 m to the left", "move the chair next to the bed", "put a lamp on the bed",
    "place a chair of 0.5 x 0.5 x 0.9 m", "put the chair opposite the bed", "describe the home",
)  # fmt: skip
usual = st.floats(-6, 6)
absurd = st.sampled_from([float("nan"), float("inf"), -1e300, 1e7, 0.0, -0.0, 1e-12])
number = st.one_of(usual, usual, usual, absurd)
length = st.one_of(st.floats(0.01, 4), absurd)
point = st.tuples(number, number, number)
labels = st.sampled_from(
    ["bed", "chair", "carpet", "illumination", "", "x" * 300, "bett\x00", "robot", "room", "of the"]
)
walls = st.lists(st.builds(Wall, st.integers(0, 5), point, point, length, length), max_size=6)
doors = st.lists(st.builds(Door, st.integers(0, 3), st.integers(0, 7), point, length, length), max_size=3)
windows = st.lists(st.builds(Window, st.integers(0, 3), st.integers(0, 7), point, length, length), max_size=2)
boxes = st.lists(
    st.builds(Box, st.integers(0, 5), labels, point, number, st.tuples(length, length, length)), max_size=6
)
layouts = st.builds(Layout, walls, doors, windows, boxes)


def checked(answer: Answer) -> Answer:
    assert isinstance(answer.status, Status)
    assert answer.text
    assert answer.text[-1] in ".?!:)"
    return answer


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(layouts, st.lists(st.sampled_from(QUESTIONS), min_size=1, max_size=6), st.tuples(usual, usual, usual))
def test_no_layout_makes_an_answer_fail(layout, questions, pose):
    scene = make_scene(layout, robot=Viewer(*pose), first_seen={b.id: 1.0 * b.id for b in layout.boxes})
    for question in questions:
        start = time.process_time()
        checked(SOLVER.ask(question, scene, max_time=5.0))
        assert time.process_time() - start < 6.0


WORDS = """how many far where which what is are the a of from to at by on in and or than left right facing turn chair bed door
    kitchen robot me nearest next between put move first order taller not teh chiar +x room fit 's - 1. , ?"""
fragments = st.sampled_from([*WORDS.split(), "next to", "nearest to", "1 m", "2 ft", "[please fill in]"])


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.lists(fragments, max_size=22))
def test_no_order_of_words_makes_an_answer_fail(flat, words):
    checked(SOLVER.ask(" ".join(words), flat, max_time=5.0))


def test_ten_megabytes_are_answered_as_fast_as_a_line(flat):
    for text in (
        "x" * 10_000_000,
        "how many chairs " * 700_000,
        "\u202e" * 10_000_000,
        "<box>" * 2_000_000,
        "a, " * 3_500_000,
    ):
        start = time.process_time()
        answer = checked(SOLVER.ask(text, flat))
        assert time.process_time() - start < 2.0
        assert len(answer.question) <= 512


@pytest.mark.parametrize(
    "text",
    [
        "((((" * 100, "is " * 170, "the of " * 73, "how far is " + "the chair next to " * 28, "which " + "a, " * 160,
        "between " * 60, "chair " * 85, "put " + "a chair and " * 40, "1 m " * 120, "from to " * 60, "what is the " * 40,
    ],
)  # fmt: skip
def test_no_sentence_takes_long(flat, text):
    start = time.process_time()
    checked(SOLVER.ask(text, flat))
    assert time.process_time() - start < 2.0


def test_questions_from_many_threads_get_the_answers_of_one(flat):
    asked = [question for question in QUESTIONS for _ in range(3)]
    alone = [SOLVER.ask(question, flat) for question in asked]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda question: SOLVER.ask(question, flat), asked))
    assert together == alone
