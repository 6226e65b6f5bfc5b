"""Seats joined with the backs that splitting by heights took off them."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid, fit_cuboid
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.splitting import Piece

_SEAT = (0.3, 0.62)  # m above the floor: the top of a seat, from, to
_BACK = (0.6, 1.15)  # m above the floor: the top of a back, from, to
_FLUSH = 0.1  # m; a back ends where its seat ends
_BESIDE = 0.1  # m; a back is this near to its seat
_LEAST_WIDTH = 0.8  # m


def with_backs(xyz: Floats, pieces: list[Piece], preferred: list[float], floor: float) -> list[Piece]:
    """The pieces of one group of points (N, 3), each seat joined with the back that runs along the whole of its side."""
    boxes = [fit_cuboid(xyz[p.index], preferred) if p.base is None and len(p.index) >= 15 else None for p in pieces]
    seats = _within(boxes, floor, _SEAT)
    backs = _within(boxes, floor, _BACK)
    joined = {k: [k] for k in range(len(pieces))}
    for k in seats:
        mine = [j for j in backs if j in joined and j != k and _is_back(boxes[j], boxes[k])]
        for j in mine:
            joined[k] += joined.pop(j)
    return [Piece(np.sort(np.concatenate([pieces[j].index for j in ks])), pieces[k].base) for k, ks in joined.items()]


def _within(boxes: list[Cuboid | None], floor: float, ends: tuple[float, float]) -> list[int]:
    return [k for k, box in enumerate(boxes) if box is not None and ends[0] < box.top - floor < ends[1]]


def _is_back(back: Cuboid, seat: Cuboid) -> bool:
    """Whether a box is as long as another one, at its side, flush at both ends, and higher."""
    turn = np.mod(back.yaw - seat.yaw, np.pi / 2)
    if min(turn, np.pi / 2 - turn) > 0.1 or back.top < seat.top + 0.1:
        return False
    size = back.size[:2] if np.cos(2 * (back.yaw - seat.yaw)) > 0 else back.size[1::-1]
    c, s = np.cos(seat.yaw), np.sin(seat.yaw)
    d = back.center[:2] - seat.center[:2]
    apart = np.abs([c * d[0] + s * d[1], -s * d[0] + c * d[1]])
    long = int(np.argmax(size))
    gap = apart[1 - long] - (size[1 - long] + seat.size[1 - long]) / 2
    flush = apart[long] + abs(size[long] - seat.size[long]) / 2 < _FLUSH
    return bool(flush and gap < _BESIDE and size[long] > _LEAST_WIDTH)
