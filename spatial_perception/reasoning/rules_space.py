"""Sentences about the space between things: directions, order of appearance, distances, routes."""

from __future__ import annotations

import re
from typing import cast

from spatial_perception.reasoning.questions import (
    Description,
    Direction,
    Distance,
    DistanceKind,
    Nearest,
    Order,
    Question,
    Route,
    TurnRoute,
)
from spatial_perception.reasoning.rule_context import ANYTHING, BE, METRES, ROBOT, WHO, Context
from spatial_perception.reasoning.wording import canonical

# ------------------------------------------------------------------------------------------ directions
_STAND = (
    r"(?:(?:standing|stand|positioned|located|be|am|sitting|sit|was|were|is|placed|seen|viewed|looking|starting|start|"
    r"entering|coming in|enter|waiting|stood|are) ?)*"
)
_FACE = (
    r"(?:facing|face|faced|looking|look|looks|turned|turn|oriented|pointed|heading|watching|gazing|view)"
    r"(?: (?:at|to|toward|towards|into|in the direction of|on))?"
)
_FROM = r"(?:by|at|next_to|near|from|on|in_front_of|to|through)"
_ASK = (
    r"(?:,|then|,? ?(?:is|are|where is|where are|where would|where does|where do|where can|where will|on which side is|"
    r"which side is|in which direction is|in what direction is|which direction is|which way is|what direction is|"
    r"what side is|would|will|does|do i find|on what side is|tell me where|how is)) "
)
_SIDE = (
    r"(?: ,? ?(?:to|on|in|at|lies|is)?(?: ?(?:my|the|its|which|what))? ?(?:left|right|back|front|behind|left_of|"
    r"right_of|"
    r"in_front_of|side(?! table)|direction|located|be|lie|way)\b.*)?"
)
_LEAD = r"(?:(?:if|when|while|suppose|imagine|assume|assuming|say|with|as|me|let|position|yourself|myself|stand|put) )*"
_WHERE = (
    r"(?:(?:where|in which direction|on which side|which side|which direction|which way|in what direction|what side) )?"
)


def read_direction(text: str, context: Context) -> Question | None:
    """Standing by A and facing B, where is C? In either order."""
    if not re.search(rf"\b{_FACE}\b", text):
        return None
    someone = rf"{_LEAD}{WHO}? ?"
    where = rf"{someone}(?:am|are|is|were|was)? ?{_STAND}{_FROM} (?P<a>.+?)"
    link = rf"(?: ?,? ?(?:\b(?:and|while|when)\b|,)? ?(?:\b{WHO}\b)? ?(?:\b(?:am|are|is)\b)? ?)\b{_FACE} (?P<b>.+?)"
    other = rf"{someone}(?:am |are |is )?{_FACE} (?P<b>.+?) (?:while |when )?{_STAND}{_FROM} (?P<a>.+?)"
    asked = rf"(?: ?,? ?{_ASK}){WHO}? ?(?P<c>.+?)"
    front = rf"{_WHERE}(?:is|are|would|will|on)? ?(?P<c>.+?){_SIDE} ?,? ?(?:seen|as seen|viewed|relative to)?(?: me)?"
    found = context.read(
        text, where + link + asked + _SIDE, other + asked + _SIDE, rf"{front} ?\b{where}{link}", rf"{front} ?\b{other}"
    )
    return Direction(found["a"], found["b"], found["c"], direction_detail(context)) if found else None


def direction_detail(context: Context) -> str:
    """How finely a direction is wanted: from asides, options, or the words of the question."""
    words = " ".join([*context.options, context.wording]).lower().replace("-", " ")
    if "hard" in context.flags or re.search(r"\b(front|back) (left|right)\b", words):
        return "hard"
    left_right = "left" in words and "right" in words
    if "medium" in context.flags or (left_right and re.search(r"\b(back|behind)\b", words)):
        return "medium"
    return "easy" if left_right else "free"


# ------------------------------------------------------------------------------------------ order of appearance
_SEEN = (
    r"(?:appear(?:s|ed|ing)?|seen|see|saw|noticed?|encounter(?:ed)?|observed?|show(?:s|n|ed)? up|come(?:s)?|came|"
    r"discover(?:ed)?|spot(?:ted)?|found|find|met|meet|detect(?:ed)?|visible)"
)


