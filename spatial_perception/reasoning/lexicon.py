"""From words to what they mean: longest match over all known nouns, and the nearest known word for a mistyped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.reasoning.questions import Noun
from spatial_perception.reasoning.vocabulary import GRAMMAR_WORDS, is_common
from spatial_perception.reasoning.words import (
    ANYTHING,
    GROUPS,
    HOME,
    OUTSIDE_WORDS,
    ROBOT,
    ROOMS,
    SYNONYMS,
    TYPICAL_SIZES,
    singular,
    spoken,
)

_LONGEST = 6
_FIXED = {
    "door": ("door", "doorway", "entrance", "exit", "entrance door", "front door", "gate"),
    "window": ("window",),
    "wall": ("wall",),
}


@dataclass(frozen=True, eq=False)
class Lexicon:
    """All nouns that can be understood in a scene: `nouns` by their words in the singular."""

    nouns: dict[tuple[str, ...], Noun]
    words: frozenset[str]
    noun_words: frozenset[str]

    def match(self, tokens: Sequence[str], start: int = 0) -> tuple[Noun, int] | None:
        """The longest noun that begins at `start`, and how many tokens it has; None where none does."""
        for length in range(min(_LONGEST, len(tokens) - start), 0, -1):
            raw = tuple(tokens[start : start + length])
            for words in (raw, (*raw[:-1], singular(raw[-1]))):
                noun = self.nouns.get(words)
                if noun:
                    return Noun(" ".join(words), noun.kind, noun.tiers, noun.room, raw != words), length
        return None

    def corrected(self, token: str, *, noun: bool = False) -> str:
        """The known word that a token is a misspelling of, or the token itself. `noun` prefers nouns."""
        if len(token) < 3 or len(token) > 40 or not token.isalpha() or self._knows(token):
            return token
        return _nearest_word(token, self.words, self.noun_words if noun else frozenset())

    def _knows(self, token: str) -> bool:
        return bool({token, singular(token)} & (self.words | OUTSIDE_WORDS)) or is_common(token)


@lru_cache(maxsize=4096)
def _nearest_word(token: str, words: frozenset[str], preferred: frozenset[str]) -> str:
    limit, own = (1 if len(token) < 7 else 2), _letters(token)
    best, least = token, 9.0
    for length in range(max(3, len(token) - limit), len(token) + limit + 1):
        for word, letters in _by_length(words).get(length, ()):
            if (own ^ letters).bit_count() > 2 * limit:
                continue
            edits = edit_distance(token, word, limit)
            if edits > limit or (len(token) == 3 and not _alike(token, word)):
                continue
            cost = (
                edits
                + 0.5 * (word[0] != token[0])
                + 0.1 * (length != len(token))
                + 0.25 * (bool(preferred) and word not in preferred)
            )
            if cost < least:
                best, least = word, cost
    return best


def _letters(word: str) -> int:
    """The set of letters of a word as bits: words with very different letters cannot be near."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) % 64)
    return bits


@lru_cache(maxsize=8)
def _by_length(words: frozenset[str]) -> dict[int, tuple[tuple[str, int], ...]]:
    """Words with their letters, by length, in alphabetical order."""
    groups: dict[int, list[tuple[str, int]]] = {}
    for word in sorted(words):
        groups.setdefault(len(word), []).append((word, _letters(word)))
    return {length: tuple(group) for length, group in groups.items()}


def _alike(token: str, word: str) -> bool:
    """Three letters are little to go by: the first must be right, and one may be missing or two be swapped."""
    return word[0] == token[0] and (len(word) == 4 or sorted(word) == sorted(token))


def edit_distance(a: str, b: str, limit: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn a into b; `limit` + 1 when there are more."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before, row = [0] * (len(b) + 1), list(range(len(b) + 1))
    for i, x in enumerate(a):
        new = [i + 1]
        for j, y in enumerate(b):
            cost = min(row[j + 1] + 1, new[j] + 1, row[j] + (x != y))
            if i and j and x == b[j - 1] and y == a[i - 1]:
                cost = min(cost, before[j - 1] + 1)
            new.append(cost)
        if min(new) > limit:
            return limit + 1
        before, row = row, new
    return min(row[-1], limit + 1)


@lru_cache(maxsize=64)
def lexicon_for(labels: tuple[str, ...]) -> Lexicon:
    """The lexicon of a scene with these labels."""
    nouns: dict[tuple[str, ...], Noun] = {}
    for word in ANYTHING:
        nouns[tuple(word.split())] = Noun(word, "anything")
    for word in ROBOT:
        nouns[tuple(word.split())] = Noun(word, "robot")
    for word in HOME:
        nouns[tuple(word.split())] = Noun(word, "home")
    for room, words in ROOMS.items():
        for word in words:
            _add(nouns, word, Noun(word, "room", (), room))
    for label in sorted({*CATEGORIES, *labels, *TYPICAL_SIZES}):
        for word in {*SYNONYMS.get(label, ()), _plain(label), spoken(label)}:
            _add(nouns, word, Noun(word, "thing", _tiers(word, label, labels)))
    for word, tiers in GROUPS.items():
        if (word,) not in nouns and tuple(word.split()) not in nouns:
            _add(nouns, word, Noun(word, "thing", tiers))
    for label, words in _FIXED.items():
        for word in words:
            _add(nouns, word, Noun(word, "thing", ((label,),)))
    parts = {part for words in nouns for part in words}
    return Lexicon(nouns, frozenset(parts | GRAMMAR_WORDS), frozenset(parts))


def _plain(label: str) -> str:
    return " ".join(label.lower().replace("_", " ").replace("-", " ").split())


def _tiers(word: str, label: str, labels: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The label itself first; where the scene has a label of exactly this name, that one before all."""
    exact = tuple(name for name in labels if _plain(name) == word)
    first = exact or tuple(name for name, words in SYNONYMS.items() if word in words) or (label,)
    rest = tuple(name for name, words in SYNONYMS.items() if word in words and name not in first)
    return tuple(tier for tier in (first, rest, *GROUPS.get(word, ())) if tier)


def _add(nouns: dict[tuple[str, ...], Noun], word: str, noun: Noun) -> None:
    """Also without blanks: `livingroom`, `diningtable`."""
    words = tuple(word.split())
    if not words:
        return
    nouns[words] = noun
    if len(words) == 2 and len(word) > 6:
        nouns.setdefault(("".join(words),), noun)
    if words[-1].endswith("s"):
        nouns.setdefault((*words[:-1], singular(words[-1])), noun)
