"""What change a sentence proposes, told by verbs, lengths and relations anywhere in it."""

from __future__ import annotations

import re
from dataclasses import replace

from spatial_perception.reasoning.questions import Description, Fits, Move, Place, Question, Relation, Shift
from spatial_perception.reasoning.rule_context import Context
from spatial_perception.reasoning.rules_edit import LENGTH_WORDS, taken_size
from spatial_perception.reasoning.sentence import Sentence
from spatial_perception.reasoning.units import read_length

_PUT = (
    r"put(?:ting)?|place[d]?|placing|add(?:ed|ing)?|set|fit|fits|fitting|install(?:ed)?|hang|hung|lay|laid|insert|mount(?:ed)?|"
    r"squeeze|accommodate|arrange|stick|stack|store"
)
_MOVE = (
    r"move[ds]?|moving|shift(?:ed|s)?|push(?:ed)?|pull(?:ed)?|slide|slid|drag(?:ged)?|bring|relocate[d]?|carry|transfer|displace|"
    r"nudge|scoot|shove[d]?|haul|tug|rearrange|reposition|put|place[d]?|set|lay|swap|take|stand|be|get|go|slip|drop|turn|tuck|stick"
)
_ASK = r"(?:can|could|may|might|would|should|shall|to (?:put|place)|will|fits?|room|space|spot)"
_WAYS = (
    ("+x", r"(?:\+ ?x|positive x|plus x|x)(?: axis| direction)?"), ("-x", r"(?:negative x|minus x)(?: axis| direction)?"),
    ("+y", r"(?:\+ ?y|positive y|plus y|y)(?: axis| direction)?"), ("-y", r"(?:negative y|minus y)(?: axis| direction)?"),
    ("+z", r"up(?:wards?)?|higher"), ("-z", r"down(?:wards?)?|lower"),
    ("left", r"left(?:wards?)?|left_of"), ("right", r"right(?:wards?)?|right_of"),
    ("back", r"back(?:wards?)?|behind"), ("forward", r"forwards?|ahead|front|in_front_of|onwards?"),
)  # fmt: skip


def read_what_fits(s: Sentence) -> Question | None:
    """What can be put there?"""
    asked = s.has(rf"(?:what|which|anything|something|things?|stuff|how much|much|@\d) .*\b(?:{_ASK})")
    asked = asked or s.has(rf"(?:{_ASK}) .*(?:what|anything|@\d)")
    if not asked or s.has(r"see|seen|find|found|spot(?:ted)?|detect(?:ed)?|far|where"):
        return None
    holder = s.named(r"(?:can|could|would|will|might) @(\d) (?:hold|support|carry|take|bear)")
    if holder is not None:
        return Fits(Relation("on", (s.chunks[holder].what,)))
    objects = [k for k, c in enumerate(s.chunks) if c.what.noun.kind == "anything"]
    anchors = [k for k, c in enumerate(s.chunks) if c.is_thing]
    if not anchors or (not objects and not s.has(r"what|which|how much|things?")):
        return None
    relations = s.relations_from(anchors[0]) if s.relation(anchors[0]) else _goal(s, [objects[0] if objects else -1])
    return Fits(relations[0]) if relations else None


# ------------------------------------------------------------------------------------------ moving
def read_moved(s: Sentence) -> Question | None:
    """Move a thing by a length, or to where relations hold."""
    things = s.nouns()
    if not things or not s.has(_MOVE) or s.has(r"where|what is|which|how (?:far|many|much)|room for|space for"):
        return None
    what = s.chunks[things[0]].what
    if (
        what.noun.kind != "thing"
        or not _is_known(what, s.context)
        or s.has(rf"been|how|why|(?:one|new|another) @{things[0]}")
    ):
        return None
    shift = _shift(s, things)
    if shift:
        return Move(what, shift)
    relations = _goal(s, things)
    strong = s.has(
        r"move[ds]?|moving|shift\w*|push\w*|pull\w*|slid\w*|drag\w*|relocate\w*|shov\w*|nudge|reposition|should|bring|carry|tuck"
    )
    return Move(what, None, relations) if relations and (strong or s.has(rf"^(?:{_PUT}|{_MOVE})")) else None


