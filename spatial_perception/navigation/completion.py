"""Rooms with a wall missing: estimators do not see walls behind wardrobes, yet the room is there, with doors and things in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from spatial_perception.layout.rooms import Room
from spatial_perception.navigation.footprints import WallLines

MISSING_WALL = 2.5
"""A room is still one where walls this long (m) or shorter are missing at a place."""
MIN_AREA = 1.5
_GRID = 1e-6  # m
_MET = 0.15  # m; nearer than this, walls meet anyway
_CORE = 0.02  # m from its ends that a bridge may be in a wall
_OVERSHOOT = 0.1  # m by which lines are lengthened so that they cross


def open_areas(lines: WallLines, spaces: Sequence[Room]) -> tuple[Polygon, ...]:
    """Areas outside of `spaces` that walls enclose but for gaps of at most MISSING_WALL, ordered by their centres (y, then x).

    Whether such an area is a room or a corner outside of the home, what stands in it has to tell.
    """
    walls = shapely.linestrings(lines.ends)
    rooms = np.array([space.polygon for space in spaces])
    bridges = _bridges(lines, walls, rooms)
    if not len(bridges):
        return ()
    inside = _union(rooms)
    longer = shapely.linestrings(_lengthened(lines.ends))
    faces = shapely.get_parts(shapely.polygonize([_union([*longer, *bridges])]))
    fresh = [face for face in faces if _share(face, inside) < 0.5]
    if not fresh:
        return ()
    # Bridges between fresh faces vanish in their union; walls cut it again.
    outline = _union(fresh).boundary
    parts = shapely.get_parts(shapely.polygonize([_union([*longer, outline])]))
    held = _union(fresh)
    areas = [orient(shapely.simplify(part, 1e-6)) for part in parts if _is_area(part, held, inside)]
    return tuple(sorted(areas, key=lambda area: (area.centroid.y, area.centroid.x)))


def as_room(area: Polygon, number: int) -> Room:
    """An area as a room of the layout."""
    center = area.centroid if area.contains(area.centroid) else area.representative_point()
    rings = [tuple((float(x), float(y)) for x, y in ring.coords[:-1]) for ring in (area.exterior, *area.interiors)]
    return Room(number, rings[0], tuple(rings[1:]), float(area.area), (float(center.x), float(center.y)))


def _union(shapes: Sequence[BaseGeometry] | NDArray[np.object_]) -> BaseGeometry:
    """The union (of lines: noded) on a grid of 1 um; without one, neighbours that differ in the last digit get lost."""
    return shapely.union_all(shapes, grid_size=_GRID)


def _is_area(part: Polygon, held: BaseGeometry, inside: BaseGeometry) -> bool:
    large = part.area >= MIN_AREA and not part.buffer(-0.25).is_empty
    return bool(large) and _share(part, held) > 0.5 and _share(part, inside) < 0.5


def _share(part: Polygon, cover: BaseGeometry) -> float:
    """Which share of a polygon something covers; by area, since points near seams tell nothing."""
    return float(part.intersection(cover).area) / max(float(part.area), 1e-12)


def _lengthened(ends: NDArray[np.float64], reach: float = _OVERSHOOT) -> NDArray[np.float64]:
    """Lines (N, 2, 2) with `reach` (m) more at both ends."""
    along = ends[:, 1] - ends[:, 0]
    along = along / np.hypot(*along.T)[:, None] * reach
    return np.stack([ends[:, 0] - along, ends[:, 1] + along], axis=1)


def _bridges(lines: WallLines, walls: NDArray[np.object_], rooms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Straight lines from ends of walls to other walls, across gaps outside of closed rooms; none crosses a wall."""
    ends = shapely.points(lines.ends.reshape(-1, 2))
    tree = shapely.STRtree(walls)
    asked, near = tree.query(ends, predicate="dwithin", distance=MISSING_WALL)
    lengths = shapely.distance(ends[asked], walls[near])
    apart = (asked // 2 != near) & (lengths > _MET)
    paths = shapely.shortest_line(ends[asked[apart]], walls[near[apart]])
    middles = shapely.line_interpolate_point(paths, 0.5, normalized=True)
    paths = paths[~_touching(shapely.STRtree(rooms), middles)]
    coordinates = shapely.get_coordinates(paths).reshape(-1, 2, 2)
    cores = shapely.linestrings(_lengthened(coordinates, -_CORE)) if len(paths) else paths
    return np.asarray(paths[~_touching(tree, cores)])


def _touching(tree: shapely.STRtree, shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which shapes (N,) touch something in a tree."""
    found = np.zeros(len(shapes), dtype=bool)
    found[tree.query(shapes, predicate="intersects")[0]] = True
    return found
