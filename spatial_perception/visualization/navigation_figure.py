"""A picture of what a planner is given: grid, rooms by use, doors, route graph and goals, in the look of the floor plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from spatial_perception.navigation.goals import GoalStatus
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.occupancy import FREE, OCCUPIED, obstacle_cells
from spatial_perception.navigation.room_types import UNKNOWN_ROOM
from spatial_perception.navigation.rooms import Room
from spatial_perception.navigation.route_graph import Point2
from spatial_perception.visualization import palette, sheet
from spatial_perception.visualization.labels import text_width
from spatial_perception.visualization.sheet import Entry, Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROUTE, GOAL, CLOSED = "#1f7a5c", "#c2185b", "#8a8f98"
TRAIL, WAY = "#7a6f5a", "#1d5fd1"
ROOM_COLOURS = {
    "bathroom": "#3aa6a0", "bedroom": "#8e6cc0", "corridor": "#b7ab94", "dining_room": "#d9764a",
    "kitchen": "#c9534f", "living_room": "#4c86c6", "study": "#b98a4e", "studio": "#5c9f52", "room": "#9aa0a6",
}  # fmt: skip
_TINT = 0.80  # how far room colours are moved towards the floor
_LABEL_SIZE = 6.6  # pt
_MARGIN = 0.5  # m around what is known
_OCCUPIED, _FURNITURE = "#3a3f47", "#aeb3ba"


@sheet.styled
def navigation_figure(
    place: NavigationMap,
    title: str | None = None,
    trail: Sequence[Point2] = (),
    way: Sequence[Point2] = (),
    way_name: str = "way",
) -> Figure:
    """Draw a navigation map from above: walls dark, furniture in the way grey, rooms tinted by what they are used for.

    Routes are drawn as lines with dots (larger in rooms and doors), goals as arrowheads that point at their objects.
    `trail` is where a robot drove, `way` where it is to drive, from the robot's place to a flag: points (x, y) in m. An
    empty map gives an empty sheet that says so.
    """
    offset = _offset(place)
    lower, upper = _extent(place, offset)
    page = sheet.make_sheet(lower, upper, legend=True)
    _draw_grid(page, place, offset)
    _draw_doors(page, place, offset)
    _draw_route(page, place, offset)
    _draw_goals(page, place, offset)
    _draw_ways(page, trail, way, offset)
    for room in place.rooms.rooms:
        _name_room(page, room, place, offset)
    sheet.heading(page, title, _summary(place))
    sheet.scale_bar(page)
    sheet.frame_arrows(page, ((1.0, 0.0), (0.0, 1.0)), place.layout.frame_id)
    drawn = [Entry(text, colour, line) for text, colour, line, points in
             (("where the robot drove", TRAIL, ":", trail), (way_name, WAY, "-", way)) if len(points) > 1]  # fmt: skip
    sheet.legend(page, [*_entries(place), *drawn])
    return page.figure


def _offset(place: NavigationMap) -> NDArray[np.float64]:
    """A whole-metre point near the scene: drawn near zero, surveyed coordinates keep their precision."""
    return np.round(np.array(place.grid.origin[:2]))


def _extent(place: NavigationMap, offset: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = np.nonzero(place.grid.data >= FREE)
    if not len(rows):
        return np.array([-2.0, -1.5]), np.array([2.0, 1.5])
    frame = place.grid.frame
    corners = frame.centers(np.array([rows.min(), rows.max()]), np.array([columns.min(), columns.max()])) - offset
    return corners[0] - _MARGIN, corners[1] + _MARGIN


def _draw_grid(page: Sheet, place: NavigationMap, offset: NDArray[np.float64]) -> None:
    """The cells: floor in the tint of its room, walls dark, furniture grey, unknown as paper."""
    data, regions = place.grid.data, place.places.regions
    colours = [palette.FLOOR, *(_tint(room.kind) for room in place.rooms.rooms)]
    table = np.array([palette.rgb(c) if isinstance(c, str) else c for c in colours])
    pixels = table[np.where(regions < len(table), regions, 0)]
    walls = _structure_mask(place)
    pixels[data == OCCUPIED] = palette.rgb(_FURNITURE)
    pixels[(data == OCCUPIED) & walls] = palette.rgb(_OCCUPIED)
    alpha = (data != -1).astype(float)
    x, y = np.array(place.grid.origin[:2]) - offset
    side = place.grid.resolution
    extent = (x, x + place.grid.width * side, y, y + place.grid.height * side)
    rgba = np.dstack([pixels, alpha])
    page.axes.imshow(rgba, extent=extent, origin="lower", zorder=1, interpolation="nearest", aspect="auto")


def _structure_mask(place: NavigationMap) -> NDArray[np.bool_]:
    return obstacle_cells(place.structure.walls, place.grid.frame)


def _tint(kind: str) -> palette.Colour:
    return palette.blend(palette.rgb(ROOM_COLOURS.get(kind, ROOM_COLOURS["room"])), palette.rgb(palette.FLOOR), _TINT)


def _draw_lines(page: Sheet, segments: list[Any], **style: Any) -> None:
    from matplotlib.collections import LineCollection

    if segments:
        page.axes.add_collection(LineCollection([np.asarray(s) for s in segments], **style), autolim=False)


def _draw_doors(page: Sheet, place: NavigationMap, offset: NDArray[np.float64]) -> None:
    """A line across each door: solid where the robot fits through, dashed where it does not."""
    for door in place.rooms.doors:
        middle = np.array(door.center[:2]) - offset
        half = np.array([math.cos(door.yaw), math.sin(door.yaw)]) * door.width / 2
        style: dict[str, Any] = {"colors": palette.DOOR if door.passable else CLOSED, "lw": 2.0, "zorder": 5}
        if not door.passable:
            style["ls"] = (0, (2, 1.5))
        _draw_lines(page, [[middle - half, middle + half]], **style)


def _draw_route(page: Sheet, place: NavigationMap, offset: NDArray[np.float64]) -> None:
    spots = {node.id: np.array([node.x, node.y]) - offset for node in place.route.nodes}
    lines = [[spots[edge.start], spots[edge.end]] for edge in place.route.edges if edge.start < edge.end]
    _draw_lines(page, lines, colors=ROUTE, lw=1.1, zorder=6, alpha=0.9)
    for kind, size in (("waypoint", 5.0), ("door", 16.0), ("room", 34.0)):
        points = np.array([spots[n.id] for n in place.route.nodes if n.kind == kind]).reshape(-1, 2)
        face = ROUTE if kind != "door" else palette.PAPER
        page.axes.scatter(points[:, 0], points[:, 1], s=size, facecolor=face, edgecolor=ROUTE, lw=1.0, zorder=7)


def _draw_goals(page: Sheet, place: NavigationMap, offset: NDArray[np.float64]) -> None:
    """An arrowhead at each goal, pointing where the robot looks."""
    from matplotlib.patches import Polygon

    size = page.metres(0.055)
    for goal in place.goals:
        if goal.status is not GoalStatus.OK or goal.pose is None:
            continue
        c, s = math.cos(goal.pose.yaw), math.sin(goal.pose.yaw)
        local = np.array([(1.2, 0.0), (-0.9, 0.75), (-0.4, 0.0), (-0.9, -0.75)]) * size
        corners = local @ np.array([[c, s], [-s, c]]) + np.array([goal.pose.x, goal.pose.y]) - offset
        page.axes.add_artist(Polygon(corners, closed=True, facecolor=GOAL, edgecolor=palette.PAPER, lw=0.4, zorder=8))


def _draw_ways(page: Sheet, trail: Sequence[Point2], way: Sequence[Point2], offset: NDArray[np.float64]) -> None:
    """Where the robot drove, in dots; the way before it, from its place (a ring) to the end (a dot)."""
    for points, style in ((trail, {"colors": TRAIL, "lw": 0.9, "ls": ":"}), (way, {"colors": WAY, "lw": 2.4})):
        if len(points) > 1:
            _draw_lines(page, [np.asarray(points)[:, :2] - offset], zorder=7.5, capstyle="round", **style)
    if len(way) > 1:
        ends = np.asarray(way)[[0, -1], :2] - offset
        page.axes.scatter(
            ends[:, 0], ends[:, 1], s=(60.0, 40.0), facecolor=(palette.PAPER, WAY), edgecolor=WAY, lw=2.0, zorder=8.5
        )


def _name_room(page: Sheet, room: Room, place: NavigationMap, offset: NDArray[np.float64]) -> None:
    """Use and area of a room, with the confidence, where it covers neither walls nor the route if there is such a place."""
    alone = sum(other.kind == room.kind for other in place.rooms.rooms) == 1
    text = f"{palette.display_name(room.kind if alone else room.name)}\n{room.area:.1f} m²"
    text += f" · {100 * room.confidence:.0f} %" if room.kind != UNKNOWN_ROOM else ""
    width = max(text_width(line) for line in text.split("\n"))
    half = np.array([0.55 * width, 1.35]) * _LABEL_SIZE * page.m_per_pt
    x, y = _label_spot(room, place, half) - offset
    sheet.write(page, x, y, text, fontsize=_LABEL_SIZE, fontweight="bold", linespacing=1.2, zorder=9,
                path_effects=sheet.halo(palette.FLOOR))  # fmt: skip


def _label_spot(room: Room, place: NavigationMap, half: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point (2,) of a room around which a label of the given half size (2,) covers least."""
    low, high = (np.array(room.outline).min(axis=0), np.array(room.outline).max(axis=0))
    grid = np.meshgrid(*(np.linspace(a, b, 25) for a, b in zip(low, high)))
    points = np.stack([axis.ravel() for axis in grid], axis=1)
    frames = shapely.box(*(points - half).T, *(points + half).T)
    outside = shapely.area(frames) - shapely.area(shapely.intersection(frames, room.polygon.buffer(-0.12)))
    route = shapely.length(shapely.intersection(frames, _routes_in(room, place)))
    goals = [(g.pose.x, g.pose.y) for g in place.goals if g.pose is not None and g.room_id == room.id]
    covered = [(np.abs(points - goal) < half).all(axis=1) for goal in goals]
    cost = 20 * outside + 2 * route + (0.3 * np.sum(covered, axis=0) if covered else 0.0)
    return np.asarray(points[int(np.round(cost + 0.02 * np.hypot(*(points - room.center).T), 6).argmin())])


