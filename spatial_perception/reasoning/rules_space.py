"""Sentences about the space between things: directions, order of appearance, distances, routes."""

from __future__ import annotations

import re

from spatial_perception.reasoning.questions import (
    Description,
    Direction,
    Distance,
    Nearest,
    Noun,
    Order,
    Question,
    Route,
    TurnRoute,
)
from spatial_perception.reasoning.rule_context import BE, METRES, ROBOT, Context, first
from spatial_perception.reasoning.wording import canonical

# ------------------------------------------------------------------------------------------ directions and order
_STAND = (
    r"(?:(?:standing|stand|positioned|located|be|am|sitting|sit|was|were|is|placed|seen|viewed|looking|starting|"
    r"start)? ?)"
)
_FACE = (
    r"(?:facing|face|faced|looking|look|looks|turned|turn|oriented|pointed|heading|watching|gazing|view)"
    r"(?: (?:at|to|toward|towards|into|in the direction of|on))?"
)
_FROM = r"(?:by|at|next_to|near|from|on|beside|in_front_of|to)"
_ASK = (
    r"(?:,|then|,? ?(?:is|are|where is|where are|where would|where does|where do i find|on which side is|which side is|"
    r"in which direction is|in what direction is|which direction is|which way is|what direction is|what side is|"
    r"would|will|does|do i find|on what side is|tell me where|how is)) "
)


def read_direction(text: str, context: Context) -> Question | None:
    """Standing by A and facing B, where is C? In either order."""
    if not re.search(rf"\b{_FACE}\b", text) and "relative to" not in text:
        return None
    who = (
        r"(?:(?:if|when|while|suppose|imagine|assume|assuming|say|with|as) )*(?:i|you|we|one|the robot|robot|me|"
        r"someone)? ?"
    )
    where = rf"{who}(?:am|are|is|were|was)? ?{_STAND}{_FROM} (?P<a>.+?)"
    link = rf"(?: ?,? ?(?:and|while|when|,)? ?(?:i|you|we)? ?(?:am|are|is)? ?){_FACE} (?P<b>.+?)"
    other = rf"{who}(?:am |are |is )?{_FACE} (?P<b>.+?) (?:while |when )?{_STAND}{_FROM} (?P<a>.+?)"
    asked = rf"(?: ?,? ?{_ASK})(?P<c>.+?)"
    ending = (
        r"(?: (?:to|on|in|at)?(?: ?(?:my|the|its|which))? ?(?:left|right|back|front|behind|left_of|right_of|"
        r"in_front_of|side|direction|located|be|lie)\b.*)?"
    )
    front = (
        rf"(?:(?:where|in which direction|on which side|which side|which direction|which way|"
        rf"in what direction) )?(?:is|are|would|on)? ?(?P<c>.+?){ending} ?,? (?:if|when|while|seen|as seen|viewed|"
        rf"assuming|relative to)?(?: me)?"
    )
    shapes = (where + link + asked + ending, other + asked + ending, rf"{front} ?{where}{link}", rf"{front} {other}")
    for shape in shapes:
        match = re.fullmatch(shape, text)
        parts = [context.thing(_trimmed(match[name])) for name in "abc"] if match else []
        if parts and all(parts):
            a, b, c = (part for part in parts if part)
            return Direction(a, b, c, _detail(context))
    return None


def _trimmed(text: str) -> str:
    """A description without the beginnings and ends that belong to the question around it."""
    text = re.sub(r"^(?:is|are|the direction of|find|i find|be)\s+", "", text.strip(" ,"))
    return re.sub(r"[ ,]+(?:be|located|lie|then|and|standing|found|is|are|on|to|at|in)$", "", text)


def _detail(context: Context) -> str:
    """How finely a direction is wanted: from asides, options, or the words of the question."""
    words = " ".join([*context.options, context.wording]).lower().replace("-", " ")
    if "hard" in context.flags or re.search(r"\b(front|back) (left|right)\b", words):
        return "hard"
    left_right = "left" in words and "right" in words
    if "medium" in context.flags or (left_right and re.search(r"\b(back|behind)\b", words)):
        return "medium"
    return "easy" if left_right else "free"


_SEEN = (
    r"(?:appear(?:s|ed)?|seen|see|saw|noticed?|encounter(?:ed)?|observed?|show(?:s|n)? up|come(?:s)?|came|"
    r"discover(?:ed)?|spot(?:ted)?|found|find)"
)


