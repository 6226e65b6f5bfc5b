"""A sentence as noun phrases and the words between them: what is left to go by where no sentence pattern fits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from spatial_perception.reasoning.descriptions import read_head
from spatial_perception.reasoning.questions import Description, Relation
from spatial_perception.reasoning.rule_context import Context
from spatial_perception.reasoning.vocabulary import is_benign, is_foreign
from spatial_perception.reasoning.wording import RELATIONS

_EXTRA = frozenset(
    {*RELATIONS, "center_to_center", "farthest", "nearest", "in_front_of", "against_wall", ",", "axis", "x", "y", "z"}
)
_MODIFIERS = frozenset(RELATIONS) | {"of", "inside"}
_ASKING = frozenset({"how", "where", "which", "what"})
_SUBJECTS = frozenset({"i", "you", "we", "us", "me", "myself", "yourself"})
_BEFORE_ROBOT = frozenset({*RELATIONS, "from", "to", "of", "than", "toward", "towards", "relative"})
_NOT_A_ROOM = frozenset({"much", "enough", "any", "more", "sufficient", "some", "is", "still", "left", "there"})
_GLUE = frozenset({"and", "or", ",", "then", "vs", "versus", "both", "either"})
_SEEN_TEXT = """
    appear appears appeared appearing appearance see saw seen notice noticed spot spotted encounter encountered discover
    discovered find found detect detected observe observed come comes came met meet show shows shown showed visible view
    recorded registered enter entered
"""
_SEEN_WORDS = frozenset(_SEEN_TEXT.split())


@dataclass(frozen=True, slots=True)
class Chunk:
    """A noun phrase without what modifies it, and the tokens (`start` to `end`, exclusive) that it has."""

    start: int
    end: int
    what: Description

    @property
    def is_thing(self) -> bool:
        """Whether it names things or rooms, rather than the robot, the home or anything."""
        return self.what.noun.kind in ("thing", "room", "unknown")

    @property
    def is_any_room(self) -> bool:
        """Whether it is the bare word `room`."""
        return self.what.noun.kind == "room" and self.what.noun.room == "room"


@dataclass(frozen=True, eq=False)
class Sentence:
    """A question in canonical wording. `skeleton` has `@0`, `@1`, ... in place of its noun phrases."""

    tokens: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    skeleton: str
    context: Context

    def has(self, pattern: str) -> bool:
        """Whether a pattern occurs in the skeleton, at word boundaries."""
        return re.search(rf"(?<![\w@])(?:{pattern})(?!\w)", self.skeleton) is not None

    def named(self, pattern: str) -> int | None:
        """The number of the phrase in the first group of a pattern, None where the pattern does not occur."""
        found = re.search(rf"(?<![\w@])(?:{pattern})(?!\w)", self.skeleton)
        return int(next(group for group in found.groups() if group)) if found else None

    def lead(self, number: int) -> tuple[str, ...]:
        """The words between a phrase and the one before it."""
        begin = self.chunks[number - 1].end if number else 0
        return self.tokens[begin : self.chunks[number].start]

    def relation(self, number: int) -> str:
        """The relation that leads to a phrase, empty where there is none."""
        lead = self.lead(number)
        return lead[-1] if lead and lead[-1] in _MODIFIERS else ""

    def text(self, first: int, last: int) -> str:
        """The words from one phrase to another, both included."""
        return " ".join(self.tokens[self.chunks[first].start : self.chunks[last].end])

    def joined(self, first: int, last: int) -> Description | None:
        """The phrases from one to another as one description, where they are one."""
        return self.context.thing(self.text(first, last))

    def items(self, needed: int | None = None, skip: Iterable[int | None] = ()) -> list[Description]:
        """The phrases with their modifiers joined to them, from the end, until `needed` are left (None: all that can be)."""
        numbers = [k for k in range(len(self.chunks)) if k not in skip]
        groups = [[k] for k in numbers]
        while needed is None or len(groups) > needed:
            at = next((n for n in range(len(groups) - 1, 0, -1) if self._joins(groups[n - 1], groups[n])), None)
            if at is None:
                break
            groups[at - 1 : at + 1] = [groups[at - 1] + groups[at]]
        return [self.joined(g[0], g[-1]) or self.chunks[g[0]].what for g in groups]

    def _joins(self, head: list[int], rest: list[int]) -> bool:
        follows = rest[0] == head[-1] + 1 and bool(self.relation(rest[0]))
        return follows and self.joined(head[0], rest[-1]) is not None

    def relations_from(self, number: int) -> tuple[Relation, ...]:
        """The relation that leads to a phrase, with all that follows it and belongs to it."""
        start = self.chunks[number].start - 1
        ends = [chunk.end for chunk in reversed(self.chunks[number:])]
        pieces = (self.context.relations(" ".join(self.tokens[start:end])) for end in ends)
        return next((found for found in pieces if found), ())

    def nouns(self) -> list[int]:
        """The numbers of the phrases that name things or rooms."""
        return [k for k, chunk in enumerate(self.chunks) if chunk.is_thing]


def read_sentence(wording: str, context: Context, most_strange: int = 0) -> Sentence | None:
    """A question as phrases and words between them; None where more words than `most_strange` may mean something else."""
    tokens = tuple(wording.replace("'", " ").split())
    seen = bool(_SEEN_WORDS & set(tokens))
    chunks: list[Chunk] = []
    at = 0
    while at < len(tokens):
        chunk = _chunk_at(tokens, at, context, seen)
        if chunk:
            chunks.append(chunk)
        at = chunk.end if chunk else at + 1
    words = _skeleton(tokens, chunks)
    strange = [w for w in words[_question_start(words) :] if not (w[0] in "@0123456789" or w in _EXTRA or is_benign(w))]
    if any(is_foreign(w) for w in strange) or len(strange) > most_strange:
        return None
    return Sentence(tokens, tuple(chunks), " ".join(words), context)


def _question_start(words: list[str]) -> int:
    """Where the question itself begins: words before `how`, `where`, ... that speak of no thing do not count."""
    begin = next((k for k, w in enumerate(words) if w in _ASKING), 0)
    return 0 if any(w[0] == "@" for w in words[:begin]) else begin


def _chunk_at(tokens: tuple[str, ...], at: int, context: Context, seen: bool) -> Chunk | None:
    before = tokens[at - 1] if at else ""
    if before == "how" or (tokens[at] == "one" and at + 1 < len(tokens)):
        return None
    found = read_head(tokens, at, context.lexicon, ordinals=not seen)
    if found is None:
        return None
    what, end = found
    if what.noun.kind == "robot" and tokens[at] in _SUBJECTS and before not in _BEFORE_ROBOT:
        return None
    if what.noun.text == "room" and end == at + 1 and before in _NOT_A_ROOM:
        return None
    if tokens[at] in ("here", "study", "bar", "screen", "display", "print") and before in ("", "to", "from", "in", ","):
        return None if tokens[at] != "here" else Chunk(at, end, what)
    return Chunk(at, end, replace(what, text=" ".join(tokens[at:end])))


def _skeleton(tokens: tuple[str, ...], chunks: list[Chunk]) -> list[str]:
    starts = {chunk.start: (k, chunk.end) for k, chunk in enumerate(chunks)}
    words, at = [], 0
    while at < len(tokens):
        number, end = starts.get(at, (None, at + 1))
        words.append(tokens[at] if number is None else f"@{number}")
        at = end
    return words


def is_list(sentence: Sentence, first: int, last: int) -> bool:
    """Whether phrases are only joined by `and`, `or` and commas."""
    return all(set(sentence.lead(k)) <= _GLUE for k in range(first + 1, last + 1))
