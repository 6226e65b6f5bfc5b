"""Help for the encoder of a young model: every pillar is asked what stands there and where it begins and ends.

The answers come from a layer that is thrown away after the training; what is left is an encoder whose tokens tell it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from spatial_perception.layout.categories import CATEGORIES
from spatial_perception.layout.entities import Door, Layout, Window
from spatial_perception.models.spatiallm.order import upright

Floats = NDArray[np.float32]
_CLASS = {name: number for number, name in enumerate(CATEGORIES)}
_BOX, _WALL, _OPENING = 6, 4, 5
WIDTH = 1 + len(CATEGORIES) + _BOX + 1 + _WALL + 2 * (1 + _OPENING)
"""Numbers per pillar: box (is one there, class, place and size), wall (there, ends), door and window (there, place, size)."""
_ENOUGH = 2
_BESIDE = 0.35  # m


@dataclass(frozen=True, eq=False)
class Hints:
    """Per token: class of its box (P,) int64, -1 for none; `box` (P, 6) middle and size; `wall` (P, 4) ends, `door` and
    `window` (P, 5) middle, width, height. Metres, places relative to the pillar; NaN where there is none."""

    label: Tensor
    box: Tensor
    wall: Tensor
    door: Tensor
    window: Tensor


def make_hints(places: Floats, points: Floats, entity: NDArray[np.int16], layout: Layout, edge: float) -> Hints:
    """The hints for pillars in the middle of `places` (P, 2), from points (N, 3) and the entity of `layout` that each lies
    on (N,)."""
    everything = list(layout)
    walls, first = len(layout.walls), len(everything) - len(layout.boxes)
    box = np.array([[*b.center, *b.size] for b in map(upright, layout.boxes)], dtype=np.float32).reshape(-1, _BOX)
    wall = np.array([[*w.start[:2], *w.end[:2]] for w in layout.walls], dtype=np.float32).reshape(-1, _WALL)
    label = np.array([_CLASS.get(b.label, -1) for b in layout.boxes], dtype=np.int64)
    pillar = _pillar_of(places, points, edge)
    of_wall = _most(pillar, np.where((entity >= 0) & (entity < walls), entity, -1), len(places))
    of_box = _most(pillar, np.where(entity >= first, entity - first, -1), len(places))
    return Hints(
        torch.from_numpy(np.append(label, -1)[of_box]),
        _relative(_rows(box, of_box), places, 1),
        _relative(_rows(wall, of_wall), places, 2),
        _relative(_openings(layout, layout.doors, places), places, 1),
        _relative(_openings(layout, layout.windows, places), places, 1),
    )


def _pillar_of(places: Floats, points: Floats, edge: float) -> NDArray[np.intp]:
    """Row of the pillar (N,) in which each point lies, -1 where it is none of these."""
    cells = np.floor(places / edge).astype(np.int64)
    wanted = np.floor(points[:, :2] / edge).astype(np.int64)
    keys = cells[:, 0] * 65536 + cells[:, 1]
    wanted_keys = wanted[:, 0] * 65536 + wanted[:, 1]
    row = np.searchsorted(keys, wanted_keys).clip(max=len(keys) - 1)
    return np.where(keys[row] == wanted_keys, row, -1)


def _most(pillar: NDArray[np.intp], thing: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """The thing (count,) that most points of each pillar lie on, -1 for none."""
    found = np.full(count, -1, dtype=np.int64)
    good = (pillar >= 0) & (thing >= 0)
    if good.any():
        size = int(thing.max()) + 1
        keys, numbers = np.unique(pillar[good] * size + thing[good], return_counts=True)
        keys = keys[np.argsort(numbers, kind="stable")]
        numbers = np.sort(numbers, kind="stable")
        found[keys[numbers >= _ENOUGH] // size] = keys[numbers >= _ENOUGH] % size
    return found


def _rows(values: Floats, chosen: NDArray[np.int64]) -> Floats:
    return np.concatenate([values, np.full((1, values.shape[1]), np.nan, np.float32)])[chosen]


def _relative(values: Floats, places: Floats, times: int) -> Tensor:
    """The values with their first `times` pairs of numbers relative to the places."""
    moved = values.copy()
    moved[:, : 2 * times] -= np.tile(places, times)
    return torch.from_numpy(moved.astype(np.float32))


def _openings(layout: Layout, openings: tuple[Door, ...] | tuple[Window, ...], places: Floats) -> Floats:
    """Middle (3), width and height of the opening before which each place lies."""
    found = np.full((len(places), _OPENING), np.nan, dtype=np.float32)
    for opening in openings:
        wall = layout.wall(opening.wall_id)
        if wall is None:
            continue
        along = np.subtract(wall.end, wall.start)[:2]
        along = along / max(float(np.hypot(*along)), 1e-6)
        local = (places - np.asarray(opening.center[:2])) @ np.array([[along[0], -along[1]], [along[1], along[0]]])
        before = (np.abs(local[:, 0]) < opening.width / 2 + 0.2) & (np.abs(local[:, 1]) < _BESIDE)
        found[before] = (*opening.center, opening.width, opening.height)
    return found


class HintHead(nn.Linear):
    """The layer that answers; and how wrong its answers are."""

    def __init__(self, width: int) -> None:
        super().__init__(width, WIDTH)

    def loss(self, tokens: Tensor, hints: Hints) -> Tensor:
        """Mean loss of tokens (P, C): presence, class, and places and sizes in metres, each about one at first."""
        sizes = [1, len(CATEGORIES), _BOX, 1, _WALL, 1, _OPENING, 1, _OPENING]
        there, label, box, wall_there, wall, door_there, door, window_there, window = (
            self(tokens).float().split(sizes, dim=1)
        )
        named = hints.label >= 0
        loss = _presence(there, hints.box) + _presence(wall_there, hints.wall)
        loss = loss + _presence(door_there, hints.door) + _presence(window_there, hints.window)
        loss = loss + _distance(box, hints.box, 1.0) + _distance(wall, hints.wall, 4.0)
        loss = loss + _distance(door, hints.door, 1.0) + _distance(window, hints.window, 1.0)
        if bool(named.any()):
            loss = loss + 0.5 * functional.cross_entropy(label[named], hints.label[named])
        return loss


def _presence(answer: Tensor, target: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(answer[:, 0], (~target[:, 0].isnan()).float())


def _distance(answer: Tensor, target: Tensor, scale: float) -> Tensor:
    there = ~target[:, 0].isnan()
    if not bool(there.any()):
        return answer.sum() * 0.0
    return functional.smooth_l1_loss(answer[there], target[there] / scale, beta=0.1)


def joined(hints: list[Hints]) -> Hints:
    """The hints of several clouds in a row."""
    return Hints(*(torch.cat([getattr(h, name) for h in hints]) for name in ("label", "box", "wall", "door", "window")))
