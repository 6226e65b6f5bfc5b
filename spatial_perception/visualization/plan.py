"""A floor plan as architects draw it: solid walls, swinging doors, windows in their walls, furniture with its names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.visualization import backdrop, palette, sheet
from spatial_perception.visualization import plan_geometry as geometry
from spatial_perception.visualization.labels import Placer
from spatial_perception.visualization.plan_geometry import Opening
from spatial_perception.visualization.sheet import Sheet

if TYPE_CHECKING:
    from matplotlib.path import Path

_THIN = 2.4  # pt, how thick walls of unknown thickness are drawn
_DOUBLE_LEAF = 1.3  # m, wider doors have two leaves
_PASSAGE = 2.6  # m, wider ones are drawn as passages without a leaf


def polygon_path(shape: BaseGeometry) -> Path | None:
    """A matplotlib path with holes from a polygon or several; None where there is nothing."""
    from matplotlib.path import Path

    rings = [
        np.asarray(ring.coords)
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    paths = [Path(ring[:, :2], closed=True) for ring in rings if len(ring) > 3]
    return Path.make_compound_path(*paths) if paths else None


def _fill(page: Sheet, shape: BaseGeometry, **style: Any) -> None:
    from matplotlib.patches import PathPatch

    path = polygon_path(shape)
    if path is not None:
        page.axes.add_artist(PathPatch(path, **style))


def _lines(page: Sheet, segments: list[Any], **style: Any) -> None:
    from matplotlib.collections import LineCollection

    if segments:
        page.axes.add_collection(LineCollection([np.asarray(s)[:, :2] for s in segments], **style), autolim=False)


def draw_cloud(page: Sheet, points: backdrop.Backdrop) -> None:
    """The points of the scene, seen from above and faded into the paper."""
    if not len(points):
        return
    (left, bottom), (right, top) = page.lower, page.upper
    area = max((right - left) * (top - bottom), 1e-9)
    pixel = max(max(right - left, top - bottom) / 1400, 0.5 * math.sqrt(area / len(points)), 1e-6)
    radius = min(backdrop.dot_radius(area, len(points), pixel), 2)
    whole = (left, right, bottom, top)
    raster = backdrop.splat(points.xyz[:, :2], points.xyz[:, 2], points.colour, whole, pixel, radius)
    raster = backdrop.faded(raster, palette.PAPER, 0.5)
    height, width = raster.pixels.shape[:2]
    extent = (left, left + width * pixel, top - height * pixel, top)
    page.axes.imshow(raster.pixels, extent=extent, zorder=1, interpolation="nearest", aspect="auto")


def draw_rooms(page: Sheet, cells: list[Polygon], over_cloud: bool) -> None:
    """Floors of the rooms."""
    for cell in cells:
        _fill(page, cell, facecolor=palette.FLOOR, lw=0, alpha=0.45 if over_cloud else 1.0, zorder=0.5)


def draw_areas(page: Sheet, cells: list[Polygon], taken: BaseGeometry) -> None:
    """Floor area of each room, where there is room to write it beside what is `taken`."""
    kept_clear = taken.buffer(2 * page.m_per_pt)
    for cell in cells:
        free = cell.difference(shapely.clip_by_rect(kept_clear, *cell.bounds))
        parts = [p for p in shapely.get_parts(free) if p.geom_type == "Polygon" and not p.is_empty]
        if parts:
            _write_area(page, max(parts, key=lambda p: p.area), cell.area)


def _write_area(page: Sheet, free: Polygon, area: float) -> None:
    circle = shapely.maximum_inscribed_circle(free, tolerance=0.02)
    if circle.length < 11 * page.m_per_pt:
        return
    spot = circle.coords[0]
    sheet.write(page, spot[0], spot[1], f"{area:.1f} m²", fontsize=6.8, color=palette.MUTED, fontstyle="italic",
                path_effects=sheet.halo(palette.FLOOR))  # fmt: skip


def box_colour(label: str) -> palette.Colour:
    """Colour of a category on plans: its own, softened towards the floor."""
    return palette.blend(palette.colour_of(label), palette.rgb(palette.FLOOR), 0.38)


def draw_boxes(page: Sheet, boxes: tuple[Box, ...], floor: float, over_cloud: bool) -> None:
    """Boxes as filled outlines, the lower ones below; what hangs overhead is dashed and left open."""
    from matplotlib.patches import Polygon as Patch

    for box in sorted(boxes, key=lambda b: (round(b.center[2] - b.size[2] / 2, 1), -b.size[0] * b.size[1], b.id)):
        colour = palette.colour_of(box.label)
        overhead = geometry.is_overhead(box, floor)
        alpha = 0.15 if overhead else 0.72 if over_cloud else 1.0
        page.axes.add_artist(
            Patch(
                geometry.box_quad(box),
                closed=True,
                facecolor=(*box_colour(box.label), alpha),
                edgecolor=palette.shade(colour, 0.62),
                lw=0.9,
                ls=(0, (3, 2)) if overhead else "-",
                joinstyle="round",
                zorder=3.5 if overhead else 3,
            )
        )


def draw_labels(page: Sheet, boxes: tuple[Box, ...], walls: BaseGeometry) -> None:
    """Names of the boxes, none upon another."""
    for label in Placer(boxes, walls, page.m_per_pt).place_all():
        sheet.write(page, label.position[0], label.position[1], label.text, fontsize=label.size, rotation=label.angle,
                    rotation_mode="anchor", linespacing=1.0, zorder=6)  # fmt: skip


def draw_walls(page: Sheet, layout: Layout) -> BaseGeometry:
    """Wall bodies with the openings cut out of them; returns the ground that walls and openings take."""
    thin = _THIN * page.m_per_pt
    solid, holes = geometry.wall_body(layout, thin), geometry.opening_bodies(layout, thin)
    _fill(page, solid.difference(holes), facecolor=palette.WALL, edgecolor=palette.WALL, lw=0.3, zorder=5)
    return solid.union(holes)


def draw_window(page: Sheet, window: Opening) -> None:
    """A window: the two faces of the wall, the pane between them, and a jamb at either end."""
    depth = max(window.wall.thickness, _THIN * page.m_per_pt * 1.25)
    outline = geometry.opening_quad(window, depth)
    _fill(page, Polygon(outline), facecolor=palette.PAPER, edgecolor=palette.WINDOW, lw=0.9, zorder=5.1)
    pane = [(outline[0] + outline[3]) / 2, (outline[1] + outline[2]) / 2]
    _lines(page, [pane], colors=palette.WINDOW, lw=0.9, zorder=5.2)


@dataclass(frozen=True)
class Leaf:
    """A door leaf: hinge (2,), its unit vector when closed, and its unit vector when open at a right angle."""

    hinge: NDArray[np.float64]
    closed: NDArray[np.float64]
    opened: NDArray[np.float64]
    width: float

    def sector(self) -> Polygon:
        """The floor that the leaf sweeps."""
        return Polygon([self.hinge, *self.arc()])

    def arc(self) -> NDArray[np.float64]:
        """The way of its free edge, (25, 2), from closed to open."""
        turn = np.linspace(0, np.pi / 2, 25)[:, None]
        return np.asarray(self.hinge + self.width * (np.cos(turn) * self.closed + np.sin(turn) * self.opened))


def _leaves(door: Opening, side: int, mirrored: bool) -> list[Leaf]:
    along, across = geometry.direction(door.wall), geometry.normal(door.wall) * side
    middle, half = geometry.on_wall(door), door.entity.width / 2
    face = middle + across * door.wall.thickness / 2
    left = Leaf(face - along * half, along, across, door.entity.width)
    right = Leaf(face + along * half, -along, across, door.entity.width)
    if door.entity.width > _DOUBLE_LEAF:
        return [Leaf(leaf.hinge, leaf.closed, leaf.opened, half) for leaf in (left, right)]
    return [right if mirrored else left]


def swing(door: Opening, obstacles: BaseGeometry, inside: BaseGeometry) -> list[Leaf]:
    """The leaves of a door, opening to the side where least is in the way; into rooms rather than out of the home."""

    def cost(leaves: list[Leaf]) -> float:
        area = shapely.union_all([leaf.sector() for leaf in leaves])
        outside = 0.0 if inside.is_empty else area.difference(inside).area
        return round(area.intersection(obstacles).area + 0.5 * outside, 6)

    choices = [_leaves(door, side, mirrored) for side in (1, -1) for mirrored in (False, True)]
    return min(choices, key=cost)


def draw_door(page: Sheet, door: Opening, obstacles: BaseGeometry, inside: BaseGeometry) -> BaseGeometry:
    """A door: its open leaf and the arc of its swing; very wide ones are passages with a dashed threshold.

    Returns the floor that the leaves sweep.
    """
    if door.entity.width > _PASSAGE:
        sides = geometry.opening_quad(door, max(door.wall.thickness, _THIN * page.m_per_pt))
        _lines(page, [sides[:2], sides[2:]], colors=palette.DOOR, lw=0.8, ls=(0, (4, 2)), zorder=5.2)
        return Polygon()
    threshold = Polygon(geometry.opening_quad(door, max(door.wall.thickness, _THIN * page.m_per_pt)))
    _fill(page, threshold, facecolor=palette.FLOOR, lw=0, zorder=4)
    leaves = swing(door, obstacles, inside)
    for leaf in leaves:
        _fill(page, leaf.sector(), facecolor=palette.DOOR, alpha=0.10, lw=0, zorder=4)
    _lines(page, [leaf.arc() for leaf in leaves], colors=palette.DOOR, lw=0.7, zorder=4.2)
    tips = [[leaf.hinge, leaf.hinge + leaf.opened * leaf.width] for leaf in leaves]
    _lines(page, tips, colors=palette.DOOR, lw=1.7, capstyle="butt", zorder=5.2)
    return shapely.union_all([leaf.sector() for leaf in leaves])


def draw_openings(page: Sheet, layout: Layout, cells: list[Polygon], floor: float) -> BaseGeometry:
    """All doors and windows; returns the floor that the doors sweep."""
    standing = [Polygon(geometry.box_quad(b)) for b in layout.boxes if not geometry.is_overhead(b, floor)]
    lines = [LineString([w.start[:2], w.end[:2]]).buffer(0.04) for w in layout.walls]
    obstacles, inside = shapely.union_all(standing + lines), shapely.union_all(cells)
    swept: list[BaseGeometry] = []
    for opening in geometry.openings(layout):
        if opening.is_door:
            swept.append(draw_door(page, opening, _near(obstacles, opening), _near(inside, opening)))
        else:
            draw_window(page, opening)
    return shapely.union_all(swept)


def _near(shape: BaseGeometry, opening: Opening) -> BaseGeometry:
    """The part of a shape that the leaves of a door can reach."""
    x, y = geometry.on_wall(opening)
    reach = 2 * opening.entity.width + 0.5
    return shapely.clip_by_rect(shape, x - reach, y - reach, x + reach, y + reach)


def draw_truth(page: Sheet, truth: Layout) -> None:
    """Another layout as dashed outlines over the drawing, for comparison."""
    style = {"colors": palette.TRUTH, "zorder": 7}
    walls = [[w.start, w.end] for w in truth.walls]
    _lines(page, walls, lw=1.1, ls=(0, (5, 2.5)), **style)
    ends = [geometry.opening_quad(o, 0.16) for o in geometry.openings(truth)]
    _lines(page, [np.vstack([q, q[:1]]) for q in ends], lw=0.8, ls=(0, (2, 1.5)), **style)
    boxes = [geometry.box_quad(b) for b in truth.boxes]
    _lines(page, [np.vstack([q, q[:1]]) for q in boxes], lw=0.8, ls=(0, (3, 2)), **style)


def draw_dimensions(page: Sheet, layout: Layout) -> None:
    """Overall width and depth, outside the drawing."""
    bounds = geometry.extent(layout)
    if bounds is None:
        return
    (left, bottom), (right, top) = bounds
    gap, tick = page.metres(0.16), page.metres(0.045)
    y, x = top + gap, right + gap
    ticks = [[(e - tick, y - tick), (e + tick, y + tick)] for e in (left, right)]
    ticks += [[(x - tick, e - tick), (x + tick, e + tick)] for e in (bottom, top)]
    style = {"colors": palette.MUTED, "zorder": 2}
    _lines(page, [[(left, y), (right, y)], [(x, bottom), (x, top)], *ticks], lw=0.6, **style)
    text = {"fontsize": 6.5, "color": palette.MUTED, "path_effects": sheet.halo(palette.PAPER)}
    sheet.write(page, (left + right) / 2, y + page.metres(0.085), f"{right - left:.2f} m", **text)
    sheet.write(page, x + page.metres(0.085), (bottom + top) / 2, f"{top - bottom:.2f} m", rotation=90, **text)
