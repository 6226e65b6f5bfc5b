"""Answers about things themselves: how many, how large, where, which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spatial_perception.reasoning.answers import Answer, Status
from spatial_perception.reasoning.grounding import (
    holds,
    in_rooms,
    missing,
    nothing_like,
    one,
    pointed_out,
    robot_thing,
    rooms_of,
    select,
)
from spatial_perception.reasoning.measures import gap, volume
from spatial_perception.reasoning.phrasing import in_room, listed, place_of, sizes, tally, telling_apart, the
from spatial_perception.reasoning.questions import (
    Compare,
    Contents,
    Count,
    Description,
    Exists,
    Find,
    Holds,
    Order,
    RoomOf,
    RoomSize,
    Size,
    Where,
)
from spatial_perception.reasoning.refusals import Refusal
from spatial_perception.reasoning.relations import VIEWED
from spatial_perception.reasoning.scene import Scene, Thing
from spatial_perception.reasoning.units import in_unit, say
from spatial_perception.reasoning.words import SHORT_WIDTH, counted, plural, spoken

_SAME = 0.05


def evidence(things: Sequence[Thing]) -> dict[str, Any]:
    """The boxes and rooms of an answer; the robot and rooms have no boxes."""
    rooms = dict.fromkeys(t.room for t in things if t.room is not None)
    return {"boxes": tuple(t.box for t in things if t.box.id >= 0), "rooms": tuple(rooms)}


def answer_count(question: Count, scene: Scene) -> Answer:
    """How many things fit; nothing of a known kind is a count of zero."""
    what = question.what
    if what.noun.kind in ("room", "home"):
        rooms = _rooms_or_none(what, scene)
        verb = "is" if len(rooms) == 1 else "are"
        return Answer("", f"There {verb} {counted(len(rooms), what.noun.text)}.", value=float(len(rooms)),
                      rooms=tuple(r.id for r in rooms), key=(str(len(rooms)),))  # fmt: skip
    if question.also:
        return _counted_together((what, *question.also), scene)
    found = _any(what, scene)
    noun = what.noun.text if what.noun.text != "piece" else "piece of furniture"
    text = f"There {'is' if len(found) == 1 else 'are'} {counted(len(found), noun)}{_where_said(what, scene)}."
    return Answer(
        "", text + _wider(what, found, scene), value=float(len(found)), key=(str(len(found)),), **evidence(found)
    )


def _counted_together(items: Sequence[Description], scene: Scene) -> Answer:
    """Several kinds of things: each number, and the sum."""
    groups = [_any(item, scene) for item in items]
    each = listed([counted(len(found), item.noun.text) for found, item in zip(groups, items)])
    total = sum(map(len, groups))
    text = f"There {'is' if len(groups[0]) == 1 else 'are'} {each}: {total} in all."
    return Answer("", text, value=float(total), key=(str(total),), **evidence([t for found in groups for t in found]))


def _rooms_or_none(what: Description, scene: Scene) -> list:
    try:
        return rooms_of(replace(what, every=True), scene)
    except Refusal:
        return []


def _any(what: Description, scene: Scene) -> list[Thing]:
    """The things that fit; none where the noun is understood but absent. Unknown words are refused."""
    try:
        return select(what, scene)
    except Refusal as refusal:
        if refusal.status is not Status.NOT_FOUND or what.noun.kind == "unknown" or not _is_absent(what, scene):
            raise
        return []


def _is_absent(what: Description, scene: Scene) -> bool:
    return not any(thing.label in tier for tier in what.noun.tiers for thing in scene.things)


def _where_said(what: Description, scene: Scene) -> str:
    """` in the kitchen` where one room was meant."""
    rest = [r.anchors[0] for r in what.relations if r.name == "in" and r.anchors[0].noun.kind == "room"]
    rooms = rooms_of(rest[0], scene) if rest and scene.rooms else []
    return f" in the {rooms[0].name}" if len(rooms) == 1 else ""


def _wider(what: Description, found: Sequence[Thing], scene: Scene) -> str:
    """A remark where the word has a wider meaning too: dining chairs are chairs."""
    used = {thing.label for thing in found}
    labels = {label for tier in what.noun.tiers for label in tier if label not in used}
    more = [t for t in scene.objects if t.label in labels] if found else []
    return f" In a wider sense there are also {tally(more)}." if more else ""


def answer_exists(question: Exists, scene: Scene) -> Answer:
    """Yes with what there is, or no."""
    what = question.what
    if what.noun.kind in ("room", "home"):
        rooms = _rooms_or_none(what, scene)
        names = listed([f"the {room.name}" for room in rooms])
        text = f"Yes: {names}." if rooms else f"No, I know of no {what.noun.text} here."
        return _yes_no(bool(rooms), text, rooms=tuple(r.id for r in rooms))
    if what.noun.kind == "unknown":
        return _yes_no(False, missing(what.noun, scene), status=Status.NOT_FOUND)
    found = _any(what, scene)
    if not found:
        absent = _is_absent(what, scene)
        return _yes_no(False, f"No. {missing(what.noun, scene) if absent else nothing_like(what, scene)}")
    enough = len(found) >= question.least
    return _yes_no(
        enough,
        f"{'Yes' if enough else 'No'}, there {'is' if len(found) == 1 else 'are'} {tally(found)}{_where_said(what, scene)}.",
        **evidence(found),
    )


def _yes_no(yes: bool, text: str, **details: object) -> Answer:
    return Answer("", text, value=float(yes), key=("yes" if yes else "no",), **details)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------ sizes
def extent(thing: Thing, dimension: str) -> tuple[float, int]:
    """A dimension (m to some power) of a thing, and that power.

    Length is the longer horizontal side and depth the shorter; width is the shorter side of things one lies on, walks on
    or sits around, and the longer side of all that stands with its back to a wall.
    """
    long, short = sorted(thing.box.size[:2], reverse=True)
    if dimension == "volume":
        return volume(thing.box), 3
    if dimension == "footprint":
        return long * short, 2
    lying = thing.label in SHORT_WIDTH
    values = {"height": thing.box.size[2], "length": long, "depth": short, "width": short if lying else long,
              "longest": max(thing.box.size), "all": max(thing.box.size)}  # fmt: skip
    if thing.box.kind in ("door", "window", "wall"):
        values |= {"width": thing.box.size[0], "depth": thing.box.size[1], "length": thing.box.size[0]}
    return values[dimension], 1


_NAMES = {"height": "high", "length": "long", "depth": "deep", "width": "wide"}


def answer_size(question: Size, scene: Scene) -> Answer:
    """One dimension, or all three; several things that fit are answered together where they are alike to 5 cm."""
    if question.what.noun.kind in ("room", "home"):
        return _ceiling(scene, question.unit)
    found = pointed_out(select(question.what, scene), scene)
    if not found:
        raise Refusal(Status.NOT_FOUND, nothing_like(question.what, scene))
    values = [extent(thing, question.dimension) for thing in found]
    numbers, power = [v for v, _ in values], values[0][1]
    if max(numbers) - min(numbers) > _SAME:
        phrases = telling_apart(found, scene)
        each = [f"{phrase}: {say(v, question.unit, power)}" for phrase, v in zip(phrases, numbers)]
        text = f"There are {len(found)} {plural(question.what.noun.text)}: {listed(each)}. Which one do you mean?"
        raise Refusal(Status.AMBIGUOUS, text, [t.box for t in found])
    value = sum(numbers) / len(numbers)
    subject = (
        f"{the(found[0]).capitalize()} is"
        if len(found) == 1
        else f"All {len(found)} {plural(spoken(found[0].label))} are"
    )
    text = f"{subject} {_measured(question, value, power)}; in full {sizes(found[0].box, question.unit)}."
    unit = question.unit + (str(power) if power > 1 else "")
    rounded = in_unit(value, question.unit, power)
    return Answer("", text, value=rounded, unit=unit, key=(f"{rounded:.6g}",), **evidence(found))


def _measured(question: Size, value: float, power: int) -> str:
    amount = say(value, question.unit, power)
    if question.dimension in _NAMES:
        return f"{amount} {_NAMES[question.dimension]}"
    return {"volume": f"{amount} in volume", "footprint": f"{amount} in area"}.get(
        question.dimension, f"{amount} along the longest dimension"
    )


def _ceiling(scene: Scene, unit: str) -> Answer:
    if scene.ceiling is None:
        raise Refusal(Status.NOT_FOUND, "I know no walls, and so no height of the room.")
    height = scene.ceiling - scene.floor
    return Answer("", f"The room is {say(height, unit)} high.", value=in_unit(height, unit), unit=unit,
                  rooms=tuple(r.id for r in scene.rooms))  # fmt: skip


def answer_room_size(question: RoomSize, scene: Scene) -> Answer:
    """The area within the centre lines of the walls; of all rooms together where several are meant by `this room`."""
    if not scene.rooms:
        raise Refusal(Status.NOT_FOUND, "No walls enclose a room here, so that I cannot tell its area.")
    rooms = list(scene.rooms) if question.room is None else rooms_of(question.room, scene)
    if question.room is not None and len(rooms) > 1 and question.room.noun.room != "room":
        each = listed([f"the {room.name} has {say(room.area, question.unit, 2)}" for room in rooms])
        raise Refusal(Status.AMBIGUOUS, f"There are {len(rooms)}: {each}. Which one do you mean?")
    area = sum(room.area for room in rooms)
    floor = sum(float(scene.free_area.intersection(room.polygon).area) for room in rooms)
    subject = f"The {rooms[0].name} has" if len(rooms) == 1 else f"The {len(rooms)} rooms together have"
    text = f"{subject} {say(area, question.unit, 2)} within the centre lines of the walls"
    if area - floor > 0.05:
        text += f", {say(floor, question.unit, 2)} of floor between their faces"
    value = in_unit(area, question.unit, 2)
    return Answer(
        "", f"{text}.", value=value, unit=f"{question.unit}2", rooms=tuple(r.id for r in rooms), key=(f"{value:.6g}",)
    )


def answer_compare(question: Compare, scene: Scene) -> Answer:
    """Which has the most of a dimension; several things of one description stand for their largest (or smallest)."""
    sign = -1 if question.least else 1
    picked = [max(_some(item, scene), key=lambda t: sign * _extent(t, question, scene)[0]) for item in question.items]
    values = [_extent(thing, question, scene) for thing in picked]
    order = sorted(range(len(picked)), key=lambda k: (-sign * values[k][0], k))
    power = values[0][1]
    each = [f"{the(picked[k])} has {say(values[k][0], 'm', power)}" for k in order]
    if question.yes_no:
        yes = sign * (values[0][0] - values[1][0]) > 0
        return _yes_no(yes, f"{'Yes' if yes else 'No'}: {listed(each)}.", **evidence(picked))
    best = picked[order[0]]
    measure = "area" if picked[0].box.id < 0 or question.dimension == "footprint" else question.dimension
    text = f"{the(best).capitalize()}: {listed(each)} ({measure})."
    return Answer("", text, value=values[order[0]][0], unit="m" + (str(power) if power > 1 else ""),
                  key=(question.items[order[0]].noun.text,),
                  **evidence([best, *(p for p in picked if p is not best)]))  # fmt: skip


def _extent(thing: Thing, question: Compare, scene: Scene) -> tuple[float, int]:
    """The dimension that is compared; of rooms it is the area."""
    room = scene.room(thing.room) if thing.box.id < 0 else None
    return (room.area, 2) if room else extent(thing, question.dimension)


def _some(description: Description, scene: Scene) -> list[Thing]:
    found = select(description, scene)
    if not found:
        raise Refusal(Status.NOT_FOUND, nothing_like(description, scene))
    return found


# ------------------------------------------------------------------------------------------ places
def answer_where(question: Where, scene: Scene) -> Answer:
    """Room, nearest neighbour and coordinates of every thing that fits (a room: its centre)."""
    found = _some(question.what, scene)
    if question.what.noun.kind in ("room", "home"):
        texts = [f"The {t.label} is around {place_of(t.box)}" for t in found]
        return Answer("", f"{'. '.join(texts)}.", rooms=tuple(t.room for t in found if t.room is not None))
    if question.what.noun.kind == "robot":
        return answer_room_of(RoomOf(question.what), scene)
    if len(found) > 1:
        phrases = [
            f"{p}{'' if ' at (' in p else f' at {place_of(t.box)}'}" for p, t in zip(telling_apart(found, scene), found)
        ]
        text = f"There are {len(found)} {plural(question.what.noun.text)}: {listed(phrases)}."
        return Answer("", text, **evidence(found))
    thing = found[0]
    return Answer(
        "", f"{the(thing).capitalize()} is{_surroundings(thing, scene)}, at {place_of(thing.box)}.", **evidence(found)
    )


def _surroundings(thing: Thing, scene: Scene) -> str:
    room = in_room(thing, scene) or (" outside of every known room" if scene.rooms else "")
    others = [t for t in scene.objects if t is not thing and t.room == thing.room]
    nearest = min(others, key=lambda t: gap(t.box, thing.box), default=None)
    if nearest is None:
        return room
    distance = gap(nearest.box, thing.box)
    return f"{room}, {say(distance)} from {the(nearest)}" if distance > 0.005 else f"{room}, touching {the(nearest)}"


def answer_find(question: Find, scene: Scene) -> Answer:
    """The thing that a description means; all of them where it is plural."""
    what = question.what
    if what.noun.kind in ("room", "home", "robot") or what.every or what.noun.plural:
        found = _some(what, scene)
    elif not what.definite:
        found = _some(what, scene)[:1]
    else:
        found = [one(what, scene)]
    key = (spoken(found[0].label),)
    if what.noun.kind in ("room", "home"):
        return Answer(
            "", f"That is {listed([f'the {t.label}' for t in found])}.", rooms=evidence(found)["rooms"], key=key
        )
    texts = [f"{the(t)}{in_room(t, scene)} at {place_of(t.box)}" for t in found]
    return Answer("", f"That is {listed(texts)}.", key=key, **evidence(found))


def answer_contents(question: Contents, scene: Scene) -> Answer:
    """What is there: in a room, on a table, left of the robot (in its room)."""
    what = question.what
    if what.noun.kind in ("room", "home"):
        rooms = rooms_of(replace(what, every=what.every or what.noun.plural), scene)
        inside = in_rooms(scene.objects, rooms, scene)
        text = f"There {'is' if len(rooms) == 1 else 'are'} {listed([f'the {room.name}' for room in rooms])}"
        return Answer("", f"{text}, with {tally(inside)}.", value=float(len(rooms)), boxes=tuple(t.box for t in inside),
                      rooms=tuple(r.id for r in rooms))  # fmt: skip
    found = select(what, scene)
    robot_seen = any(r.name in VIEWED and r.anchors[0].noun.kind == "robot" for r in what.relations)
    if robot_seen and scene.robot_room:
        found = [t for t in found if t.room == scene.robot_room.id]
    if not found:
        return Answer("", "Nothing that I know of.", value=0.0, key=("nothing",))
    verb = "is" if tally(found).startswith("1 ") else "are"
    return Answer(
        "",
        f"There {verb} {tally(found)}.",
        value=float(len(found)),
        key=tuple(t.label for t in found),
        **evidence(found),
    )


def answer_holds(question: Holds, scene: Scene) -> Answer:
    """Whether a relation holds; with several subjects, whether it does for any."""
    found = _some(question.subject, scene)
    good = [thing for thing in found if holds(question.relation, thing, scene)]
    if question.subject.every and len(good) < len(found):
        good = []
    name = (
        question.relation.name.replace("_wall", " a wall")
        .replace("_", " ")
        .replace("farthest from", "the farthest from")
        .replace("nearest", "the nearest")
    )
    anchors = listed([_article(anchor) for anchor in question.relation.anchors])
    said = f"{name} {anchors}" if question.relation.anchors else name
    text = f"the {question.subject.noun.text} is {'' if good else 'not '}{said}"
    anchored = [t for a in question.relation.anchors for t in _quiet(a, scene)][:4]
    return _yes_no(bool(good), f"{'Yes' if good else 'No'}, {text}.", **evidence([*(good or found), *anchored]))


def _quiet(anchor: Description, scene: Scene) -> list[Thing]:
    return select(anchor, scene) if anchor.noun.kind == "thing" else []


def _article(anchor: Description) -> str:
    return anchor.noun.text if anchor.noun.text in ("me", "you") else f"the {anchor.noun.text}"


def answer_room_of(question: RoomOf, scene: Scene) -> Answer:
    """The room that something is in."""
    if not scene.rooms:
        raise Refusal(Status.NOT_FOUND, "No walls enclose a room here, so that I cannot tell rooms apart.")
    thing = robot_thing(scene) if question.what.noun.kind == "robot" else None
    found = [thing] if thing else _some(question.what, scene)
    names = {scene_room.name for t in found if (scene_room := scene.room(t.room))}
    subject = "The robot" if thing else the(found[0]).capitalize()
    if not names:
        near = min(scene.rooms, key=lambda room: (room.polygon.distance(found[0].footprint), room.id))
        distance = near.polygon.distance(found[0].footprint)
        raise Refusal(Status.NOT_FOUND, f"{subject} is outside of every known room, {say(distance)} from the {near.name}.",
                      [t.box for t in found if t.box.id >= 0])  # fmt: skip
    if len(names) > 1:
        subject = f"There are {len(found)} {plural(question.what.noun.text)}; they"
        return Answer(
            "",
            f"{subject} are in {listed([f'the {name}' for name in sorted(names)])}.",
            key=tuple(sorted(names)),
            **evidence(found),
        )
    name = names.pop()
    return Answer("", f"{subject} is in the {name}.", key=(name,), **evidence(found))


def answer_order(question: Order, scene: Scene) -> Answer:
    """Things by the time that they (the first of several) were first seen."""
    groups = [_some(item, scene) for item in question.items]
    times = [min((t.first_seen for t in group if t.first_seen is not None), default=None) for group in groups]
    unknown = [item.noun.text for item, time in zip(question.items, times) if time is None]
    if unknown:
        text = f"I do not know when I first saw the {listed(unknown)}; this scene keeps no times for it."
        raise Refusal(Status.NOT_FOUND, text, [t.box for group in groups for t in group])
    order = sorted(range(len(groups)), key=lambda k: (times[k], k))
    words = [question.items[k].noun.text for k in order]
    firsts = [min(groups[k], key=lambda t: (t.first_seen is None, t.first_seen)) for k in order]
    text = f"First seen in this order: {', '.join(f'{w} ({times[k]:.1f} s)' for w, k in zip(words, order))}."
    return Answer("", text, key=tuple(words), **evidence(firsts))
