"""What tells a wall from other tall surfaces, and the chance that it is right."""

from __future__ import annotations

import numpy as np

from spatial_perception.models.geometric.levels import Levels
from spatial_perception.models.geometric.samples import Samples
from spatial_perception.models.geometric.walls import Run

_ON_WALL = 0.04  # m


def wall_features(run: Run, levels: Levels) -> tuple[float, ...]:
    """Numbers that describe a wall: length, share of its surface that is seen, closed ends, sides seen."""
    surface = run.length * levels.height * (2 if run.thickness else 1)
    return (
        float(np.log(run.length)),
        float(np.clip(run.area / max(surface, 1e-6), 0.0, 1.0)),
        float(sum(run.closed)),
        float(run.thickness > 0),
        float(np.log1p(run.area)),
        float(sum(f.length for f in run.faces) / max(run.length, 1e-6) / (2 if run.thickness else 1)),
    )


def wall_support(run: Run, samples: Samples) -> int:
    """Number of samples on the faces of a wall."""
    u, s = run.line.along(samples.xyz[:, :2]), run.line.aside(samples.xyz[:, :2])
    on = np.abs(np.abs(s) - run.thickness / 2) < _ON_WALL
    return int((on & (u > run.start) & (u < run.end)).sum())
