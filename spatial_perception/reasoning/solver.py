"""The answerer that needs no model: it reads a question, measures the scene, and says what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning import questions as q
from spatial_perception.reasoning.answerer import QuestionAnswerer, never
from spatial_perception.reasoning.answers import ANSWERED, Answer, Status
from spatial_perception.reasoning.freshness import if_fresh
from spatial_perception.reasoning.lexicon import lexicon_for
from spatial_perception.reasoning.options import choose, split_options
from spatial_perception.reasoning.parser import parse
from spatial_perception.reasoning.phrasing import listed
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.scene import Scene
from spatial_perception.reasoning.solve_edits import answer_fits, answer_move, answer_place
from spatial_perception.reasoning.solve_space import (
    answer_direction,
    answer_distance,
    answer_nearest,
    answer_route,
    answer_turns,
)
from spatial_perception.reasoning.solve_things import (
    answer_compare,
    answer_contents,
    answer_count,
    answer_exists,
    answer_find,
    answer_holds,
    answer_order,
    answer_room_of,
    answer_room_size,
    answer_size,
    answer_where,
)
from spatial_perception.reasoning.wording import clean

MIN_SCORE = 0.3
_SOLVERS: dict[type, Callable[..., Answer]] = {
    q.Count: answer_count, q.Exists: answer_exists, q.Size: answer_size, q.RoomSize: answer_room_size,
    q.Compare: answer_compare, q.Where: answer_where, q.Find: answer_find, q.Contents: answer_contents,
    q.Holds: answer_holds, q.RoomOf: answer_room_of, q.Order: answer_order, q.Distance: answer_distance,
    q.Nearest: answer_nearest, q.Direction: answer_direction, q.Route: answer_route, q.TurnRoute: answer_turns,
}  # fmt: skip
_EDITS: dict[type, Callable[..., Answer]] = {q.Fits: answer_fits, q.Move: answer_move, q.Place: answer_place}
_EXAMPLES = "'how far is the sofa from the door?', 'how many chairs are in the kitchen?' or 'where is the bed?'"
_HINT = f"I measure rooms and things; ask for instance {_EXAMPLES}."
NOT_UNDERSTOOD = f"I did not understand the question. {_HINT}"
NOTHING_KNOWN = "Nothing is known of this place yet: look around first, then ask again."


class SpatialSolver:
    """Answers spatial questions in English from geometry alone.

    What it cannot read goes to `fallback`, another answerer such as a language model, where one is given.
    """

    name = "geometric"

    def __init__(self, fallback: QuestionAnswerer | None = None) -> None:
        self.fallback = fallback

    def ask(
        self,
        question: str,
        scene: Scene,
        options: Sequence[str] = (),
        *,
        max_time: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Answer:
        """The answer to one question about `scene`. Never raises for what the question says.

        `options` are answers to choose from (`A. left`); those at the end of the question are found too. After `max_time`
        (s), or when `cancelled()` is true, the answer is TIMEOUT.
        """
        said, choices, read = _read(question, scene, options)
        if read is None and self._goes_on(said, scene):
            assert self.fallback is not None
            return self.fallback.ask(said, scene, choices, max_time=max_time, cancelled=cancelled)
        if read is None:
            return _refused(said, scene)
        answer = _solved(read, scene, _ticker(max_time, cancelled))
        answer = replace(_qualified(answer, read, scene), question=said, kind=type(read).__name__)
        return replace(answer, choice=choose(answer, choices, lexicon_for(scene.labels))) if choices else answer

    def stream(
        self,
        question: str,
        scene: Scene,
        options: Sequence[str] = (),
        *,
        max_time: float | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        """The text of the answer, word by word; of what a language model says, as it says it."""
        said, choices, read = _read(question, scene, options)
        if read is None and self._goes_on(said, scene):
            assert self.fallback is not None
            yield from self.fallback.stream(said, scene, choices, max_time=max_time, cancelled=cancelled)
            return
        words = self.ask(question, scene, options, max_time=max_time, cancelled=cancelled).text.split(" ")
        yield from (word if k == 0 else f" {word}" for k, word in enumerate(words))

    def _goes_on(self, said: str, scene: Scene) -> bool:
        """Whether a question that was not read is one for the language model."""
        return self.fallback is not None and _is_worded(said) and bool(scene.things or scene.images)


def _read(question: str, scene: Scene, options: Sequence[str]) -> tuple[str, tuple[str, ...], q.Question | None]:
    """The cleaned question, its options, and what it asks (None where that cannot be read, or nothing is known)."""
    text, found = split_options(str(question))
    said, choices = clean(text), tuple(options) or found
    return said, choices, parse(text, scene.labels, choices).question if scene.things and _is_worded(said) else None


def _is_worded(said: str) -> bool:
    return any(char.isalnum() for char in said)


def _refused(said: str, scene: Scene) -> Answer:
    if not _is_worded(said):
        return Answer(said, f"There is no question. {_HINT}", Status.PARSE_ERROR, confidence=0.0)
    if not scene.things:
        return Answer(said, NOTHING_KNOWN, Status.NO_SCENE, confidence=0.0)
    return Answer(said, NOT_UNDERSTOOD, Status.PARSE_ERROR, confidence=0.0)


def _ticker(max_time: float | None, cancelled: Callable[[], bool]) -> Callable[[], None]:
    """A function to call now and then, which ends the work when its time is over."""
    end = None if max_time is None else time.monotonic() + max_time

    def tick() -> None:
        if cancelled():
            raise Refusal(Status.TIMEOUT, "The question was cancelled before there was an answer.")
        if end is not None and time.monotonic() >= end:
            raise Refusal(Status.TIMEOUT, f"No answer within {max_time:g} s; allow more time or ask for less.")

    return tick


def _solved(question: q.Question, scene: Scene, tick: Callable[[], None]) -> Answer:
    try:
        tick()
        edit = _EDITS.get(type(question))
        return edit(question, scene, tick) if edit else _SOLVERS[type(question)](question, scene)
    except Refusal as refusal:
        return Answer("", refusal.text, refusal.status, boxes=refusal.boxes, checks=refusal.checks,
                      proposal=refusal.proposal, confidence=0.0)  # fmt: skip


# ------------------------------------------------------------------------------------------ how sure
def _qualified(answer: Answer, question: q.Question, scene: Scene) -> Answer:
    """Lower the status of an answer where its ground is not firm: old scene, weak boxes, unseen parts, colours."""
    if answer.status not in ANSWERED:
        return answer
    limit = scene.max_age_of_edits if type(question) in _EDITS else scene.max_age
    answer = if_fresh(answer, scene, limit)
    if answer.status is Status.STALE_SCENE:
        return answer
    moved = [box for box in answer.boxes if box.kind == "bbox" and box.id in scene.changed]
    if moved:
        text = f"Something has moved around {_names(moved)} since I looked; look again. When last seen: {answer.text}"
        return replace(answer, status=Status.STALE_SCENE, text=text, confidence=0.0)
    return _doubted(answer, question, scene)


def _doubted(answer: Answer, question: q.Question, scene: Scene) -> Answer:
    scores = {(t.box.kind, t.box.id): t.score for t in scene.things}
    known = [score for box in answer.boxes if (score := scores.get((box.kind, box.id))) is not None]
    confidence = min(1.0, *known) if known else 1.0
    weak = [box for box in answer.boxes if (scores.get((box.kind, box.id)) or 1.0) < MIN_SCORE]
    hidden = _hidden(answer.boxes, scene)
    unseen = sorted({word for d in _descriptions(question) for word in d.unseen})
    if weak or hidden:
        why = (
            f"{_names(weak)} was found with little support"
            if weak
            else f"less than half of {_names(hidden)} has been seen"
        )
        return replace(
            answer, status=Status.LOW_CONFIDENCE, text=f"{answer.text} But {why}.", confidence=min(confidence, 0.3)
        )
    if unseen:
        text = f"{answer.text} I cannot check '{' '.join(unseen)}': boxes have no such property."
        return replace(answer, status=Status.UNVERIFIED, text=text, confidence=min(confidence, 0.5))
    return replace(answer, confidence=confidence)


def _hidden(boxes: Sequence[OrientedBox], scene: Scene) -> list[OrientedBox]:
    grid = scene.occupancy
    return [b for b in boxes if b.kind == "bbox" and grid.unknown_share(b) > 0.5] if grid is not None else []


def _names(boxes: Sequence[OrientedBox]) -> str:
    return listed([f"the {box.label} ({box.kind}_{box.id})" for box in boxes])


def _descriptions(value: object) -> Iterator[q.Description]:
    """All descriptions in a question, however deep."""
    if isinstance(value, q.Description):
        yield value
    if isinstance(value, tuple):
        for item in value:
            yield from _descriptions(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _descriptions(getattr(value, name))
