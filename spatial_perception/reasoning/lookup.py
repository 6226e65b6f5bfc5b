"""What programs ask: the things behind a name or a description, and the distance of two of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.freshness import if_fresh
from spatial_perception.reasoning.grounding import nothing_like, one, replace_room, robot_thing, rooms_of, select
from spatial_perception.reasoning.measures import center_distance, gap, horizontal_distance, nearest_points
from spatial_perception.reasoning.parser import parse
from spatial_perception.reasoning.phrasing import in_room, listed, place_of, the
from spatial_perception.reasoning.questions import Contents, Description, Find, Where
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.solve_things import evidence
from spatial_perception.reasoning.units import say
from spatial_perception.reasoning.wording import clean

Measure = Literal["center", "gap", "horizontal"]
_ENTITY = re.compile(r"(bbox|door|window|wall)_(\d{1,10})")
_ROBOT = ("robot", "the robot")
_MEASURES: dict[Measure, Callable[..., float]] = {
    "center": center_distance, "gap": gap, "horizontal": horizontal_distance,
}  # fmt: skip
_SAID: dict[Measure, str] = {
    "center": "centre to centre", "gap": "between the nearest points", "horizontal": "centre to centre in plan",
}  # fmt: skip


def things_meant(text: str, scene: Scene) -> list[Thing]:
    """The things that `bbox_3`, `robot` or a description (`the chair nearest the window`) means, at least one.

    A plural means all that fit. Raises Refusal with NO_SCENE, NOT_FOUND, AMBIGUOUS or PARSE_ERROR.
    """
    said = clean(text)
    if not scene.things:
        raise Refusal(Status.NO_SCENE, "Nothing is known of this place yet: look around first, then ask again.")
    entity = _ENTITY.fullmatch(said.lower())
    if entity:
        return [_entity(entity[1], int(entity[2]), scene)]
    if said.lower() in _ROBOT:
        return [robot_thing(scene)]
    description = _description(said, scene)
    if description.noun.kind in ("room", "home"):
        return [replace_room(room, scene) for room in rooms_of(description, scene)]
    if description.every or description.noun.plural or not description.definite:
        return _some(description, scene)
    return [one(description, scene)]


def _entity(kind: str, number: int, scene: Scene) -> Thing:
    found = next((t for t in scene.things if (t.box.kind, t.box.id) == (kind, number)), None)
    if found is None:
        raise Refusal(
            Status.NOT_FOUND, f"There is no {kind}_{number} in the layout; ids change when a map starts anew."
        )
    return found


def _description(said: str, scene: Scene) -> Description:
    # Nouns that the scene does not know make a description only within a sentence.
    for sentence in (said, f"where is {said}?"):
        question = parse(sentence, scene.labels).question
        if isinstance(question, (Find, Contents, Where)) and not said.lower().startswith(("where", "what", "find")):
            return question.what
    text = f"'{said[:60]}' describes nothing that I know; say for instance 'the chair nearest the window', or bbox_3."
    raise Refusal(Status.PARSE_ERROR, text)


def _some(description: Description, scene: Scene) -> list[Thing]:
    found = select(description, scene)
    if not found:
        raise Refusal(Status.NOT_FOUND, nothing_like(description, scene))
    return found if description.every or description.noun.plural else found[:1]


def ground(text: str, scene: Scene) -> Answer:
    """The things behind a name or a description as an answer; never raises for what the text says."""
    try:
        things = things_meant(text, scene)
        unseen = () if _ENTITY.fullmatch(clean(text).lower()) else _unseen(clean(text), scene)
    except Refusal as refusal:
        return refused(text, refusal)
    said = [f"{the(t)}{'' if _is_room(t) else in_room(t, scene)} at {place_of(t.box)}" for t in things]
    sentence = f"That is {listed(said)}."
    if unseen:
        sentence += f" I cannot check '{' '.join(unseen)}': boxes have no such property."
    status, confidence = (Status.UNVERIFIED, 0.5) if unseen else (Status.OK, 1.0)
    answer = Answer(clean(text), sentence, status, kind="Find", confidence=confidence, **evidence(things))
    return if_fresh(answer, scene, scene.max_age)


def _unseen(said: str, scene: Scene) -> tuple[str, ...]:
    """Words of a description that geometry cannot decide."""
    return () if said.lower() in _ROBOT else _description(said, scene).unseen


def measure(first: str, second: str, scene: Scene, kind: Measure = "center") -> Answer:
    """The distance (m) of two things, each named or described; never raises for what the texts say.

    `segments` holds the two ends; the robot counts as the point that it stands on.
    """
    asked = f"{clean(first)} - {clean(second)}"
    try:
        a, b = (_single(text, scene) for text in (first, second))
    except Refusal as refusal:
        return refused(asked, refusal)
    value = _MEASURES[kind](a.box, b.box)
    text = f"{the(a).capitalize()} is {say(value)} from {the(b)}, {_SAID[kind]}."
    answer = Answer(
        asked, text, value=value, unit="m", segments=(_ends(a, b, kind),), kind="Distance", **evidence([a, b])
    )
    return if_fresh(answer, scene, scene.max_age)


def _single(text: str, scene: Scene) -> Thing:
    things = things_meant(text, scene)
    if len(things) > 1:
        names = listed([f"{t.box.kind}_{t.box.id}" for t in things], "or")
        raise Refusal(
            Status.AMBIGUOUS, f"'{clean(text)[:60]}' means several: {names}. Which one?", [t.box for t in things]
        )
    if _is_room(things[0]):
        raise Refusal(Status.AMBIGUOUS, f"{the(things[0]).capitalize()} is no point; name a thing in it, or a door.")
    return things[0]


def _is_room(thing: Thing) -> bool:
    return thing.box.id < 0 and thing.label != "robot"


def _ends(a: Thing, b: Thing, kind: Measure) -> tuple[Vec3, Vec3]:
    if kind == "gap" and min(a.box.id, b.box.id) >= 0:
        return nearest_points(a.box, b.box)
    if kind == "horizontal":
        return a.box.center, (b.box.center[0], b.box.center[1], a.box.center[2])
    return a.box.center, b.box.center


def refused(question: str, refusal: Refusal) -> Answer:
    """The answer that a refusal stands for."""
    return Answer(clean(question), refusal.text, refusal.status, boxes=refusal.boxes, checks=refusal.checks,
                  proposal=refusal.proposal, confidence=0.0)  # fmt: skip
