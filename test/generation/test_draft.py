from __future__ import annotations

import functools

import pytest
from decoding_helpers import TOKENIZERS, random_layout
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.generation.draft import LayoutDraft, parse_line
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.layout_language import LayoutLanguage
from spatial_perception.generation.vocabulary import TokenVocabulary

WALL = "wall_0=Wall(10,20,4,300,20,4,104,0)"


@functools.cache
def grammar_of(name="single digits", **language):
    tokenizer = TOKENIZERS[name]()
    vocabulary = TokenVocabulary.of(tokenizer)
    return LayoutGrammar(vocabulary, LayoutLanguage(1280, **language), [tokenizer.eos_token_id])


def proposal(written, previous=None, limit=256, **language):
    """What is proposed after a text, as text; stop tokens as a full stop."""
    grammar = grammar_of(**language)
    ids = grammar.vocabulary.encode(written)
    state = grammar.start()
    for token in ids:
        state = grammar.advance(state, token)
    tokens = LayoutDraft(grammar, previous).propose(ids, state, limit)
    assert len(tokens) <= limit
    return "".join("." if token in grammar.stop_ids else grammar.vocabulary.texts[token] for token in tokens)


def test_the_previous_layout_is_proposed_from_the_start():
    text = random_layout(0)
    assert proposal("", text) == text + "."


def test_the_previous_layout_is_proposed_from_anywhere():
    text = random_layout(1)
    for cut in range(0, len(text), 7):
        found = proposal(text[:cut], text)
        assert text[cut:].startswith(found[:10].rstrip("."))


def test_after_a_difference_the_rest_of_the_line_is_still_proposed():
    lines = [WALL, "wall_1=Wall(10,20,4,10,400,4,104,0)", "bbox_0=Bbox(sofa,40,50,9,640,80,40,30)"]
    assert proposal("wall_0=Wall(11,", "\n".join(lines)).startswith("20,4,300,20,4,104,0)\nwall_1=")
    assert proposal("bbox_0=Bbox(bed,40,", "\n".join(lines)).startswith("50,9,640,")


def test_removed_walls_renumber_what_follows():
    previous = f"{WALL}\nwall_1=Wall(10,20,4,10,400,4,104,0)\ndoor_0=Door(wall_1,10,90,50,40,100)"
    written = "wall_0=Wall(10,20,4,10,400,4,104,0)\n"
    assert proposal(written + "d", previous) == "oor_0=Door(wall_0,10,90,50,40,100)."
    assert proposal(written + "w", previous) == "all_1=Wall("
    assert proposal(written + "door_0=Door(", previous).startswith("wall_0,10,90,50,40,100)")


def test_coordinates_that_were_mended_are_mended_where_they_come_again():
    previous = f"{WALL}\nwall_1=Wall(300,20,4,300,400,4,104,0)\nwindow_0=Window(wall_1,300,90,50,40,100)"
    written = "wall_0=Wall(12,18,4,302,18,4,104,6)\n"
    assert proposal("wall_0=Wall(12,18,4,302,", previous).startswith("18,4,104,0)\n")
    assert (
        proposal(written, previous)
        == "wall_1=Wall(302,18,4,302,400,4,104,6)\nwindow_0=Window(wall_1,302,90,50,40,100)."
    )


def test_cold_walls_repeat_floor_and_height_and_meet_at_right_angles():
    written = f"{WALL}\nwall_1=Wall(10,20,"
    assert proposal(written) == "4,10,20,4,104,0)"
    assert proposal(written + "4,10,400") == ",4,104,0)"


def test_cold_openings_lie_on_their_wall():
    assert proposal(f"{WALL}\ndoor_0=Door(wall_0,77,") == "20,"
    upright = WALL.replace("300,20", "10,300")
    assert proposal(f"{upright}\nwindow_0=Window(wall_0,") == "10,"
    slanted = WALL.replace("300,20", "110,220")
    assert proposal(f"{slanted}\ndoor_0=Door(wall_0,60,").startswith("120,")


def test_cold_boxes_repeat_those_of_their_label():
    written = "bbox_0=Bbox(bed,1,2,3,640,80,50,30)\nbbox_1=Bbox(sofa,4,5,6,640,90,40,33)\nbbox_2=Bbox(bed,7,8,"
    assert proposal(written).startswith("3,640,80,50,30)")


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.text(alphabet="wall_0=W(1,)\n dorbx.-", max_size=60),
    st.integers(0, 100),
    st.integers(0, 200),
    st.sampled_from(sorted(TOKENIZERS)),
)
def test_no_previous_text_breaks_a_draft(previous, seed, cut, name):
    text = random_layout(seed)
    for draft in (previous, previous + "\n" + random_layout(seed + 1), text[:cut]):
        grammar = grammar_of(name)
        state, ids = grammar.start(), []
        for token in grammar.vocabulary.encode(text[:cut]):
            if token not in grammar.allowed(state).tolist():
                break
            ids.append(token)
            state = grammar.advance(state, token)
        assert len(LayoutDraft(grammar, draft).propose(ids, state, 40)) <= 40


@pytest.mark.parametrize(
    "text", ["", "wall_0", "wall_0=Wall(1)", "wall_x=Wall(1,2,3,4,5,6,7,8)", "door_0=Door(w,1,2,3,4,5)"]
)
def test_broken_lines_are_no_lines(text):
    assert parse_line(text) is None
    assert parse_line(WALL).values[3] == "300"
