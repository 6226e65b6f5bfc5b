"""Which things of a scene a description means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import cos, sin

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.answers import Status
from spatial_perception.reasoning.measures import center_distance, gap, volume
from spatial_perception.reasoning.phrasing import listed, telling_apart
from spatial_perception.reasoning.questions import Description, Noun, Relation
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.relations import PREDICATES, VIEWED, between, viewed, wall_distance
from spatial_perception.reasoning.rooms import NamedRoom
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.words import TYPICAL_SIZES, plural, spoken

_MARGIN = 0.05
_BESIDE = 0.3
"""Rooms whose outlines are this near (m) lie side by side."""
_KEYS: dict[str, Callable[[Thing], float]] = {
    "largest": lambda t: -volume(t.box), "smallest": lambda t: volume(t.box), "tallest": lambda t: -t.box.size[2],
    "shortest": lambda t: t.box.size[2], "highest": lambda t: -t.top, "lowest": lambda t: t.top,
    "longest": lambda t: -max(t.box.size[:2]), "widest": lambda t: -max(t.box.size[:2]),
}  # fmt: skip


def robot_thing(scene: Scene) -> Thing:
    """The robot as a thing without extent. Refuses where nobody knows where it stands."""
    if scene.robot is None:
        raise Refusal(
            Status.AMBIGUOUS,
            "I do not know where the robot stands. Name a place, for instance: from the door, what is left of the sofa?",
        )
    box = OrientedBox(-1, "bbox", "robot", (scene.robot.x, scene.robot.y, scene.floor), scene.robot.yaw, (0, 0, 0))
    return Thing(box, scene.robot_room.id if scene.robot_room else None)


def select(description: Description, scene: Scene) -> list[Thing]:
    """All things that a description fits, in the order of the scene; may be empty.

    Refuses with NOT_FOUND for nouns that nothing in the scene bears, and for anchors that do not exist.
    """
    found = [replace_room(room, scene) for room in rooms_of(description, scene)] if _is_room(description) else []
    if not _is_room(description):
        found = named(description, scene)
        for relation in description.relations:
            found = _related(found, relation, description, scene)
    return _picked(found, description, scene)


def _is_room(description: Description) -> bool:
    return description.noun.kind in ("room", "home")


def replace_room(room: NamedRoom, scene: Scene) -> Thing:
    """A room as a thing without extent at its centre (evidence carries the id of the room instead)."""
    box = OrientedBox(-1, "bbox", room.name, (*room.center, scene.floor), 0.0, (0, 0, 0))
    return Thing(box, room.id)


def named(description: Description, scene: Scene) -> list[Thing]:
    """The things that bear the noun of a description, whatever is said of them besides."""
    noun = description.noun
    if noun.kind == "robot":
        return [robot_thing(scene)]
    if noun.kind == "anything":
        return list(scene.objects)
    for tier in noun.tiers:
        found = [thing for thing in scene.things if thing.label in tier]
        if found:
            return found
    raise Refusal(Status.NOT_FOUND, missing(noun, scene))


def missing(noun: Noun, scene: Scene) -> str:
    """A sentence for a noun that nothing bears."""
    counts = Counter(thing.label for thing in scene.objects)
    present = listed([plural(spoken(label)) for label in sorted(counts, key=lambda name: (-counts[name], name))])
    known = noun.kind != "unknown" and (noun.tiers and any(label in TYPICAL_SIZES for t in noun.tiers for label in t))
    lead = f"There is no {noun.text} here." if known or noun.kind != "unknown" else f"I know of no '{noun.text}' here."
    return f"{lead} I know of {present}." if scene.labels else f"{lead} No objects are known yet."


def one(description: Description, scene: Scene) -> Thing:
    """The one thing that a description means; refuses with NOT_FOUND or AMBIGUOUS."""
    found = pointed_out(select(description, scene), scene)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refusal(Status.NOT_FOUND, nothing_like(description, scene))
    phrases = telling_apart(found, scene)
    noun = plural(description.noun.text)
    text = f"There are {len(found)} {noun} that this fits. Which one do you mean: {listed(phrases, 'or')}?"
    raise Refusal(Status.AMBIGUOUS, text, [thing.box for thing in found])


def pointed_out(found: list[Thing], scene: Scene) -> list[Thing]:
    """Of several things those that a person has pointed out, where there are any."""
    meant = [thing for thing in found if (thing.box.kind, thing.box.id) in scene.meant]
    return meant if meant and len(found) > 1 else found


def nothing_like(description: Description, scene: Scene) -> str:
    """A sentence for a description that fits nothing although its noun exists."""
    bare = replace(description, relations=(), adjectives=(), number=None)
    others = telling_apart(select(bare, scene), scene)
    return f"Nothing fits '{description.text or description.noun.text}'. There is {listed(others)}."


# ------------------------------------------------------------------------------------------ rooms
def rooms_of(description: Description, scene: Scene) -> list[NamedRoom]:
    """The rooms that a description means: `this room` is the robot's one where the robot is known, else all."""
    if not scene.rooms:
        raise Refusal(Status.NOT_FOUND, "No walls enclose a room here, so that I cannot tell rooms apart.")
    noun, rooms = description.noun, list(scene.rooms)
    if noun.kind == "home" or (noun.room == "room" and description.every and not description.relations):
        return rooms
    if noun.room == "room":
        rooms = [scene.robot_room] if _means_here(description) and scene.robot_room else rooms
    else:
        rooms = [room for room in rooms if room.kind == noun.room]
    if not rooms:
        names = listed([f"the {room.name}" for room in scene.rooms])
        raise Refusal(Status.NOT_FOUND, f"I know of no {noun.text} here; there is {names}.")
    return _chosen_rooms(rooms, description, scene)


