"""Sentences about things themselves: how many, how large, where, which."""

from __future__ import annotations

import re
from dataclasses import replace

from spatial_perception.reasoning.descriptions import read_relations
from spatial_perception.reasoning.questions import (
    Compare,
    Contents,
    Count,
    Description,
    Exists,
    Find,
    Holds,
    Question,
    RoomOf,
    RoomSize,
    Size,
    Where,
)
from spatial_perception.reasoning.rule_context import BE, METRES, REL, ROBOT, Context, first


# ------------------------------------------------------------------------------------------ counting, sizes
def read_count(text: str, context: Context) -> Question | None:
    """How many?"""
    match = first(
        text,
        r"(?:how many|the number of|number of|what is the number of|what is the total number of|"
        r"count(?: all)?(?: of)?(?: the)?|"
        r"what number of|total number of|total|give the number of) (?P<what>.+?)",
    )
    if match is None or re.match(rf"how many {METRES}", text):
        return None
    what = re.sub(r"\bs\b", "", match["what"])
    what = re.sub(
        r"\b(?:are there|there are|is there|there is|do we have|do you (?:see|have|know of|count)|can you see|"
        r"did you see|have you seen|"
        r"can i see|exist|exists|do i have|in total|altogether|total|are|is|there|visible|present|have you found|"
        r"were seen|in all)\b",
        " ",
        what,
    )
    what = re.sub(r"^(.+?) (?:does|do|has|have) (.+?)(?: have| contain| hold)?$", r"\1 in \2", " ".join(what.split()))
    found = context.thing(what)
    return Count(found) if found else None


_DIMENSIONS = {
    "tall": "height", "high": "height", "height": "height", "wide": "width", "width": "width", "long": "length",
    "length": "length", "deep": "depth", "depth": "depth", "large": "all", "size": "all", "dimension": "all",
    "dimensions": "all", "volume": "volume", "footprint": "footprint", "area": "footprint", "thick": "depth",
    "longest dimension": "longest", "longest side": "longest", "floor area": "footprint", "measurements": "all",
    "length of the longest dimension": "longest", "longest extent": "longest", "largest dimension": "longest",
    "longest edge": "longest", "maximum dimension": "longest", "base area": "footprint", "spacious": "footprint",
    "square footage": "footprint", "surface area": "footprint", "surface": "footprint", "proportions": "all",
    "longest": "longest", "greatest dimension": "longest", "largest extent": "longest", "square meters": "footprint",
}  # fmt: skip
_WORDS = "|".join(sorted(_DIMENSIONS, key=len, reverse=True))


def read_size(text: str, context: Context) -> Question | None:
    """How large is a thing, or a room?"""
    text = re.sub(r",? ?length ?, width ?,?(?: or| and) height ?,?", " ", text)
    text = " ".join(re.sub(r"\b(?:measured|approximate|total|overall|exact)\b", " ", text).split())
    match = first(
        text,
        rf"how (?P<dim>{_WORDS}) (?:{BE}|would be|would you say) (?P<what>.+?)",
        rf"how (?P<dim>{_WORDS}) (?P<what>.+?) (?:is|are)",
        rf"(?:what (?:is|are) |what would be |measure |state |find |show )?(?:the )?(?P<dim>{_WORDS})(?: of|"
        rf" for) (?P<what>.+?)",
        rf"what (?P<dim>size|length|height|width|area|dimensions) (?:{BE}|has|have) (?P<what>.+?)(?: have)?",
        rf"(?:what is )?(?P<what>(?:the |a |my )?\S+(?: \S+){{0,3}}?) (?P<dim>{_WORDS})",
        rf"how many {METRES}(?: of (?:floor|space))? (?:is|are|has|does|do|"
        rf"measures)(?: the)? (?P<what>.+?)(?: (?:measure|have|cover|span))?(?: (?P<dim>tall|high|wide|long|deep))?",
        r"how much (?:floor )?(?:space|area|room) (?:does|do|has|is in|is there in) (?P<what>.+?)(?: (?:have|"
        r"take up|take|need|cover|occupy))?",
        r"measure (?P<what>.+)",
    )
    what = context.thing(match["what"]) if match else None
    if not match or not what:
        return None
    name = match.groupdict().get("dim")
    if what.noun.kind in ("room", "home"):
        return (
            _room_size(what, context) if name not in ("tall", "high", "height") else Size(what, "height", context.unit)
        )
    default = "footprint" if "space" in text or "area" in text else "longest" if "how many" in text else "all"
    return Size(what, _DIMENSIONS[name] if name else default, context.unit)


def _room_size(what: Description, context: Context) -> RoomSize:
    whole = what.noun.kind == "home" or "combined" in context.flags or what.every
    return RoomSize(None if whole else what, context.unit)


