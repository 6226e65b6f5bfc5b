"""What a sentence asks about things themselves, told by cue words."""

from __future__ import annotations

import re
from dataclasses import replace

from spatial_perception.reasoning.questions import (
    Compare,
    Contents,
    Count,
    Description,
    Exists,
    Holds,
    Question,
    Relation,
    RoomOf,
    Where,
)
from spatial_perception.reasoning.rule_context import ANYTHING, METRES, ROBOT
from spatial_perception.reasoning.rules_things import COMPARATIVES, DIMENSIONS, meant, size_or_area
from spatial_perception.reasoning.sentence import Sentence, is_list

_BE = r"(?:is|are|was|were|does|do|did|has|have|can|could|will|would|might)"
_MORE = {"space": "footprint", "room": "footprint", "width": "width", "height": "height", "length": "longest", "depth": "depth",
         "area": "footprint", "volume": "volume", "floor": "footprint", "surface": "footprint"}  # fmt: skip
_SUPERLATIVES = {"largest": "volume", "smallest": "volume", "tallest": "height", "highest": "height", "longest": "longest",
                 "widest": "width", "lowest": "height", "shortest": "height"}  # fmt: skip
_ADJECTIVES = {"tall": "height", "high": "height", "wide": "width", "long": "longest", "deep": "depth", "large": "volume",
               "low": "height", "short": "height", "small": "volume"}  # fmt: skip


def read_how_many(s: Sentence) -> Question | None:
    """How many?"""
    cue = r"how many|how much(?= @)|headcount|numbers?|amounts?|quantity|count(?:ing|s)?(?: up)?|tally|total"
    if (
        not s.has(cue)
        or s.has(r"(?:can|could|may|might) (?:\w+ )?(?:put|place|add|fit|set)")
        or s.has(rf"how (?:many|much) (?:{METRES}|space|room|distance|area|floor|fits?|can|could|would|may)")
        or s.has(r"rooms? do|doors? do")
    ):
        return None
    number = s.named(rf"(?:{cue})(?: \w+){{0,2}}? @(\d)")
    before = s.named(r"@(\d) (?:count|total|tally|number)")
    number = before if before is not None else number
    number = next(iter(s.nouns()), None) if number is None else number
    if number is None or s.chunks[number].what.noun.kind == "robot":
        return None
    things = [k for k in s.nouns() if k >= number]
    if len(things) > 1 and is_list(s, things[0], things[-1]):
        return Count(s.chunks[number].what, tuple(s.chunks[k].what for k in things[1:]))
    return Count(_placed(s, number))


def _placed(s: Sentence, number: int) -> Description:
    """A phrase with what follows it, and in the room that the sentence names elsewhere."""
    last = len(s.chunks) - 1
    whole = next((d for k in range(last, number, -1) if (d := s.joined(number, k))), s.chunks[number].what)
    rooms = [c.what for k, c in enumerate(s.chunks) if k != number and c.what.noun.kind == "room" and not c.is_any_room]
    follows = number < last and s.relation(number + 1) not in ("", "of")
    if not whole.relations and follows:
        return replace(whole, relations=s.relations_from(number + 1))
    if whole.relations or not rooms or whole.noun.kind == "room":
        return whole
    return replace(whole, relations=(Relation("in", (rooms[0],)),))


# ------------------------------------------------------------------------------------------ sizes
_SIZE_WORDS = "|".join(sorted(DIMENSIONS, key=len, reverse=True))


def read_measure(s: Sentence) -> Question | None:
    """How large is it?"""
    cue = rf"how (?P<a>{_SIZE_WORDS})|(?P<b>{_SIZE_WORDS}|measurements?)|how much .*?(?:space|area|room|floor)"
    wording = s.skeleton
    found = re.search(rf"(?<![\w@])(?:{cue})(?!\w)", wording)
    unit = re.search(rf"how many (?P<u>{METRES})|square (?:meters?|feet|foot|inch(?:es)?)|measures?|measuring", wording)
    if not found and not unit:
        return None
    things = s.items(1, [k for k, c in enumerate(s.chunks) if c.what.noun.kind in ("robot", "anything")])
    home = any(c.what.noun.kind == "home" for c in s.chunks)
    name = (found["a"] or found["b"]) if found else None
    if name is None and "square" in wording:
        name = "area"
    if not things and (
        name in ("area", "floor area", "floor space", "surface area", "square footage", "living area")
        or home
        or "space" in wording
    ):
        return size_or_area(None, name, s.context)
    return size_or_area(things[0], name, s.context) if len(things) == 1 else None