def read_order(text: str, context: Context) -> Question | None:
    """In what order were things first seen?"""
    if not re.search(rf"\b{_SEEN}\b|\border\b|appearance|sequence", text):
        return None
    plain = re.sub(r"\b(?:in|inside) the (?:video|recording|scan|tour)\b|\bfirst[- ]time\b", " ", text)
    plain = " ".join(plain.split())
    which = r"(?:what|which)(?: one| object| thing| of)?(?: of these| these| them)?"
    found = context.read(
        plain,
        r".*\b(?:order|sequence|appearance) of the following(?: categories| objects| things| items)?[ ,:]+(?P<list>.+)",
        rf"(?:in |what is |give |tell )*(?:what |which |the )*(?:order|sequence) (?:in which |that )?(?:{BE}|did|"
        rf"have|has)? ?"
        rf"{WHO}? ?(?:first )?(?:{_SEEN} )?(?P<list>.+?)(?: (?:be |are |were |was )?(?:first )?{_SEEN}(?: first|"
        rf" in)?| in)?",
        r"(?:what is |give |tell |list )*(?:the )?(?:order|sequence) of (?:first )?(?:appearance|appearing|"
        r"seeing)s?(?: of| for)?"
        r"[ ,:]+(?P<list>.+)",
        r"(?:what is )?(?:the )?(?:first )?(?:appearance )?(?:order|sequence)(?: of)?[ ,:]+(?P<list>.+)",
        r"(?:sort|order|rank|arrange|list|put|name) (?:these|the following|them)(?: \w+)? (?:by|in|according to)"
        r"(?: the| their)? .*?"
        r"(?:appearance|order|time|seen|appeared)[ ,:]+(?P<list>.+)",
        rf"{which} (?:{BE}|did|have) {WHO} (?:first )?{_SEEN}(?: first| earliest| before)?[ ,:]+(?P<list>.+)",
        rf"{which} (?:{BE} |has been )?(?:first )?{_SEEN}(?: first| earliest)?[ ,:]+(?P<list>.+)",
        r"(?:sort|order|rank|arrange|list|put|name) (?P<list>.+?) (?:by|in|according to|as) (?:the |"
        r"their )?(?:order|time|when|"
        r"first|sequence|appearance|they).*",
        rf"(?:did|have|do) {WHO} (?:first )?{_SEEN} (?P<list>.+? (?:before|or) .+?)(?: (?:come )?first)?",
        rf"(?:was|were|is|are|did) (?P<list>.+? (?:{_SEEN} )?before .+?)(?: {_SEEN})?",
        rf"(?:was|were|is|are|did) (?P<list>.+? or .+?) (?:{_SEEN} )?first(?: {_SEEN})?",
    ) or _before(plain, context)
    items = found["list"] if found else ()
    return Order(items) if len(items) > 1 else None


def _before(text: str, context: Context) -> dict[str, tuple[Description, ...]] | None:
    """`did you see the sofa before the bed`, `was the tv seen before the bed`."""
    if " before " not in text:
        return None
    first, second = text.split(" before ", 1)
    first = re.sub(
        rf"^(?:did|do|have|was|were|is|are) (?:{WHO} )?(?:(?:first )?{_SEEN} )?| (?:first )?{_SEEN}$", "", first
    )
    first = re.sub(rf" (?:first )?{_SEEN}$", "", first)
    items = context.things(f"{first} , {second}")
    return {"list": items} if items else None


# ------------------------------------------------------------------------------------------ nearest
_FAR = r"(?P<far>nearest_to|farthest_from)"
_IS = r"(?: (?:that )?(?:is|are|stands|lies|comes|sits|was|stand))?(?: the)?(?: one)?"


def read_nearest(text: str, context: Context) -> Question | None:
    """Which of these is nearest to that?"""
    if "nearest" not in text and "farthest" not in text:
        return None
    text = text.replace(" , which 1 ", " , which ")
    which = r"(?:which|what)(?: one| object| thing| item)?(?: of them| of these| of the two| of the three)?"
    found = context.read(
        text,
        rf"(?:which|what)(?: one)?(?: of| among| from| out of) (?:these|those|the following|them)(?: objects|"
        rf" things| items)?"
        rf"[ ,]*(?P<list>.+?)[ ,]*{_IS} {_FAR} (?P<anchor>.+)",
        rf"{which}{_IS} {_FAR} (?P<anchor>[^,]+?) ?, (?P<list>.+)",
        rf"(?:is|are)(?: it)? (?P<list>.+? or .+?){_IS} {_FAR} (?P<anchor>.+)",
        rf"(?:(?:among|of|out of|between|from|considering) )?(?P<list>.+?(?: and | or |"
        rf",).+?)[ ,]+{which}{_IS} {_FAR} (?P<anchor>.+)",
        rf"{_FAR} (?P<anchor>[^,]+?) ?, (?P<list>.+)",
        rf"(?:which|what)(?: of)? (?P<list>.+?,.+?){_IS} {_FAR} (?P<anchor>.+)",
    )
    if found and len(found["list"]) > 1:
        return Nearest(found["list"], found["anchor"], found["far"] == "farthest_from")
    thing = r"(?:object|thing|item|piece of furniture|furniture|one)"
    found = context.read(
        text,
        rf"(?:which|what)(?: {thing})?{_IS} {_FAR} (?P<anchor>.+)",
        rf"(?:(?:what|which|name|find|show|tell)(?: me)?(?: is)? )?the {thing} (?:that is )?{_FAR} (?P<anchor>.+)",
        rf"(?:(?:what|which|name|find|show|tell)(?: me)?(?: is)? )?the (?P<far>nearest|farthest) {thing} (?:to|"
        rf"from) (?P<anchor>.+)",
    )
    return Nearest((ANYTHING,), found["anchor"], found["far"].startswith("farthest")) if found else None


