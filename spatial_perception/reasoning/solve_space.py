"""Answers about the space between things: distances, what is nearest, directions, routes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from math import atan2, cos, degrees, dist, sin

from spatial_perception.layout.entities import Vec3
from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.grounding import nothing_like, one, robot_thing, select
from spatial_perception.reasoning.measures import (
    center_distance,
    gap,
    horizontal_distance,
    nearest_points,
)
from spatial_perception.reasoning.phrasing import in_room, listed, the
from spatial_perception.reasoning.questions import Description, Direction, Distance, Nearest, Route, TurnRoute
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.rooms import Way, find_way
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.solve_things import evidence
from spatial_perception.reasoning.units import in_unit, say
from spatial_perception.reasoning.words import spoken

_MEASURES = {"center": center_distance, "gap": gap, "horizontal": horizontal_distance}
_SAID = {"center": "centre to centre", "gap": "between the nearest points", "horizontal": "centre to centre in plan"}
BACK = 135.0
"""Things at least this many degrees off the line of sight are at one's back."""


def name_of(thing: Thing) -> str:
    """`the sofa`, `the robot`, `the kitchen`."""
    return the(thing)


def answer_distance(question: Distance, scene: Scene) -> Answer:
    """The distance of two things; the other measure is mentioned. To a room it is the distance of its outline."""
    a, b = _pair(question, scene)
    if question.kind == "center" and "wall" in (a.box.kind, b.box.kind):
        question = replace(question, kind="gap")
    measured = _MEASURES[question.kind](a.box, b.box)
    room = next((t for t in (a, b) if t.box.id < 0 and t.room is not None and t.label != "robot"), None)
    if room is not None:
        return _to_room(room, b if room is a else a, question.unit, scene)
    other = "center" if question.kind == "gap" else "gap"
    more = f"{say(_MEASURES[other](a.box, b.box), question.unit)} {_SAID[other]}"
    text = f"{name_of(a).capitalize()} is {say(measured, question.unit)} from {name_of(b)}, {_SAID[question.kind]} ({more})."
    ends = nearest_points(a.box, b.box) if question.kind == "gap" and min(a.box.id, b.box.id) >= 0 else None
    line = ends or _centers(a, b, flat=question.kind == "horizontal")
    value = in_unit(measured, question.unit)
    return Answer(
        "", text, value=value, unit=question.unit, key=(f"{value:.6g}",), segments=(line,), **evidence([a, b])
    )


def _pair(question: Distance, scene: Scene) -> tuple[Thing, Thing]:
    if not question.closest and not any(map(_means_nearest, (question.a, question.b))):
        if question.a.noun == question.b.noun and question.a.text == question.b.text:
            return _two_of(question.a, scene)
        return one(question.a, scene), one(question.b, scene)
    groups = [select(_without_nearest(d), scene) for d in (question.a, question.b)]
    for description, group in zip((question.a, question.b), groups):
        if not group:
            raise Refusal(Status.NOT_FOUND, nothing_like(description, scene))
    pairs = [(a, b) for a, b in product(*groups) if a is not b]
    wall = any(t.box.kind == "wall" for ab in pairs for t in ab)
    measure = gap if wall else _MEASURES[question.kind]
    return min(pairs, key=lambda ab: measure(ab[0].box, ab[1].box)) if pairs else (groups[0][0],) * 2


def _means_nearest(description: Description) -> bool:
    """`the nearest window`, and `the wall`: of several the one nearest to the other thing is meant."""
    wall = description.noun.tiers == (("wall",),) and not (description.relations or description.noun.plural)
    return wall or _without_nearest(description) != description


def _without_nearest(description: Description) -> Description:
    if any(relation.name == "nearest_to" for relation in description.relations):
        return description
    return replace(description, adjectives=tuple(a for a in description.adjectives if a != "nearest"))


def _two_of(description: Description, scene: Scene) -> tuple[Thing, Thing]:
    found = select(description, scene)
    if len(found) == 2:
        return found[0], found[1]
    thing = one(description, scene)
    return thing, thing


def _centers(a: Thing, b: Thing, flat: bool) -> tuple[Vec3, Vec3]:
    return (a.box.center, (b.box.center[0], b.box.center[1], a.box.center[2])) if flat else (a.box.center, b.box.center)


def _to_room(room: Thing, thing: Thing, unit: str, scene: Scene) -> Answer:
    area = next(r for r in scene.rooms if r.id == room.room)
    distance = float(area.polygon.distance(thing.footprint))
    where = "is in" if distance == 0 else f"is {say(distance, unit)} from"
    text = f"{name_of(thing).capitalize()} {where} the {area.name}."
    return Answer("", text, value=in_unit(distance, unit), unit=unit, **evidence([thing, room]))


