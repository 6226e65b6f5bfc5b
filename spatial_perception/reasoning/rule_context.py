"""What the rules of the grammar share: sentence patterns with named slots, and how the slots are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from spatial_perception.reasoning.descriptions import read_description, read_list, read_relations
from spatial_perception.reasoning.lexicon import Lexicon
from spatial_perception.reasoning.questions import Description, Noun, Question, Relation
from spatial_perception.reasoning.wording import RELATIONS

REL = "|".join(name for name in RELATIONS if name not in ("at", "with", "nearest_to", "farthest_from"))
BE = r"(?:is|are|was|were|does|do|am)"
METRES = r"(?:square )?(?:m|meters|metres|feet|ft|inches|cm|centimeters|centimetres|meter|metre|foot|mm)\b"
WHO = r"(?:i|you|we|one|the robot|robot|someone|anyone|anybody|somebody|me|us)"
ROBOT = Description(Noun("robot", "robot"), "the robot")
ANYTHING = Description(Noun("object", "anything"), "object", every=True)
_WORDS = ("dim", "far", "adj", "verb", "than", "more")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may use: the lexicon, the flags of asides, the unit asked for, the options, and the whole wording."""

    lexicon: Lexicon
    flags: frozenset[str] = frozenset()
    unit: str = "m"
    options: tuple[str, ...] = ()
    wording: str = ""
    labels: frozenset[str] = frozenset()

    def in_scene(self, noun: Noun) -> bool:
        """Whether the scene has something that a noun may mean."""
        return any(label in self.labels for tier in noun.tiers for label in tier)

    def thing(self, text: str | None) -> Description | None:
        """The description that fills a piece of the sentence."""
        for words in dict.fromkeys((text or "", _trimmed(text or ""))):
            found = read_description(words, self.lexicon) if words else None
            if found:
                return found
        return None

    def relations(self, text: str | None) -> tuple[Relation, ...] | None:
        """The relations that fill a piece of the sentence, without a thing that has them."""
        return read_relations(text, self.lexicon) if text else None

    def things(self, text: str | None) -> tuple[Description, ...] | None:
        """The descriptions of a list."""
        return read_list(text.strip(" ,:"), self.lexicon) if text and text.strip(" ,:") else None

    def read(self, text: str, *patterns: str) -> dict[str, Any] | None:
        """The slots of the first pattern that fits the whole text and whose slots can all be read; None where none does.

        Slots called `list` hold several descriptions, `rel` relations, those in `_WORDS` the words themselves, all others
        one description. Slots that are not in the sentence are None.
        """
        for pattern in patterns:
            match = re.fullmatch(pattern, text)
            if match:
                slots = {name: self._slot(name, words) for name, words in match.groupdict().items()}
                if all(slots[name] is not None for name, words in match.groupdict().items() if words):
                    return slots
        return None

    def _slot(self, name: str, words: str | None) -> Any:
        if not words:
            return None
        if name in _WORDS:
            return words
        if name == "list":
            return self.things(words)
        return read_relations(words, self.lexicon) if name == "rel" else self.thing(words)


Rule: TypeAlias = Callable[[str, Context], "Question | None"]


def _trimmed(text: str) -> str:
    """A description without the beginnings and ends that belong to the question around it."""
    text = re.sub(r"^(?:(?:is|are|the direction of|find|i find|be|it|did|does|do|both)\s+)+", "", text.strip(" ,:"))
    return re.sub(
        r"(?:[ ,]+(?:be|located|lie|then|and|standing|found|is|are|on|to|at|in|inside|stand|apart|away|have|in it|"
        r"placed|situated|positioned|been))+$",
        "",
        text,
    )
