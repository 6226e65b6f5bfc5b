"""A question that asks back, and replies to it."""

from dataclasses import replace

import pytest

from spatial_perception.layout.entities import Box
from spatial_perception.reasoning.answers import Status
from spatial_perception.reasoning.conversation import Conversation
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.reasoning.solver import SpatialSolver


@pytest.fixture
def talk(flat):
    return Conversation(SpatialSolver(), flat)


@pytest.mark.parametrize(
    ("reply", "box"),
    [("1", 7), ("2.", 8), ("the second one", 8), ("last", 8), ("the one nearest to the window", 8),
     ("nearest to the tv", 7), ("the chair closest to the desk", 7), ("the one closest to the fridge", 7)],
)  # fmt: skip
def test_a_reply_says_which_one_was_meant(talk, reply, box):
    asked = talk.ask("how far is the chair from the sofa?")
    assert asked.status is Status.AMBIGUOUS
    answer = talk.ask(reply)
    assert (answer.status, answer.question) == (Status.OK, "how far is the chair from the sofa?")
    assert [b.id for b in answer.boxes] == [box, 4]
    assert talk.pending is None


def test_another_question_is_no_reply(talk):
    talk.ask("how far is the chair from the sofa?")
    assert talk.ask("how many beds are there?").value == 1.0
    assert talk.pending is None
    assert talk.ask("how far is the chair from the sofa?").status is Status.AMBIGUOUS


@pytest.mark.parametrize("reply", ["7", "0", "the one in the kitchen", "the purple one", "???", ""])
def test_what_fits_no_candidate_is_asked_anew(talk, reply):
    talk.ask("how far is the chair from the sofa?")
    answer = talk.ask(reply)
    assert answer.question != "how far is the chair from the sofa?"


def test_two_things_that_are_unclear_are_settled_one_after_the_other(flat):
    twice = replace(flat.layout, boxes=(*flat.layout.boxes, Box(20, "sofa", (6.0, 6.4, 0.4), 0.0, (1.2, 0.8, 0.8))))
    talk = Conversation(SpatialSolver(), make_scene(twice))
    assert talk.ask("how far is the chair from the sofa?").status is Status.AMBIGUOUS
    assert talk.ask("1").status is Status.AMBIGUOUS
    answer = talk.ask("2")
    assert (answer.status, [b.id for b in answer.boxes]) == (Status.OK, [7, 20])


def test_instructions_ask_back_too(talk):
    assert talk.ask("put a lamp next to the chair").status is Status.AMBIGUOUS
    answer = talk.ask("the one nearest to the desk")
    assert answer.kind == "Place"
    assert answer.status is not Status.AMBIGUOUS


def test_a_size_that_differs_asks_back(talk):
    assert talk.ask("how wide is the window?").status is Status.AMBIGUOUS
    assert talk.ask("1").value == pytest.approx(1.2)
