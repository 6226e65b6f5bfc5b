from __future__ import annotations

import functools
import random

import pytest
from decoding_helpers import TOKENIZERS, random_layout
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import EstimatorError
from spatial_perception.generation.grammar import LayoutGrammar
from spatial_perception.generation.layout_language import MAX_LABEL, LayoutLanguage, LayoutState
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.text import format_layout, parse_layout


@functools.cache
def tokenizer_of(name):
    tokenizer = TOKENIZERS[name]()
    return tokenizer, TokenVocabulary.of(tokenizer)


def grammar_of(name, **language):
    tokenizer, vocabulary = tokenizer_of(name)
    return LayoutGrammar(
        vocabulary, LayoutLanguage(language.pop("num_bins", 1280), **language), [tokenizer.eos_token_id]
    )


def write_randomly(grammar, seed, count):
    """Text and tokens of a random walk through the allowed tokens, ended as soon as it may after `count` tokens."""
    rng, state, ids = random.Random(seed), grammar.start(), []
    while True:
        allowed = grammar.allowed(state).tolist()
        assert allowed == sorted(set(allowed))
        forced = grammar.forced(state)
        assert forced is None or allowed == [forced]
        if len(ids) >= count and grammar.stop_ids[0] in allowed:
            return grammar.vocabulary.text(ids), ids
        # numbers and labels end eventually
        token = rng.choice([token for token in allowed if token not in grammar.stop_ids] or allowed)
        if token in grammar.stop_ids:
            return grammar.vocabulary.text(ids), ids
        ids.append(token)
        state = grammar.advance(state, token)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_texts_of_tokens_add_up(name):
    tokenizer, vocabulary = tokenizer_of(name)
    for seed in range(5):
        text = random_layout(seed)
        assert vocabulary.text(vocabulary.encode("\n" + text)).lstrip(" ") == "\n" + text
    assert all(vocabulary.texts[token] is None for token in tokenizer.all_special_ids)


@pytest.mark.parametrize("categories", [(), CATEGORIES])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_usual_tokenisation_is_allowed(name, categories):
    grammar = grammar_of(name, categories=categories)
    for seed in range(12):
        text = random_layout(seed)
        ids = grammar.vocabulary.encode(text)
        if grammar.vocabulary.text(ids) != text:
            continue  # this tokenizer puts a blank first
        state = grammar.start()
        for token in ids:
            assert token in grammar.allowed(state).tolist(), (grammar.vocabulary.texts[token], state)
            state = grammar.advance(state, token)
        assert grammar.stop_ids[0] in grammar.allowed(state).tolist()


@pytest.mark.parametrize("task", ["all", "layout", "objects"])
@pytest.mark.parametrize("name", TOKENIZERS)
def test_whatever_is_allowed_is_a_layout(name, task):
    grammar = grammar_of(name, task=task, num_bins=640)
    for seed in range(4):
        text, _ = write_randomly(grammar, seed, 150)
        layout = parse_layout(text)
        assert len(layout) == len(text.strip("\n").split("\n"))
        if task == "layout":
            assert format_layout(layout, integers=True) == text.rstrip("\n")
        assert not (task == "objects" and (layout.walls or layout.doors or layout.windows))
        assert not (task == "layout" and layout.boxes)
        numbers = [value for wall in layout.walls for value in (*wall.start, *wall.end, wall.height)]
        assert all(0 <= value < 640 for value in numbers)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_labels_can_be_restricted(name):
    grammar = grammar_of(name, task="objects", categories=("bed", "bedside_table", "tv"))
    labels = {box.label for seed in range(12) for box in parse_layout(write_randomly(grammar, seed, 60)[0]).boxes}
    assert labels == {"bed", "bedside_table", "tv"}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_number_of_entities_can_be_limited(name):
    grammar = grammar_of(name, max_entities=3)
    assert len(parse_layout(write_randomly(grammar, 1, 10_000)[0])) == 3