def _is_known(what: Description, context: Context) -> bool:
    """A definite thing, or one without an article that the scene holds."""
    article = what.text.split()[:1] and what.text.split()[0] in ("a", "an", "another", "some", "one", "new")
    return not article and "new" not in what.unseen and context.in_scene(what.noun)


def _shift(s: Sentence, things: list[int]) -> Shift | None:
    length = re.search(LENGTH_WORDS, s.context.wording)
    measure = read_length(length[0]) if length else None
    if measure is None:
        return None
    anchors = [k for k in range(len(s.chunks)) if k != things[0]]
    toward = s.has(r"(?:toward|towards|nearest_to|nearer|direction of|near|to) @\d")
    away = s.has(r"(?:away|off|farther|farthest_from|far_from|from)")
    if anchors and s.chunks[anchors[0]].what.noun.kind != "robot" and (toward or away):
        return Shift(measure.metres, "away" if away else "toward", s.chunks[anchors[0]].what)
    rest = s.skeleton.replace(length[0], " ") if length else s.skeleton
    for direction, pattern in _WAYS:
        if re.search(rf"(?<![\w@])(?:{pattern})(?!\w)", rest):
            return Shift(measure.metres, direction)
    return None


def _goal(s: Sentence, things: list[int]) -> tuple[Relation, ...]:
    if s.has("against_wall"):
        return (Relation("against_wall"),)
    after = [k for k in range(len(s.chunks)) if k > things[0]]
    for k in after:
        lead = s.lead(k)
        if s.relation(k) and s.relation(k) not in ("of", "with"):
            return s.relations_from(k)
        if lead[-1:] == ("wall",):
            continue
        if s.has(rf"(?:away from|off|from) @{k}"):
            return (Relation("far_from", (s.chunks[k].what,)),)
        if lead and lead[-1] in ("to", "toward", "towards", "of"):
            room = s.chunks[k].what.noun.kind == "room"
            return (Relation("in" if room else "next_to", (s.chunks[k].what,)),)
    return ()


# ------------------------------------------------------------------------------------------ placing
def read_placed(s: Sentence) -> Question | None:
    """Put a new thing somewhere."""
    things = [k for k in s.nouns() if s.chunks[k].what.noun.kind in ("thing", "unknown")]
    put = s.named(rf"(?:{_PUT}) (?:\w+ )?@(\d)")
    things = [k for k in things if s.lead(k)[-1:] == ("for",) or k == put] or things
    space = s.has(r"(?:room|space|spot|somewhere) .*\b(?:for|to)|(?:room|space|spot) for")
    wish = s.has(r"(?:like|want|need|love|there should be)") and len(s.chunks) > 1
    goes = s.has(r"(?:can|could|should|would|may|might|will) .*\b(?:go|stand)|another")
    if (
        not things
        or not (space or wish or goes or s.has(_PUT))
        or s.has(r"been|position of")
        or s.has(r"how (?:far|many|much|do)|which|what is|(?:go|get|walk|drive) to @\d")
    ):
        return None
    size, _ = taken_size(s.context.wording)
    what = replace(s.chunks[things[0]].what, relations=())
    rooms = [k for k, c in enumerate(s.chunks) if c.what.noun.kind == "room" and not c.is_any_room]
    relations = (
        _goal(s, things) or _before(s, things[0]) or tuple(Relation("in", (s.chunks[k].what,)) for k in rooms[:1])
    )
    return Place(what, relations, size) if relations or space or s.has(rf"where|somewhere|{_PUT}") else None


def _before(s: Sentence, number: int) -> tuple[Relation, ...]:
    """The relation that is said before the thing: `where near the window can I put a desk`."""
    first = next((k for k in range(number) if s.relation(k) not in ("", "of", "with")), None)
    return () if first is None else s.relations_from(first)
