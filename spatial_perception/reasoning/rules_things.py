"""Sentences about things themselves: how many, how large, where, which."""

from __future__ import annotations

import re
from dataclasses import replace

from spatial_perception.reasoning.descriptions import read_description
from spatial_perception.reasoning.questions import (
    Compare,
    Contents,
    Count,
    Description,
    Exists,
    Find,
    Holds,
    Nearest,
    Question,
    RoomOf,
    RoomSize,
    Size,
    Where,
)
from spatial_perception.reasoning.rule_context import ANYTHING, BE, METRES, REL, ROBOT, WHO, Context

# ------------------------------------------------------------------------------------------ counting, sizes
_COUNTED = re.compile(
    r"\b(?:are there|there are|is there|there is|are in there|do we have|do you (?:see|have|know of|count|find)|"
    rf"(?:can|could|did|do|have|would|will|may) {WHO} (?:see|seen|count|find|found|spot|have|got|notice|noticed|say)|"
    rf"{WHO} can (?:see|count|find)|have been|do exist|exists?|do i have|in total|altogether|total|are|is|there|"
    rf"visible|present|"
    rf"were|was|in all|s|{WHO} have$)\b"
)


def read_count(text: str, context: Context) -> Question | None:
    """How many?"""
    match = re.fullmatch(
        r"(?:what is |what was |give |find |tell )*(?:how many|how much|(?:the )?(?:total )?(?:number|count|"
        r"quantity|amount) of|"
        r"count(?: up)?(?: all)?(?: of)?(?: the)?|what number of|total(?: number of)?|"
        r"how often do you see)(?: of the| of)? "
        r"(?P<what>.+?)",
        text,
    )
    if match is None or re.match(
        rf"how (?:many|much) (?:{METRES}|(?:space|room|floor space|floor area|area|distance)\b)", text
    ):
        return None
    what = " ".join(_COUNTED.sub(" ", match["what"]).split())
    owned = re.sub(
        r"^(.+?) (?:does|do|has|have|contains?) (.+?)(?: has| have| contains?| holds?| owns?)?$", r"\1 in \2", what
    )
    trailing = re.sub(r"^(\S+(?: \S+)?) (the .+?)(?: has| have| contains?)$", r"\1 in \2", what)
    found = context.thing(what) or context.thing(owned) or context.thing(trailing)
    return Count(found) if found else None


DIMENSIONS = {
    "tall": "height", "high": "height", "height": "height", "wide": "width", "width": "width", "long": "length",
    "length": "length", "deep": "depth", "depth": "depth", "large": "all", "size": "all", "dimension": "all",
    "small": "all",
    "dimensions": "all", "volume": "volume", "footprint": "footprint", "area": "footprint", "thick": "depth",
    "sizes": "all",
    "longest dimension": "longest", "longest side": "longest", "floor area": "footprint", "measurements": "all",
    "low": "height",
    "length of the longest dimension": "longest", "longest extent": "longest", "largest dimension": "longest",
    "breadth": "width",
    "longest edge": "longest", "maximum dimension": "longest", "base area": "footprint", "spacious": "footprint",
    "broad": "width",
    "square footage": "footprint", "surface area": "footprint", "surface": "footprint", "proportions": "all",
    "floor space": "footprint",
    "longest": "longest", "greatest dimension": "longest", "largest extent": "longest",
    "square meters": "footprint", "roomy": "footprint",
    "combined area": "footprint", "combined size": "footprint", "ground area": "footprint", "living area": "footprint",
}  # fmt: skip
_WORDS = "|".join(sorted(DIMENSIONS, key=len, reverse=True))


