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
                 (r"\bi'd\b", "i would"),
                 (r"\bi've\b", "i have"), (r"n't\b", " not"), (r"'re\b", " are"), (r"'(?:ll|ve|d|s)\b", " "))  # fmt: skip
_POLITE = re.compile(
    r"^(?:(?:hey|hi|hello|ok|okay|robot|please|so|well|uh|um|excuse me|"
    r"could you|can you(?! (?:see|find|detect))|would you|will you|"
    r"do you know(?! of)|now|do you happen to know|can you tell|tell me|tell|let me know|i want to know|i would like to know|"
    r"i need to know|kindly|may i ask|i wonder|i was wondering|quick question|question about the scene|in total|altogether|"
    r"look at the scene and answer|give me a|also|any idea|do you think|you know|say|and|then|estimate|calculate|compute|"
    r"determine|work out|figure out|me|roughly|just|about|approximately|if you can|for me|by the way|actually|i want to|"
    r"i would like to|i need to|i have to|let us|help me(?: to)?|try to|is it true that|whether|if i may ask|sorry)\b[\s,]*)+"
)
_TAIL = re.compile(
    r"(?:[\s,]+(?:please|thanks|thank you|for me|right now|now|at the moment|currently|exactly|roughly|approximately|then|"
    r"if you can|do you know|do you think|if any|though|anyway|in total|altogether|somewhere|anywhere|in here|in there|"
    r"over there|around here|as well|at all|can you tell me|tell me|where does it end up|give (?:its|the new) box|"
    r"what do you think|would you say))+$"
)
PHRASES: tuple[tuple[str, str], ...] = (
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
    (r"\b(?:furthest|farthest|most distant|most remote|remotest|further|farther) (?:away )?(?:from|to)\b", "farthest_from"),
    (r"\b(?:furthest|farthest|most distant|most remote|remotest|furtherest)(?: away)?\b", "farthest"),
    (r"\b(?:closest|nearest|nearer|closer|least far|least distant)(?: away)? (?:to|from|by|of|towards)\b", "nearest_to"),
    (r"\b(?:closest|nearest|nearer|closer)(?: by)?\b", "nearest"),
    (r"\b(?:in|at) the (?:immediate )?(?:vicinity|neighbou?rhood|proximity) of\b", "near"),
    (r"\b(?:right |directly |just )?(?:next to|beside|besides|adjacent to|alongside|side by side with|"
     r"by the side of|next)\b(?! to)",
     "next_to"),
    (r"\bneighbou?ring\b", "next_to"),
    (r"\b(?:on|to|at|from|in) (?:the |my |your |its )?(left|right)(?:[- ]hand)?(?: side)?(?: of| to| from)\b", r"\1_of"),
    (r"\b(left|right)(?:[- ]hand)?(?: side)? (?:of|from|to) (?=the |a |an |me|you|my|your|robot)", r"\1_of "),
    (r"\b(?:on|to|at|in) (my|your|the robots?) (left|right)(?:[- ]hand)?(?: side)?\b", r"\2_of robot"),
    (r"\b(?:(?:right|directly|just|straight) )?in (?:the )?front of\b", "in_front_of"),
    (r"\b(?:straight |right |directly )?ahead(?: of (?:me|you|the robot|us))?\b", "in_front_of robot"),
    (r"\bin (?:the )?front\b(?! of)(?!_)(?! room)", "in_front_of robot"),
    (r"\b(?:at |in |to )?(?:the )?(?:back of|rear of|in back of)\b|\bin the back of\b", "behind"),
    (r"\b(?:right|directly|just) (?=behind|above|below|under|on|at|near|between)", ""),
    (r"\b(?:on top of|atop|upon|on the top of|onto|on to|resting on|on the surface of)\b", "on"),
    (r"\b(?:underneath|beneath)\b", "under"), (r"\bover\b", "above"),
    (r"\b(?:close to|near to|nearby|not far from|around|in reach of)\b", "near"),
    (r"\bin (?:between|the middle of)\b", "between"),
    (r"\b(?:far away from|far from|away from (?=.*\bthan)|distant from)\b", "far_from"),
    (r"\b(?:against|along|at|up against) (?:a|the|any|some|one) walls?\b", "against_wall"),
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
RELATIONS = ("next_to", "left_of", "right_of", "in_front_of", "behind", "on", "above", "below", "under", "inside", "near",
             "far_from", "between", "against_wall", "nearest_to", "farthest_from", "by", "at", "in", "with")  # fmt: skip
_COMMON_TEXT = """
    able above according across actual add after afternoon again ago air allow alone already although among amount another
    answer anybody anyhow anymore anytime appear area areas asked asking available away back bad base become been began behind
    belongs better big bit both bottom bring brought build built busy buy call called came cannot care carry case catch cause
    certain chance change check choose clear clearly close closed closely coming common complete consider contain continue
    cook cooking cool correct cost course cut dark day deal decide different difficult dinner directly doing done draw drink
    drop during each early easily easy eat either empty english enjoy entire entry equal even evening event ever every exact
    example expect explain eye eyes fact fall family feel felt few field fill final fine finish fire fit five fixed follow
    food force foot forward found four free friend full general get gets getting glad gone good got great group grow had half
    happen hard has head hear heard heart heat heavy held help her here hers herself high him himself his hold hope hot hour
    hours hundred idea important include inside instead into issue job join just keep kept kind knew know known land late
    later learn least left less let letter level likely line little live lived long longest look looks lost lot lots loud low
    lunch made mainly make making man manner map mark matter maybe mean meet middle might mind mine minute minutes miss moment
    money more moreover morning most mostly mother move moved much must myself near nearly need neither never new news next
    nice night none nor normal not note nothing notice now number obvious of off offer often old once only onto open opinion
    opposite order other others otherwise ought our ours outdoors outside own page paint part particular parts pass past path
    people perhaps person piece pieces plan play point possible prefer present pretty probably problem proper properly public
    quick quickly quiet quite ran rather reach read ready real really reason rest result return rich ride rise road run safe
    safely said same save saw say scan scene seat second seem seen self send sense sent serve several shape share sharp she
    short should show side sign simple simply since single site six sleep sleeping slow small smart soft some somebody someone
    something sometimes soon sort sound south speak special spend spoke stay step still straight strong study such suddenly
    sun sure surely switch table take talk task taught teach ten test than that their them themselves then these they thing
    think third those though thought three through throughout thus till times tired today together tonight too took top
    total touch toward town tried trip true truly try trying turn under understand unless unlike until upon use used useful
    using usual usually various view visit voice wait waiting walk wall want wants warm wash watch way ways wear week well
    went west wet wheel whenever wherever while white whoever whose why will wind wish within without word words work works
    world worth write wrong year years yes yet young yours north east meaning simply sorry sofa's round
"""
_GRAMMAR_TEXT = """
    one plus minus positive negative axis anywhere everywhere elsewhere whole per it's them they their two three
    stand stood sit lay hang hung round around relocate relocating carry transfer drag nudge may might must shall drive driving
    entering enter entered leave leaving next own got whats wats was were being somewhere nowhere exactly house homes separates
    separate between else possible enough left unused could us everything anyone nobody everyone something spare good best
    better suitable suit suits stored store keep kept hide hidden hid search searching wish wonder wondering say said says
    count counted counting enumerate describe described overall approximate approximately about roughly length lengths cover
    covers covered occupy occupies use uses using take takes taken needs need needed made make makes small tiny huge giant
    large largest mean means meant thanks thank hello hi hey okay hall halls upstairs downstairs inner outer interior exterior
    rows row edge edges corner corners side sides sized sqm step steps start starting starts begin beginning end ends ended
    until till since again once twice only very really quite too also even still already yet never always often maybe hand
    arrange arranged orders sequence timeline earlier later earliest latest relative seems shown showing shows became become
    measure measures hey lamp's reached destination perform following actions action note choose either turning

    how many much far long tall high wide deep large big small is are was were be the a an any some this that these those
    there here what which where who when why in on at to from of for by with and or not between next left right front back
    behind above below under over inside near beside close closest nearest farthest furthest closer nearer distance size
    area height width length depth dimension dimensions volume number count total object objects thing things room rooms
    door doors window windows wall walls i me my you your robot we our it its do does did can could should would will have
    has see seen find show list name locate point tell give standing stand facing face looking look turn turned order first
    last appear appears appearance appeared category categories following video measure measured measuring meter meters metre
    metres centimeter centimeters square feet foot inch inches get go walk move drive way route path place put add shift push
    pull slide toward towards away along against corner middle center centre each every all other another than bigger larger
    smaller taller longer shorter wider higher lower biggest largest smallest tallest longest widest highest lowest shortest
    apart gap space free clearance horizontal horizontally closest point edge reach belong located contain contains position
    location coordinates located stands sits hangs going take bring me myself yourself if am then would whether both same
    half quarter exist exists anything something else options left-hand side direction relative standing view before after
    second third forward backward backwards straight opposite adjacent underneath beneath top bottom ahead surrounding
    describe home house apartment flat navigate directions reach pass through visible spot spots items item furniture
    walking moving coming sort rank please present available used size sized combined entire whole floor plan ground
    rotate fit fits possible impossible room's safe want like know come came noticed notice encounter encountered sequence
    dimension occupied red green blue white black brown grey gray yellow wooden metal old new round suppose imagine assume
    suppose assuming been so up down out separates separate separating instances instance multiple seeing hold holds
    quickest shortest fastest leads lead guide travel within spacious compared many lie lies sit sitting lying hanging
    placed highlight select identify ground mark ask question answer answers question system instruction instructions
    open close ignore previous reveal prompt life meaning love time weather today tomorrow who whom because story joke poem write
    code run execute start stop speak sing colour color kind type fridge opens secret forget delete drop shut"""
GRAMMAR_WORDS = frozenset(_GRAMMAR_TEXT.split())
COMMON_WORDS = frozenset(_COMMON_TEXT.split())
"""Other English words: never taken for misspelt ones, nor used to mend any."""


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
