"""What the rules of the grammar share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from spatial_perception.reasoning.descriptions import read_description, read_list
from spatial_perception.reasoning.lexicon import Lexicon
from spatial_perception.reasoning.questions import Description, Noun, Question
from spatial_perception.reasoning.wording import RELATIONS

REL = "|".join(name for name in RELATIONS if name not in ("at", "with", "nearest_to", "farthest_from"))
BE = r"(?:is|are|was|were|does|do)"
METRES = r"(?:square )?(?:m|meters|metres|feet|ft|inches|cm|centimeters|centimetres|m2|meter|metre|foot)\b"
ROBOT = Description(Noun("robot", "robot"), "the robot")


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may use: the lexicon, the flags of asides, the unit asked for, the options, and the whole wording."""

    lexicon: Lexicon
    flags: frozenset[str] = frozenset()
    unit: str = "m"
    options: tuple[str, ...] = ()
    wording: str = ""

    def thing(self, text: str | None) -> Description | None:
        """The description that fills a piece of the sentence."""
        return read_description(text.strip(" ,:"), self.lexicon) if text and text.strip(" ,:") else None

    def things(self, text: str | None) -> tuple[Description, ...] | None:
        """The descriptions of a list."""
        return read_list(text.strip(" ,:"), self.lexicon) if text and text.strip(" ,:") else None


Rule: TypeAlias = Callable[[str, Context], "Question | None"]


def first(text: str, *patterns: str) -> re.Match[str] | None:
    """The first pattern that matches the whole text."""
    return next((m for pattern in patterns if (m := re.fullmatch(pattern, text))), None)
