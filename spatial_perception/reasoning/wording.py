"""Many ways to say the same thing, brought into one: fixed words for relations, extremes and verbs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from spatial_perception.reasoning.units import spelled_out

MAX_QUESTION = 512
"""Longer questions (characters) are cut."""

_TAGS = re.compile(r"</?\s*(?:box|len|scene|pt|obj|answer|system|user|assistant)\s*>|<\|[^|>]{0,40}\|>", re.IGNORECASE)
_SHORT = {
    "th": "the", "hte": "the", "u": "you", "ur": "your", "r": "are", "wat": "what", "wht": "what", "waht": "what",
    "whats": "what is", "wheres": "where is", "hows": "how is", "theres": "there is", "hw": "how", "pls": "please",
    "plz": "please", "btw": "between", "btwn": "between", "nd": "and", "n": "and", "frm": "from", "form": "from",
    "rom": "room",
    "howmany": "how many", "howfar": "how far", "howbig": "how big", "inbetween": "between", "nxt": "next",
    "im": "i am", "ive": "i have", "id": "i would", "isnt": "is not", "arent": "are not", "thats": "that is",
    "wich": "which",
    "hwo": "how", "si": "is", "iss": "is", "iz": "is", "teh": "the", "fo": "of", "ot": "to", "fom": "from",
    "whch": "which",
    "mm": "mm", "whos": "who is", "lft": "left", "rite": "right", "rt": "right", "infront": "in front",
    "ontop": "on top",
    "cna": "can", "doess": "does", "whre": "where", "wehre": "where", "fro": "from", "ther": "there", "thre": "there",
    "mny": "many", "mnay": "many", "wher": "where", "anywere": "anywhere", "wehn": "when", "wats": "what is",
    "wat's": "what is", "sum": "some", "abt": "about", "mabye": "maybe", "dose": "does", "witch": "which",
    "whcih": "which", "fare": "far", "nere": "near",
}  # fmt: skip
_CONTRACTIONS = ((r"\b(what|where|how|which|who|there|that|it|here)'s\b", r"\1 is"), (r"\bi'm\b", "i am"),
                 (r"\bcan't\b", "can not"), (r"\blet's\b", " "),
                 (r"\bi'd\b", "i would"),
                 (r"\bi've\b", "i have"), (r"n't\b", " not"), (r"'re\b", " are"), (r"'(?:ll|ve|d|s)\b", " "))  # fmt: skip
_POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|robot|please|so|well|uh|um|excuse me|"
    r"could you(?! (?:see|find|detect))|can you(?! (?:see|find|detect))|would you|will you|"
    r"do you know(?! of)|now|do you happen to know|can you tell|tell me|tell|let me know|i want to know|i would like to know|"
    r"i need to know|i would (?:love|be glad|be curious) to know|i am (?:curious|wondering)|just wondering|"
    r"kindly|may i ask|i wonder|i was wondering|quick question|question about the scene|in total|altogether|"
    r"look at the scene and answer|give me a|also|any idea|do you think|you know|say|and|then|estimate|calculate|compute|"
    r"determine|work out|figure out|me|roughly|just|about|approximately|if you can|for me|by the way|actually|i want to|"
    r"i would like to(?! have)|i need to|i have to|(?:check|verify|confirm|see|find out|make sure)(?: if| whether| that)|"
    r"check for|"
    r"let us|help me(?: to)?|try to|is it true that|whether|if i may ask|sorry)\b[\s,]*)+"
)
_TAIL = re.compile(
    r"(?:[\s,]+(?:please|thanks|thank you|for me|right now|now|at the moment|currently|exactly|roughly|approximately|then|"
    r"if you can|do you know|do you think|if any|though|anyway|in total|altogether|somewhere|anywhere|in here|in there|"
    r"over there|around here|as well|at all|can you tell me|tell me|where does it end up|give (?:its|the new) box|"
    r"what do you think|would you say|(?:is|are|does|do|has|was) not (?:it|they|there)|isnt it|correct))+$"
)
PHRASES: tuple[tuple[str, str], ...] = (
    (r"\b(?:on earth|(?:the|in) (?:heck|hell)|in the world)\b", ""), (r",? or (?:not|what)$", ""),
    (r"\b(?:i|we) (?:can|could|do) ?not (?:remember|recall|know)(?: if| whether)?\b,?", ""),
    (r"\b(?:is|are) (.+?) (?:furnished|equipped|fitted) with\b", r"has \1"),
    (r"\b(?:(?:i|we) )?(?:can|could|do) ?not (?:find|see|locate|know)(?: where)?(?: is| are)?\b", "where is"),
    (r"\b(?:the |a )?(?:bounding box(?:es)?|(?<=me the )box(?:es)?) (?:of|for|around) ", ""),
    (r"\b(?:to |on |at )?(?:the )?(?:other|far|same) side of\b", "next_to"),
    (r"\b(?:opposite|across)(?: (?:of|to|from))?(?= (?:the|a|an|my|your|that|this)\b)", "opposite_to"),
    (r"^who (?=is|was|appear|came|come|has|show)", "which "), (r"\bat least (?:1|one|a)\b", "a"), (r"\bon display\b", ""),
    (r"\b(?:this|the|that|your|our|my) (?:whole |entire )?place\b(?! (?:for|to|where))", "the home"),
    (r"\b(?:this|the|that|your|our|my) (?:whole |entire )?(?:map|property|premises)\b", "the home"),
    (r"\b(?:the )?place of\b", "location of"), (r"\b(in|what|which|any|some|a) place\b", r"\1 spot"),
    (r"\bhow (?:high|tall) (?:is|are) (?:the |this )?ceilings?\b|\bceiling height\b|\bheight of the ceiling\b",
     "how high is the room"),
    (r"^how many rooms (?:have|has|contain) ", "how many rooms with "),
    (r"\b(what|which) (?:was|were)\b(?! (?:first|seen|noticed|found))", r"\1 is"),
    (r"\b(?:something|anything) like (?=an? |the )", ""),
    (r"\b(give|show|find|get|bring|tell) me\b", r"\1"),
    (r"\b(?:entire|whole|complete) (?=\w)", ""),
    (r"\bthe way to\b", "way to"),
    (r"\blook(?:ing)? from (.+?) (?:to|toward|towards|at) ", r"from \1 facing "),
    (r"\bstill (?=be|fit|put|place|there)", ""),
    (r"\b(is|are) (?:lying|standing|sitting|hanging|placed|kept|stored) (?=on|in|at|under|next|behind|near|above|left|right)",
     r"\1 "),
    (r"\bbeing (?=at|by|next)", ""),
    (r"\bone more\b", "a"),
    (r"\b(?:furthest|farthest|most distant|more distant|most remote|remotest|further|farther) (?:away )?(?:from|to)\b",
     "farthest_from"),
    (r"\b(?:furthest|farthest|most distant|most remote|remotest|furtherest)(?: away)?\b", "farthest"),
    (r"\b(?:closest|nearest|nearer|closer|least far|least distant)(?: away)? (?:to|from|by|of|towards)\b", "nearest_to"),
    (r"\b(?:closest|nearest|nearer|closer) (?=(?:the|an?|this|that|my|your|me|us) )(?![^,]* or )", "nearest_to "),
    (r"\b(?:closest|nearest|nearer|closer)(?: by)?\b", "nearest"),
    (r"\b(?:in|at) the (?:immediate )?(?:vicinity|neighbou?rhood|proximity) of\b", "near"),
    (r"\b(?:right |directly |just )?(?:next to|beside|besides|adjacent to|alongside|side by side with|"
     r"by the side of|next)\b(?! to)",
     "next_to"),
    (r"\bneighbou?ring\b", "next_to"),
    (r"\b(?:on|to|at|from|in) (?:the |my |your |its )?(left|right)(?:[- ]hand)?(?: side)?(?: of| to| from)\b", r"\1_of"),
    (r"\b(left|right)(?:[- ]hand)?(?: side)? (?:of|(?:from|to)(?= (?:the|a|an|me|you|my|your|robot)\b)) (?=\w)", r"\1_of "),
    (r"\b(?:on|to|at|in) (my|your|the robots?) (left|right)(?:[- ]hand)?(?: side)?\b", r"\2_of robot"),
    (r"\b(?:(?:right|directly|just|straight) )?in (?:the )?front of\b", "in_front_of"),
    (r"\b(?:straight |right |directly )?ahead(?: of (?:me|you|the robot|us))?\b", "in_front_of robot"),
    (r"\bin (?:the )?front\b(?! of)(?!_)(?! room)", "in_front_of robot"),
    (r"\b(?:at |in |to )?(?:the )?(?:back of|rear of|in back of)\b|\bin the back of\b", "behind"),
    (r"\b(?:right|directly|just) (?=behind|above|below|under|on|at|near|between)", ""),
    (r"\b(?:on top of|atop|upon|on the top of|onto|on to|resting on|on the surface of)\b", "on"),
    (r"\b(?:underneath|beneath)\b", "under"), (r"\bover (?=to|there|here|by|at)\b", ""), (r"\bover\b", "above"),
    (r"\b(?:close to|near to|nearby|not far from|around|in reach of)\b", "near"),
    (r"\bin (?:between|the middle of)\b", "between"),
    (r"\b(?:far away from|far from|away from (?=.*\bthan)|distant from)\b", "far_from"),
    (r"\b(?:surround(?:s|ing)?|surrounded by)\b", "near"),
    (r"\b(?:against|along|at|up against) (?:a|the|any|some|one) walls?\b"
     r"(?! (?:cabinet|cupboard|decoration|art|ornament|hanging|lamp|light|mirror|clock|shelf))", "against_wall"),
    (r"\bin(?:to| to)\b", "inside"), (r"\bwithin\b", "inside"),
    (r"\b(?:centre|center)(?: |-)?to(?: |-)?(?:centre|center)\b", "center_to_center"),
    (r"\b(?:that|which) (?:you|i|we) can (?:see|find|count)\b|\b(?:you|i|we) can (?:see|count)(?= (?:in|on|at)\b)", ""),
    (r"\bis home to\b", "has"),
    (r"\bis it (?=.* or .*(?:nearest|farthest))", "is "),
    (r"\bthat is (?=nearest|farthest)", ""),
    (r"\b(?:sqm|sq m|sq met(?:er|re)s?|m2|square met(?:er|re)s?)\b", "square meters"),
    (r"\b(?:sq ft|sqft|ft2)\b", "square feet"),
    (r"\b(larger|bigger|taller|longer|higher|smaller|shorter|wider|lower) then\b", r"\1 than"),
    (r"\b(?:big|large)\b", "large"), (r"\b(?:biggest|largest)\b", "largest"), (r"\b(?:bigger|larger)\b", "larger"),
    (r"\btiniest\b", "smallest"), (r"\b(?:little|tiny)\b", "small"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in PHRASES)
RELATIONS = ("next_to", "left_of", "right_of", "in_front_of", "behind", "on", "above", "below", "under", "inside",
             "near", "opposite_to", "far_from", "between", "against_wall", "nearest_to", "farthest_from", "by", "at", "in",
             "with")  # fmt: skip


def clean(question: str) -> str:
    """A question without markup of models, control characters and line breaks, cut to 512 characters.

    Only the first characters are looked at, so that a question of any length costs the same.
    """
    text = unicodedata.normalize("NFKC", question[: 8 * MAX_QUESTION])
    text = "".join(" " if c.isspace() or unicodedata.category(c)[0] == "C" else c for c in text)
    while (stripped := _TAGS.sub(" ", text)) != text:
        text = stripped
    return " ".join(text.split())[:MAX_QUESTION].strip()


def canonical(text: str, correct: Callable[[str, bool], str]) -> str:
    """A cleaned question in the wording that the grammar knows: lower case, no politeness, relations as single words.

    `correct(word, is_noun)` mends misspelt words.
    """
    text = text.lower().replace("’", "'").replace("`", "'").replace("²", "2")
    for pattern, replacement in _CONTRACTIONS:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"(?<![\w.])([+-]) ?([xyz])\b", _signed_axis, text)
    text = re.sub(r"(?<!\w)\+(?=\d)", "", re.sub(r"\s[-–—]+\s", " , ", text))
    text = re.sub(
        r"[_-](?=[a-z])", " ", re.sub(r"[!?;:\"()\[\]{}*=<>|\\/~^%#@$€]|\.(?!\d)|(?<!\d),(?=\S)", _spaced, text)
    )
    text = spelled_out(" ".join(_mended(text.replace(",", " , ").split(), correct)))
    text = re.sub(r"(?:[\s,:']+)$", "", text)
    text = _TAIL.sub("", _POLITE.sub("", text))
    for expression, replacement in _COMPILED:
        text = expression.sub(replacement, text)
    return " ".join(text.split()).strip(" ,:")


def _signed_axis(match: re.Match[str]) -> str:
    return f"{'plus' if match[1] == '+' else 'minus'} {match[2]}"


def _spaced(match: re.Match[str]) -> str:
    return " , " if match[0] in ",;:" else " "


def _mended(tokens: list[str], correct: Callable[[str, bool], str]) -> list[str]:
    mended: list[str] = []
    for token in tokens:
        token = token.strip("'")
        whole = _SHORT.get(token, token)
        after = bool(mended) and mended[-1] in ("the", "a", "an", "many", "my", "any")
        mended += whole.split() if whole != token else [correct(token, after)]
    return mended
