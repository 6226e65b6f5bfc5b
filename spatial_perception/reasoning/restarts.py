"""Speech as it is spoken: hesitations, words said twice, sentences that begin again, and questions after other sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HESITATION = re.compile(r"\b(?:u+m+|u+h+|h+m+|erm+|ehm+)\b,?", re.IGNORECASE)
_TWICE = re.compile(r"\b([a-z]+)(?:[ ,]+\1\b)+", re.IGNORECASE)
_AGAIN = r"(?:no,? wait|wait,? no|sorry|i mean|or rather|scratch that|correction|no,? actually)"
_OTHER_THING = re.compile(
    rf"\b(?:the|a|an|my) [a-z]+(?: [a-z]+)?,? (?:\.{{2,}} ?)?{_AGAIN},? (?=(?:the|a|an|my) )", re.IGNORECASE
)
_RESTART = re.compile(rf"(?:\.{{2,}}|…|[,.;?!–—-]?\s\b{_AGAIN}\b)[\s,:]*", re.IGNORECASE)
_ASKING = re.compile(
    r"(?:and |so |please )*(?:how|what|which|where|is|are|do|does|did|can|could|has|have|in which|in what|tell|count|list|find|"
    r"show|move|put|place|push|shift|would|will)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_FACING = re.compile(r"\b(?:fac(?:e|es|ing)|looking|look|stand|standing|turn|forward)\b", re.IGNORECASE)


def smoothed(text: str) -> str:
    """A text without hesitations and words said twice; of `the bed, I mean the sofa` the sofa is left."""
    text = _TWICE.sub(r"\1", " ".join(_HESITATION.sub(" ", text).split()))
    return _OTHER_THING.sub("", text)


def readings(text: str) -> Iterator[str]:
    """What may have been asked, the likeliest first: what was said after the last new start, the whole, single sentences."""
    pieces = [piece.strip(" ,.;") for piece in _RESTART.split(text)]
    if len(pieces) > 1 and _ASKING.match(pieces[-1]) and len(pieces[-1].split()) > 2:
        yield pieces[-1]
    yield re.sub(r"\.{2,}|…", " ", text)
    sentences = _SENTENCE.split(text)
    if len(sentences) > 1 and not _FACING.search(text):
        yield from (sentence for sentence in reversed(sentences) if _ASKING.match(sentence))
