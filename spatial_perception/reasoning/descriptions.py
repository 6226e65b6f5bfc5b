"""Noun phrases: `the largest chair next to the window in the bedroom`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spatial_perception.reasoning.lexicon import Lexicon
from spatial_perception.reasoning.questions import Description, Noun, Relation
from spatial_perception.reasoning.vocabulary import BENIGN, GRAMMAR_WORDS
from spatial_perception.reasoning.wording import RELATIONS
from spatial_perception.reasoning.words import OUTSIDE_WORDS, singular

_NO_NOUNS = GRAMMAR_WORDS | BENIGN
_DEFINITE = frozenset(["the", "this", "that", "these", "those", "my", "your", "our", "its"])
_INDEFINITE = frozenset(["a", "an", "any", "some", "another", "one"])
_EVERY = frozenset(["all", "every", "each"])
ADJECTIVES = {
    "largest": "largest", "large": "largest", "smallest": "smallest", "small": "smallest", "tallest": "tallest",
    "tall": "tallest", "highest": "highest", "lowest": "lowest", "shortest": "shortest", "short": "shortest", "low": "lowest",
    "longest": "longest", "long": "longest", "widest": "widest", "wide": "widest", "nearest": "nearest",
    "farthest": "farthest", "left": "leftmost", "right": "rightmost", "leftmost": "leftmost", "rightmost": "rightmost",
    "higher": "highest", "lower": "lowest", "high": "highest", "main": "largest", "master": "largest",
}  # fmt: skip
"""Adjectives that geometry decides. The plain form counts as the superlative: `the big chair` is the largest one."""
_UNSEEN_TEXT = """
    red green blue white black brown grey gray yellow orange pink purple beige dark bright wooden metal leather
    plastic glass old new modern round soft comfortable nice beautiful ugly broken dirty clean empty open closed
    colourful colorful striped fluffy antique fancy expensive cheap heavy light
"""
UNSEEN = frozenset(_UNSEEN_TEXT.split())
"""Adjectives that boxes say nothing about."""
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "other": 2, "last": -1}
_FILLERS_TEXT = """
    that which is are stands there placed located it ones one standing sitting lying hanging situated being found lies
    sits hangs stand lie sit hang directly immediately also currently leads leading lead
