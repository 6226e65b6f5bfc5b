"""Seats joined with the backs that splitting by heights took off them."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid, fit_cuboid
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.splitting import Piece

_SEAT = (0.3, 0.7)  # m above the floor: the top of a seat, from, to
_BACK = (0.6, 1.15)  # m above the floor: the top of a back, from, to
_HIGHER = 0.1  # m; a back is higher than its seat by this
_FLUSH = 0.1  # m; a back ends where its seat ends
_BESIDE = 0.1  # m; a back is this near to its seat
_LEAST_WIDTH = 0.8  # m


def with_backs(xyz: Floats, pieces: list[Piece], preferred: list[float], floor: float) -> list[Piece]:
    """The pieces of one group of points (N, 3), each seat joined with the back that runs along the whole of its side."""
    tops = {k: float(xyz[p.index, 2].max()) - floor for k, p in enumerate(pieces)}
    boxes = {
        k: fit_cuboid(xyz[pieces[k].index], preferred) for k, top in tops.items() if _SEAT[0] < top < _BACK[1] + 0.1
    }
    joined = {k: [k] for k in range(len(pieces))}
    for k in (k for k, box in boxes.items() if pieces[k].base is None and _SEAT[0] < box.top - floor < _SEAT[1]):
        for j in (j for j, box in boxes.items() if j in joined and _is_back(box, boxes[k], floor)):
            joined[k] += joined.pop(j)
    return [Piece(np.sort(np.concatenate([pieces[j].index for j in ks])), pieces[k].base) for k, ks in joined.items()]


def _is_back(back: Cuboid, seat: Cuboid, floor: float) -> bool:
    """Whether a box is as long as another one, at its side, flush at both ends, and higher."""
    turn = np.mod(back.yaw - seat.yaw, np.pi / 2)
    high = max(seat.top + _HIGHER, floor + _BACK[0]) < back.top < floor + _BACK[1]
    if not high or min(turn, np.pi / 2 - turn) > 0.1:
        return False
    size = back.size[:2] if np.cos(2 * (back.yaw - seat.yaw)) > 0 else back.size[1::-1]
    c, s = np.cos(seat.yaw), np.sin(seat.yaw)
    d = back.center[:2] - seat.center[:2]
    apart = np.abs([c * d[0] + s * d[1], -s * d[0] + c * d[1]])
    long = int(np.argmax(size))
    gap = apart[1 - long] - (size[1 - long] + seat.size[1 - long]) / 2
    flush = apart[long] + abs(size[long] - seat.size[long]) / 2 < _FLUSH
    return bool(flush and gap < _BESIDE and size[long] > _LEAST_WIDTH)