def read_compare(text: str, context: Context) -> Question | None:
    """Which is larger, A or B?"""
    words = {"larger": ("volume", 0), "smaller": ("volume", 1), "taller": ("height", 0), "higher": ("height", 0),
             "longer": ("longest", 0), "shorter": ("height", 1), "wider": ("width", 0), "lower": ("height", 1),
             "largest": ("volume", 0), "smallest": ("volume", 1), "tallest": ("height", 0), "widest": ("width", 0),
             "longest": ("longest", 0), "highest": ("height", 0), "lowest": ("height", 1), "deeper": ("depth", 0)}  # fmt: skip
    adjective = "|".join(words)
    match = first(
        text,
        rf"(?:what|which)(?: one| object| thing)?(?: of these)? is (?:the )?(?P<adj>{adjective})[ ,:]+(?P<list>.+? "
        rf"or .+|.+,.+)",
        rf"is (?P<list>.+?) (?P<adj>{adjective}) (?P<than>than) (?P<second>.+)",
        rf"is (?P<list>.+? or .+?) (?P<adj>{adjective})",
    )
    if match is None:
        return None
    second = match.groupdict().get("second")
    items = context.things(f"{match['list']} , {second}" if second else match["list"])
    dimension, least = words[match["adj"]]
    return Compare(items, dimension, bool(least), bool(second)) if items and len(items) > 1 else None


# ------------------------------------------------------------------------------------------ places
def read_robot_view(text: str, context: Context) -> Question | None:
    """What is left of me, on the table, in the bedroom?"""
    match = first(
        text,
        rf"(?:what|which)(?: kinds? of)?(?: all)?(?: (?P<noun>[\w ]+?))? (?:is|are|do you see|can you see|do i see|"
        rf"do you find|stands|stand|lies|hangs|can be found|can i find|sits|do you have|"
        rf"did you see)(?: there)?(?: all)? (?P<rel>(?:{REL})\b.*)",
        rf"(?:list|name|show|enumerate|describe)(?: me)?(?: all)?(?: of)?(?: the)? ?(?P<noun>[\w ]*?) ?(?:that are "
        rf"|which are |that is )?(?P<rel>(?:{REL}|of)\b.*)",
        r"(?:describe|list|name|show|enumerate|show me)(?: all)? (?P<all>.+)",
        r"(?:what|which)(?: (?P<noun>objects|things|items|furniture|rooms|room))? (?:do you see|can you see|"
        r"do you know|are there|is there|do you know of|have you seen|did you see|exist|do we have|is here|"
        r"are here)",
        r"(?:what|which) (?P<noun>[\w ]+?) (?:does|do|has) (?P<room>.+?)(?: have| contain| hold)?",
        r"what (?:does|do) (?P<room>.+?) (?:have|contain|hold)(?: in it)?",
    )
    if match is None:
        return None
    groups = match.groupdict()
    if groups.get("all"):
        listed = context.thing(groups["all"])
        return Contents(replace(listed, every=True)) if listed and ("show" not in text or listed.noun.plural) else None
    noun = groups.get("noun") or "object"
    rest = groups.get("rel") or ""
    room = groups.get("room")
    if room:
        rest = f"in {room}"
    found = context.thing(f"{noun} {rest}")
    if found is None and room:
        found = context.thing(room)
    return Contents(found) if found else None


def read_room_of(text: str, context: Context) -> Question | None:
    """Which room is it in?"""
    match = first(
        text,
        r"(?:in |inside )?(?:which|what) room (?:is|are|am|do|does|can|would) (?P<what>.+?)(?: (?:in|inside|"
        r"located|located in|be in|stand|stand in|belong to|find|placed|placed in|standing|standing in|be))*",
        r"(?:which|what) room (?:has|contains|holds|houses|is the home of) (?P<what>.+)",
        r"(?:which|what) room (?P<what>.+?) (?:is|are) in",
        r"(?:the )?room (?:of|with|containing) (?P<what>.+)",
        r"where (?P<what>am i|are you|is the robot|are we|i am|you are)",
        r"(?P<what>.+?) (?:is|are) (?:in|inside) (?:which|what) room",
        r"(?:in |inside )?(?:which|what) room (?:can i find|do i find|could i find|would i find|did you see|"
        r"do you see) (?P<what>.+)",
    )
    if match is None:
        return None
    robot = re.fullmatch(r"(?:am |are |is )?(?:i|you|we|the robot|robot|me)(?: am| are)?", match["what"])
    what = ROBOT if robot else context.thing(match["what"])
    return RoomOf(what) if what else None


