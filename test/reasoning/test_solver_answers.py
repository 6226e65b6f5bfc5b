"""Every kind of question about a flat whose answers are known by hand."""

import math
from itertools import pairwise

import pytest

from spatial_perception.models.registry import load_answerer
from spatial_perception.reasoning.answers import Status
from spatial_perception.reasoning.scene import make_scene
from spatial_perception.simulation import make_home

NUMBERS = [
    ("how many chairs are there?", 2.0, ""),
    ("how many rooms does the flat have", 3.0, ""),
    ("how many doors are there", 3.0, ""),
    ("how many beds are in the kitchen", 0.0, ""),
    ("how many windows are in the bedroom", 1.0, ""),
    ("how many toilets are there", 0.0, ""),
    ("how tall is the wardrobe?", 2.0, "m"),
    ("how tall is the wardrobe in cm", 200.0, "cm"),
    ("how wide is the sofa in feet?", 2 / 0.3048, "ft"),
    ("how wide is the bed", 1.6, "m"),
    ("how long is the bed", 2.0, "m"),
    ("what is the volume of the stove", 0.324, "m3"),
    ("how big is the bedroom?", 12.0, "m2"),
    ("what is the area of the home", 49.0, "m2"),
    ("how big is the kitchen in square feet", 9 / 0.3048**2, "ft2"),
    ("how far is the sofa from the tv?", math.hypot(3.1, 0.6), "m"),
    ("horizontal distance from the sofa to the tv", 3.1, "m"),
    ("gap between the sofa and the coffee table in cm", 55.0, "cm"),
    ("how far is the bed from the kitchen", 2.2, "m"),
    ("how high is the room", 2.6, "m"),
    ("how wide is the door to the kitchen", 0.9, "m"),
    (
        "what is the length of the longest dimension (length, width, or height) of the sofa, measured in inches?",
        2 / 0.0254,
        "in",
    ),
]


@pytest.mark.parametrize(("question", "value", "unit"), NUMBERS)
def test_numbers(ask, question, value, unit):
    answer = ask(question)
    assert (answer.status, answer.unit) == (Status.OK, unit), answer.text
    assert answer.value == pytest.approx(value, rel=1e-6)


WORDS = [
    ("which chair is closest to the door?", "bbox_7"),
    ("the chair nearest the window in the living room", "bbox_8"),
    ("the largest chair next to the window", "bbox_8"),
    ("what is the nearest object to the bed", "bbox_5"),
    ("what is on the desk?", "bbox_11"),
    ("find the table between the sofa and the tv", "bbox_6"),
    ("which is bigger, the sofa or the bed?", "bbox_0"),
    ("what is farthest from the plant", "bbox_2"),
    ("the lowest table", "bbox_6"),
    ("which is closer to the sofa, the desk or the tv", "bbox_10"),
    ("where is the fridge", "bbox_2"),
    ("the chair farthest from the window", "bbox_7"),
]


@pytest.mark.parametrize(("question", "entity"), WORDS)
def test_things(ask, question, entity):
    answer = ask(question)
    assert answer.status is Status.OK, answer.text
    assert answer.entities[0] == entity


@pytest.mark.parametrize(
    ("question", "yes"),
    [
        ("is there a bed", True),
        ("is there a sink in the kitchen", False),
        ("is the computer on the desk?", True),
        ("is the plant left of the sofa", True),
        ("is the plant right of the sofa", False),
        ("is the sofa behind the coffee table", True),
        ("is the coffee table between the sofa and the tv", True),
        ("is the sofa in the kitchen", False),
        ("is the wardrobe taller than the bed", True),
        ("is the desk near the sofa", True),
        ("is the tv far from the bed?", False),
        ("is the wardrobe against a wall", True),
        ("is the dining chair under the desk", False),
    ],
)
def test_yes_and_no(ask, question, yes):
    answer = ask(question)
    assert answer.key == (("yes" if yes else "no"),), answer.text
    assert answer.text.startswith("Yes" if yes else "No")


