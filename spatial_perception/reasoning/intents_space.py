"""What a sentence asks about the space between things, told by cue words and by what stands before each noun phrase."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from spatial_perception.reasoning.questions import (
    Description,
    Direction,
    Distance,
    DistanceKind,
    Find,
    Nearest,
    Order,
    Question,
    Relation,
    Route,
    TurnRoute,
)
from spatial_perception.reasoning.rule_context import ANYTHING, METRES, ROBOT
from spatial_perception.reasoning.rules_space import direction_detail, measured
from spatial_perception.reasoning.sentence import Chunk, Sentence, is_list

_FACE = (
    r"(?:facing|face|faces|faced|look|looking|looks|looked|gazing|gaze|watching|turned|heading|pointing|pointed|eyes|view|"
    r"oriented|towards?)"
)
_AT = frozenset({"by", "at", "next_to", "near", "from", "on", "in_front_of", "in", "inside", "against", "beside"})
_SIDE = r"left|right|left_of|right_of|direction|way|side|where|behind|back|front|in_front_of|turn|clock|quadrant|rotate"
_SEEN = (
    r"appear(?:s|ed|ing|ance|ances)?|see|saw|seen|notice[d]?|spot(?:ted)?|encounter(?:ed)?|discover(?:ed)?|find|found|"
    r"detect(?:ed)?|observed?|comes?|came|met|meet|shown?|showed|visible|view|recorded|registered|enter(?:ed)?"
)
_GO = r"get|go|goes|going|walk|walks|walking|drive|drives|reach|navigate|head|move|travel|come|run|proceed|getting"


def read_turns(s: Sentence) -> Question | None:
    """A way with turns to be filled in: the words between the things do not matter, but which thing is faced at first."""
    if not s.has(_FACE) or not s.has(r"turns?|fill|rotate") or not s.has(rf"{_GO}|forward|straight|walked"):
        return None
    facing = s.named(rf"{_FACE}(?: \w+){{0,2}}? @(\d)")
    things = s.nouns()
    start = next((k for k in things if k != facing and (k < (facing or 0) or _stands(s, k))), None)
    if facing is None or len(things) < 3 or start is None:
        return None
    seen, steps = s.chunks[facing].what, list[Description | None]()
    for k in (k for k in things if k > max(facing, start)):
        what = s.chunks[k].what
        if what.noun.text == (steps[-1].noun.text if steps and steps[-1] else ""):
            continue
        steps += [what] if what.noun == seen.noun and not steps else [None, what]
    return TurnRoute(s.chunks[start].what, seen, tuple(steps)) if None in steps else None


def read_viewed_direction(s: Sentence) -> Question | None:
    """Standing by A and facing B, where is C: B follows a word of looking, A a word of place, C is the third."""
    facing = s.named(rf"{_FACE}(?: [\w,]+){{0,3}}? @(\d)") if s.has(_FACE) else None
    if facing is None or (len(s.nouns()) < 3 and not s.has(_SIDE)):
        return None
    seen = s.chunks[facing].what
    others = [k for k, c in enumerate(s.chunks) if c.is_thing and k != facing and c.what.noun != seen.noun]
    places = [k for k in others if _stands(s, k)]
    at = next(iter(places or others), None) if len(others) > 1 else None
    targets = [k for k in others if k != at]
    if not targets or len({s.chunks[k].what.noun for k in targets}) > 1:
        return None
    standing = ROBOT if at is None else s.chunks[at].what
    return Direction(standing, seen, s.chunks[targets[0]].what, direction_detail(s.context))


def _stands(s: Sentence, number: int) -> bool:
    return s.lead(number)[-1:] != () and s.lead(number)[-1] in _AT


def read_robot_direction(s: Sentence) -> Question | None:
    """Which way is it from where the robot stands and looks?"""
    things = s.nouns()
    asked = s.has(
        r"(?:which|what) (?:direction|way|side)|(?:left|right)\w*\b.*\bor\b.*\b(?:left|right|behind|back)\w*"
    ) or s.has(r"where .*\b(?:relative|relation|from here|compared|seen from)")
    turn = s.has(r"turn .*\b(?:face|see|look)|(?:which|what) (?:way|direction) .*\b(?:turn|look|face)")
    if len(s.items(1, _others(s, things))) != 1 or not (asked or turn or s.has(r"(?:left|right)(?:_of)? or")):
        return None
    target = s.items(1, _others(s, things))[0]
    return (
        None
        if target.noun.kind == "room" and not turn
        else Direction(ROBOT, ROBOT, target, direction_detail(s.context))
    )


def _others(s: Sentence, kept: list[int]) -> list[int]:
    return [k for k in range(len(s.chunks)) if k not in kept]


def read_first_seen(s: Sentence) -> Question | None:
    """In what order were things seen?"""
    order = s.has(r"order|sequence|appearances?|chronolog\w*|timeline|sighting|discovery")
    first = s.has(r"first|before|after|earlier|earliest|sooner|later|last|latest|prior")
    listed = s.has("first") and len(s.nouns()) > 1 and is_list(s, s.nouns()[0], s.nouns()[-1])
    if not (order or listed or (first and s.has(_SEEN))):
        return None
    items = [replace(s.chunks[k].what, number=None) for k in s.nouns()]
    items = [item for k, item in enumerate(items) if item.noun not in [i.noun for i in items[:k]]]
    return Order(tuple(items)) if len(items) > 1 else None


# ------------------------------------------------------------------------------------------ near and far
def read_extreme(s: Sentence) -> Question | None:
    """Which of some is nearest to a thing?"""
    if not s.has(r"nearest_to|farthest_from|nearest|farthest|more distant|less distant") and not any(
        map(_is_extreme, s.chunks)
    ):
        return None
    far = "farthest" in s.context.wording or "more distant" in s.context.wording
    anchor = _anchor(s)
    things = [k for k in s.nouns() if k != anchor]
    if either := _two_anchors(s):
        return Nearest(either, ROBOT, far)
    if anchor is None and s.skeleton.endswith(("nearest_to", "farthest_from")) and len(things) == 1:
        return Nearest((ANYTHING,), _plain(s.chunks[things[0]].what), far)
    whole = [k for k, c in enumerate(s.chunks) if c.what.noun.kind == "anything"]
    if anchor is None and not (len(things) > 1 and s.has("or|and|,")) and not whole:
        return None
    center = ROBOT if anchor is None else _plain(s.chunks[anchor].what)
    if than := s.named(r"than(?: to| from| the one to)+ @(\d)"):
        return Nearest((center, s.chunks[than].what), s.chunks[things[0]].what, far, yes_no=True)
    if len(things) > 1:
        return Nearest(tuple(_plain(s.chunks[k].what) for k in things), center, far, yes_no=s.has("than"))
    if len(things) == 1:
        return _picked(s, things[0], anchor, far)
    return Nearest((ANYTHING,), center, far)


def _two_anchors(s: Sentence) -> tuple[Description, ...] | None:
    """`am I nearer to the bed or the desk`: both are candidates, and I am what nearness is measured from."""
    first = s.named(r"(?:nearest_to|farthest_from) @(\d) (?:, )?or (?:to |nearest_to )?@\d")
    alone = first is not None and all(k >= first for k in s.nouns())
    return (s.chunks[first].what, s.chunks[first + 1].what) if first is not None and alone else None


def _is_extreme(chunk: Chunk) -> bool:
    return bool({"nearest", "farthest"} & set(chunk.what.adjectives))


def _plain(what: Description) -> Description:
    return replace(what, adjectives=tuple(a for a in what.adjectives if a not in ("nearest", "farthest")))


def _anchor(s: Sentence) -> int | None:
    """The phrase that nearness is measured from: right after `nearest to`, or taken into `nearer the tv`."""
    found = s.named(r"(?:nearest_to|farthest_from)(?: (?:both|all|of))? @(\d)")
    found = s.named(r"(?:nearest|farthest|distant)(?: \w+){0,2}? (?:to|from|than) @(\d)") if found is None else found
    if found is not None:
        return found
    extremes = [k for k, c in enumerate(s.chunks) if _is_extreme(c)]
    for k in extremes:
        follows = k + 1 < len(s.chunks) and s.lead(k + 1)[-1:] in (("to",), ("from",), ("of",))
        if follows:
            return k + 1
        if s.chunks[k].is_thing and len(s.nouns()) > 2:
            return k
    return next((k for k, c in enumerate(s.chunks) if c.what.noun.kind == "robot"), None)


def _picked(s: Sentence, thing: int, anchor: int | None, far: bool) -> Question | None:
    name = "farthest_from" if far else "nearest_to"
    center = ROBOT if anchor is None else _plain(s.chunks[anchor].what)
    what = _plain(s.chunks[thing].what)
    return Find(replace(what, relations=(*what.relations, Relation(name, (center,)))))


# ------------------------------------------------------------------------------------------ distances and ways
_FAR = (
    rf"how (?:far|close|near|distant)|distance|distant|apart|gap|clearance|separat\w+|how many {METRES}|far|away|"
    r"(?:space|room|meters?|feet|inches|lies?|is it|are it) (?:is |are |there )*between"
)


def read_apart(s: Sentence) -> Question | None:
    """How far are two things apart?"""
    bare = s.skeleton == "@0 to @1"
    if (
        not (bare or s.has(_FAR))
        or s.has(r"nearest|farthest|put|place|fit|add|square|long|tall|wide|high|deep|large")
        or s.has(r"(?:move|shift|push|pull|slide|drag)")
    ):
        return None
    _, kind = measured(s.context.wording, "gap" if "gap" in s.context.flags else "center")
    if not bare and not s.has(r"how|what|measure\w*|tell|give|distance|gap|far|clearance|separat\w+|find|know"):
        return None
    robots = [k for k, c in enumerate(s.chunks) if c.what.noun.kind in ("home", "anything")]
    ends = s.items(2, robots)
    if len(ends) == 1 and s.has(_FAR):
        ends = [ROBOT, *ends]
    if len(ends) != 2 or ends[0].noun.kind == ends[1].noun.kind == "robot":
        return None
    kind = "gap" if kind == "center" and s.has(r"how much|space|room|clearance") else kind
    return Distance(ends[0], ends[1], cast(DistanceKind, kind), s.context.unit, "closest" in s.context.flags)


_WAY = (
    rf"(?:way|route|path|directions|trip|road)|how .*\b(?:{_GO})|(?:guide|"
    rf"lead|take|bring|navigate|direct|escort|walk|go|route|get|send)"
)


def read_way(s: Sentence) -> Question | None:
    """How does one get there? The goal follows `to`, the start `from` or `at`."""
    passed = s.has(rf"(?:rooms?|doors?|@\d) .*\b(?:pass|cross|through|{_GO})") or s.has(
        r"@\d to @\d.* how|how @\d to @\d"
    )
    if not s.has(_WAY) and not passed:
        return None
    goal = s.named(r"(?:to|inside|reach|into|toward|towards|until|till)(?: the)? @(\d)")
    start = s.named(r"(?:from|leaving|leave|starting at|start at|starts? in)(?: \w+)? @(\d)")
    ends = [k for k in s.nouns() if not s.chunks[k].is_any_room and not _is_passed(s, k)]
    if goal is None:
        goal = next((k for k in reversed(ends) if k != start), None)
    if start is None:
        start = next((k for k in ends if k != goal and k < (goal or 0) and _may_start(s, k)), None)
    if goal is None or s.chunks[goal].what.noun.kind == "robot":
        return None
    begin = None if start is None or s.chunks[start].what.noun.kind == "robot" else s.chunks[start].what
    return Route(begin, s.chunks[goal].what)


def _is_passed(s: Sentence, k: int) -> bool:
    """`which doors do I pass`: doors and rooms that are asked for are no ends of the way."""
    lead = s.lead(k)
    return bool(lead) and lead[-1] in ("which", "what", "many", "through") and s.chunks[k].what.noun.plural


def _may_start(s: Sentence, k: int) -> bool:
    lead = s.lead(k)
    return not lead or lead[-1] in (*_AT, "between", "path", "route", "way", "directions", "leaving")
