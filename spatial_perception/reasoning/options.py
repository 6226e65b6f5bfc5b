"""Questions with options: `A. left`, `B. right`; finding them, and choosing one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from spatial_perception.reasoning.answers import Answer
from spatial_perception.reasoning.lexicon import Lexicon
from spatial_perception.reasoning.units import read_length, unit_of
from spatial_perception.reasoning.wording import clean

_MARK = re.compile(r"(?:(?<=^)|(?<=[\s,;:?.]))\(?([A-H])[.):]\s+")
_TAIL = re.compile(
    r"\banswer with the option'?s letter.*|\bplease answer.*|\bselect from the following.*", re.IGNORECASE | re.DOTALL
)
_HEAD = re.compile(r"\s*\b(?:options|choices|select from)\b[:\s]*$", re.IGNORECASE)


def split_options(text: str) -> tuple[str, tuple[str, ...]]:
    """A question and its options, with their letters (`A. left`), where it has two or more in order; else none."""
    marks = list(_MARK.finditer(text[:4096]))
    letters = "".join(mark[1] for mark in marks)
    if len(marks) < 2 or letters != "ABCDEFGH"[: len(marks)]:
        return text, ()
    ends = [m.start() for m in marks[1:]] + [len(text[:4096])]
    options = tuple(f"{m[1]}. {_TAIL.sub('', text[m.end() : end]).strip(' ,;')}" for m, end in zip(marks, ends))
    return _HEAD.sub("", text[: marks[0].start()]), tuple(clean(option) for option in options)


def choose(answer: Answer, options: Sequence[str], lexicon: Lexicon) -> str:
    """The letter of the option that says what the answer says; empty where none does."""
    wanted = tuple(_word(key, lexicon) for key in answer.key)
    for letter, text in map(_lettered, options):
        said = tuple(_word(part, lexicon) for part in re.split(r"\s*,\s*", text))
        if wanted and (said == wanted or (len(wanted) == 1 and set(said) == set(wanted))):
            return letter
    return _nearest_number(answer, options)


def _lettered(option: str) -> tuple[str, str]:
    match = re.match(r"\(?([A-Za-z])[.):]\s*(.*)", option)
    return (match[1].upper(), match[2]) if match else ("", option)


def _word(text: str, lexicon: Lexicon) -> str:
    """An option or a key in one spelling: directions without hyphens, nouns by the lexicon."""
    plain = " ".join(re.sub(r"[^a-z0-9 ]", " ", text.lower()).split())
    plain = re.sub(r"^(?:the|my|a|an|to the|to my)\s+", "", plain)
    match = lexicon.match(plain.split())
    return match[0].text if match and match[1] == len(plain.split()) else plain


def _nearest_number(answer: Answer, options: Sequence[str]) -> str:
    if answer.value is None:
        return ""
    distances = []
    for letter, text in map(_lettered, options):
        number = re.search(r"-?\d+(?:\.\d+)?", text)
        if number and letter:
            metric = read_length(text) if answer.unit and unit_of(answer.unit) else None
            value = metric.metres if metric and answer.unit == "m" else float(number[0])
            distances.append((abs(value - answer.value), letter))
    return min(distances)[1] if distances else ""