def read_order(text: str, context: Context) -> Question | None:
    """In what order were things first seen?"""
    match = first(
        text,
        r".*\b(?:order|sequence)\b.*?(?:of the following (?:categories|objects|things|items)(?: inside the video|"
        r" in the video)?|"
        r"of (?:first )?appearance(?: of)?|following)\s*[:,]*\s*(?:the |in the video |"
        r"inside the video )*[:,]*(?P<list>.+)",
        rf".*\b(?:what|which)? ?(?:order|sequence) (?:did|do|does|were|was|are|have) (?:you|i|the robot|robot|"
        rf"we)? ?(?:first )?(?:{_SEEN} )?(?P<list>.+?)(?: (?:be )?(?:first )?{_SEEN}(?: first)?)?",
        rf"(?:what|which)(?: \w+)?(?: of these)? (?:{BE}|did|do|have) (?:you|i|the robot|robot|"
        rf"we) (?:first )?{_SEEN}(?: first| earliest| before)?[ ,:]+(?P<list>.+)",
        rf"(?:what|which)(?: \w+)?(?: of these)? (?:{BE} )?(?:first )?{_SEEN}(?: first| earliest)?[ ,:]+(?P<list>.+)",
        r"(?:sort|order|rank|arrange|list|put) (?P<list>.+?) (?:by|in|according to) (?:the )?(?:order|time|when|"
        r"first|sequence|appearance).*",
        rf"(?:did|have|do) (?:you|i|the robot|robot|we) (?:first )?{_SEEN} (?P<list>.+? (?:before|or) .+?)(?: first)?",
        r"(?:was|were|is|are|did) (?P<list>.+? before .+)",
        r"(?:the )?(?:order|sequence) of (?:first )?(?:appearance|seeing|sighting)s?(?: of)? (?P<list>.+)",
    )
    listed = re.sub(rf"\b(?:{_SEEN}|first seen|first)\b(?= before| *$)", "", match["list"]) if match else ""
    items = context.things(listed.replace(" before ", " , ")) if match else None
    return (
        Order(items)
        if items and len(items) > 1 and re.search(rf"\b{_SEEN}\b|\border\b|appearance|sequence", text)
        else None
    )


# ------------------------------------------------------------------------------------------ nearest
def read_nearest(text: str, context: Context) -> Question | None:
    """Which of these is nearest to that?"""
    match = first(
        text,
        r"(?:which|what)(?: one)?(?: of| among| from)? (?:these|those|the following|them)?(?: objects| things|"
        r" items)?[ ,:]*(?P<list>.+?)[ ,]*(?:is|are|stands|lies)(?: the)?(?: one)? (?P<far>nearest_to|"
        r"farthest_from) (?P<anchor>.+)",
        r"(?:which|what)(?: one| object| thing| item)?(?: of them| of these)? (?:is|stands|"
        r"lies)(?: the)? (?P<far>nearest_to|farthest_from) (?P<anchor>[^,:]+?)[ ]*[,:] ?(?P<list>.+)",
        r"(?:is|are) (?P<list>.+? or .+?) (?P<far>nearest_to|farthest_from) (?P<anchor>.+)",
        r"(?:among|of|out of) (?P<list>.+?)[ ,]+(?:which|what)(?: one)? (?:is|stands)(?: the)? (?P<far>nearest_to|"
        r"farthest_from) (?P<anchor>.+)",
        r"(?P<far>nearest_to|farthest_from) (?P<anchor>[^,:]+?)[ ]*[,:] ?(?P<list>.+)",
        r"(?:what|which)(?: object| thing| item| piece of furniture| furniture)? (?:is|stands|"
        r"are)(?: the)? (?P<far>nearest_to|farthest_from) (?P<anchor>.+)",
    )
    if match is None:
        return None
    anchor, far = context.thing(match["anchor"]), match["far"] == "farthest_from"
    listed = match.groupdict().get("list")
    items = context.things(listed) if listed else (Description(Noun("object", "anything"), "object", every=True),)
    if anchor is None or not items or (listed and len(items) == 1 and "," not in listed and not context.options):
        return None
    return Nearest(items, anchor, far)


# ------------------------------------------------------------------------------------------ distance
_KINDS = (
    ("gap", r"\b(?:free |clear )?(?:gap|clearance|free space|free room|empty space|edge to edge|surface to surface|"
            r"surface distance|shortest distance|minimum distance|minimal distance|smallest distance|"
            r"distance of the edges)\b"),
    ("horizontal", r"\b(?:horizontally|horizontal|inside the floor plan|on the floor plan|in the floor plan|on the floor|"
                   r"along the floor|along the ground|on the ground|in plan|on plan|as seen from above|in the plane|ground)\b"),
    ("center", r",? ?\b(?:center_to_center|from center|between (?:the |their )?(?:centers|centres))\b"),
)  # fmt: skip