def test_the_view_of_the_robot_is_limited_to_its_room(ask):
    assert set(ask("what is left of me?").entities) == {"bbox_9", "bbox_4", "bbox_5"} - {"bbox_4"} | set(
        ask("what is left of me?").entities
    )
    assert "bbox_7" in ask("what is to my right").entities
    assert "bbox_4" in ask("what is in front of you?").entities
    assert not {"bbox_0", "bbox_2"} & set(ask("what is behind me").entities)


def test_rooms(ask):
    assert ask("which room is the tv in").key == ("living room",)
    assert ask("where am i?").key == ("living room",)
    assert set(ask("what is in the kitchen").entities) == {"bbox_2", "bbox_3", "bbox_12"}


def test_directions(ask):
    question = "If I am standing by the tv and facing the sofa, "
    assert ask(question + "is the plant to my left or my right").key == ("left",)
    assert ask(question + "is the bed to my left, right, or back?").key == ("back",)
    assert ask(question + "is the desk to my front-left, front-right, back-left, or back-right?").key == (
        "front-right",
    )
    assert ask(question + "where is the coffee table?").key == ("front",)


def test_routes_name_rooms_and_doors(ask):
    answer = ask("how do I get from the bed to the fridge?")
    assert answer.rooms == tuple(r for r in answer.rooms)
    assert answer.key == ("bedroom", "living room", "kitchen")
    assert answer.entities == ("bbox_0", "bbox_2", "door_0", "door_1")
    legs = (1.0, 1.1), (2.0, 3.0), (5.5, 3.0), (6.6, 0.5)
    assert answer.value == pytest.approx(sum(math.dist(a, b) for a, b in pairwise(legs)))
    assert ask("way to the kitchen").key == ("living room", "kitchen")
    assert ask("how do I get from the sofa to the tv").key == ("living room",)


def test_order_of_appearance(ask):
    assert ask("in what order did you see the tv, the bed and the stove?").key == ("bed", "stove", "tv")


def test_turns_are_filled_in(ask):
    question = (
        "You are a robot beginning at the tv facing the coffee table. You want to navigate to the desk. You will perform the "
        "following actions (Note: for each [please fill in], choose either 'turn back,' 'turn left,' or 'turn right.'): 1. Go "
        "forward until the coffee table 2. [please fill in] 3. Go forward until the desk. You have reached the final destination."
    )
    answer = ask(question, "A. Turn Left", "B. Turn Right", "C. Turn Back")
    assert (answer.key, answer.choice) == (("turn right",), "B")


def test_options_in_the_text_are_chosen(ask):
    question = (
        "Which of these objects (bed, stove, desk) is the closest to the sofa?\nOptions:\nA. bed\nB. stove\nC. desk\n"
    )
    assert ask(question + "Answer with the option's letter from the given choices directly.").choice == "C"
    assert ask("how many chairs are there? A. 5 B. 3 C. 2").choice == "C"
    assert ask("how far is the sofa from the tv?", "A. 1.5 m", "B. 3.2 m").choice == "B"


def test_what_fits(ask):
    assert "book" in ask("what can I put on the coffee table?").key
    assert ask("what can I put in the bedroom").answered


def test_a_place_is_proposed_and_passes_every_check(ask):
    answer = ask("put a vase on the coffee table")
    assert answer.status is Status.OK, answer.text
    assert all(check.passed for check in answer.checks)
    assert answer.proposal.new.center[2] == pytest.approx(0.4 + 0.15)
    assert ask("place a box of size 0.3 x 0.3 x 0.3 m next to the sofa").proposal.new.size == (0.3, 0.3, 0.3)


def test_a_move_is_proposed(ask):
    answer = ask("move the coffee table 50 cm along +x")
    assert answer.proposal.new.center == pytest.approx((2.5, 5.2, 0.2))
    assert (answer.status, answer.value) == (Status.OK, pytest.approx(0.5))
    left = ask("move the coffee table 2 feet to the left").proposal.new.center
    assert left == pytest.approx((2.0 - 0.6096, 5.2, 0.2), abs=1e-6)
    toward = ask("move the coffee table half a meter toward the tv").proposal.new.center
    assert toward == pytest.approx((2.0, 4.7, 0.2))