def read_where(text: str, context: Context) -> Question | None:
    """Where is it?"""
    match = first(
        text,
        r"(?:where|whereabouts) (?:is|are|can i find|do i find|could i find|did i (?:leave|put)|does|did you see|"
        r"have you seen|do you see|would i find|exactly is|stands|to find|"
        r"can you see) (?P<what>.+?)(?: (?:located|situated|stand|be|placed|positioned|standing|hiding))?",
        r"where (?P<what>.+?) (?:is|are)(?: located)?",
        r"(?:what is )?(?:the )?(?:location|position|place|coordinates|whereabouts)(?: of| for) (?P<what>.+)",
        r"what are (?:the )?(?:coordinates|position) of (?P<what>.+)",
        r"where (?P<what>.+)",
    )
    what = context.thing(match["what"]) if match else None
    return Where(what) if what else None


# ------------------------------------------------------------------------------------------ yes and no, grounding
def read_exists(text: str, context: Context) -> Question | None:
    """Is there one?"""
    match = first(
        text,
        r"(?:is|are|was|were) there(?: anything| something)? ?(?P<what>.+?)(?: (?:here|there|anywhere|around))?",
        r"(?:do|does|did|have|has|can) (?:you|i|we|the robot|robot) (?:see|have|know of|know|find|seen|spot|"
        r"spotted|found|own|got|detect|notice)(?: of)? (?P<what>.+?)(?: (?:here|anywhere|around|there))?",
        r"(?P<what>(?:any|some) .+?)(?: (?:here|there|around|anywhere))?",
        r"(?:does|do) (?P<room>.+?) (?:have|contain|hold|include) (?P<what>.+?)(?: in it)?",
        r"(?:does|do) (?P<what>.+?) exist(?: here)?",
        r"there is (?P<what>.+)",
    )
    if match is None:
        return None
    room = match.groupdict().get("room")
    what = context.thing(f"{match['what']} in {room}" if room else match["what"])
    return Exists(what) if what else None


def read_holds(text: str, context: Context) -> Question | None:
    """Is A next to B?"""
    match = first(
        text,
        rf"(?:is|are|does|do|was) (?P<a>.+?) (?:located |standing |stand |sitting |lie |hang |"
        rf"placed )?(?P<rel>(?:{REL})\b.*)",
    )
    subject = context.thing(match["a"]) if match else None
    relations = read_relations(match["rel"], context.lexicon) if match and subject else None
    return Holds(subject, relations[0]) if subject and relations and len(relations) == 1 else None


def read_find(text: str, context: Context) -> Question | None:
    """Which one is meant? Also the bare description."""
    match = first(
        text,
        r"(?:find|show|locate|point(?: me)?(?: to| at| out)?|highlight|select|identify|mark|ground|get|"
        r"pick(?: out)?|give|search for|look for|detect|see|which box matches|find this object and its box|"
        r"indicate|spot|i mean|i am looking for|display)(?: me)?(?: the box(?:es)? of)?(?: where)? "
        r"(?P<what>.+?)(?: (?:is|are))?",
        r"(?:which|what)(?: one)? (?P<what>.+?)",
        r"(?:which|what) (?:is|are) (?P<what>.+)",
        r"(?P<what>(?:the|a|an|all|my|every) .+)",
        r"(?P<what>.+)",
    )
    while match is not None:
        what = context.thing(match["what"])
        return Find(what) if (what and what.noun.kind != "unknown") or (what and match.start("what") > 0) else None
    return None


def read_which(text: str, context: Context) -> Question | None:
    """Which chair is nearest to the window?"""
    match = first(text, r"(?:which|what)(?: one)? (?P<what>(?!is |are |of |object|thing|item).+? (?:is|stands|are|hangs) .+)",
                   r"(?:which|what) (?:is|are) (?P<what>(?:the )?(?:largest|smallest|tallest|nearest|farthest|"
                   r"longest|widest|highest|lowest|shortest)\b.+)")  # fmt: skip
    if match is None:
        return None
    what = context.thing(re.sub(r"\b(?:is|are|stands|hangs)(?: the)?\b", " ", match["what"]))
    if what is None:
        trailing = re.fullmatch(
            r"(.+?) (?:is|are) the (largest|smallest|tallest|longest|widest|highest|lowest)(?: one)?", match["what"]
        )
        what = context.thing(f"the {trailing[2]} {trailing[1]}") if trailing else None
    return Find(what) if what else None


def read_bare_adjective(text: str, context: Context) -> Question | None:
    """Last resort for `nearest chair`: nothing but a description."""
    what = context.thing(text)
    return Find(what) if what and what.noun.kind not in ("unknown", "robot", "home") else None