def test_certain_text_costs_nothing():
    """Share of forced tokens in a usual text, for the tokenisation that Qwen2 has."""
    grammar = grammar_of("single digits")
    text = "wall_0=Wall(1,2,3,104,5,6,130,0)\ndoor_0=Door(wall_0,1,2,3,40,100)"
    state, forced = grammar.start(), []
    for token in grammar.vocabulary.encode(text):
        if grammar.forced(state) is not None:
            forced.append(grammar.vocabulary.texts[token])
        state = grammar.advance(state, token)
    assert "".join(forced) == "_0=Wall(,_0=Door(wall_0,"


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("", "wb"),
        ("wall_0=Wall(", "0123456789"),
        ("wall_0=Wall(0", ","),
        ("wall_0=Wall(12", "0123456789,"),
        ("wall_0=Wall(127", "0123456789,"),
        ("wall_0=Wall(128", ","),
        ("wall_0=Wall(1,2,3,4,5,6,7,8", "0123456789)"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)", "\n"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\n", "wdb"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\nwall_", "1"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\nw", "ai"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\ndoor_0=Door(wall_", "0"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\ndoor_0=Door(wall_0", ","),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\ndoor_0=Door(wall_0,1,2,3,4,5)\n", "dwb"),
        ("wall_0=Wall(1,2,3,4,5,6,7,8)\ndoor_0=Door(wall_0,1,2,3,4,5)\nw", "i"),
        ("bbox_0=Bbox(sofa,1,2,3,4,5,6,7)\nb", "b"),
    ],
)
def test_next_characters(text, following):
    language = LayoutLanguage(1280)
    state = language.walk(LayoutState(), text)
    assert state is not None
    assert language.next_chars(state) == frozenset(following)


def test_wall_references_beyond_ten_walls():
    language = LayoutLanguage(1280)
    walls = "\n".join(f"wall_{i}=Wall(1,2,3,4,5,6,7,8)" for i in range(12))
    state = language.walk(LayoutState(), walls + "\ndoor_0=Door(wall_1")
    assert language.next_chars(state) == frozenset("01,")
    assert language.walk(LayoutState(), walls + "\ndoor_0=Door(wall_12") is None


def test_endless_labels_are_ended():
    grammar = grammar_of("single digits", task="objects")
    state = grammar.language.walk(LayoutState(), "bbox_0=Bbox(" + "x" * MAX_LABEL)
    assert {grammar.vocabulary.texts[token] for token in grammar.allowed(state).tolist()} == {","}


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text(alphabet="wall_0=W(1,)\n dorbxBs", max_size=40))
def test_no_text_breaks_the_automaton(text):
    """Every text is either refused or the beginning of a layout that can be completed."""
    grammar = grammar_of("bytes", categories=("bed",), max_entities=4)
    state = grammar.language.walk(LayoutState(), text)
    if state is None:
        return
    for _ in range(400):
        token = grammar.allowed(state).tolist()[-1 if grammar.language.can_end(state) else 0]
        if token in grammar.stop_ids:
            break
        text += grammar.vocabulary.texts[token]
        state = grammar.advance(state, token)
    assert token in grammar.stop_ids
    parse_layout(text)


def test_errors():
    grammar = grammar_of("single digits")
    vocabulary = grammar.vocabulary
    with pytest.raises(EstimatorError, match="breaks the layout language"):
        grammar.advance(grammar.start(), vocabulary.encode("=")[0])
    with pytest.raises(EstimatorError, match="no stop token"):
        LayoutGrammar(vocabulary, LayoutLanguage(1280), [])
    with pytest.raises(EstimatorError, match="unknown task"):
        LayoutLanguage(1280, "rooms")
    poor = TokenVocabulary(["wall", "_", "0"], lambda text: [])
    with pytest.raises(EstimatorError, match="cannot continue a layout after '0'"):
        LayoutGrammar(poor, LayoutLanguage(1280, "layout"), [3]).allowed(LayoutState(partial="wall_0"))


@pytest.mark.parametrize("name", TOKENIZERS)
def test_tokens_of_a_continuation(name):
    _, vocabulary = tokenizer_of(name)
    for before, text in (("wall_1", "=Wall("), ("(", "12,0"), ("4", ","), ("\n", "door_0=Door(wall_0,")):
        tokens = vocabulary.tokenise_after(before, text)
        assert tokens is not None
        assert vocabulary.text(tokens) == text
    changing = TokenVocabulary(["a", "A"], lambda text: [1] * len(text))
    assert changing.tokenise_after("a", "aa") is None
