"""A layout in three dimensions, seen from above: no ceiling, the walls in front cut down, boxes as shaded solids."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.visualization import backdrop, palette, sheet
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.corners import mitred_quads
from spatial_perception.visualization.labels import UNNAMED, text_width
from spatial_perception.visualization.projection import Camera, Face, Solid, paint_order, ring, side
from spatial_perception.visualization.sheet import Sheet
from spatial_perception.visualization.wall_solids import THIN, Look, box_solid, wall_solid

__all__ = ["Camera", "draw", "draw_truth", "paper_extent"]

Array = NDArray[np.float64]
_MARGIN = 0.15  # m on paper around everything
_STUB = 0.12  # m that is left standing of a wall in front
_PROBE = 0.35  # m beside a wall where it is asked whether there is a room


def paper_extent(camera: Camera, corners: Array) -> tuple[Array, Array]:
    """Lower and upper corner (2,) on paper of points (N, 3) in space, with a small margin."""
    uv = camera.project(corners)
    return uv.min(axis=0) - _MARGIN, uv.max(axis=0) + _MARGIN


class Place(Enum):
    """Where a wall stands for the viewer."""

    FRONT = "a room behind it and none before it: it would hide the room"
    BETWEEN = "rooms on both sides"
    BACK = "nothing behind it"


def place(wall: Wall, rooms: BaseGeometry, center: Array, camera: Camera) -> Place:
    """Where a wall stands, by the rooms on either side of it, or by `center` (2,) where no room closes there."""
    middle = np.add(wall.start[:2], wall.end[:2]) / 2
    normal = geometry.normal(wall)
    towards = normal if float(normal @ camera.towards[:2]) > 0 else -normal
    reach = wall.thickness / 2 + _PROBE
    before, behind = (rooms.contains(Point(middle + s * towards * reach)) for s in (1, -1))
    if before and behind:
        return Place.BETWEEN
    if not before and not behind:
        return Place.FRONT if (center - middle) @ towards < 0 else Place.BACK
    return Place.FRONT if behind else Place.BACK


def draw(
    page: Sheet, camera: Camera, layout: Layout, cells: list[Polygon], points: backdrop.Backdrop | None, floor: float
) -> None:
    """Paint floors, points, walls, openings, boxes and their names onto a sheet made for `paper_extent`."""
    rooms = shapely.union_all(cells)
    bounds = geometry.extent(layout)
    center = np.zeros(2) if bounds is None else (bounds[0] + bounds[1]) / 2
    places = [place(w, rooms, center, camera) for w in layout.walls]
    _paint_floor(page, camera, layout, cells, floor)
    if points is not None:
        cut = _without_front(points, [w for w, p in zip(layout.walls, places) if p is Place.FRONT], floor)
        _paint_points(page, camera, cut)
    look = Look(glassy=points is not None)
    quads = mitred_quads(layout.walls, THIN)
    solids = [s for w, q, p in zip(layout.walls, quads, places) for s in _stand(layout, w, q, look, camera, p)]
    solids += [box_solid(b, look, camera, geometry.is_overhead(b, floor)) for b in layout.boxes]
    _paint(page, camera, [face for i in paint_order(solids, camera) for face in solids[i].faces])
    _write_names(page, camera, layout.boxes)


def _stand(layout: Layout, wall: Wall, quad: Array, look: Look, camera: Camera, where: Place) -> list[Solid]:
    """A wall over its footprint; of a wall in front a stub and a hint of the rest."""
    pierced = [o for o in geometry.openings(layout) if o.wall is wall]
    if where is not Place.FRONT:
        return [wall_solid(wall, quad, pierced, replace(look, between=where is Place.BETWEEN), camera)]
    ghost = wall_solid(wall, quad, pierced, replace(look, ghost=True), camera)
    stub = wall_solid(replace(wall, height=min(_STUB, wall.height)), quad, pierced, look, camera)
    return [stub, replace(ghost, bottom=wall.start[2] + _STUB)]


def _paint_floor(page: Sheet, camera: Camera, layout: Layout, cells: list[Polygon], floor: float) -> None:
    shapes = list(cells)
    if not shapes and len(layout.walls) > 1:
        shapes = [shapely.union_all([Polygon(geometry.wall_quad(w, 0.05)) for w in layout.walls]).convex_hull]
    fill = (*palette.rgb(palette.FLOOR), 1.0)
    edge = (*palette.rgb("#d8cfbd"), 1.0)
    for shape in shapes:
        rings = [np.asarray(r.coords)[:, :2] for r in (shape.exterior, *shape.interiors)]
        _paint(page, camera, [Face(tuple(ring(r, floor) for r in rings), fill, edge, 0.6)], zorder=0.5)


def _without_front(points: backdrop.Backdrop, walls: list[Wall], floor: float) -> backdrop.Backdrop:
    """Drop the points on walls that are cut down, and those outside behind them."""
    keep = np.ones(len(points), dtype=bool)
    for wall in walls:
        start, along, normal = np.asarray(wall.start[:2]), geometry.direction(wall), geometry.normal(wall)
        relative = points.xyz[:, :2] - start
        s, d = relative @ along, np.abs(relative @ normal)
        on = (s > -0.2) & (s < geometry.length(wall) + 0.2) & (d < wall.thickness / 2 + 0.18)
        keep &= ~(on & (points.xyz[:, 2] > floor + _STUB))
    return points.select(keep)


def _paint_points(page: Sheet, camera: Camera, points: backdrop.Backdrop) -> None:
    if not len(points):
        return
    left, right, bottom, top = page.whole
    pixel = page.m_per_pt / 1.6
    uv = camera.project(points.xyz)
    radius = backdrop.dot_radius(float(np.prod(np.ptp(uv, axis=0))), len(points), pixel)
    raster = backdrop.splat(uv, camera.depth(points.xyz), points.colour, (left, right, bottom, top), pixel, radius)
    raster = backdrop.faded(raster, palette.PAPER, 0.12)
    height, width = raster.pixels.shape[:2]
    extent = (left, left + width * pixel, top - height * pixel, top)
    page.axes.imshow(raster.pixels, extent=extent, zorder=1, interpolation="nearest", aspect="auto")
    page.axes.set_xlim(left, right)
    page.axes.set_ylim(bottom, top)


def _paint(page: Sheet, camera: Camera, faces: list[Face], zorder: float = 3) -> None:
    """Faces in the order given, as one collection each run of equal line style."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    if not faces:
        return
    paths = [Path.make_compound_path(*(_closed(r, Path) for r in _wound(face, camera))) for face in faces]
    styles: list[Any] = [(0, (3, 2)) if f.dashed else "solid" for f in faces]
    collection = PathCollection(
        paths,
        facecolors=[f.fill for f in faces],
        edgecolors=[f.edge for f in faces],
        linewidths=[f.width for f in faces],
        linestyles=styles,
        joinstyle="round",
        zorder=zorder,
    )
    page.axes.add_collection(collection, autolim=False)


