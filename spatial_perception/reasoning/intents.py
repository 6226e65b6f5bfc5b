"""What a sentence asks where no pattern of the grammar fits it: by its noun phrases and cue words, in any order of words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from spatial_perception.reasoning.intents_edits import read_moved, read_placed, read_what_fits
from spatial_perception.reasoning.intents_space import (
    read_apart,
    read_extreme,
    read_first_seen,
    read_robot_direction,
    read_turns,
    read_viewed_direction,
    read_way,
)
from spatial_perception.reasoning.intents_things import (
    read_any,
    read_how_many,
    read_inside,
    read_larger,
    read_location,
    read_measure,
    read_reference,
    read_relation_holds,
    read_which_room,
)
from spatial_perception.reasoning.questions import Question
from spatial_perception.reasoning.rule_context import Context
from spatial_perception.reasoning.sentence import Sentence, read_sentence

Intent: TypeAlias = Callable[[Sentence], "Question | None"]
INTENTS: tuple[Intent, ...] = (
    read_turns, read_viewed_direction, read_first_seen, read_robot_direction, read_how_many, read_which_room, read_moved,
    read_extreme, read_larger, read_apart, read_what_fits, read_placed, read_measure, read_way, read_location,
    read_relation_holds, read_any, read_inside, read_reference,
)  # fmt: skip
"""In the order in which they are tried: those with the rarest cue words first."""

CLEAR: tuple[Intent, ...] = (
    read_turns, read_viewed_direction, read_first_seen, read_how_many, read_which_room, read_moved, read_extreme, read_larger,
    read_apart, read_measure, read_location,
)  # fmt: skip
"""Those whose cue words are clear enough to let two unknown words pass."""


_BEYOND = re.compile(
    r"\b(?:inside|within|less than|more than|fewer than|at most|over|above|under|below|closer than|nearest than) \d"
    r"|\b(?:more|fewer|less) (?!space|room|width|height|length|depth|area|volume|floor|surface)\w+ than\b"
    r"|\broom .*\b(?:most|fewest|least)\b|\bhow many (?:more|fewer|less)\b"
)
"""Limits, differences and counts to compare: to leave them out would answer another question."""


def interpret(wording: str, context: Context) -> Question | None:
    """The question of a sentence in canonical wording; None where it holds words that may mean something else."""
    wording = wording.replace("how far_from", "how far from")
    if _BEYOND.search(wording):
        return None
    if re.match(r"when (?:did|was|were|is|are|do|does|has|have|will|can)\b", wording):
        return None
    for intents, most_strange in ((INTENTS, 0), (CLEAR, 2)):
        sentence = read_sentence(wording, context, most_strange)
        found = sentence and next((question for intent in intents if (question := intent(sentence))), None)
        if found:
            return found
    return None