def _means_here(description: Description) -> bool:
    return not (description.relations or description.adjectives or description.number or description.noun.plural)


def _chosen_rooms(rooms: list[NamedRoom], description: Description, scene: Scene) -> list[NamedRoom]:
    for relation in description.relations:
        if relation.name in ("with", "in", "inside", "near") and relation.anchors and not _is_room(relation.anchors[0]):
            homes = {thing.room for thing in select(relation.anchors[0], scene)}
            rooms = [room for room in rooms if room.id in homes]
        if relation.name in ("next_to", "near") and relation.anchors and _is_room(relation.anchors[0]):
            others = rooms_of(relation.anchors[0], scene)
            rooms = [r for r in rooms if any(o is not r and r.polygon.distance(o.polygon) <= _BESIDE for o in others)]
    if (
        description.number is not None
        and description.number > 1
        and set(description.adjectives) & {"largest", "smallest"}
    ):
        sign = -1 if "largest" in description.adjectives else 1
        rooms = sorted(rooms, key=lambda room: sign * room.area)
        return rooms[description.number - 1 : description.number]
    if set(description.adjectives) & {"largest", "longest", "widest"}:
        rooms = [max(rooms, key=lambda room: room.area)] if rooms else rooms
    elif set(description.adjectives) & {"smallest", "shortest"}:
        rooms = [min(rooms, key=lambda room: room.area)] if rooms else rooms
    if description.number is not None and len(rooms) > 1:
        index = description.number - 1 if description.number > 0 else -1
        rooms = rooms[index : index + 1 or None]
    if not rooms:
        raise Refusal(Status.NOT_FOUND, f"No room fits '{description.text or description.noun.text}'.")
    return rooms


def one_room(description: Description, scene: Scene) -> NamedRoom:
    """The one room that a description means; refuses with NOT_FOUND or AMBIGUOUS."""
    rooms = rooms_of(description, scene)
    if len(rooms) > 1:
        names = listed([f"the {room.name} at ({room.center[0]:.1f}, {room.center[1]:.1f}) m" for room in rooms], "or")
        raise Refusal(Status.AMBIGUOUS, f"There are {len(rooms)} rooms that this fits. Which one do you mean: {names}?")
    return rooms[0]


def in_rooms(things: Sequence[Thing], rooms: Sequence[NamedRoom], scene: Scene) -> list[Thing]:
    """The things that are in any of these rooms; doors belong to the rooms on both sides."""
    ids = {room.id for room in rooms}
    doors = {p.door.id for p in scene.passages if set(p.sides) & ids}
    return [t for t in things if (t.box.id in doors if t.box.kind == "door" else t.room in ids)]


# ------------------------------------------------------------------------------------------ relations
def _related(found: list[Thing], relation: Relation, head: Description, scene: Scene) -> list[Thing]:
    if relation.name == "in":
        anchor = relation.anchors[0]
        everywhere = anchor.noun.kind == "home" or (anchor.noun.room == "room" and not scene.rooms)
        return found if everywhere else in_rooms(found, rooms_of(anchor, scene), scene)
    if relation.name in ("nearest_to", "farthest_from"):
        return _extreme(_near_home(found, relation, scene), relation, scene)
    if relation.name == "with":
        others = select(relation.anchors[0], scene)
        near = ("on", "inside", "next_to", "above")
        return [t for t in found if any(PREDICATES[name](o.box, t.box) for o in others for name in near if o is not t)]
    return [thing for thing in found if holds(relation, thing, scene)]


