"""Reads the tables of wordings and compares them with what the parser makes of them."""

from __future__ import annotations

from pathlib import Path

from spatial_perception.reasoning import questions as q
from spatial_perception.reasoning.parser import parse

LABELS = (
    "sofa", "chair", "stool", "bed", "desk", "tv", "refrigerator", "coffee_table", "dining_table", "wardrobe",
    "nightstand", "mirror", "floor-standing_lamp", "plants", "carpet", "bookcase", "toilet", "tub", "hand_sink",
    "sink", "stove", "cupboard", "pillow", "curtain", "computer", "painting", "sideboard", "washing_machine",
    "micro-wave_oven", "shower", "side_table",
)  # fmt: skip
_FOLDER = Path(__file__).parent


def read_table(name: str) -> list[tuple[str, tuple[str, ...], str]]:
    """Rows of kind, nouns and wording."""
    rows = []
    for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, nouns, wording = (part.strip() for part in line.split("|", 2))
            rows.append((kind, tuple(noun.strip() for noun in nouns.split(",")), wording))
    return rows


def nouns_of(value: object) -> list[str]:
    """What a question speaks of, in the order of its fields."""
    found: list[str] = []
    if isinstance(value, q.Description):
        found.append(noun_name(value.noun))
    if isinstance(value, tuple):
        for item in value:
            found += nouns_of(item)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, q.Noun):
        for name in value.__dataclass_fields__:
            found += nouns_of(getattr(value, name))
    return found


def noun_name(noun: q.Noun) -> str:
    if noun.kind == "room":
        return noun.room
    if noun.kind in ("robot", "home"):
        return noun.kind
    if noun.kind == "anything":
        return "object"
    plain = noun.text.replace(" ", "_")
    return noun.tiers[0][0] if noun.tiers and plain not in ("lamp", "table", "vase", "box", "printer") else plain


def is_understood(kind: str, nouns: tuple[str, ...], wording: str) -> bool:
    """Whether a wording was read as the right question about the right things."""
    question = parse(wording, LABELS).question
    if type(question).__name__ not in kind.split("/"):
        return False
    found = nouns_of(question)
    # `the combined space` is no room of its own.
    return found == list(nouns) or (kind == "RoomSize" and not found and nouns[0] in ("room", "home"))
