"""Sentences that propose a change: what fits where, put this there, move that."""

from __future__ import annotations

import re

from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.descriptions import read_description, read_relations
from spatial_perception.reasoning.questions import Description, Fits, Move, Place, Question, Relation, Shift
from spatial_perception.reasoning.rule_context import REL, WHO, Context
from spatial_perception.reasoning.units import LENGTHS, read_length, unit_of

_PUT = r"(?:put|place|add|set|fit|install|hang|position|lay|insert|stand|drop|mount)"
_MOVE = r"(?:move|shift|push|pull|slide|drag|bring|relocate|carry|transfer|displace|nudge|scoot|put|place|take)"
_SIZE = re.compile(
    r"(?:of size |sized |measuring |with size |which is |that is )?(?P<n>\d*\.?\d+)\s*(?P<u0>[a-z]+)?\s*(?:x|by|"
    r"times)\s*(?P<m>\d*\.?\d+)"
    r"\s*(?P<u1>[a-z]+)?\s*(?:x|by|times)\s*(?P<k>\d*\.?\d+)\s*(?P<u>cm|mm|m|ft|in|met(?:er|re)s?|centimet(?:er|"
    r"re)s?|feet|inches)?\b"
)
LENGTH_WORDS = (
    r"\d*\.?\d+ ?(?:m|cm|mm|ft|in|met(?:er|re)s?|centimet(?:er|re)s?|millimet(?:er|re)s?|feet|foot|inch(?:es)?|cms|')\b"
)
_WAYS = (
    ("+x", r"(?:along |in |toward |towards |to )?(?:the )?(?:\+ ?x|positive x|plus x|x)(?: axis| direction)?"),
    ("-x", r"(?:along |in |toward |towards |to )?(?:the )?(?:- ?x|negative x|minus x)(?: axis| direction)?"),
    ("+y", r"(?:along |in |toward |towards |to )?(?:the )?(?:\+ ?y|positive y|plus y|y)(?: axis| direction)?"),
    ("-y", r"(?:along |in |toward |towards |to )?(?:the )?(?:- ?y|negative y|minus y)(?: axis| direction)?"),
    ("+z", r"up(?:ward|wards)?|higher"), ("-z", r"down(?:ward|wards)?|lower"),
    ("left", r"(?:to |towards? )?(?:the |my |your )?left(?:wards?)?|left_of robot"),
    ("right", r"(?:to |towards? )?(?:the |my |your )?right(?:wards?)?|right_of robot"),
    ("forward", r"(?:to the )?(?:forwards?|front|ahead)|in_front_of robot"),
    ("back", r"(?:to the )?(?:back|backwards?|behind)"),
)  # fmt: skip


def read_edit(text: str, context: Context) -> Question | None:
    """What fits, where to put something, place it, move it."""
    if re.match(r"(?:position|place|set) (?:of|for)\b|(?:where|what) (?:is|are|was) (?!there)", text):
        return None
    return _read_fits(text, context) or _read_move(text, context) or _read_place(text, context)


def _read_fits(text: str, context: Context) -> Question | None:
    may = r"(?:can|could|should|may|would|will|might|to)"
    found = context.read(
        text,
        rf"(?:what|which)(?: else)?(?: \w+)?(?: else)? {may}(?: else)?(?: {WHO})?(?: also)?(?: be)? ?"
        rf"(?:{_PUT}s?|placed|stored?|stand|go|fits?|kept|keep|located|fitted)(?: down| in addition)? (?P<rel>(?:{REL})\b.+)",
        rf"what(?: else)?(?: \w+)? fits? (?P<rel>(?:{REL})\b.+)",
    )
    relations = found["rel"] if found else ()
    return Fits(relations[0]) if relations else None


_FIT_WORDS = rf"\b(?:fits?|go|room|space)\b|^(?:where(?! do)|can|could) .*\b{_PUT}\b"
_SPACE = r"(?:enough |any |some |still |a |free |suitable |good )*(?:space|room|place|spot)(?: left)?"


