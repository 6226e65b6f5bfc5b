"""Where on a surface a box finds room: painted once in cells, then asked for any number of places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, sin

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.boxes import OrientedBox
from spatial_perception.layout.raster import GridFrame, fill, polygon_rings
from spatial_perception.reasoning.measures import corners

CELL = 0.05
CLEARANCE = 0.5
"""Free space around a place counts up to this (m)."""
_OUT, _TOUCH = 0.03, 0.015
_THIN_WALL = 0.03
_MAX_SIDE = 60.0


@dataclass(frozen=True, eq=False)
class FloorPlan:
    """Cells of 5 cm in a frame turned by `yaw`: how many up to each are outside of the rooms, how many are taken, and how far
    (m) the next taken one is."""

    frame: GridFrame
    yaw: float
    outside: NDArray[np.int32]
    taken: NDArray[np.int32]
    distance: NDArray[np.float32]

    def fits(self, places: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.bool_]:
        """Whether a footprint of `size` (m) along the axes of the plan finds room at each of (N, 2) places (m)."""
        turned = _turned(places, -self.yaw)
        inside = self._count(self.outside, turned, size, _OUT) == 0
        return np.asarray(inside & (self._count(self.taken, turned, size, _TOUCH) == 0))

    def clearance(self, places: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.float64]:
        """How far (m, up to half a metre) the next taken cell is from the corners of a footprint and the middles of its sides."""
        around = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]) * np.asarray(size) / 2
        cells = self.frame.cells(_turned(places, -self.yaw)[:, None] + around)
        column, row = (np.clip(np.floor(cells[..., k]).astype(np.intp), 0, n - 1)
                       for k, n in enumerate((self.frame.width, self.frame.height)))  # fmt: skip
        return np.minimum(self.distance[row, column].min(axis=1), CLEARANCE).astype(np.float64)

    def _count(
        self, sums: NDArray[np.int32], turned: NDArray[np.float64], size: tuple[float, float], slack: float
    ) -> NDArray[np.int32]:
        half = np.maximum(np.asarray(size) / 2 - slack, 1e-6)
        low = np.ceil(self.frame.cells(turned - half) - 0.5).astype(np.intp)
        high = np.floor(self.frame.cells(turned + half) - 0.5).astype(np.intp) + 1
        limit = (self.frame.width, self.frame.height)
        beyond = ((low < 0) | (high > limit)).any(axis=-1)
        (x0, y0), (x1, y1) = (np.clip(ends, 0, limit).T for ends in (low, high))
        x1, y1 = np.maximum(x0, x1), np.maximum(y0, y1)
        return np.asarray(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0] + beyond)


@lru_cache(maxsize=4)
def make_plan(
    area: BaseGeometry, obstacles: tuple[OrientedBox, ...], walls: tuple[LineString, ...], yaw: float
) -> FloorPlan | None:
    """The plan of an area with the footprints of obstacles and with walls.

    None where the area is empty, or too large for cells of this size.
    """
    rings = polygon_rings(_outlines(area))
    points = _turned(shapely.get_coordinates(area), -yaw)
    if not rings or np.ptp(points, axis=0).max() > _MAX_SIDE:
        return None
    frame = GridFrame.around(points, CELL, CLEARANCE)
    quads = np.array([corners(o.center, o.yaw, o.size) for o in obstacles]).reshape(-1, 4, 2)
    solid = fill(frame, _turned(quads, -yaw))
    bars = [bar for wall in walls for bar in _outlines(wall.buffer(_THIN_WALL, cap_style="flat"))]
    free = fill(frame, [_turned(ring, -yaw) for ring in rings])
    blocked = ~free | fill(frame, [_turned(ring, -yaw) for ring in polygon_rings(bars)])
    away = distance_transform_edt(~solid) * CELL if solid.any() else np.zeros(solid.shape)
    return FloorPlan(frame, yaw, _summed(blocked), _summed(solid), np.asarray(away, dtype=np.float32))


def _turned(points: NDArray[np.float64], yaw: float) -> NDArray[np.float64]:
    c, s = cos(yaw), sin(yaw)
    return np.asarray(points @ np.array([[c, s], [-s, c]]))


def _outlines(area: BaseGeometry) -> list[tuple[NDArray[np.float64], ...]]:
    """Outline counter-clockwise and holes of each polygon of an area."""
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and not part.is_empty]
    whole = [shapely.geometry.polygon.orient(part) for part in parts]
    return [tuple(np.asarray(ring.coords)[:-1] for ring in (part.exterior, *part.interiors)) for part in whole]


def _summed(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Counts over all rows and columns before a cell, (H + 1, W + 1)."""
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), dtype=np.int32)
    np.cumsum(np.cumsum(mask, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    return sums
