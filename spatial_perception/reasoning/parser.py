"""From the words of a question to what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from spatial_perception.reasoning.intents import interpret
from spatial_perception.reasoning.lexicon import lexicon_for
from spatial_perception.reasoning.questions import Question
from spatial_perception.reasoning.restarts import readings, smoothed
from spatial_perception.reasoning.rule_context import Context
from spatial_perception.reasoning.rules import RULES
from spatial_perception.reasoning.rules_space import read_fill_route
from spatial_perception.reasoning.rules_things import read_bare
from spatial_perception.reasoning.units import asked_unit
from spatial_perception.reasoning.wording import canonical, clean

_ASIDES: tuple[tuple[str, str], ...] = (
    ("gap", r"measur\w+ from the (?:closest|nearest) points? of each (?:object|item|thing|one)\s*,?"),
    ("gap", r"\b(?:between|from|at|to)? ?(?:the |their )?(?:closest|nearest) points?\b(?: of (?:each|both|"
            r"the two)(?: objects?)?)?"),
    ("closest", r"if there (?:are|is) multiple instances[^.,]*, ?measure to the (?:closest|nearest)(?: one)?\.?"),
    ("combined", r"if multiple rooms are shown\s*,?\s*(?:please )?(?:estimate|give) the (?:size|area) of the combined space\.?"),
    ("medium", r"(?:an|the) object is to my back if[^.]*\.?"),
    ("hard", r"(?:the )?directions? refers? to the quadrants?[^.]*(?:\.|$)(?:\s*if i am standing[^.]*\.?)?"),
    ("", r"\(?\b(?:measured |expressed |given |answer |estimate )?in (?:square |cubic )?(?:met(?:er|re)s?|"
         r"centimet(?:er|re)s?|"
         r"feet|ft|inch(?:es)?|cms?|m2|ft2|m|mm|millimet(?:er|re)s?)(?:\b(?!\w)|2)\)?"),
    ("", r"(?:please )?answer (?:the question )?(?:using|with|in) (?:a|the|one) (?:single )?(?:word|number|phrase|"
         r"option)[^.]*\.?"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parsed:
    """A question that was understood, or None; `text` is the question as it was read, in canonical wording."""

    question: Question | None
    text: str


def parse(question: str, labels: tuple[str, ...] = (), options: tuple[str, ...] = ()) -> Parsed:
    """Read a question in English. `labels` are those of the scene; `options` are the answers to choose from.

    Never raises: what cannot be read has `question` None.
    """
    text, lexicon = clean(question), lexicon_for(labels)
    known = frozenset(labels)
    if "please fill in" in text.lower() and (route := read_fill_route(text, Context(lexicon))):
        return Parsed(route, text)
    first: Parsed | None = None
    for reading in readings(smoothed(text)):
        flags, plain = _without_asides(reading)
        wording = canonical(plain, lambda word, noun: lexicon.corrected(word, noun=noun))
        context = Context(lexicon, flags, asked_unit(reading.lower()), options, wording, known)
        found = _by_patterns(wording, context) or interpret(wording, context) or read_bare(wording, context)
        if found is not None:
            return Parsed(found, wording)
        first = first or Parsed(None, wording)
    return first or Parsed(None, text)


def _by_patterns(wording: str, context: Context) -> Question | None:
    return next((found for rule in RULES if (found := rule(wording, context)) is not None), None)


def _without_asides(text: str) -> tuple[frozenset[str], str]:
    """The question without remarks on how to measure, and what they ask for."""
    flags, text = set(), text.lower()
    for flag, pattern in _ASIDES:
        shorter = re.sub(pattern, " ", text)
        if shorter != text and flag:
            flags.add(flag)
        text = shorter if len(shorter.split()) > 1 else text
    return frozenset(flags), text
