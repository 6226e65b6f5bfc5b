"""Lengths and areas in words: reading `50 cm`, `5 ft`, `half a metre`, and writing numbers for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

MAX_LENGTH = 50.0
"""Longer distances (m) are not believed indoors."""

LENGTHS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""Metres per unit."""

_SPELLINGS = {
    "m": r"m|met(?:er|re)s?|mtrs?|mtr",
    "cm": r"cms?|centimet(?:er|re)s?",
    "mm": r"mms?|millimet(?:er|re)s?",
    "ft": r"ft|feet|foot|'",
    "in": r"inch(?:es)?|in|\"",
}
_UNIT = "|".join(f"(?P<{name}>(?:{spelling}))" for name, spelling in _SPELLINGS.items())
_NUMBER = r"[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?"
_LENGTH = re.compile(rf"(?<![\w.])(?P<sign>-?)(?P<number>{_NUMBER})\s*(?:{_UNIT})(?![\w])", re.IGNORECASE)
_UNIT_WORD = re.compile(rf"(?:{_UNIT})$", re.IGNORECASE)
WORDS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "eighty": 80, "hundred": 100,
}  # fmt: skip
_FRACTIONS = (
    (re.compile(r"\b(?:one )?half an? |\bhalf "), "0.5 "),
    (re.compile(r"\ba quarter (?:of an? )?"), "0.25 "),
    (re.compile(r"\b(?:an?|one) (?=(?:met(?:er|re)|foot|inch|centimet)\w*)"), "1 "),
    (re.compile(r"\b(\d+) and 0\.5 "), r"\1.5 "),
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A length that was read: `metres`, and the `unit` that it was written in."""

    metres: float
    unit: str


def spelled_out(text: str) -> str:
    """Numbers in words as digits: `half a meter` becomes `0.5 meter`, `two feet` becomes `2 feet`."""
    for pattern, digits in _FRACTIONS:
        text = pattern.sub(digits, text)
    return re.sub(r"[a-z]+", lambda word: str(WORDS.get(word[0], word[0])), text)


def read_length(text: str, unit: str | None = None) -> Measure | None:
    """The first length in a text. A bare number counts only where `unit` says what it is in.

    None where there is none, and for lengths that are negative, above 50 m or not finite.
    """
    found = _LENGTH.search(text)
    if found:
        name = next(unit for unit in LENGTHS if found[unit])
        value = float(found["number"]) * LENGTHS[name]
        return None if found["sign"] or not isfinite(value) or value > MAX_LENGTH else Measure(value, name)
    bare = re.search(rf"(?<![\w.-]){_NUMBER}(?![\w.])", text)
    if unit is None or not bare:
        return None
    value = float(bare[0]) * LENGTHS[unit]
    return Measure(value, unit) if value <= MAX_LENGTH else None


def unit_of(word: str) -> str | None:
    """The unit that a word names: `metres` is m, `inches` is in; None for another word."""
    found = _UNIT_WORD.match(word.strip().rstrip("."))
    return next((name for name in LENGTHS if found[name]), None) if found else None


def asked_unit(text: str) -> str:
    """The unit of length that a question asks for, m unless it says otherwise."""
    pattern = rf"(?:\b(?:in|how many|number of) (?:square )?|measured in |\(in )(?:{_UNIT})(?![\w])"
    found = re.search(pattern, text, re.IGNORECASE)
    return next((name for name in LENGTHS if found[name]), "m") if found else "m"


def in_unit(metres: float, unit: str, power: int = 1) -> float:
    """A length (or an area, power 2, or a volume, power 3) in another unit."""
    return metres / LENGTHS[unit] ** power


def say(metres: float, unit: str = "m", power: int = 1) -> str:
    """A length, area (power 2) or volume (power 3) for people: `1.14 m`, `85 cm`, `12.3 m2`."""
    value = in_unit(metres, unit, power)
    digits = {"m": 2, "ft": 2, "cm": 0, "mm": 0, "in": 1}[unit] if power == 1 else (1 if power == 2 else 3)
    return f"{value:.{digits}f} {unit}{power if power > 1 else ''}"
