"""Free wordings, also careless ones: those that the grammar was written with, and those that it was not."""

import sys
from collections import defaultdict
from pathlib import Path

import pytest

from spatial_perception.reasoning.parser import parse

sys.path.insert(0, str(Path(__file__).parent))
from wording_tables import LABELS, is_understood, read_table

TABLES = ("development", "more", "styles", "wilder", "plain", "last")
DEVELOPMENT = [row for name in TABLES for row in read_table(f"wordings_{name}.txt")]


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in DEVELOPMENT if "/" not in kind}))
def test_each_kind_has_fifteen_wordings_and_nine_in_ten_are_understood(kind):
    rows = [row for row in DEVELOPMENT if row[0] == kind]
    assert len(rows) >= 15
    assert sum(is_understood(*row) for row in rows) >= 0.9 * len(rows)


def test_held_out_wordings_are_understood_too():
    rows = read_table("wordings_held_out.txt")
    by_kind = defaultdict(list)
    for row in rows:
        by_kind[row[0]].append(is_understood(*row))
    assert len(rows) >= 54
    assert sum(map(sum, by_kind.values())) >= 0.9 * len(rows), {k: sum(v) / len(v) for k, v in by_kind.items()}


@pytest.mark.parametrize(
    "text", ["", "the", "of of of", "how", "which is", "a " * 200, "x" * 600, "is the the the on on"]
)
def test_broken_sentences_do_not_raise(text):
    parse(text, LABELS)


@pytest.mark.parametrize(
    ("said", "kind", "nouns"),
    [
        ("um how far is uh the sofa from the the door", "Distance", ("sofa", "door")),
        ("how far is the bed, I mean the sofa, from the door?", "Distance", ("sofa", "door")),
        ("how big... no wait, how many chairs are there?", "Count", ("chair",)),
        ("where would I... is there even a toilet", "Exists", ("toilet",)),
        ("what is on - sorry, where is the desk?", "Where", ("desk",)),
        ("are the fridge and... is the fridge beside the stove", "Holds", ("refrigerator", "stove")),
        ("how wide is... hmm... the bed", "Size", ("bed",)),
        ("My sister comes tomorrow. How many chairs are there?", "Count", ("chair",)),
        ("How many chairs are there? Thank you so much for helping.", "Count", ("chair",)),
        ("move the chair, or rather the stool, 1 m to the left", "Move", ("stool",)),
        ("I stand by the bed. I face the window. Where is the desk?", "Direction", ("bed", "window", "desk")),
    ],
)
def test_sentences_that_begin_again(said, kind, nouns):
    assert is_understood(kind, nouns, said)
