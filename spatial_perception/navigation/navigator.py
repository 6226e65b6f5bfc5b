"""Everything for navigation from one layout, brought up to date with little work when the layout changes a little."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.raster import GridFrame
from spatial_perception.layout.validation import Finding
from spatial_perception.navigation.footprints import Rectangles
from spatial_perception.navigation.free_space import FreeSpace, free_space
from spatial_perception.navigation.goals import GoalFinder, GoalMap, ObjectGoal, goal_map, room_regions
from spatial_perception.navigation.keepout import FilterMask, keepout_mask, speed_mask
from spatial_perception.navigation.legs import LegFinder, RoomCells, room_cells
from spatial_perception.navigation.obstacles import sample_obstacles
from spatial_perception.navigation.occupancy import (
    OCCUPIED,
    OccupancyGrid,
    blocking,
    grid_frame,
    obstacle_cells,
    structure_cells,
)
from spatial_perception.navigation.robot import FLAT_LABELS, Pose2
from spatial_perception.navigation.rooms import RoomGraph, build_room_graph
from spatial_perception.navigation.route_graph import RouteGraph, build_route_graph
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.navigation.shapes import Shape, ShapeChanges, shape_changes, shapes_of
from spatial_perception.navigation.structure import Structure, build_structure, usable_boxes
from spatial_perception.navigation.zones import ExclusionZone, MonitorZone, door_zones, jamb_zones
from spatial_perception.pointcloud.cloud import PointCloud


@dataclass(frozen=True, slots=True, eq=False)
class NavigationMap:
    """What was made from a layout: grid, free space, rooms and doors, routes, goals, obstacles, shapes, masks and zones.

    `findings` tell what is wrong or doubtful; `changes` is what a server of vector shapes has to be told since the map before.
    All in frame `layout.frame_id`, at time `layout.stamp`.
    """

    layout: Layout
    grid: OccupancyGrid
    space: FreeSpace
    rooms: RoomGraph
    route: RouteGraph
    goals: tuple[ObjectGoal, ...]
    obstacles: PointCloud
    shapes: tuple[Shape, ...]
    changes: ShapeChanges
    keepout: FilterMask
    speed: FilterMask
    door_zones: tuple[MonitorZone, ...]
    jamb_zones: tuple[ExclusionZone, ...]
    findings: tuple[Finding, ...]
    places: GoalMap
    structure: Structure


@dataclass(frozen=True, slots=True, eq=False)
class _Fixed:
    """What stays while walls, doors and the grid's place do: structure, its cells, and the cells of each room."""

    structure: Structure
    frame: GridFrame
    cells: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The cells of the rooms, and what they were made from."""

    fixed: _Fixed
    state: tuple[object, ...]
    rooms: tuple[RoomCells, ...]
    regions: NDArray[np.int32]


class Navigator:
    """Makes the navigation map of one layout after another; ids stay the same, unchanged parts are not made again.

    The map is the same as that of a new navigator, but for ids of rooms and routes, which are kept. Nothing in a layout makes
    an update fail; settings out of range do, with ConfigError.
    """

    def __init__(self, settings: NavigationSettings | None = None) -> None:
        self.settings = settings or NavigationSettings()
        self._robot = self.settings.robot
        self.reset()

    def reset(self) -> None:
        """Forget all that was: for a jump in time, or another place."""
        self._rooms: RoomGraph | None = None
        self._route: RouteGraph | None = None
        self._shapes: tuple[Shape, ...] = ()
        self._start_anew()

    def use(self, settings: NavigationSettings) -> None:
        """Other settings from the next update on; ids of rooms, routes and shapes stay. Raises ConfigError."""
        self.settings, self._robot = settings, settings.robot
        self._start_anew()

    def _start_anew(self) -> None:
        """Make everything at the next update, though with the ids of before."""
        self._source = Layout()
        self._fixed: _Fixed | None = None
        self._room_cells: _Cells | None = None
        self._legs, self._goals = LegFinder(), GoalFinder()

    def update(self, layout: Layout, robot_pose: Pose2 | None = None) -> NavigationMap:
        """The map of a layout. Goals are those reachable from `robot_pose`, or on the largest piece of floor."""
        boxes, box_findings = usable_boxes(layout.boxes)
        fixed = self._structure(layout, boxes)
        obstacles = blocking(boxes, fixed.structure.floor, self._robot)
        grid = self._grid(layout, fixed, obstacles)
        space = free_space(grid, self._robot)
        rooms = build_room_graph(fixed.structure, boxes, self._robot, self._rooms, layout.stamp)
        cells = self._cells(rooms, fixed)
        route = self._route_graph(rooms, cells, space)
        walls, reach = fixed.structure.walls, self.settings.goal_reach
        places = goal_map(rooms, space, obstacles, walls, reach, cells.regions)
        shapes = shapes_of(fixed.structure, boxes, self._robot)
        keepout, speed, mask_findings = self._masks(grid, obstacles, boxes, rooms, fixed.structure)
        result = NavigationMap(
            layout=layout,
            grid=grid,
            space=space,
            rooms=rooms,
            route=route,
            goals=self._goals.find(boxes, places, robot_pose),
            obstacles=self._obstacles(layout, fixed.structure, boxes),
            shapes=shapes,
            changes=shape_changes(self._shapes, shapes),
            keepout=keepout,
            speed=speed,
            door_zones=self._door_zones(fixed.structure, rooms),
            jamb_zones=jamb_zones(fixed.structure.holes, rooms, floor=fixed.structure.floor),
            findings=(*box_findings, *rooms.findings, *route.findings, *mask_findings),
            places=places,
            structure=fixed.structure,
        )
        self._rooms, self._route, self._shapes = rooms, route, shapes
        return result

    # ------------------------------------------------------------------------------------------ parts
    def _structure(self, layout: Layout, boxes: Sequence[Box]) -> _Fixed:
        """The fixed part, made again where walls, doors or the frame have changed."""
        old = self._fixed
        structure = old.structure if old is not None and self._same_walls(old.structure, layout) else None
        if structure is None:
            structure = build_structure(layout, self._robot, self.settings.closed_doors)
        self._source = layout
        frame = grid_frame(structure, boxes, self.settings.resolution, self.settings.margin)
        if old is None or structure is not old.structure or frame != old.frame:
            self._fixed = _Fixed(structure, frame, structure_cells(structure, frame))
        assert self._fixed is not None
        return self._fixed

    def _same_walls(self, structure: Structure, layout: Layout) -> bool:
        """Whether the structure of the layout before is that of this one."""
        before = self._source
        same = before.walls == layout.walls and before.doors == layout.doors and before.frame_id == layout.frame_id
        return same and (not structure.needs_boxes or before.boxes == layout.boxes)

    def _grid(self, layout: Layout, fixed: _Fixed, obstacles: Rectangles) -> OccupancyGrid:
        data = fixed.cells.copy()
        if self.settings.furniture:
            data[obstacle_cells(obstacles, fixed.frame)] = OCCUPIED
        origin = (*fixed.frame.origin, 0.0)
        return OccupancyGrid(data, fixed.frame.resolution, origin, layout.frame_id, layout.stamp)

    def _cells(self, rooms: RoomGraph, fixed: _Fixed) -> _Cells:
        """The cells of the rooms, made again where rooms, doors or the fixed part have changed."""
        doors = tuple((door.rooms, door.passable) for door in rooms.doors)
        state = (tuple((room.id, room.outline) for room in rooms.rooms), doors)
        old = self._room_cells
        if old is None or old.fixed is not fixed or old.state != state:
            made = room_cells(rooms, fixed.structure.holes, fixed.frame)
            old = _Cells(fixed, state, made, room_regions(rooms, fixed.frame))
        self._room_cells = old
        return old

    def _route_graph(self, rooms: RoomGraph, cells: _Cells, space: FreeSpace) -> RouteGraph:
        places, legs = self._legs.find(cells.rooms, space)
        return build_route_graph(rooms, places, legs, door_speed=self.settings.door_percent, previous=self._route)

    def _masks(
        self, grid: OccupancyGrid, obstacles: Rectangles, boxes: Sequence[Box], rooms: RoomGraph, structure: Structure
    ) -> tuple[FilterMask, FilterMask, list[Finding]]:
        """Keepout and speed mask; rooms that are named in the settings but not there are findings."""
        known = {name for room in rooms.rooms for name in (room.kind, room.name)}
        wanted = {*self.settings.forbidden_rooms, *self.settings.room_percent}
        text = "is named in the settings, but no such room is known; check the name"
        findings = [Finding("unknown room", name, text, "warning") for name in sorted(wanted - known)]
        forbidden = [name for name in self.settings.forbidden_rooms if name in known]
        limits = {name: percent for name, percent in self.settings.room_percent.items() if name in known}
        carpets = [box for box in boxes if box.label in FLAT_LABELS]
        speed = speed_mask(
            grid,
            structure.holes,
            rooms,
            door_percent=self.settings.door_percent,
            limits=limits,
            carpets=carpets,
            carpet_percent=self.settings.carpet_percent,
            max_speed=self.settings.max_speed,
        )
        return keepout_mask(grid, obstacles, rooms, forbidden=forbidden), speed, findings

    def _obstacles(self, layout: Layout, structure: Structure, boxes: tuple[Box, ...]) -> PointCloud:
        shown = boxes if self.settings.furniture else ()
        spacing, level = self.settings.obstacle_spacing, self.settings.level_spacing
        return sample_obstacles(structure, shown, self._robot, spacing, level, layout.stamp)

    def _door_zones(self, structure: Structure, rooms: RoomGraph) -> tuple[MonitorZone, ...]:
        care, ratio = self.settings.door_care, self.settings.slowdown_ratio
        return door_zones(structure.holes, rooms, care=care, slowdown_ratio=ratio)


def build_navigation(
    layout: Layout, settings: NavigationSettings | None = None, robot_pose: Pose2 | None = None
) -> NavigationMap:
    """The navigation map of one layout; see `Navigator`."""
    return Navigator(settings).update(layout, robot_pose)