def _routes_in(room: Room, place: NavigationMap) -> BaseGeometry:
    spots = {node.id: (node.x, node.y) for node in place.route.nodes}
    own = [e for e in place.route.edges if e.room_id == room.id and e.start < e.end]
    return shapely.multilinestrings([[spots[e.start], spots[e.end]] for e in own]) if own else shapely.MultiLineString()


def _summary(place: NavigationMap) -> str:
    """Counts for people: `3 rooms · 4 doors · 12 nodes, 24 edges · 28 of 30 goals · 5 cm cells`."""
    reached = sum(goal.status is GoalStatus.OK for goal in place.goals)
    parts = [sheet.plural(len(place.rooms.rooms), "room"), sheet.plural(len(place.rooms.doors), "door")]
    parts.append(f"{sheet.plural(len(place.route.nodes), 'node')}, {sheet.plural(len(place.route.edges), 'edge')}")
    parts.append(f"{reached} of {len(place.goals)} goals")
    parts.append(f"{100 * place.grid.resolution:g} cm cells")
    return " · ".join(parts) if len(place.layout) else "empty layout"


def _entries(place: NavigationMap) -> list[Entry]:
    kinds = sorted({room.kind for room in place.rooms.rooms})
    entries = [Entry(palette.display_name(kind), _tint(kind)) for kind in kinds]
    entries += [Entry("wall", _OCCUPIED), Entry("furniture in the way", _FURNITURE)]
    entries += [Entry("door", palette.DOOR, "-")] if any(d.passable for d in place.rooms.doors) else []
    entries += [Entry("door, not passable", CLOSED, "--")] if any(not d.passable for d in place.rooms.doors) else []
    entries += [Entry("route", ROUTE, "-")] if place.route.edges else []
    return entries + ([Entry("goal", GOAL)] if any(g.status is GoalStatus.OK for g in place.goals) else [])