"""
_FILLERS = frozenset(_FILLERS_TEXT.split())  # fmt: skip
_PREPOSITIONS = frozenset(["in", "inside", "of", "from", "at", "on"])
_STOP = frozenset({*RELATIONS, "and", "or", ",", "to", "of", "from", "is", "are", "that", "which", "nearest", "farthest",
                   "than", "but", "toward", "towards", "with", "there", "when", "if", "facing", "so", "until"})  # fmt: skip


@dataclass(slots=True, eq=False)
class _Reader:
    """Reads one phrase token by token; every method returns None (and may leave `at` anywhere) where it cannot go on."""

    tokens: Sequence[str]
    lexicon: Lexicon
    at: int = 0

    def peek(self, ahead: int = 0) -> str:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def phrase(self, *, nested: bool = False) -> Description | None:
        begin = self.at
        definite, every = self._determiners()
        adjectives, unseen, number = self._adjectives()
        room = self._compound_room()
        noun = self._noun()
        if noun is None:
            return None
        if noun.kind == "room" and self.peek().isdigit():
            number, self.at = int(self.peek()), self.at + 1
        head = Description(
            noun, " ".join(self.tokens[begin : self.at]), adjectives, unseen, (), number, definite, every
        )
        if room:
            head = replace(head, relations=(Relation("in", (room,)),))
        return self._modified(head, nested)

    def head(self, ordinals: bool) -> Description | None:
        """A phrase of a known noun without what follows it; of an unknown one where an article says that it is one."""
        begin = self.at
        definite, every = self._determiners()
        has_article = self.at > begin
        adjectives, unseen, number = self._adjectives()
        if number is not None and not ordinals:
            return None
        room = self._compound_room()
        noun = self._noun() if has_article or self.lexicon.match(self.tokens, self.at) else None
        if noun is None or (noun.kind == "unknown" and not noun.text.isascii()):
            return None
        if noun.kind == "room" and self.peek().isdigit():
            number, self.at = int(self.peek()), self.at + 1
        relations = (Relation("in", (room,)),) if room else ()
        return Description(noun, "", adjectives, unseen, relations, number, definite, every)

    def _determiners(self) -> tuple[bool, bool]:
        definite, every = True, False
        while self.peek() in _DEFINITE | _INDEFINITE | _EVERY | {"of"}:
            definite = definite and self.peek() not in _INDEFINITE
            every = every or self.peek() in _EVERY
            self.at += 1
        return definite, every

    def _adjectives(self) -> tuple[tuple[str, ...], tuple[str, ...], int | None]:
        known, unseen = list[str](), list[str]()
        number: int | None = None
        while self.peek() in ADJECTIVES or self.peek() in UNSEEN or self.peek() in _ORDINALS:
            if self.lexicon.match(self.tokens, self.at) and not (self.lexicon.match(self.tokens, self.at + 1)):
                break
            if self.peek() in _ORDINALS:
                number = _ORDINALS[self.peek()]
            else:
                (known if self.peek() in ADJECTIVES else unseen).append(ADJECTIVES.get(self.peek(), self.peek()))
            self.at += 1
        return tuple(known), tuple(unseen), number

    def _compound_room(self) -> Description | None:
        """The room of `kitchen door`; None where the next words are no such compound."""
        match = self.lexicon.match(self.tokens, self.at)
        if not match or match[0].kind != "room" or not self.lexicon.match(self.tokens, self.at + match[1]):
            return None
        following = self.lexicon.match(self.tokens, self.at + match[1])
        if not following or following[0].kind not in ("thing", "anything"):
            return None
        self.at += match[1]
        return Description(match[0], match[0].text)

    def _noun(self) -> Noun | None:
        match = self.lexicon.match(self.tokens, self.at)
        if match:
            self.at += match[1]
            return match[0]
        end = self.at
        while end < len(self.tokens) and self.tokens[end] not in _STOP and end - self.at < 4:
            end += 1
        words = self.tokens[self.at : end]
        if not words or not _could_be_noun(words):
            return None
        self.at = end
        return Noun(" ".join([*words[:-1], singular(words[-1])]), "unknown", (), "", singular(words[-1]) != words[-1])

    def _modified(self, head: Description, nested: bool) -> Description | None:
        """The head with all that follows it: rooms, relations, `with ...`."""
        while True:
            keep = self.at
            while self.peek() in _FILLERS or (self.peek() == "and" and self.peek(1) in RELATIONS and not nested):
                self.at += 1
            relation = self._relation(head)
            if relation is None:
                self.at = keep
                return head
            head = replace(head, relations=(*head.relations, relation))

    def _relation(self, head: Description) -> Relation | None:
        name, keep = self.peek(), self.at
        extremes = {"nearest": "nearest_to", "farthest": "farthest_from"}
        picked = next((extremes[a] for a in head.adjectives if a in extremes), "")
        if name in extremes:
            name = extremes[name]
        elif name in ("to", "from") and picked and not any(r.name in extremes.values() for r in head.relations):
            name = picked
        elif name == "to" and head.noun.tiers == (("door",),):
            name = "in"
        elif name == "against_wall":
            self.at += 1
            return Relation(name)
        elif name in ("of", "from", "inside", "at"):
            name = "in" if name != "at" else "near"
        elif name not in RELATIONS:
            return None
        self.at += 1
        anchors = self._anchors(2 if name == "between" else 1)
        if anchors is None:
            self.at = keep
            return None
        return _settled(Relation("next_to" if name == "by" else name, anchors))

    def _anchors(self, number: int) -> tuple[Description, ...] | None:
        found = []
        for k in range(number):
            if k and self.peek() == "and":
                self.at += 1
            elif k:
                # `between the beds`: one plural anchor stands for both.
                break
            anchor = self.phrase(nested=True)
            if anchor is None:
                return None
            found.append(anchor)
        return tuple(found)


def _could_be_noun(words: Sequence[str]) -> bool:
    known = [word for word in words if word in _NO_NOUNS and singular(word) not in OUTSIDE_WORDS]
    return not known and words[-1].isalpha() and len(words[-1]) > 1


def _settled(relation: Relation) -> Relation:
    """`in` a thing is inside it; `inside` a room is in it."""
    if relation.name in ("in", "inside") and relation.anchors:
        kind = relation.anchors[0].noun.kind
        return replace(relation, name="in" if kind in ("room", "home") else "inside")
    return relation


def read_description(text: str, lexicon: Lexicon) -> Description | None:
    """A noun phrase in canonical wording that fills the whole text; None where it does not."""
    tokens = text.replace(",", " ").split()
    while tokens and tokens[0] in _FILLERS:
        tokens.pop(0)
    found = _read_whole(tokens, lexicon)
    while found is None and tokens and tokens[-1] in _FILLERS | {"too", "of", "to"}:
        tokens.pop()
        found = _read_whole(tokens, lexicon)
    return found


def _read_whole(tokens: Sequence[str], lexicon: Lexicon) -> Description | None:
    reader = _Reader(tokens, lexicon)
    found = reader.phrase() if tokens else None
    return replace(found, text=" ".join(tokens)) if found and reader.at == len(tokens) else None


def read_head(
    tokens: Sequence[str], at: int, lexicon: Lexicon, *, ordinals: bool = True
) -> tuple[Description, int] | None:
    """The noun phrase, without its modifiers, that begins at a token, and where it ends; None where none does."""
    reader = _Reader(tokens, lexicon, at)
    found = reader.head(ordinals)
    return (found, reader.at) if found else None


def read_relations(text: str, lexicon: Lexicon) -> tuple[Relation, ...] | None:
    """Relations without a head: `next_to the bed and near the window`; None where the text is something else."""
    reader = _Reader(["thing", *text.replace(",", " and ").split()], lexicon)
    found = reader.phrase()
    return found.relations if found and reader.at == len(reader.tokens) and found.relations else None


def read_list(text: str, lexicon: Lexicon) -> tuple[Description, ...] | None:
    """Several noun phrases with commas, `and`, `or` between them; None where one of them cannot be read."""
    parts = [part for chunk in text.split(",") for part in _parts(chunk, lexicon)]
    found = [read_description(part, lexicon) for part in parts if part.strip()]
    return None if not found or any(d is None for d in found) else tuple(d for d in found if d)


def _parts(chunk: str, lexicon: Lexicon) -> list[str]:
    """A piece of a list cut at `and`, unless that belongs to the name of one thing."""
    whole = read_description(chunk, lexicon)
    return [chunk] if whole and " and " in whole.noun.text else _split_words(chunk)


def _split_words(text: str) -> list[str]:
    parts, current = [], list[str]()
    for token in text.split():
        if token in ("and", "or", "vs", "versus", "then"):
            parts.append(" ".join(current))
            current = []
        else:
            current.append(token)
    return [*parts, " ".join(current)]
