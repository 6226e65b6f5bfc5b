"""Rooms: the areas that closed walls surround, and how well the walls close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient

from spatial_perception.layout.entities import Layout, Wall

CLOSING_DISTANCE = 0.1
MIN_ROOM_AREA = 0.5
_MIN_LENGTH, _MAX_COORDINATE, _GRID = 1e-6, 1e7, 1e-6


@dataclass(frozen=True, slots=True)
class Room:
    """An area that walls surround: `outline` (m, counter-clockwise, first corner not repeated), `holes`, `area` (m2)."""

    id: int
    outline: tuple[tuple[float, float], ...]
    holes: tuple[tuple[tuple[float, float], ...], ...]
    area: float
    center: tuple[float, float]

    @property
    def polygon(self) -> Polygon:
        """The room as a shapely polygon."""
        return Polygon(self.outline, self.holes)


@dataclass(frozen=True, slots=True)
class OpenEnd:
    """An end of a wall that meets no other wall: the wall, which end, where (m), and how far the nearest wall is (m)."""

    wall_id: int
    end: str
    position: tuple[float, float]
    gap: float


def find_rooms(
    layout: Layout, *, closing_distance: float = CLOSING_DISTANCE, min_area: float = MIN_ROOM_AREA
) -> tuple[Room, ...]:
    """The rooms of a layout, ordered by the lower left corner of their centre (y, then x).

    Walls are lengthened at both ends by `closing_distance` (m), cut where they cross, and what they enclose is a room if it
    has `min_area` (m2) or more. The outlines follow the base lines of the walls.
    """
    lines = [_lengthened(w, closing_distance) for w in layout.walls if _is_usable(w)]
    if not lines:
        return ()
    # On a grid: without one, crossings that differ in the last digit lose whole rooms.
    noded = shapely.node(shapely.union_all(lines, grid_size=_GRID))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    faces = [orient(_simple(face)) for face in faces if face.area >= min_area]
    faces.sort(key=lambda face: (face.centroid.y, face.centroid.x))
    return tuple(_room(number, face) for number, face in enumerate(faces))


def open_ends(layout: Layout, *, closing_distance: float = CLOSING_DISTANCE) -> tuple[OpenEnd, ...]:
    """The wall ends that are farther than `closing_distance` (m) from every other wall, in the order of the walls."""
    walls = [w for w in layout.walls if _is_usable(w)]
    starts = np.array([w.start[:2] for w in walls]).reshape(-1, 2)
    ends = np.array([w.end[:2] for w in walls]).reshape(-1, 2)
    found = []
    for index, wall in enumerate(walls):
        others = np.arange(len(walls)) != index
        for name, point in (("start", starts[index]), ("end", ends[index])):
            gap = _distance_to_segments(point, starts[others], ends[others])
            if gap > closing_distance:
                found.append(OpenEnd(wall.id, name, (float(point[0]), float(point[1])), gap))
    return tuple(found)


def closure(layout: Layout, *, closing_distance: float = CLOSING_DISTANCE) -> float:
    """The share of wall ends that meet another wall, from 0 to 1; 0 for a layout without walls."""
    ends = 2 * sum(_is_usable(w) for w in layout.walls)
    return 1.0 - len(open_ends(layout, closing_distance=closing_distance)) / ends if ends else 0.0


def _is_usable(wall: Wall) -> bool:
    """Whether geometry can be done with a wall: it has a length, and no coordinate is absurd."""
    return all(abs(v) < _MAX_COORDINATE for v in (*wall.start, *wall.end)) and _plan_length(wall) > _MIN_LENGTH


def _plan_length(wall: Wall) -> float:
    return float(np.hypot(wall.end[0] - wall.start[0], wall.end[1] - wall.start[1]))


def _lengthened(wall: Wall, distance: float) -> shapely.LineString:
    start, end = np.array(wall.start[:2]), np.array(wall.end[:2])
    along = (end - start) / _plan_length(wall) * distance
    return shapely.LineString([start - along, end + along])


def _simple(face: Polygon) -> Polygon:
    """Without corners that lie on a straight edge (where another wall's overshoot crossed)."""
    return shapely.simplify(shapely.normalize(face), 1e-6)


def _distance_to_segments(point: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]) -> float:
    """The distance of a point (2,) from the nearest of the segments (N, 2) to (N, 2); infinite without segments."""
    if len(starts) == 0:
        return float("inf")
    along = ends - starts
    share = np.einsum("nk,nk->n", point - starts, along) / np.einsum("nk,nk->n", along, along)
    nearest = starts + np.clip(share, 0, 1)[:, None] * along
    return float(np.linalg.norm(point - nearest, axis=1).min())


def _room(number: int, face: Polygon) -> Room:
    holes = tuple(_ring(ring.coords) for ring in face.interiors)
    center = face.representative_point() if not face.contains(face.centroid) else face.centroid
    return Room(number, _ring(face.exterior.coords), holes, float(face.area), (float(center.x), float(center.y)))


def _ring(coordinates: Sequence[Sequence[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(c[0]), float(c[1])) for c in list(coordinates)[:-1])