def test_a_blocked_move_is_mended_nearby(ask):
    answer = ask("move the coffee table 0.58 m along +y")
    assert answer.status is Status.OK
    assert answer.proposal.repaired
    assert answer.proposal.new.center[1] <= 5.75 + 0.021


def test_evidence_is_carried(ask):
    answer = ask("what is the gap between the sofa and the coffee table")
    ((start, end),) = answer.segments
    assert math.dist(start, end) == pytest.approx(answer.value)
    assert [box.label for box in answer.boxes] == ["sofa", "coffee_table"]
    assert (answer.kind, answer.confidence, answer.provenance.estimator) == ("Distance", 1.0, "geometric")


def test_answers_are_the_same_every_time(flat, solver):
    questions = [q for q, *_ in NUMBERS] + ["put a lamp on the desk", "what can I put next to the sofa?"]
    assert [solver.ask(q, flat) for q in questions] == [solver.ask(q, flat) for q in questions]


def test_the_text_comes_in_pieces(flat, solver):
    assert (
        "".join(solver.stream("how many chairs are there", flat)) == solver.ask("how many chairs are there", flat).text
    )


def test_given_rooms_keep_their_names(flat):
    named = make_scene(flat.layout, room_kinds={room.id: "studio" for room in flat.rooms})
    assert {room.name for room in named.rooms} == {"studio 1", "studio 2", "studio 3"}


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("which way is the sofa?", "front-left"),
        ("is the fridge to my left or to my right?", "right"),
        ("do I have to turn left or right to face the desk?", "right"),
        ("is the tv behind me?", "yes"),
        ("is the bed closer to the wardrobe than the desk?", "yes"),
        ("is the coffee table nearer to the tv than to the sofa?", "no"),
        ("which is closer, the sofa or the desk?", "sofa"),
        ("is the kitchen larger than the bedroom?", "no"),
        ("which has more space, the living room or the kitchen?", "living room"),
        ("is the tv opposite the sofa?", "yes"),
        ("is the bed opposite the sofa?", "no"),
        ("You are at the bed facing the wardrobe. Which way do you turn to walk to the sofa?", "turn left"),
        ("what furniture is there in the bedroom?", "bed"),
        ("what is the second largest room?", "bedroom"),
        ("how many chairs and beds are there?", "3"),
        ("is there more than one bed?", "no"),
        ("are there at least two chairs?", "yes"),
        ("how many rooms have a bed?", "1"),
        ("is every chair next to the desk?", "no"),
        ("are all chairs in the living room?", "yes"),
    ],
)
def test_answers_in_a_word(ask, question, key):
    answer = ask(question)
    assert (str(answer.status), answer.key[0]) == ("OK", key), answer.text


def test_what_the_robot_would_have_to_turn_is_measured_from_where_it_looks(ask):
    answer = ask("which way is the sofa?")
    assert answer.value == pytest.approx(math.degrees(math.atan2(1.0, 2.3)))
    assert [box.label for box in answer.boxes] == ["sofa"]


@pytest.mark.parametrize(
    ("question", "metres"),
    [
        ("how far is the bed from the wall?", 0.1),
        ("how far is the desk from the nearest wall?", 0.15),
        ("how far is the sofa from the nearest window?", math.hypot(5, 1.5, 1.1)),
    ],
)
def test_the_nearest_one_is_that_to_the_other_thing(ask, question, metres):
    assert ask(question).value == pytest.approx(metres)


def test_rooms_beside_a_room(ask):
    assert "the bedroom and the living room" in ask("which rooms are next to the kitchen?").text
    assert ask("how high is the ceiling?").value == pytest.approx(2.6)


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_what_fits_is_what_would_be_placed(seed: int) -> None:
    """Trying what is smaller where something larger stood finds the same things as a search for each."""
    scene, answerer = make_scene(make_home(seed).layout), load_answerer()
    for room in scene.rooms[:2]:
        answer = answerer.ask(f"what fits in the {room.name}?", scene)
        for label in ("bed", "desk", "chair", "stool"):
            placed = answerer.ask(f"where can I put a {label} in the {room.name}?", scene)
            assert (label in answer.key) == (placed.status is Status.OK), (room.name, label)