def read_larger(s: Sentence) -> Question | None:
    """Which is larger, or: is it larger?"""
    found = re.findall(rf"(?<![\w@])({'|'.join(COMPARATIVES)})(?!\w)", s.skeleton)
    more = re.search(
        r"(?<!\w)(more|greater|most|less|least|fewer|smaller|larger|largest) (?:\w+ )?(" + "|".join(_MORE) + r")(?!\w)",
        s.skeleton,
    )
    alike = re.search(rf"(?<!\w)as ({'|'.join(_ADJECTIVES)}) as(?!\w)", s.skeleton)
    rooms = [k for k, c in enumerate(s.chunks) if c.is_any_room or not c.is_thing]
    found += [a for k in rooms for a in s.chunks[k].what.adjectives if a in _SUPERLATIVES]
    items = s.items(2, rooms) if found or more or alike else []
    if len(items) < 2:
        return None
    dimension, least = COMPARATIVES[found[0]] if found else (_ADJECTIVES[alike[1]] if alike else "", 0)
    if more:
        dimension, least = _MORE[more[2]], more[1] in ("less", "least", "fewer", "smaller")
    both = len(set(found)) > 1
    yes_no = len(items) == 2 and not both and s.has(r"than|as \w+ as") and s.skeleton.split()[0] in _BE[3:-1].split("|")
    return Compare(tuple(items), dimension, bool(least), yes_no)


# ------------------------------------------------------------------------------------------ places
def read_which_room(s: Sentence) -> Question | None:
    """In which room?"""
    choice = s.has(r"@\d (?:\w+ )?(?:in|inside) @\d (?:, )?or (?:in |inside )?@\d")
    if choice and len(s.chunks) > 2 and all(c.what.noun.kind == "room" for c in s.chunks[1:]):
        return RoomOf(s.chunks[0].what)
    number = s.named(
        r"(?:which|what|name|tell|give)(?: of)?(?: me)? @(\d)|what is "
        r"@(\d)|@(\d) (?:of|where|with|that|containing|in which|which|@\d)"
    )
    rooms = [k for k, c in enumerate(s.chunks) if c.is_any_room]
    if not rooms or number is None or not s.chunks[number].is_any_room:
        return None
    things = s.items(
        1, [k for k, c in enumerate(s.chunks) if c.is_any_room or c.what.noun.kind in ("home", "anything")]
    )
    things = [t for t in things if t.noun.kind != "robot"]
    if len(things) == 1 and things[0].noun.kind == "thing":
        return RoomOf(things[0])
    return RoomOf(ROBOT) if not things and s.has(r"i|you|we|this|now|robot|here|am|@\d") else None


def read_location(s: Sentence) -> Question | None:
    """Where is it?"""
    cue = (
        r"where(?:abouts)?|what spot|hunting for|locations?|positions?|"
        r"whereabouts|coordinates|looking for|look for|searching for|search for|"
        r"(?:cannot|can not|could not|cant) (?:find|see|locate)|lost|whereabout|spot where"
    )
    if not s.has(cue) or s.has(
        r"(?:can|could|should|may|might|would|to) (?:\w+ )?(?:put|place|fit|add|hang|set|install)"
    ):
        return None
    things = s.items(1, [k for k, c in enumerate(s.chunks) if not c.is_thing])
    room = next((c.what for c in s.chunks if c.what.noun.kind == "room" and not c.is_any_room), None)
    if len(things) == 2 and room is not None:
        things = [
            replace(t, relations=(*t.relations, Relation("in", (room,)))) for t in things if t.noun.kind == "thing"
        ]
    return Where(things[0]) if len({t.noun for t in things}) == 1 else None


