"""Questions one after another: when an answer asks back which thing is meant, the next words may say it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answerer import QuestionAnswerer, never
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.grounding import select
from spatial_perception.reasoning.parser import parse
from spatial_perception.reasoning.questions import Contents, Find
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.words import spoken

_NUMBER = re.compile(r"(?:the |number |no\.? |#)*(\d{1,2}|first|second|third|last)(?: one)?[.!)]*", re.IGNORECASE)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "last": -1}
_BARE = re.compile(r"(?:the )?(?:one|that|it)\b(?: that is| which is)?\s*(?P<rest>.*)", re.IGNORECASE)
_RELATION = r"in|on|at|by|near|next|beside|left|right|closest|nearest|farthest|behind|under|between|with|opposite"


class Conversation:
    """A person's questions about one scene.

    After an AMBIGUOUS answer the next words are tried as a reply first: a number, or a description such as `the one in the
    kitchen`; when they single out one candidate, the question before is answered about it. What else is said is a question
    of its own. `pending` is the answer that waits for a reply, None where none does.
    """

    def __init__(self, answerer: QuestionAnswerer, scene: Scene) -> None:
        self.answerer, self.scene = answerer, scene
        self.pending: Answer | None = None
        self._meant: frozenset[tuple[str, int]] = frozenset()

    def ask(self, text: str, *, max_time: float | None = None, cancelled: Callable[[], bool] = never) -> Answer:
        """The answer to a question, or to the one before where `text` says which thing it meant."""
        chosen = _chosen(text, self.pending.boxes, self.scene) if self.pending else None
        if self.pending is not None and chosen is not None:
            self._meant |= {(chosen.kind, chosen.id)}
            text = self.pending.question
        else:
            self._meant = frozenset()
        scene = replace(self.scene, meant=self._meant)
        answer = self.answerer.ask(text, scene, max_time=max_time, cancelled=cancelled)
        self.pending = answer if answer.status is Status.AMBIGUOUS and len(answer.boxes) > 1 else None
        return answer


def _chosen(reply: str, candidates: tuple[OrientedBox, ...], scene: Scene) -> OrientedBox | None:
    """The candidate that a reply singles out, or None."""
    number = _NUMBER.fullmatch(reply.strip())
    if number:
        said = number[1].lower()
        index = _ORDINALS[said] % len(candidates) if said in _ORDINALS else int(said) - 1
        return candidates[index] if 0 <= index < len(candidates) else None
    found = _described(reply.strip(), candidates, scene)
    return found[0] if len(found) == 1 else None


def _described(reply: str, candidates: tuple[OrientedBox, ...], scene: Scene) -> list[OrientedBox]:
    """The candidates that a reply describes; none where it is no bare description."""
    noun = spoken(candidates[0].label)
    bare = _BARE.fullmatch(reply)
    if bare:
        reply = f"the {noun} {bare['rest']}"
    elif re.match(rf"(?:{_RELATION})\b", reply, re.IGNORECASE):
        reply = f"the {noun} {reply}"
    question = parse(reply, scene.labels).question
    if not isinstance(question, (Find, Contents)):
        return []
    try:
        things = select(question.what, scene)
    except Refusal:
        return []
    return [box for box in candidates if any(thing.box == box for thing in things)]
