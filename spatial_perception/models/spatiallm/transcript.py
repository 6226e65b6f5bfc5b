"""Entities out of the text that a model writes, each with its score; repetition is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import fmean

from spatial_perception.generation.decoder import Token
from spatial_perception.generation.vocabulary import TokenVocabulary
from spatial_perception.layout.entities import Entity
from spatial_perception.layout.text import LayoutParser

_DIGITS = 4  # what does not depend on how many tokens were computed at a time


class Transcript:
    """Reads tokens and yields entities in bins, as soon as their line is complete.

    The score of an entity is the mean probability of the tokens of its line that the model had to choose. An entity that
    repeats an earlier one in everything but its number is left out and counted in `repeats`; `in_a_row` counts those
    since the last new one. With `compat` nothing is left out.
    """

    def __init__(self, vocabulary: TokenVocabulary, *, compat: bool = False) -> None:
        self.vocabulary = vocabulary
        self.text = ""
        self.repeats = 0
        self.in_a_row = 0
        self._compat = compat
        self._parser = LayoutParser(compat=compat, on_fault="skip", source="model output")
        self._line: list[float] = []
        self._seen: set[Entity] = set()

    @property
    def dropped_lines(self) -> int:
        """Lines that were not in the layout language."""
        return sum(self._parser.fault_counts.values())

    def read(self, token: Token) -> Iterator[Entity]:
        """The entities that one more token completes."""
        text = self.vocabulary.texts[token.id] if token.id < len(self.vocabulary.texts) else None
        if not token.is_forced and not token.is_stop:
            self._line.append(token.probability)
        if text:
            text = text if self.text else text.lstrip("\n")
            self.text += text
            yield from self._take(self._parser.feed(text))
            self._line = self._line if "\n" not in text else []

    def finish(self) -> Iterator[Entity]:
        """The entity of the last line, if it is complete."""
        yield from self._take(self._parser.finish() if self.text else [])

    def _take(self, entities: list[Entity]) -> Iterator[Entity]:
        for entity in entities:
            key = replace(entity, id=0)
            if key in self._seen and not self._compat:
                self.repeats += 1
                self.in_a_row += 1
                continue
            self._seen.add(key)
            self.in_a_row = 0
            yield replace(entity, score=round(fmean(self._line), _DIGITS) if self._line else 1.0)
