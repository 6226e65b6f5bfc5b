"""The scene that questions are answered from, made from the last layout when it is first asked about."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.rooms import Room
from spatial_perception.mapping.pose import Pose
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.rooms import RoomGraph, room_graph
from spatial_perception.reasoning.occupancy import Occupancy
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import Scene, make_scene
from spatial_perception.ros.convert.grids import occupancy_of_grid
from spatial_perception.ros.layout_feed import Known
from spatial_perception.ros.scene_settings import SceneAge

_NEVER = float("inf")


class KnownScene:
    """A layout with what is worked out from it once: the scene without a robot, and stable ids of its rooms."""

    def __init__(self, known: Known, rooms_before: RoomGraph | None, robot: Robot) -> None:
        self.known = known
        self._before, self._robot = rooms_before, robot

    @cached_property
    def rooms(self) -> RoomGraph:
        """Rooms with ids that stay the same while rooms stay in place."""
        return room_graph(self.known.layout, robot=self._robot, previous=self._before)

    @cached_property
    def scene(self) -> Scene:
        """The scene, nobody in it."""
        return scene_of_rooms(self.known.layout, self.rooms, self.known.first_seen)


class SceneKeeper:
    """Holds the newest layout; any thread may ask for the scene. Nothing is worked out before somebody asks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._current: KnownScene | None = None
        self._heard: RoomGraph | None = None
        self._grid: Any = None
        self._space: tuple[object, object, Occupancy | None] | None = None
        self.grid_problem = "none was heard"
        """Why the grid is not used; empty where it is."""

    @property
    def current(self) -> KnownScene | None:
        """The newest layout, None before the first and after a jump."""
        return self._current

    def update(self, known: Known, robot: Robot) -> None:
        """A new layout; rooms keep the ids that were heard, else those of before."""
        with self._lock:
            old = self._current
            # Rooms that nobody asked about have no ids to keep.
            own = old.rooms if old is not None and "rooms" in old.__dict__ else None
            self._current = KnownScene(known, self._heard or own, robot)

    def hear_rooms(self, graph: RoomGraph, epoch: int) -> None:
        """Ids of rooms as another node gives them, for the same epoch of the map."""
        with self._lock:
            self._heard = graph
            old = self._current
            if old is not None and old.known.context.epoch == epoch:
                self._current = KnownScene(old.known, graph, old._robot)

    def hear_grid(self, message: Any) -> None:
        """A grid (nav_msgs/OccupancyGrid) that proposals are checked against."""
        with self._lock:
            self._grid = message

    def clear(self) -> None:
        """Nothing is known any more."""
        with self._lock:
            self._current, self._heard, self._grid, self._space = None, None, None, None

    def scene(self, robot: Viewer | None, now: float | None, age: SceneAge) -> tuple[KnownScene, Scene] | None:
        """What is known and its scene with a robot, at time `now` (s); None before there is a layout with anything in it."""
        with self._lock:
            current = self._current
            if current is None or not current.known.tracked.tracks:
                return None
            base, occupancy = current.scene, self._occupancy(current)
        oldest, oldest_of_edits = age.max_age or _NEVER, age.max_age_of_edits or _NEVER
        scene = replace(
            base, robot=robot, now=now, occupancy=occupancy, max_age=oldest, max_age_of_edits=oldest_of_edits
        )
        return current, scene

    def _occupancy(self, current: KnownScene) -> Occupancy | None:
        """Grid and layout as space, worked out once for each pair of them."""
        if self._grid is None:
            return None
        if self._space is None or self._space[0] is not current or self._space[1] is not self._grid:
            try:
                found, self.grid_problem = occupancy_of_grid(self._grid, current.scene), ""
            except CloudError as error:
                found, self.grid_problem = None, str(error)
            self._space = (current, self._grid, found)
        return self._space[2]


def scene_of_rooms(layout: Layout, graph: RoomGraph, first_seen: Mapping[int, float] | None = None) -> Scene:
    """A scene with the rooms of a graph, so that all nodes speak of the same rooms with the same ids and uses."""
    rooms = [Room(room.id, room.outline, room.holes, room.area, room.center) for room in graph.rooms]
    kinds = {room.id: room.kind for room in graph.rooms}
    return make_scene(layout, first_seen=first_seen, rooms=rooms, room_kinds=kinds)


def viewer_of(pose: Pose | None) -> Viewer | None:
    """A pose as a viewer on plan."""
    return None if pose is None else Viewer(pose.position[0], pose.position[1], pose.yaw)
