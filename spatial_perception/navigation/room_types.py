"""What a room is used for, told from the things in it: semantic metadata with a confidence, not a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp

UNKNOWN_ROOM = "room"
ROOM_TYPES = ("bathroom", "bedroom", "corridor", "dining_room", "kitchen", "living_room", "study", "studio")

# label -> evidence for each type, in nats; a second thing of the same label adds half as much, a third a quarter.
_EVIDENCE: Mapping[str, Mapping[str, float]] = {
    "toilet": {"bathroom": 5.0},
    "tub": {"bathroom": 4.0},
    "shower": {"bathroom": 4.0},
    "shower_room": {"bathroom": 4.0},
    "hand_sink": {"bathroom": 3.0},
    "bathroom_cabinet": {"bathroom": 3.5},
    "washing_machine": {"bathroom": 1.5, "kitchen": 0.7},
    "washing_cabinet": {"bathroom": 2.0, "kitchen": 0.5},
    "bed": {"bedroom": 4.0, "studio": 2.5},
    "multifunctional_combination_bed": {"bedroom": 4.0, "studio": 2.5},
    "nightstand": {"bedroom": 2.5, "studio": 1.0},
    "pillow": {"bedroom": 1.0, "studio": 0.5},
    "wardrobe": {"bedroom": 2.5, "studio": 1.0},
    "dressing_table": {"bedroom": 2.0},
    "clothes_rack": {"bedroom": 1.0, "corridor": 0.5},
    "stove": {"kitchen": 4.0, "studio": 1.0},
    "gas_stove": {"kitchen": 4.0, "studio": 1.0},
    "integrated_stove": {"kitchen": 4.0, "studio": 1.0},
    "range_hood": {"kitchen": 3.5, "studio": 1.0},
    "refrigerator": {"kitchen": 3.0, "studio": 1.0},
    "micro-wave_oven": {"kitchen": 2.5, "studio": 0.8},
    "sink": {"kitchen": 2.0, "bathroom": 1.0, "studio": 0.6},
    "cupboard": {"kitchen": 0.8},
    "wall_cabinet": {"kitchen": 1.0, "bathroom": 0.3},
    "sofa": {"living_room": 3.5, "studio": 1.5},
    "combination_sofa": {"living_room": 4.0, "studio": 1.5},
    "coffee_table": {"living_room": 2.0, "studio": 0.5},
    "tv_cabinet": {"living_room": 1.8, "bedroom": 0.5},
    "tv": {"living_room": 1.2, "bedroom": 0.5},
    "leisure_table_and_chair_combination": {"living_room": 1.5},
    "cushion": {"living_room": 0.8},
    "wine_cabinet": {"living_room": 0.8, "dining_room": 0.8},
    "dining_table": {"dining_room": 2.6, "living_room": 0.8, "kitchen": 0.8},
    "dining_table_combination": {"dining_room": 2.8, "living_room": 0.8, "kitchen": 0.8},
    "dining_chair": {"dining_room": 1.2, "kitchen": 0.4, "living_room": 0.4},
    "sideboard": {"dining_room": 1.5, "living_room": 0.4},
    "bar": {"dining_room": 0.8, "kitchen": 0.6, "living_room": 0.6},
    "bar_chair": {"dining_room": 0.6, "kitchen": 0.6},
    "desk": {"study": 3.0, "bedroom": 1.0, "studio": 0.4},
    "computer": {"study": 1.8, "bedroom": 0.2},
    "bookcase": {"study": 1.5, "living_room": 0.7},
    "chair": {"study": 0.5},
    "shoe_cabinet": {"corridor": 2.0},
    "entrance_cabinet": {"corridor": 2.0},
}
_PRIOR = {"studio": -2.0, "corridor": -1.0}
_LARGE_BATHROOM, _NARROW = 14.0, 1.9
_UNDECIDED = 1.2  # nats in favour of no type at all
_STUDIO = (("bed", "multifunctional_combination_bed"), ("sofa", "combination_sofa", "dining_table", "stove",
           "gas_stove", "refrigerator", "integrated_stove"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoomType:
    """A type of ROOM_TYPES or `room`, and how sure that is, in [0, 1]."""

    name: str
    confidence: float


def infer_room_type(labels: Iterable[str], area: float = 0.0, width: float = 0.0) -> RoomType:
    """The most likely type of a room from the labels of its objects, its floor `area` (m2) and least `width` (m).

    Evidence adds up as in a naive Bayes classifier; the confidence is the posterior among all types and "no type".
    Where no object speaks for a type the result is `room`; a long narrow room without furniture is a corridor.
    """
    scores = _scores(labels)
    if 0 < width < _NARROW and area > 1.5 * width**2:
        scores["corridor"] += 2.5 if max(scores.values()) < 2.0 else 0.5
    if area > _LARGE_BATHROOM:
        scores["bathroom"] -= 1.0
    odds = {name: exp(min(score, 50.0)) for name, score in scores.items()}
    total = sum(odds.values()) + exp(_UNDECIDED)
    best = max(ROOM_TYPES, key=lambda name: (scores[name], name))
    if scores[best] <= _UNDECIDED:
        return RoomType(UNKNOWN_ROOM, round(exp(_UNDECIDED) / total, 3))
    return RoomType(best, round(odds[best] / total, 3))


def _scores(labels: Iterable[str]) -> dict[str, float]:
    counts: dict[str, int] = {}
    for label in labels:
        key = label.strip().lower().replace(" ", "_")
        counts[key] = counts.get(key, 0) + 1
    scores = {name: _PRIOR.get(name, 0.0) for name in ROOM_TYPES}
    for key, count in counts.items():
        weight = 2.0 - 0.5 ** (count - 1)
        for name, nats in _EVIDENCE.get(key, {}).items():
            scores[name] += weight * nats
    if all(any(label in counts for label in group) for group in _STUDIO):
        scores["studio"] += 4.0
    return scores
