"""What rooms are used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numpy.random import Generator

from spatial_perception.simulation.floorplan import RoomPlan

ALONE = ("bedroom", "living_room", "kitchen", "study", "dining_room", "studio", "bathroom")
WANTED = ("living_room", "bedroom", "kitchen", "bathroom", "bedroom", "study", "dining_room")


def name_rooms(rng: Generator, rooms: Sequence[RoomPlan]) -> list[RoomPlan]:
    """Give every room a kind: the largest becomes the living room, the smallest the bathroom where a home has several."""
    if len(rooms) == 1:
        small = rooms[0].polygon.area < 9.0
        odds = [0.26, 0.22, 0.12, 0.14, 0.1, 0.1, 0.06] if small else [0.27, 0.27, 0.1, 0.14, 0.1, 0.12, 0.0]
        return [replace(rooms[0], kind=str(rng.choice(ALONE, p=odds)))]
    order = sorted((k for k, room in enumerate(rooms) if room.kind == "room"), key=lambda k: -rooms[k].polygon.area)
    kinds = list(WANTED[: len(order)])
    middle = kinds[1:]
    if "bathroom" in middle:
        middle.remove("bathroom")
    middle = [str(kind) for kind in rng.permutation(middle)]
    named = [kinds[0], *middle, *(["bathroom"] if "bathroom" in kinds else [])]
    result = list(rooms)
    for k, kind in zip(order, named):
        result[k] = replace(rooms[k], kind=kind)
    return result