# ------------------------------------------------------------------------------------------ distance
_KINDS = (
    ("gap", r"\b(?:free |clear )?(?:gap|clearance|free space|free room|empty space|edge to edge|surface to surface|"
            r"surface distance|shortest distance|minimum distance|minimal distance|smallest distance|"
            r"distance of the edges|closest distance|nearest distance)\b"),
    ("horizontal", r"\b(?:horizontally|horizontal|(?:inside|on|in) the floor plan|on the floor|along the floor|along the ground|"
                   r"on the ground|in plan|on plan|as seen from above|in the plane)\b"),
    ("center", r",? ?\b(?:center_to_center|from center|between (?:the |their )?(?:centers|centres))\b"),
)  # fmt: skip


def read_distance(text: str, context: Context) -> Question | None:
    """How far is A from B?"""
    text, kind = measured(text, "gap" if "gap" in context.flags else "center")
    if not re.search(
        rf"\b(?:far|close|near|distance|distant|space|room|separates?|away|apart|between|how many {METRES})", text
    ):
        return None
    far = (
        rf"(?:how far(?: away| apart)?|how close|how near|how distant|how many {METRES}(?: away| apart)?|what distance)"
    )
    found = context.read(
        text,
        rf"{far}(?: {BE}| lies| stands)?(?: it| there)?(?: away| apart| distance)? (?:from|"
        rf"between) (?P<a>.+?) (?:to|and|until|till) (?P<b>.+)",
        rf"{far}(?: {BE})? (?P<a>.+?) (?:is |are |am |stand |stands )?(?:apart |away |distant |located )?(?:from|"
        rf"to|and) (?P<b>.+?)",
        rf"(?:how many {METRES}|what) (?:is |are )?(?:there |lie |lies )?(?:separates?|apart) (?P<a>.+?) (?:and|from) (?P<b>.+)",
        r"(?:what is |what |measure |give |show |find |me |how (?:much|large|big|long|wide) is )*(?:the |"
        r"a )?(?:\w+ )?distance(?: is)?"
        r"(?: there)?(?: from| between| of| separating)? (?P<a>.+?) (?:to|and|from) (?P<b>.+)",
        r"(?:how much )?(?:\w+ )?(?:space|room|distance)(?: is| do i have)?(?: there)?(?: left)?(?: between)? "
        r"(?P<a>.+?) and (?P<b>.+)",
        r"(?:distance|measure)(?: between| from)?[ ,]*(?P<a>.+?) (?:to|and|,) (?P<b>.+)",
        r"(?:what is )?(?:the )?(?P<a>.+?) (?:to|and) (?P<b>.+?) distance",
        r"how (?:far|close|near|distant) (?:is |are |do )?(?P<a>.+?) (?:and|to|from) (?P<b>.+?)",
        rf"how (?:far|close|near)(?: away)?(?: {BE})?(?: it)? ?(?:to |is |from )?(?P<b>.+?)(?: from here| is| are)?",
        r"(?:what is |measure )?(?:the |my |your )?distance (?:to|of|from) (?P<b>.+)",
        r"is it (?:far|a long way) (?:from )?(?P<a>.+?) to (?P<b>.+)",
    )
    if not found or (" apart" not in text and re.match(r"how (?:near|close) (?!is|are|am)", text)):
        return None
    kind = "gap" if kind == "center" and re.match(r"how much|what (?:is )?(?:the )?space", text) else kind
    kinds = cast(DistanceKind, kind)
    return Distance(found.get("a") or ROBOT, found["b"], kinds, context.unit, "closest" in context.flags)


def measured(text: str, kind: str) -> tuple[str, str]:
    """The sentence without the words that say how to measure, and the kind of distance that they mean."""
    for name, pattern in _KINDS:
        shorter = re.sub(pattern, " distance " if name == "gap" else " ", text)
        if shorter != text:
            text, kind = shorter, name
    text = re.sub(r"\b(?:distance )+", "distance ", " ".join(text.split()).strip(" ,"))
    text = text.replace("is it far_from", "is it far from")
    if text.startswith("how"):
        text = text.replace("far_from", "far from").replace("how near ", "how close ").replace("nearest_to", "close to")
    return text, kind