def read_size(text: str, context: Context) -> Question | None:
    """How large is a thing, or a room?"""
    text = re.sub(r",? ?length ?, width ?,?(?: or| and) height ?,?", " ", text)
    text = " ".join(re.sub(r"\b(?:measured|approximate|total|overall|exact|actual|roughly|about)\b", " ", text).split())
    have = r"(?: (?:have|has|measure|cover|span|take up|take|need|occupy|got|stand))?"
    found = context.read(
        text,
        rf"how (?P<dim>{_WORDS}) (?:{BE}|would be|would you say|might|can|could) (?P<what>.+?)(?: be| get)?",
        rf"how (?P<dim>{_WORDS}) (?P<what>.+?) (?:is|are)",
        rf"(?P<what>.+?) (?:is|are|,) how (?P<dim>{_WORDS})",
        rf"(?:what (?:is|are|would be|was) |measure |state |find |show |give |get |how (?:much|large|"
        rf"big) is )*(?:the )?(?P<dim>{_WORDS})(?: of| for) (?P<what>.+?)",
        rf"(?:what|which) (?P<dim>{_WORDS}) (?:{BE}|has|have) (?P<what>.+?){have}",
        rf"(?:what is |what are |give |measure )?(?P<what>(?:the |a |my )?\S+(?: \S+){{0,3}}?),? (?P<dim>{_WORDS})",
        rf"how many {METRES}(?: of (?:floor|space))? (?:is|are|has|does|do|"
        rf"measures)(?: the)? (?P<what>.+?){have}(?: (?P<dim>tall|high|wide|long|deep))?",
        rf"how much (?:floor )?(?:space|area|room) (?:does|do|has|is in|is there in) (?P<what>.+?){have}",
        r"measure (?P<what>.+)",
    )  # fmt: skip
    if not found:
        return None
    return size_or_area(found["what"], found.get("dim"), context)


def size_or_area(what: Description | None, word: str | None, context: Context) -> Question:
    """The size of a thing in the dimension that a word names, or the area of a room (None: of the home)."""
    if what is None:
        return RoomSize(None, context.unit)
    if what.noun.kind in ("room", "home") and word not in ("tall", "high", "height"):
        return _room_size(what, context)
    text = context.wording
    default = "footprint" if "space" in text or "area" in text else "longest" if "how many" in text else "all"
    return Size(what, DIMENSIONS[word] if word else default, context.unit)


def _room_size(what: Description, context: Context) -> RoomSize:
    whole = (
        what.noun.kind == "home"
        or "combined" in context.flags
        or what.every
        or (what.noun.plural and what.noun.room == "room")
    )
    return RoomSize(None if whole else what, context.unit)


COMPARATIVES = {
    "larger": ("volume", 0), "smaller": ("volume", 1), "taller": ("height", 0), "higher": ("height", 0),
    "longer": ("longest", 0), "shorter": ("height", 1), "wider": ("width", 0), "lower": ("height", 1),
    "largest": ("volume", 0), "smallest": ("volume", 1), "tallest": ("height", 0), "widest": ("width", 0),
    "longest": ("longest", 0), "highest": ("height", 0), "lowest": ("height", 1), "deeper": ("depth", 0),
    "shortest": ("height", 1), "deepest": ("depth", 0), "bulkier": ("volume", 0), "broader": ("width", 0),
}  # fmt: skip


def read_compare(text: str, context: Context) -> Question | None:
    """Which is larger, A or B?"""
    adjective = "|".join(COMPARATIVES)
    which = r"(?:what|which)(?: one| object| thing)?(?: of these| of them| of the two)?"
    found = context.read(
        text,
        rf"{which} (?:is |are )?(?:the )?(?P<adj>{adjective})(?: one)?[ ,:]+(?P<list>.+)",
        rf"(?:is|are) (?P<a>.+?) (?P<adj>{adjective}) (?P<than>than) (?P<b>.+)",
        rf"(?:is|are)(?: it)? (?P<list>.+? or .+?)(?: that is)?(?: the)? (?P<adj>{adjective})",
        rf"(?:(?:of|between|among) )?(?P<list>.+?(?: or | and |,).+?)[ ,]+{which} is (?:the )?(?P<adj>{adjective})",
    )
    if found is None:
        return None
    items = found.get("list") or tuple(found[name] for name in "ab" if found.get(name))
    dimension, least = COMPARATIVES[found["adj"]]
    return Compare(items, dimension, bool(least), bool(found.get("than"))) if len(items) > 1 else None