def _near_home(found: list[Thing], relation: Relation, scene: Scene) -> list[Thing]:
    """`the chair nearest the window in the bedroom`: the room at the end is taken to hold the chair too, where one is there."""
    rooms = [r for r in relation.anchors[0].relations if r.name == "in" and _is_room(r.anchors[0])]
    kept = in_rooms(found, rooms_of(rooms[0].anchors[0], scene), scene) if rooms and scene.rooms else []
    return kept or found


def _extreme(found: list[Thing], relation: Relation, scene: Scene) -> list[Thing]:
    anchors = select(relation.anchors[0], scene)
    sign = 1 if relation.name == "nearest_to" else -1
    ranked = sorted(
        ((sign * min(gap(t.box, a.box) for a in anchors if a is not t), k, t) for k, t in enumerate(found)
         if any(a is not t for a in anchors)),
        key=lambda entry: entry[:2],
    )  # fmt: skip
    return _best(ranked, lambda t: sign * min(center_distance(t.box, a.box) for a in anchors if a is not t))


def _best(ranked: list[tuple[float, int, Thing]], tie: Callable[[Thing], float]) -> list[Thing]:
    """The first of a ranking with those equal to it; ties by a second measure, unless that is equal too."""
    if not ranked:
        return []
    equal = [t for value, _, t in ranked if value <= ranked[0][0] + 1e-3]
    least = min(tie(t) for t in equal)
    return [t for t in equal if tie(t) <= least + 1e-3]


def holds(relation: Relation, thing: Thing, scene: Scene) -> bool:
    """Whether a relation holds of a thing; of several anchors that fit, one is enough."""
    if relation.name == "against_wall":
        return wall_distance(thing.box, scene.wall_faces) <= 0.10
    if relation.name == "between":
        return _is_between(relation, thing, scene)
    anchors = [a for a in select(relation.anchors[0], scene) if a is not thing]
    if relation.name in VIEWED:
        robot = robot_thing(scene).box
        viewer = scene.robot
        assert viewer is not None
        flipped = {"in_front_of": "behind", "behind": "in_front_of"} if relation.anchors[0].noun.kind == "robot" else {}
        name = flipped.get(relation.name, relation.name)
        return any(viewed(name, thing.box, robot if flipped else a.box, viewer) for a in anchors)
    if relation.name in ("in", "nearest_to", "farthest_from"):
        return any(t is thing for t in _related([thing] if relation.name == "in" else list(scene.objects), relation,
                                                relation.anchors[0], scene))  # fmt: skip
    if relation.name == "opposite_to":
        anchors = [a for a in anchors if a.room == thing.room]
    return any(PREDICATES[relation.name](thing.box, a.box) for a in anchors if relation.name in PREDICATES)


def _is_between(relation: Relation, thing: Thing, scene: Scene) -> bool:
    groups = [select(anchor, scene) for anchor in relation.anchors]
    first, second = groups if len(groups) == 2 else (groups[0], groups[0])
    pairs = ((a, b) for a in first for b in second if a is not b and thing is not a and thing is not b)
    return any(between(thing.box, a.box, b.box) for a, b in pairs)


def _picked(found: list[Thing], description: Description, scene: Scene) -> list[Thing]:
    """What adjectives and ordinals leave. `nearest` without an anchor is nearest to the robot."""
    anchored = any(r.name in ("nearest_to", "farthest_from") for r in description.relations)
    for adjective in description.adjectives if len(found) > 1 else ():
        if adjective in _KEYS:
            ranked = sorted(((_KEYS[adjective](t), k, t) for k, t in enumerate(found)), key=lambda entry: entry[:2])
            if description.number is not None and 1 < description.number <= len(ranked):
                return [ranked[description.number - 1][2]]
            found = _best(ranked, lambda t: 0.0)
        elif adjective in ("nearest", "farthest") and not anchored:
            robot, sign = robot_thing(scene).box, 1 if adjective == "nearest" else -1
            found = [min(found, key=lambda t: sign * center_distance(t.box, robot))]
        elif adjective in ("leftmost", "rightmost"):
            found = [_sideways(found, adjective, scene)]
    return found


def _sideways(found: list[Thing], adjective: str, scene: Scene) -> Thing:
    robot, sign = robot_thing(scene).box, -1 if adjective == "leftmost" else 1

    def left(thing: Thing) -> float:
        dx, dy = thing.box.center[0] - robot.center[0], thing.box.center[1] - robot.center[1]
        return -sin(robot.yaw) * dx + cos(robot.yaw) * dy

    return min(found, key=lambda t: sign * left(t))