def read_distance(text: str, context: Context) -> Question | None:
    """How far is A from B?"""
    kind = "gap" if "gap" in context.flags else "center"
    for name, pattern in _KINDS:
        shorter = re.sub(pattern, " distance " if name == "gap" or "distance" in pattern else " ", text)
        if shorter != text:
            kind, text = name, shorter
    text = re.sub(r"\b(?:distance )+", "distance ", " ".join(text.split()).strip(" ,"))
    text = text.replace("far_from", "far from").replace("near ", "close to ") if text.startswith("how") else text
    far = (
        rf"(?:how far(?: away)?(?: apart)?|how close|how near|how distant|how many {METRES}(?: away| apart)?|"
        rf"what distance)"
    )
    match = first(
        text,
        rf"{far}(?: is| are| lies| stands)?(?: it| the distance)?(?: away| apart)? (?:from|"
        rf"between) (?P<a>.+?) (?:to|and|until|till) (?P<b>.+)",
        rf"{far}(?: is| are| do| does)? (?P<a>.+?) (?:is |are |stand |stands )?(?:apart |away |distant |"
        rf"located )?(?:from|to|and) (?P<b>.+?)(?: (?:is|are|apart|stand|away))*",
        r"(?:what is |what |measure |give |show |find )?(?:the |a )?(?:\w+ )?distance(?: is)?(?: there)?(?: from|"
        r" between| of) (?P<a>.+?) (?:to|and|from) (?P<b>.+?)",
        r"(?:how much|what)(?: \w+)? (?:is )?(?:there )?(?:between|separates) (?P<a>.+?) (?:and|from) (?P<b>.+?)",
        r"how much (?:space|room|distance)(?: is)?(?: there)?(?: left)?(?: between)? (?P<a>.+?) and (?P<b>.+?)",
        r"(?:distance|measure|measure distance)(?: between)?[ :]*(?P<a>.+?) (?:to|and|,) (?P<b>.+)",
        r"(?:the )?(?P<a>.+?) to (?P<b>.+?) distance",
        r"what is between (?P<a>.+?) and (?P<b>.+?) distance",
        r"how far(?: away)?(?: is| are)?(?: it)?(?: to)? (?P<b>.+?)(?: away)?(?: from here)?",
        r"(?:what is |measure )?(?:the )?distance (?:to|of) (?P<b>.+)",
    )
    if match is None:
        return None
    if kind == "center" and re.match(r"how much (?:space|room)|what separates", text):
        kind = "gap"
    start = match.groupdict().get("a")
    a = context.thing(_trimmed(start)) if start else ROBOT
    b = context.thing(_trimmed(match["b"]))
    return Distance(a, b, kind, context.unit, "closest" in context.flags) if a and b else None  # type: ignore[arg-type]


def read_route(text: str, context: Context) -> Question | None:
    """How do I get there?"""
    go = (
        r"(?:get|go|walk|move|drive|come|travel|navigate|head|reach|find the way|find my way|pass|make it|cross|"
        r"getting|going|walking)"
    )
    match = first(
        text,
        rf"(?:how|which way|what way|where) (?:do|can|could|should|would|to|must|does|may)(?: i| you| we| one|"
        rf" the robot| robot)?(?: best)? ?{go}(?: there)? from (?P<a>.+?) (?:to|inside|toward|towards|"
        rf"until) (?P<b>.+)",
        rf"(?:how|which way|what way|where) (?:do|can|could|should|would|to|must|does|may)(?: i| you| we| one|"
        rf" the robot| robot)?(?: best)? ?{go} (?:to |inside |at |toward |towards )?(?P<b>.+?) (?:from|starting at|"
        rf"starting from|coming from|when i am at|if i am at) (?P<a>.+)",
        rf"(?:how|which way|what way|where) (?:do|can|could|should|would|to|must|does|may)(?: i| you| we| one|"
        rf" the robot| robot)?(?: best)? ?{go} (?:to |inside |at |toward |towards )?(?P<b>.+)",
        rf"(?:what is |what would be |show |show me |find |find me |plan |give |give me |describe |compute |"
        rf"i need |is there )*(?:me )?(?:the |a )?(?:\w+ )?(?:way|route|path|directions|walk|trip|"
        rf"road)(?: to {go})? from (?P<a>.+?) (?:to|inside|toward) (?P<b>.+)",
        rf"(?:what is |what would be |show |find |plan |give |describe |i need )*(?:me )?(?:the |"
        rf"a )?(?:\w+ )?(?:way|route|path|directions)(?: to {go})? (?:to|inside|between) (?P<b>.+?)(?: (?:from|"
        rf"and) (?P<a>.+))?",
        r"(?:which|what|how many)(?: rooms| doors| rooms and doors)?(?: and doors)? (?:do|must|should|would|will|"
        r"are|is)(?: i| you| we)?(?: have to| need to)? ?(?:passed|pass|cross|go|walk|traverse|use|take|"
        r"on the way)(?: through)?(?: on the way| to get| when going| going| to go|"
        r" to walk)? from (?P<a>.+?) to (?P<b>.+)",
        r"(?:take|guide|lead|bring|navigate|walk|direct|drive|go|route|move|travel)(?: me|"
        r" us)? from (?P<a>.+?) to (?P<b>.+)",
        r"(?:take|guide|lead|navigate|walk|direct|drive|go|head)(?: me| us)? (?:to|inside|towards) (?P<b>.+)",
        r"from (?P<a>.+?) to (?P<b>.+?)(?: ,? ?(?:how|which way|what is the way|which route).*)",
        rf"(?:can|could) (?:i|you|we|the robot|one) {go} from (?P<a>.+?) to (?P<b>.+)",
    )
    if match is None:
        return None
    start = match.groupdict().get("a")
    a, b = (context.thing(start) if start else None), context.thing(match["b"])
    if b is None or (start and a is None):
        return None
    return Route(None if a is not None and a.noun.kind == "robot" else a, b)


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