# ------------------------------------------------------------------------------------------ places
_SEE = (
    rf"(?:is|are|stands?|lies?|hangs?|sits?|(?:do|can|could|did|would|will) {WHO} (?:see|find|have|spot|notice)|"
    rf"can be found|"
    r"can be seen|is located|are located|is standing|lives)"
)


def read_contents(text: str, context: Context) -> Question | None:
    """What is left of me, on the table, in the bedroom?"""
    some = r"(?:objects|things|items|furniture|stuff|kinds of things)"
    found = context.read(
        text,
        rf"(?:what|which)(?: (?P<what>(?!room\b|one\b)[\w ]+?))? {_SEE}(?: there)?(?: all)? (?P<rel>(?:{REL})\b.*)",
        rf"(?:list|name|enumerate)(?: me)?(?: all| everything)?(?: of)?(?: the)?(?: (?P<what>[\w ]+?))? ?(?:that "
        rf"(?:are|is) |which are )?(?P<rel>(?:{REL})\b.*)",
        rf"(?:show|give)(?: me)? (?:all|everything)(?: of)?(?: the)?(?: (?P<what>[\w ]+?))? ?(?:that (?:are|is) |"
        rf"which are )?(?P<rel>(?:{REL})\b.*)",
        rf"(?:what|which)(?: {some})? (?:does|do|did) (?P<room>.+?) (?:have|contain|hold)(?: in it)?",
        r"what (?P<room>.+?) (?:contains|holds|has)(?: in it)?",
        r"(?:what|which) (?P<what>[\w ]+?) (?:does|do|has) (?P<room>.+?)(?: have| contain| hold)?",
        r"(?:describe|list|enumerate|name|(?:show|give)(?: me)? all)(?: all)?(?: of)? (?P<all>.+)",
        rf"(?:what|which) (?P<all>{some}|rooms|room|furniture) (?:{_SEE}|are there|is there|do we have|exist|"
        rf"do you know(?: of)?|have you seen)(?: here| there)?",
        r"(?P<all>what)(?: all)?(?: else)? (?:(?:do|can|did) you see|do you know|is here|is there|have you seen|"
        r"are there)(?: here| there)?",
    )  # fmt: skip
    if found is None:
        return None
    if found.get("all"):
        return _listed(found["all"])
    head, room = found.get("what") or ANYTHING, found.get("room")
    if room is not None:
        head = read_description(f"{head.text} in {room.text}", context.lexicon) or room
    return Contents(replace(head, relations=(*head.relations, *(found.get("rel") or ()))))


def _listed(what: Description) -> Question | None:
    if what.noun.kind == "unknown":
        return Contents(ANYTHING) if what.noun.text == "what" else None
    return Contents(replace(what, every=True))


