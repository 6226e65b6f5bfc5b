"""Labels of boxes from their size and stance."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid, wall_gap
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.priors import CEILING, ON_TOP, PRIORS, UNKNOWN, Prior
from spatial_perception.models.geometric.walls import Run

_LEAST_FIT = -5.0  # log likelihood below which no category is named
_STANCE_SPREAD = 0.12  # m, for things on the floor or at the ceiling
_HANGING_SPREAD = 0.3  # m, for things on walls
_OVERHEAD = 1.5  # m; where no ceiling is seen, what ends lower hangs from none
_THIN = 0.12  # m; boxes of pictures and screens are blurred to this depth


def best_label(box: Cuboid, walls: list[Run], levels: Levels) -> tuple[str, float]:
    """The category that fits a box best, or "object", and the log likelihood of the best category (0 at its typical size)."""
    at_wall = wall_gap(box, walls) < 0.15
    fits = {name: _fit(prior, box, levels, at_wall) for name, prior in PRIORS.items()}
    name = max(fits, key=lambda n: fits[n])
    return (name if fits[name] > _LEAST_FIT else UNKNOWN), fits[name]


def _fit(prior: Prior, box: Cuboid, levels: Levels, at_wall: bool) -> float:
    long, short = max(box.size[:2]), min(box.size[:2])
    sizes = np.log([long, max(short, _THIN), max(box.size[2], 0.05)])
    typical = np.log([prior.long, max(prior.short, _THIN), max(prior.tall, 0.05)])
    size_fit = -0.5 * float((((sizes - typical) / max(prior.spread, 0.1)) ** 2).sum())
    bottom = box.bottom - levels.floor
    if prior.stance == CEILING and levels.ceiling is None and bottom < _OVERHEAD:
        stance = -12.0  # the highest points of a cloud that shows no ceiling may be those of a chair
    elif prior.stance == CEILING:
        stance = -0.5 * ((levels.top - box.top) / _STANCE_SPREAD) ** 2
    elif prior.stance == ON_TOP:
        stance = 0.0 if bottom > 0.25 else -4.0
    elif prior.stance > 0:
        stance = -0.5 * ((bottom - prior.stance) / _HANGING_SPREAD) ** 2 - (0.0 if at_wall else 3.0)
    else:
        stance = -0.5 * (bottom / _STANCE_SPREAD) ** 2
    return size_fit + max(stance, -12.0) + float(np.log(prior.common))