# ------------------------------------------------------------------------------------------ routes
_GO = (
    r"(?:get|go|walk|move|drive|come|travel|navigate|head|reach|find the way|find my way|pass|make it|cross|"
    r"getting|going|walking|arrive at)"
)
_HOW = (
    rf"(?:how|which way|what way|where)(?: is| do| can| could| should| would| to| must| does| may|"
    rf" will)?(?: it)?(?: {WHO})?(?: best| quickly)?"
)
_WAY = r"(?:\w+ )?(?:way|route|path|directions|walk|trip|road)"
_INTO = r"(?:to |inside |at |toward |towards |into )?"


def read_route(text: str, context: Context) -> Question | None:
    """How do I get there?"""
    ask = (
        r"(?:what is |what would be |show |find |plan |give |describe |compute |i need |is there |me |which is |"
        r"explain )*(?:the |a )?"
    )
    found = context.read(
        text,
        rf"{_HOW} ?{_GO}(?: there)? from (?P<a>.+?) (?:to|inside|toward|towards|until) (?P<b>.+)",
        rf"{_HOW} ?{_GO} {_INTO}(?P<b>.+?) (?:from|starting at|starting from|coming from|(?:if|when) {WHO} (?:am|"
        rf"are) (?:at|in|inside|by)|"
        rf"(?:if|when) {WHO} starts? (?:at|from|in)) (?P<a>.+)",
        rf"(?:if|when|suppose|assuming|say)? ?{WHO} (?:am|are|stand|start|is) (?:standing )?(?:at|by|in|inside|"
        rf"near|next_to|from) (?P<a>.+?) ?,? ?(?:and )?(?:{_HOW} ?|want to ){_GO} {_INTO}(?P<b>.+)",
        rf"{_HOW} ?{_GO} {_INTO}(?P<b>.+)",
        r"(?:which|what) way (?:is it |is |leads )?(?:to|inside|toward) (?P<b>.+?)(?: from (?P<a>.+))?",
        rf"{ask}{_WAY}(?: to {_GO})? (?:from|between) (?P<a>.+?) (?:to|inside|toward|and) (?P<b>.+)",
        rf"{ask}{_WAY}(?: to {_GO})? (?:to|inside) (?P<b>.+?)(?: from (?P<a>.+))?",
        rf"(?:which|what|how many|through which|through what)(?: rooms| doors)?(?: and (?:doors|rooms))? (?:do|"
        rf"must|should|would|will|are|is|lie|have)"
        rf"(?: {WHO})?(?: have to| need to| to)? ?(?:passed|pass|cross|go|walk|traverse|use|take|on the way|visit|"
        rf"crossed)?(?: through)?"
        rf"(?: on the way| to get| when going| going| to go| to walk| on my way)? from (?P<a>.+?) to (?P<b>.+)",
        rf"(?:take|guide|lead|bring|navigate|walk|direct|drive|go|route|move|travel|get|"
        rf"send)(?: {WHO})? from (?P<a>.+?) to (?P<b>.+)",
        rf"(?:take|guide|lead|navigate|walk|direct|drive|go|head|bring|get|send)(?: {WHO})?(?: the way| way)? (?:to|inside|"
        rf"towards) (?P<b>.+)",
        r"from (?P<a>.+?) to (?P<b>.+?)(?: ,? ?(?:how(?! far| many| long)|which way|what is the way|which route|"
        r"what is the route).*)",
        rf"(?:can|could|is it possible to)(?: {WHO})? {_GO} from (?P<a>.+?) to (?P<b>.+)",
        rf"(?:can|could) {WHO} (?:reach|get to|go to) (?P<b>.+?)(?: from (?P<a>.+))?",
    )  # fmt: skip
    if found is None:
        return None
    start = found.get("a")
    return Route(None if start is not None and start.noun.kind == "robot" else start, found["b"])


def read_fill_route(text: str, context: Context) -> Question | None:
    """A numbered route in which turns are to be filled in."""
    head = re.search(
        r"begin\w*(?: at)? (?:by |next to |near )?(?P<a>.+?)(?:,| and)? facing (?:to |towards? )?(?P<b>.+?)\.",
        text,
        re.IGNORECASE,
    )
    if head is None:
        return None
    steps: list[Description | None] = []
    for line in re.split(r"\s\d\.\s*", " " + text[head.end() :])[1:]:
        forward = re.match(r"go forward until (?:you (?:reach|are at|see|get to) )?(?P<x>[^.]+)", line, re.IGNORECASE)
        if forward:
            steps.append(_piece(forward["x"], context))
            if steps[-1] is None:
                return None
        elif "fill in" in line.lower():
            steps.append(None)
    start, facing = _piece(head["a"], context), _piece(head["b"], context)
    return TurnRoute(start, facing, tuple(steps)) if start and facing and None in steps else None


def _piece(text: str, context: Context) -> Description | None:
    return context.thing(canonical(text, lambda word, noun: context.lexicon.corrected(word, noun=noun)))