def read_room_of(text: str, context: Context) -> Question | None:
    """Which room is it in?"""
    which = r"(?:in |inside |to )?(?:which|what)(?: of the)? (?:room|rooms)"
    robot = rf"(?:(?:am|are|is) )?{WHO}(?: am| are| is)?"
    if re.fullmatch(
        rf"{which} {robot}(?: currently| in| inside| located| standing)*|where (?:am i|are (?:you|we)|"
        rf"is (?:the )?robot|i am|you are|we are)",
        text,
    ):
        return RoomOf(ROBOT)
    found = context.read(
        text,
        rf"{which} (?:is|are|do|does|did|can|would|could|will) {WHO} (?:find|see|spot|look for|go to for|"
        rf"have) (?P<what>.+)",
        rf"{which} (?:is|are|do|does|can|would) (?P<what>.+?)(?: (?:in|inside|located|be|stand|belong to|belong|"
        rf"find|placed|standing|kept|to be found|be found|sit))*",
        rf"{which} (?:has|have|contains?|holds?|houses?|with|is the home of|is it that has) (?P<what>.+)",
        rf"{which} (?P<what>.+?) (?:is|are|stands)(?: in| located in)?",
        rf"(?P<what>.+?) ?, {which} (?:is|are|does) (?:it|they|that) ?(?:in|inside|stand in|stand)?",
        r"(?:what is )?(?:the )?room (?:of|with|containing|that has|that contains|for) (?P<what>.+)",
        r"(?:is |are )?(?P<what>.+?) (?:is|are|stands|belongs)? ?(?:in|inside|to) (?:which|what) room",
    )
    return RoomOf(found["what"]) if found else None


def read_where(text: str, context: Context) -> Question | None:
    """Where is it?"""
    if re.match(
        r"where (?:can|could|should|may|would|do|might|to) .*\b(?:put|place|go|add|set|fit|lay|install|hang)\b", text
    ):
        return None
    be = r"(?: (?:located|situated|stand|be|placed|positioned|standing|hiding|found|kept|at|is|are|go))*"
    found = context.read(
        text,
        rf"(?:where|whereabouts)(?: exactly)? (?:is|are|was|were|do|does|did|can|could|would|will|"
        rf"have|has|might|should)(?: {WHO})? "
        rf"(?:(?:find|see|seen|leave|put|look for|spot|got|have|notice) )?(?P<what>.+?){be}",
        r"(?:where|whereabouts)(?: to find| exactly)? (?P<what>.+?)(?: is| are| stands?| located)*",
        r"(?:what (?:is|are) )?(?:the )?(?:exact )?(?:location|position|place|coordinates|whereabouts|spot)(?: of|"
        r" for) (?P<what>.+)",
        r"(?:give|show|tell)(?: me)? (?:the )?(?:location|position|coordinates) of (?P<what>.+)",
        r"(?:(?:i am|we are) (?:looking|searching) for |i need |i want )?(?P<what>.+?)(?: ,)? where (?:is|are) (?:it|they)",
        r"(?P<what>.+?) (?:is|are) where",
    )  # fmt: skip
    return Where(found["what"]) if found else None


# ------------------------------------------------------------------------------------------ yes and no, grounding
def read_exists(text: str, context: Context) -> Question | None:
    """Is there one, are there so many?"""
    number = re.fullmatch(r"(?:is|are) there (?P<at>more than|at least) (?P<n>\d+|one|a) (?P<what>.+)", text)
    if number and (several := context.thing(number["what"])):
        least = int(number["n"]) if number["n"].isdigit() else 1
        return Exists(several, least + (number["at"] == "more than"))
    if re.match(r"(?:is|are) there (?:more|fewer|less)\b", text):
        return None
    if re.match(
        r"(?:is|would|do|does) (?:there|\w+)(?: be| have)? (?:enough |any |some |still |more )*(?:space|room|spot)\b",
        text,
    ):
        return None
    found = context.read(
        text,
        r"(?:is|are|was|were|would|could|will|might)(?: there)?(?: be)? (?:anything|something) (?P<rel>.+)",
        r"(?:is|are|was|were|would|could|will|might) there(?: be| exist)? ?(?P<what>.+?)(?: (?:here|there|"
        r"anywhere|around|available|present|visible))*",
        rf"(?:do|does|did|have|has|can|could) {WHO} (?:see|have|know of|know|find|seen|spot|spotted|found|own|got|"
        rf"detect|notice|come across)(?: of)? "
        r"(?P<what>.+?)(?: (?:here|anywhere|around|there))*",
        r"(?P<what>(?:any|some) .+?)(?: (?:here|there|around|anywhere))*",
        r"(?:does|do|has|have) (?P<room>.+?) (?:have|contain|hold|include|got|feature) (?P<what>.+?)(?: in it)?",
        r"(?:does|do) (?P<what>.+?) exist(?: here)?",
        r"there (?:is|are) (?P<what>.+)",
        r"(?:is|are) (?P<what>an? .+?|any .+?) (?:here|there|around|present|available|visible)",
        r"know of (?P<what>.+)",
        r"(?:see|seen|got|have|spot|notice)(?: you| we| i)? (?P<what>(?:any|an?|some) .+)",
    )
    if found is None:
        return None
    what, room = found.get("what") or ANYTHING, found.get("room")
    if room is not None:
        what = read_description(f"{what.text} in {room.text}", context.lexicon) or what
    return Exists(replace(what, relations=(*what.relations, *(found.get("rel") or ()))))