def read_inside(s: Sentence) -> Question | None:
    """What is there?"""
    if not s.has(
        r"what|which|list|name|describe|contents|everything|anything|enumerate|tell|show|all|inventory|overview|summary"
    ):
        return None
    if s.has(r"(?:can|could|may|might|would|should) (?:\w+ )?(?:put|place|fit|go|stand|set)"):
        return None
    heads = [k for k, c in enumerate(s.chunks) if c.what.noun.kind == "anything"]
    things = [k for k in range(len(s.chunks)) if k not in heads]
    if not things:
        return (
            Contents(ANYTHING)
            if s.has(r"see|seen|know|here|there|found|have|scene|present|all|are|list|describe")
            else None
        )
    first = s.chunks[things[0]]
    if s.relation(things[0]) and (not heads or heads[0] < things[0]):
        relations = s.relations_from(things[0])
        return Contents(replace(ANYTHING, relations=relations)) if relations else None
    whole = s.joined(things[0], things[-1])
    if first.what.noun.kind in ("home", "room") and len(things) == 1:
        kept = replace(first.what, every=first.what.noun.kind == "home")
        asked = s.has(
            r"describe|contents?|contain|contains|has|have|overview|summary|tell|about|what|list|hold|holds|inside|in"
        )
        return Contents(kept) if asked else None
    return Contents(replace(whole, every=True)) if whole and s.has(r"list|name|enumerate|all|everything") else None


# ------------------------------------------------------------------------------------------ yes and no, grounding
def read_relation_holds(s: Sentence) -> Question | None:
    """Is A next to B?"""
    things = [k for k, c in enumerate(s.chunks) if c.what.noun.kind in ("thing", "room", "robot", "unknown")]
    if (
        len(things) < 2
        or things != list(range(things[0], things[0] + len(things)))
        or not s.chunks[things[0]].what.definite
    ):
        return None
    if not s.has(rf"{_BE}|true|right|correct|confirm|check|whether|if") or s.has(
        r"what|which|how|where|find|show|locate"
    ):
        return None
    head = things[0]
    for k in things[1:]:
        if s.relation(k) and s.relation(k) != "of":
            relations = s.relations_from(k)
            subject = s.joined(head, k - 1)
            return Holds(subject, relations[0]) if subject and len(relations) == 1 else None
    return None


def read_any(s: Sentence) -> Question | None:
    """Is there one?"""
    cue = (
        r"there|any|some|exists?|existent|present|available|have|has|got|own|see|seen|found|find|detect(?:ed)?|spot(?:ted)?|"
        r"notice[d]?|know|contains?|include[s]?|missing|a"
    )
    asks = rf"{_BE}|any|exists?|present|available|if|whether|there|got|got|spot(?:ted)?|seen"
    if not s.has(asks) or s.has(r"what|how|where|which|show (?:me|us)|put|place|move|find me"):
        return None
    articles = {"a", "an", "any", "some"}
    bare = len(s.chunks) == 1 and s.chunks[0].is_thing and s.tokens[s.chunks[0].start] != "the"
    if not s.has(cue) and not bare and not articles & set(s.tokens):
        return None
    things = [k for k in s.nouns() if s.chunks[k].what.noun.kind != "room"] or s.nouns()
    if not things or (len(things) > 1 and is_list(s, things[0], things[-1])):
        return None
    return Exists(_placed(s, things[0]))


_SHOW = (
    r"find|show|locate|point|highlight|select|identify|mark|ground|get|pick|give|detect|indicate|spot|display|fetch|outline|"
    r"circle|label|return|choose|draw|box(?:es)?|which|see|bounding|where|want|need|mean"
)


def read_reference(s: Sentence) -> Question | None:
    """Which one is meant?"""
    if not s.chunks or (not s.chunks[0].is_thing and s.chunks[0].what.noun.kind != "anything"):
        return None
    items = s.items(1)
    if s.skeleton.split()[0] in _BE[3:-1].split("|"):
        return None
    bare = s.skeleton.startswith("@0") and len(s.skeleton.split()) == 2 * len(s.chunks) - 1
    if len(items) != 1 or items[0].noun.kind in ("robot", "home", "unknown") or not (s.has(_SHOW) or bare):
        return None
    return meant(items[0])