def answer_nearest(question: Nearest, scene: Scene) -> Answer:
    """The candidate with the nearest (or farthest) nearest point; of several alike things the nearest one counts."""
    anchors = select(question.anchor, scene)
    if not anchors:
        raise Refusal(Status.NOT_FOUND, nothing_like(question.anchor, scene))
    if len(anchors) > 1 and len(question.candidates) == 1 and question.farthest:
        one(question.anchor, scene)
    found: list[tuple[Description, tuple[float, Thing, Thing] | None]] = []
    absent: list[tuple[Description, tuple[float, Thing, Thing] | None]] = []
    for item in question.candidates:
        options = _closest(item, anchors, question, scene)
        (found if options else absent).append((item, options))
    if not found:
        raise Refusal(Status.NOT_FOUND, f"There is no {listed([i.noun.text for i, _ in absent], 'or')} to compare.")
    sign = -1 if question.farthest else 1
    ranked = sorted(((sign * o[0], k) for k, (_, o) in enumerate(found) if o), key=lambda entry: entry)
    item, best = found[ranked[0][1]]
    assert best is not None
    distance, thing, anchor = best
    word = "farthest from" if question.farthest else "nearest to"
    subject = f"{the(thing).capitalize()}{in_room(thing, scene)}"
    text = f"{subject} is {word} {name_of(anchor)}: {say(distance)} between nearest points."
    if question.yes_no:
        yes = item == question.candidates[0]
        said = f"{'Yes' if yes else 'No'}: {text[0].lower()}{text[1:]}"
        return Answer("", said, value=float(yes), key=("yes" if yes else "no",), **evidence([thing, anchor]))
    key = (item.noun.text if item.noun.kind != "anything" else spoken(thing.label),)
    line = nearest_points(thing.box, anchor.box) if anchor.box.id >= 0 else _centers(thing, anchor, False)
    return Answer("", text, value=distance, unit="m", key=key, segments=(line,), **evidence([thing, anchor]))


def _closest(
    item: Description, anchors: list[Thing], question: Nearest, scene: Scene
) -> tuple[float, Thing, Thing] | None:
    try:
        things = select(item, scene)
    except Refusal as refusal:
        if refusal.status is not Status.NOT_FOUND:
            raise
        return None
    whole = item.noun.kind == "anything"
    pairs = [(gap(t.box, a.box), center_distance(t.box, a.box), t, a) for t in things for a in anchors
             if t is not a and not (whole and t.label == a.label and a.box.id < 0)]  # fmt: skip
    pick = max if question.farthest and whole else min
    if not pairs:
        return None
    best = pick(pairs, key=lambda p: (p[0], p[1]))
    return best[0], best[2], best[3]


# ------------------------------------------------------------------------------------------ directions
def bearing(at: Vec3, ahead: tuple[float, float], target: Vec3) -> float:
    """The angle (degrees, left positive, -180 to 180) of a target seen from `at` when one looks along `ahead`."""
    dx, dy = target[0] - at[0], target[1] - at[1]
    return degrees(atan2(ahead[0] * dy - ahead[1] * dx, ahead[0] * dx + ahead[1] * dy))