def read_holds(text: str, context: Context) -> Question | None:
    """Is A next to B?"""
    found = context.read(
        text,
        rf"(?:is|are|does|do|was|were) (?P<a>.+?) (?:(?:located|standing|stand|sitting|lie|lying|hang|hanging|"
        rf"placed|sit|found|positioned) )?"
        rf"(?P<rel>(?:{REL}|at)\b.*)",
    )
    if found is None or len(found["rel"]) != 1:
        return None
    return Holds(found["a"], found["rel"][0])


_SHOW = (
    r"(?:find|show|locate|point(?: to| at| out)?|highlight|select|identify|mark|ground|get|pick(?: out)?|give|"
    r"search for|"
    r"look for|detect|see|indicate|spot|display|fetch|outline|can you (?:see|find|detect)|where could|circle|"
    r"label|i mean|"
    r"which box matches|find this object and its box|i am looking for|return|choose|draw)"
)


def read_find(text: str, context: Context) -> Question | None:
    """Which one is meant?"""
    found = context.read(
        text,
        rf"{_SHOW}(?: me)?(?: out| to| at)?(?: the box(?:es)? (?:of|for))?(?: where)? (?P<what>.+?)(?: (?:is|are))?",
        r"(?:which|what) (?:is|are) (?P<what>(?:the|my|those|these) .+)",
        r"(?:which|what)(?: one)? (?P<what>(?!is |are |was |of ).+)",
    )
    what = found["what"] if found else None
    return None if what is None or what.noun.kind in ("robot", "home") else meant(what)


def read_bare(text: str, context: Context) -> Question | None:
    """The bare description of a thing: `the chair next to the bed`."""
    what = None if re.match(rf"{BE}\b", text) else context.thing(text)
    return None if what is None or what.noun.kind in ("robot", "home", "unknown") else meant(what)


def meant(what: Description) -> Question:
    """A description is looked up; `the things on the desk` are listed, the one of them nearest to something is found."""
    if what.noun.kind != "anything":
        return Find(what)
    last = what.relations[-1] if what.relations else None
    if last and last.name in ("nearest_to", "farthest_from") and len(what.relations) == 1:
        return Nearest((ANYTHING,), last.anchors[0], last.name == "farthest_from")
    return Contents(replace(what, definite=True))


def read_which(text: str, context: Context) -> Question | None:
    """Which chair is nearest to the window? Which table is the largest?"""
    found = context.read(
        text,
        r"(?:which|what)(?: one)? (?P<what>(?!is |are |object|thing|item|rooms? ).+? (?:is|stands|are|hangs|"
        r"lies) (?!the (?:larg|small|tall|long|wid|high|low)).+)",
    )
    if found:
        return meant(found["what"])
    extreme = re.fullmatch(
        r"(?:which|what) (.+?) (?:is|are) the (largest|smallest|tallest|longest|widest|highest|lowest|shortest|"
        r"nearest|farthest)(?: one)?(.*)",
        text,
    )
    what = context.thing(f"the {extreme[2]} {extreme[1]}{extreme[3]}") if extreme else None
    return meant(what) if what else None
