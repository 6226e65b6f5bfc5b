"""What tells an object from a fragment, and the chance that a box is right."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid, wall_gap
from spatial_perception.models.geometric.calibration import BOX, OPEN_BOX
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.sparse import usual_samples
from spatial_perception.models.geometric.walls import Run


def box_features(box: Cuboid, walls: list[Run], levels: Levels, spacing: float, fit: float) -> tuple[float, ...]:
    """Numbers that describe a box: size, support, stance, and how well a category fits (`fit`, a log likelihood)."""
    long, short, tall = max(box.size[:2]), min(box.size[:2]), box.size[2]
    surface = long * tall + short * tall + long * short
    density = min(1.0, box.points * spacing**2 / max(surface, 1e-3))
    bottom, top = box.bottom - levels.floor, levels.top - box.top
    return (
        float(np.log(box.points * usual_samples(spacing))),
        density,
        float(np.log(long)),
        float(np.log(max(short, 0.03))),
        float(np.log(max(tall, 0.03))),
        float(bottom < 0.05),
        float(top < 0.15),
        float(bottom < 0.05) * float(np.clip(tall / 0.5, 0, 1)),
        float(wall_gap(box, walls) < 0.08),
        float(np.clip(fit, -6.0, 2.0)),
        float(long < 0.35),
        float(short < 0.15 and bottom < 0.05),
        float(top < 0.1 and bottom < 0.05),
        float(box.upon),
    )


def box_probability(features: tuple[float, ...], *, in_the_open: bool = False) -> float:
    """The chance that a box with these features is an object; `in_the_open`: on a floor without walls around.

    Thin and small groups are mostly remnants of walls and openings; where there are none, they are fronts of things.
    """
    chance = BOX.probability(features)
    stands = features[5] > 0
    return max(chance, OPEN_BOX.probability((features[0], features[4]))) if in_the_open and stands else chance