def direction_word(angle: float, detail: str) -> str:
    """The word for an angle: easy is left or right, medium adds the back (135 degrees and more), hard names quadrants."""
    side = "left" if angle >= 0 else "right"
    if detail == "easy":
        return side
    if detail == "medium":
        return "back" if abs(angle) >= BACK else side
    if detail == "hard":
        return f"{'front' if abs(angle) < 90 else 'back'}-{side}"
    if abs(angle) <= 22.5:
        return "front"
    if abs(angle) >= 157.5:
        return "back"
    return {0: f"front-{side}", 1: side, 2: f"back-{side}"}[int((abs(angle) - 22.5) // 45)]


def answer_direction(question: Direction, scene: Scene) -> Answer:
    """Where a thing is for someone who stands by one thing and faces another, or for the robot as it stands."""
    a, c = one(question.standing, scene), one(question.target, scene)
    b = None if _is_robot(question.standing) and _is_robot(question.facing) else one(question.facing, scene)
    ahead = (cos(a.box.yaw), sin(a.box.yaw)) if b is None else _heading(a.box.center, b.box.center)
    if b is not None and dist((0.0, 0.0), ahead) < 1e-6:
        raise Refusal(
            Status.CONTRADICTORY, f"From {the(a)} one cannot face {the(b)}: they are at the same place.", [a.box, b.box]
        )
    angle = bearing(a.box.center, ahead, c.box.center)
    word = direction_word(angle, question.detail)
    lead, whose = (f"Standing by {the(a)} and facing {the(b)}, ", "your") if b else ("", "the robot's")
    said = {"front": f"in front of {'you' if b else 'the robot'}", "back": f"behind {'you' if b else 'the robot'}"}
    turn = f"{abs(angle):.0f} degrees to the {'left' if angle >= 0 else 'right'} of {'where you look' if b else 'straight ahead'}"
    away = say(horizontal_distance(a.box, c.box))
    text = f"{lead}{the(c)} is {said.get(word, f'to {whose} {word}')}: {turn}, {away} away."
    involved = evidence([a, b, c] if b else [c])
    return Answer("", text[0].upper() + text[1:], value=angle, unit="deg", key=(word,), segments=(_centers(a, c, True),),
                  **involved)  # fmt: skip


def _is_robot(description: Description) -> bool:
    return description.noun.kind == "robot"


# ------------------------------------------------------------------------------------------ routes
def answer_route(question: Route, scene: Scene) -> Answer:
    """The shortest way over doors: which doors, which rooms, how long."""
    start = robot_thing(scene) if question.start is None else _end(question.start, scene)
    goal = _end(question.goal, scene)
    for thing in (start, goal):
        if _room_of(thing, scene) is None:
            what = (
                "No walls enclose a room here"
                if not scene.rooms
                else f"{name_of(thing).capitalize()} is outside of every known room"
            )
            raise Refusal(
                Status.NOT_FOUND, f"{what}, so that I know no way.", [t.box for t in (start, goal) if t.box.id >= 0]
            )
    ways = [_way(a, b, start, goal, scene) for a in _rooms_beside(start, scene) for b in _rooms_beside(goal, scene)]
    way = min((w for w in ways if w), key=lambda w: w.length, default=None)
    if way is None:
        raise Refusal(Status.INFEASIBLE, f"No known doors lead from {name_of(start)} to {name_of(goal)}.",
                      [t.box for t in (start, goal) if t.box.id >= 0])  # fmt: skip
    return _told(way, start, goal, scene)


def _end(description: Description, scene: Scene) -> Thing:
    if description.noun.kind in ("room", "home"):
        rooms = select(description, scene)
        if len(rooms) > 1:
            names = listed([f"the {room.label}" for room in rooms], "or")
            raise Refusal(
                Status.AMBIGUOUS, f"There are {len(rooms)} rooms that this fits. Which one do you mean: {names}?"
            )
        return rooms[0]
    return one(description, scene)


def _rooms_beside(thing: Thing, scene: Scene) -> list[int]:
    """The rooms from which one reaches a thing: both sides of a door."""
    if thing.box.kind == "door":
        sides = next((p.sides for p in scene.passages if p.door is thing.box), ())
        return [side for side in sides if side is not None]
    return [thing.room] if thing.room is not None else []


def _room_of(thing: Thing, scene: Scene) -> int | None:
    return next(iter(_rooms_beside(thing, scene)), None)


def _way(a: int, b: int, start: Thing, goal: Thing, scene: Scene) -> Way | None:
    return find_way(scene.passages, a, b, start.box.center[:2], goal.box.center[:2])


def _told(way: Way, start: Thing, goal: Thing, scene: Scene) -> Answer:
    names = [room.name if (room := scene.room(number)) else "room" for number in way.rooms]
    steps = [f"through door {door.id} into the {name}" for door, name in zip(way.doors, names[1:])]
    end = f"to {name_of(goal)}" if goal.label != names[-1] else ""
    here = f"Start in the {names[0]}" if name_of(start) != f"the {names[0]}" else "Start there"
    path = ", then ".join([*steps, *([end] if end else [])]) or f"straight {end or 'on'}"
    text = f"{here}, go {path}: about {say(way.length)} in all, {len(way.doors)} door{'s' * (len(way.doors) != 1)} on the way."
    z = scene.floor
    points = [(*start.box.center[:2], z), *((*d.center[:2], z) for d in way.doors), (*goal.box.center[:2], z)]
    boxes = (*(t.box for t in (start, goal) if t.box.id >= 0), *way.doors)
    return Answer("", text, value=way.length, unit="m", boxes=boxes, rooms=way.rooms, key=tuple(names),
                  segments=tuple(pairwise(points)))  # fmt: skip


def answer_turns(question: TurnRoute, scene: Scene) -> Answer:
    """The turns that a route with gaps needs: each turns from the last heading towards the next thing."""
    start, facing = one(question.start, scene), one(question.facing, scene)
    at, ahead = start.box.center, _heading(start.box.center, facing.box.center)
    turns, involved = [], [start, facing]
    for k, step in enumerate(question.steps):
        following = step or next((s for s in question.steps[k + 1 :] if s is not None), None)
        if following is None:
            break
        thing = one(following, scene)
        way = _heading(at, thing.box.center)
        if step is None:
            angle = bearing((0.0, 0.0, 0.0), ahead, (*way, 0.0))
            turns.append("turn back" if abs(angle) >= BACK else f"turn {'left' if angle >= 0 else 'right'}")
            ahead = way
        else:
            at, ahead = thing.box.center, way
            involved.append(thing)
    text = f"The turns are: {', '.join(turns)}."
    return Answer("", text, key=tuple(turns), **evidence(involved))


def _heading(a: Vec3, b: Vec3) -> tuple[float, float]:
    return b[0] - a[0], b[1] - a[1]
