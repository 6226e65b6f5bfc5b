"""Objects: what stands in rooms or hangs on their walls and ceilings, as oriented boxes."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.boxes import Cuboid, completed, fit_cuboid
from spatial_perception.models.geometric.clusters import clusters
from spatial_perception.models.geometric.config import GeometricConfig
from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.samples import Floats
from spatial_perception.models.geometric.walls import Run


def find_objects(
    xyz: Floats, walls: list[Run], levels: Levels, spacing: float, config: GeometricConfig
) -> list[Cuboid]:
    """Boxes of all objects among the loose samples (N, 3), largest first."""
    label = clusters(xyz, max(0.07, 2.0 * spacing))
    order = np.argsort(label, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []
    boxes = []
    for part in parts:
        if len(part) < 15:
            continue
        box = fit_cuboid(xyz[part], wall_directions(walls))
        if box.size.max() >= config.object_min_size:
            boxes.append(completed(box, walls, levels))
    return sorted(boxes, key=lambda b: (-float(np.prod(b.size)), *b.center.tolist()))


def wall_directions(walls: list[Run]) -> list[float]:
    """Directions (rad) in [0, pi/2) that boxes prefer: those of the walls and the main axes."""
    return sorted({0.0, *(round(float(np.mod(run.line.angle, np.pi / 2)), 3) for run in walls)})
