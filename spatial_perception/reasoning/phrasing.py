"""Sentences about things and rooms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.reasoning.measures import center_distance, gap
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.units import say
from spatial_perception.reasoning.words import counted, spoken

_MANY = 6


def the(thing: Thing | OrientedBox) -> str:
    """`the sofa`."""
    return f"the {spoken(thing.label)}"


def place_of(box: OrientedBox) -> str:
    """`(1.20, 3.40) m`."""
    return f"({box.center[0]:.2f}, {box.center[1]:.2f}) m"


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`; long lists are cut."""
    words = list(words)
    if len(words) > _MANY + 1:
        words = [*words[:_MANY], f"{len(words) - _MANY} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else "nothing"


def tally(things: Sequence[Thing]) -> str:
    """`2 chairs, 1 bed and 3 doors`, the most frequent first."""
    counts = Counter(spoken(thing.label) for thing in things)
    return listed([counted(n, word) for word, n in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))])


def in_room(thing: Thing, scene: Scene) -> str:
    """` in the kitchen`, or nothing where no room is known."""
    room = scene.room(thing.room)
    return f" in the {room.name}" if room else ""


def telling_apart(things: Sequence[Thing], scene: Scene) -> list[str]:
    """A phrase for each of several alike things that fits it alone: its room, a neighbour, or its place."""
    rooms = Counter(thing.room for thing in things)
    labels = Counter(thing.label for thing in scene.things)
    single = [t for t in scene.things if labels[t.label] == 1 and t.box.kind != "wall" and t not in things]
    return [_apart(thing, things, rooms[thing.room] == 1, single, scene) for thing in things[:_MANY]]


def _apart(thing: Thing, others: Sequence[Thing], alone: bool, single: Sequence[Thing], scene: Scene) -> str:
    name = the(thing)
    if sum(other.label == thing.label for other in others) == 1:
        return name + in_room(thing, scene)
    if alone and scene.room(thing.room):
        return name + in_room(thing, scene)
    for landmark in sorted(single, key=lambda other: center_distance(other.box, thing.box))[:4]:
        own = gap(thing.box, landmark.box)
        if all(gap(other.box, landmark.box) > own + 0.05 for other in others if other is not thing):
            return f"{name} nearest to {the(landmark)}"
    return f"{name} at {place_of(thing.box)}"


def sizes(box: OrientedBox, unit: str = "m") -> str:
    """`2.00 m x 0.90 m, 0.85 m high`."""
    a, b = sorted(box.size[:2], reverse=True)
    return f"{say(a, unit)} x {say(b, unit)}, {say(box.size[2], unit)} high"
