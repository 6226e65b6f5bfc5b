from __future__ import annotations

import numpy as np
import pytest

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.pointcloud.cloud import PointCloud


@pytest.fixture
def flat() -> Layout:
    """Two rooms of 4 x 3 m and 2 x 3 m, with a thick and a thin wall, doors, a window, furniture and a lamp."""
    walls = (
        Wall(0, (0, 0, 0), (6, 0, 0), 2.6, 0.2),
        Wall(1, (6, 0, 0), (6, 3, 0), 2.6, 0.2),
        Wall(2, (6, 3, 0), (0, 3, 0), 2.6, 0.2),
        Wall(3, (0, 3, 0), (0, 0, 0), 2.6, 0.2),
        Wall(4, (4, 0, 0), (4, 3, 0), 2.6, 0.0),
    )
    doors = (Door(0, 4, (4, 1.5, 1.0), 0.9, 2.0), Door(1, 0, (1, 0, 1.0), 1.0, 2.0))
    windows = (Window(0, 2, (2, 3, 1.5), 1.4, 1.2),)
    boxes = (
        Box(0, "sofa", (1.0, 2.3, 0.4), 0.0, (1.8, 0.9, 0.8)),
        Box(1, "tv_cabinet", (2.8, 0.4, 0.3), 0.1, (1.4, 0.4, 0.6)),
        Box(2, "chandelier", (2.0, 1.5, 2.3), 0.0, (0.6, 0.6, 0.4)),
        Box(3, "object", (5.2, 2.2, 0.5), 0.5, (0.5, 0.5, 1.0)),
    )
    return Layout(walls, doors, windows, boxes, frame_id="map")


@pytest.fixture
def cloud() -> PointCloud:
    """10,000 coloured points in the volume of `flat`, the ceiling included, with some NaN."""
    rng = np.random.default_rng(5)
    xyz = rng.uniform((0, 0, 0), (6, 3, 2.6), (10_000, 3)).astype(np.float32)
    xyz[::500] = np.nan
    return PointCloud(xyz, rng.integers(0, 255, (10_000, 3)).astype(np.uint8), frame_id="map")