def _wound(face: Face, camera: Camera) -> list[Array]:
    """Rings on paper (K, 2): the outline counter-clockwise, holes clockwise, as non-zero filling needs them."""
    rings = [camera.project(r) for r in face.rings]
    return [uv if (_signed_area(uv) > 0) == (i == 0) else uv[::-1] for i, uv in enumerate(rings)]


def _signed_area(uv: Array) -> float:
    x, y = uv.T
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def _closed(uv: Array, path_type: Any) -> Any:
    return path_type(np.vstack([uv, uv[:1]]), closed=True)


def _write_names(page: Sheet, camera: Camera, boxes: tuple[Box, ...]) -> None:
    """Names on top of the boxes, the large ones first, none upon another."""
    halo = sheet.halo(palette.PAPER)
    taken: list[tuple[float, float, float, float]] = []
    named = [b for b in boxes if palette.display_name(b.label) != UNNAMED]
    for box in sorted(named, key=lambda b: (-b.size[0] * b.size[1] * b.size[2], b.id)):
        x, y = camera.project((box.center[0], box.center[1], box.center[2] + box.size[2] / 2))
        rectangle = _name_rectangle(palette.display_name(box.label), float(x), float(y), page.m_per_pt)
        if not any(_overlap(rectangle, other) for other in taken):
            taken.append(rectangle)
            sheet.write(page, x, y, palette.display_name(box.label), fontsize=5.6, path_effects=halo, zorder=8)


def _name_rectangle(text: str, x: float, y: float, m_per_pt: float) -> tuple[float, float, float, float]:
    half_width, half_height = 5.6 * m_per_pt * text_width(text) / 2, 5.6 * m_per_pt * 0.7
    return x - half_width, y - half_height, x + half_width, y + half_height


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw_truth(page: Sheet, camera: Camera, truth: Layout) -> None:
    """Another layout as dashed edges over the drawing."""
    edge = (*palette.rgb(palette.TRUTH), 1.0)
    faces = []
    for wall in truth.walls:
        sheet_of_wall = np.array([wall.start, wall.end, wall.end, wall.start])
        sheet_of_wall[2:, 2] += wall.height
        faces.append(Face((sheet_of_wall,), (0, 0, 0, 0), edge, 0.7, dashed=True))
    for box in truth.boxes:
        quad = geometry.box_quad(box)
        low, high = box.center[2] - box.size[2] / 2, box.center[2] + box.size[2] / 2
        rings = [ring(quad, low), ring(quad, high), *(side(quad, i, low, high) for i in (0, 2))]
        faces += [Face((r,), (0, 0, 0, 0), edge, 0.6, dashed=True) for r in rings]
    _paint(page, camera, faces, zorder=7)
