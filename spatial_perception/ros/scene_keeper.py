"""The scene that questions are answered from, made from the last layout when it is first asked about."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property

from spatial_perception.mapping.pose import Pose
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.rooms import RoomGraph, room_graph
from spatial_perception.reasoning.occupancy import Occupancy
from spatial_perception.reasoning.relations import Viewer
from spatial_perception.reasoning.scene import Scene, make_scene
from spatial_perception.ros.layout_feed import Known
from spatial_perception.ros.scene_settings import SceneAge

_NEVER = float("inf")


class KnownScene:
    """A layout with what is worked out from it once: the scene without a robot, and stable ids of its rooms."""

    def __init__(self, known: Known, rooms_before: RoomGraph | None, robot: Robot) -> None:
        self.known = known
        self._before, self._robot = rooms_before, robot

    @cached_property
    def scene(self) -> Scene:
        """The scene, nobody in it."""
        return make_scene(self.known.layout, first_seen=self.known.first_seen)

    @cached_property
    def rooms(self) -> RoomGraph:
        """Rooms with ids that stay the same while rooms stay in place."""
        return room_graph(self.known.layout, robot=self._robot, previous=self._before)

    @cached_property
    def room_ids(self) -> dict[int, int]:
        """Stable ids by the ids that the scene uses; -1 for rooms that the graph does not know."""
        found = {room.id: self.rooms.room_at(*room.center) for room in self.scene.rooms}
        return {number: -1 if room is None else room.id for number, room in found.items()}


class SceneKeeper:
    """Holds the newest layout; any thread may ask for the scene. Nothing is worked out before somebody asks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._current: KnownScene | None = None
        self._heard: RoomGraph | None = None

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

    def clear(self) -> None:
        """Nothing is known any more."""
        with self._lock:
            self._current, self._heard = None, None

    def scene(
        self, robot: Viewer | None, now: float | None, age: SceneAge, occupancy: Occupancy | None = None
    ) -> tuple[KnownScene, Scene] | None:
        """What is known and its scene with a robot, at time `now` (s); None before there is a layout with anything in it."""
        with self._lock:
            current = self._current
            if current is None or not current.known.tracked.tracks:
                return None
            base = current.scene
        oldest, oldest_of_edits = age.max_age or _NEVER, age.max_age_of_edits or _NEVER
        scene = replace(
            base, robot=robot, now=now, occupancy=occupancy, max_age=oldest, max_age_of_edits=oldest_of_edits
        )
        return current, scene


def viewer_of(pose: Pose | None) -> Viewer | None:
    """A pose as a viewer on plan."""
    return None if pose is None else Viewer(pose.position[0], pose.position[1], pose.yaw)