def _read_place(text: str, context: Context) -> Question | None:
    may = r"(?:can|could|should|may|would|do|to|might|shall|is it possible to|does)"
    match = re.fullmatch(
        rf"(?:where(?: else)? {may}(?: {WHO})?(?: best)? ?(?:{_PUT})?|{may} {WHO} {_PUT}|{_PUT}|"
        rf"(?:is|would) there (?:be )?{_SPACE} (?:for|to {_PUT})|where (?:is there |is |"
        rf"would there be )?{_SPACE} (?:for|to {_PUT})|"
        rf"(?:find|suggest|propose|show|look for)(?: me)? {_SPACE} (?:for|to {_PUT})|would|does|will|can|"
        rf"could) (?P<what>.+?)",
        text,
    )
    if match is None:
        return None
    if _SIZE.search(text) is None and re.search(LENGTH_WORDS, text) and re.match(r"(?:can|could|would|will)\b", text):
        return None
    if re.match(r"(?:where|would|does|will|can|could)\b", text) and not re.search(_FIT_WORDS, text):
        return None
    size, rest = taken_size(re.sub(r"\b(?:fits?|go|best|be placed|be put|stand)\b", " ", match["what"]))
    what, relations = _split(rest, context)
    if what is None or what.noun.kind == "robot":
        return None
    if what.noun.kind == "anything":
        return Fits(relations[0]) if relations else None
    if relations and what.text.split()[0] in ("the", "my") and context.in_scene(what.noun) and re.match(_PUT, text):
        return Move(what, None, relations)
    return Place(what, relations, size)


def taken_size(text: str) -> tuple[Vec3 | None, str]:
    """The size (m) that a text states, `2 x 0.9 x 0.8 m`, and the text without it."""
    match = _SIZE.search(text)
    if match is None:
        return None, " ".join(text.split())
    unit = next((u for u in map(unit_of, (match["u"] or "", match["u1"] or "", match["u0"] or "")) if u), "m")
    a, b, c = (float(match[name]) * LENGTHS[unit] for name in "nmk")
    return (a, b, c), " ".join(f"{text[: match.start()]} {text[match.end() :]}".split())


def _split(text: str, context: Context) -> tuple[Description | None, tuple[Relation, ...]]:
    """The head of a phrase, and the relations that it shall have."""
    for match in re.finditer(rf"\b(?:{REL}|nearest_to|to|at)\b", text):
        head = read_description(text[: match.start()], context.lexicon)
        tail = re.sub(r"^(?:to|at) (?=the|a |my)", "in ", text[match.start() :])
        relations = read_relations(re.sub(r"\bbut\b", "and", tail), context.lexicon)
        if head and relations:
            return head, relations
    return read_description(text, context.lexicon), ()


def _read_move(text: str, context: Context) -> Question | None:
    match = re.fullmatch(
        rf"(?:i want to |we should |can i |could i |can we |what if i |"
        rf"what happens if i )?(?P<verb>{_MOVE}) (?P<rest>.+)",
        text,
    )
    if match is None:
        return None
    shift = _shift(match["rest"], context)
    if shift:
        return shift
    what, relations = _split(re.sub(r"\buntil it is\b|\bso that it is\b|\bso it is\b", " ", match["rest"]), context)
    new = match["verb"] in ("put", "place") and (
        match["rest"].startswith("one ") or not (what and _is_known(what, context))
    )
    if what is None or not relations or new:
        return None
    if what.noun.kind == "anything":
        return Fits(relations[0])
    return Move(what, None, relations) if what.noun.kind != "robot" else None


def _is_known(what: Description, context: Context) -> bool:
    """Whether a thing of the scene is meant, and not a new one."""
    article = what.text.split()[0] in ("the", "my", "this", "that", "these", "those", "your", "our", "its", "all")
    return what.definite and (article or what.noun.kind == "anything" or context.in_scene(what.noun))


def _shift(rest: str, context: Context) -> Question | None:
    """`the chair 0.5 m to the left`, `the chair toward the window by 20 cm`."""
    length = re.search(LENGTH_WORDS, rest)
    measure = read_length(length[0]) if length else None
    if not length or not measure:
        return None
    before = re.sub(r"\s*\bby$", "", rest[: length.start()].strip())
    after = re.sub(r"^(?:more |further )", "", rest[length.end() :].strip())
    for text in (after, before):
        head = before if text is after else None
        for direction, pattern in _WAYS:
            match = re.search(rf"(?:^|\s)(?:{pattern})$", text)
            what = context.thing(text[: match.start()] if head is None else head) if match else None
            if match and what and (head is None or match.start() == 0):
                return Move(what, Shift(measure.metres, direction))
        found = _relative(text, head, measure.metres, context)
        if found:
            return found
    return None


def _relative(text: str, head: str | None, metres: float, context: Context) -> Move | None:
    match = re.search(
        r"(?:^|\s)(?:(?P<toward>toward|towards|closer to|nearest_to|near|in the direction of|to)|(?:away from|"
        r"far_from|off)) (?P<x>.+)$",
        text,
    )
    if match is None:
        return None
    what = context.thing(text[: match.start()] if head is None else head)
    anchor = context.thing(match["x"])
    if what is None or anchor is None:
        return None
    return Move(what, Shift(metres, "toward" if match["toward"] else "away", anchor))
