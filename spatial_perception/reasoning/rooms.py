"""What rooms are for, what they are called, and which doors join them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import cos, dist, sin
from types import MappingProxyType

import shapely
from shapely.geometry import Polygon

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.rooms import Room

OUTSIDE = None
_SIGNS: Mapping[str, Mapping[str, int]] = MappingProxyType({
    "bathroom": {"toilet": 9, "tub": 9, "shower": 8, "shower_room": 8, "bathroom_cabinet": 5, "hand_sink": 3},
    "kitchen": {"stove": 9, "gas_stove": 9, "integrated_stove": 9, "range_hood": 7, "refrigerator": 5, "sink": 4,
                "micro-wave_oven": 4, "cupboard": 2, "wall_cabinet": 1},
    "bedroom": {"bed": 9, "multifunctional_combination_bed": 9, "nightstand": 4, "wardrobe": 4, "dressing_table": 3,
                "pillow": 3},
    "living_room": {"sofa": 6, "combination_sofa": 6, "coffee_table": 4, "tv": 1, "tv_cabinet": 1, "cushion": 1},
    "dining_room": {"dining_table": 4, "dining_table_combination": 4, "dining_chair": 1},
    "study": {"desk": 3, "bookcase": 2, "computer": 2},
    "laundry_room": {"washing_machine": 2},
    "corridor": {"shoe_cabinet": 3, "entrance_cabinet": 3},
})  # fmt: skip
"""What speaks for a use of a room, and how strongly; the use with most weight is taken, the earlier one when equal."""


@dataclass(frozen=True, eq=False)
class NamedRoom:
    """A room with its use: `kind` (bedroom, kitchen, room, ...) and the `name` that tells it from the others."""

    id: int
    kind: str
    name: str
    polygon: Polygon
    area: float
    center: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Passage:
    """A door and the ids of the rooms on its two sides; None is outside (or unknown)."""

    door: OrientedBox
    sides: tuple[int | None, int | None]


def guess_kind(labels: Sequence[str]) -> str:
    """The use of a room with these labels in it; `room` when nothing tells, `studio` where one cooks and sleeps."""
    present = set(labels)
    weights = {kind: sum(signs.get(label, 0) for label in present) for kind, signs in _SIGNS.items()}
    if min(weights["kitchen"], weights["bedroom"]) >= 9:
        return "studio"
    best = max(weights, key=lambda kind: weights[kind])
    return best if weights[best] else "room"


def name_rooms(rooms: Sequence[Room], kinds: Mapping[int, str]) -> tuple[NamedRoom, ...]:
    """Rooms with names: `kitchen`, or `bedroom 1` and `bedroom 2` where a use repeats."""
    totals, seen = Counter(kinds[room.id] for room in rooms), Counter[str]()
    named = []
    for room in rooms:
        kind = kinds[room.id]
        seen[kind] += 1
        word = kind.replace("_", " ")
        name = f"{word} {seen[kind]}" if totals[kind] > 1 else word
        named.append(NamedRoom(room.id, kind, name, room.polygon, room.area, room.center))
    return tuple(named)


def room_at(rooms: Sequence[NamedRoom], x: float, y: float, tolerance: float = 0.0) -> NamedRoom | None:
    """The room around a point (m), or the nearest one within `tolerance`; None outside."""
    point = shapely.Point(x, y)
    gaps = [(float(room.polygon.distance(point)), room.id, room) for room in rooms]
    best = min(gaps, key=lambda entry: entry[:2], default=None)
    return best[2] if best and best[0] <= tolerance else None


def passages(doors: Sequence[OrientedBox], rooms: Sequence[NamedRoom]) -> tuple[Passage, ...]:
    """The two sides of every door, in the order of the doors."""
    return tuple(Passage(door, _sides(door, rooms)) for door in doors)


def _sides(door: OrientedBox, rooms: Sequence[NamedRoom]) -> tuple[int | None, int | None]:
    reach = door.size[1] / 2 + 0.25
    normal = (-sin(door.yaw) * reach, cos(door.yaw) * reach)
    found = [room_at(rooms, door.center[0] + s * normal[0], door.center[1] + s * normal[1]) for s in (1, -1)]
    first, second = (room.id if room else OUTSIDE for room in found)
    return first, second


@dataclass(frozen=True, slots=True)
class Way:
    """A way through rooms: their ids in order, the doors between them, and its length (m) from door to door."""

    rooms: tuple[int, ...]
    doors: tuple[OrientedBox, ...]
    length: float


def find_way(
    ways: Sequence[Passage], start: int, goal: int, origin: tuple[float, float], target: tuple[float, float]
) -> Way | None:
    """The shortest way between two rooms, straight from door to door (Dijkstra over doors); None where there is none."""
    if start == goal:
        return Way((start,), (), dist(origin, target))
    queue: list[tuple[float, int, int, tuple[int, ...], tuple[int, ...]]] = [(0.0, start, -1, (start,), ())]
    best: dict[tuple[int, int], float] = {}
    while queue:
        length, room, last, rooms, doors = heappop(queue)
        if best.setdefault((room, last), length) < length:
            continue
        if last == -2:
            return Way(rooms, tuple(ways[k].door for k in doors), length)
        here = ways[last].door.center[:2] if last >= 0 else origin
        if room == goal:
            heappush(queue, (length + dist(here, target), room, -2, rooms, doors))
            continue
        for k, passage in enumerate(ways):
            beyond = _beyond(passage, room)
            if beyond is not None and beyond not in rooms:
                step = length + dist(here, passage.door.center[:2])
                heappush(queue, (step, beyond, k, (*rooms, beyond), (*doors, k)))
    return None


def _beyond(passage: Passage, room: int) -> int | None:
    """The room behind a door that one enters from `room`; None where the door does not lead on from there."""
    first, second = passage.sides
    if room not in (first, second) or first == second:
        return None
    return second if room == first else first
