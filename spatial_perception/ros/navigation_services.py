"""The services of `navigation_node`: goals beside things, files, the world model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rclpy.callback_groups import ReentrantCallbackGroup

from spatial_perception.errors import OutputError, SpatialPerceptionError
from spatial_perception.layout.geojson import dump_geojson
from spatial_perception.layout.text import format_layout
from spatial_perception.layout.validation import remove_invalid
from spatial_perception.msg import Answer as Codes
from spatial_perception.navigation.export import FILES, export_all
from spatial_perception.navigation.navigator import NavigationMap
from spatial_perception.navigation.route_graph import dump_route_geojson
from spatial_perception.navigation.world_model import dump_world_model
from spatial_perception.reasoning.scene import Scene
from spatial_perception.ros.convert.answers import status_code
from spatial_perception.ros.object_goals import fill_goals, pose2
from spatial_perception.ros.saving import resolved_path
from spatial_perception.ros.scene_keeper import scene_of_rooms, viewer_of
from spatial_perception.srv import GetObjectGoal, GetWorldModel, SaveNavigation

if TYPE_CHECKING:
    from spatial_perception.ros.nodes.navigation_node import NavigationNode

_NOTHING = "there is no layout yet; activate the node and wait for one"


class NavigationServices:
    """Offers the services; what goes wrong is a sentence in the answer."""

    def __init__(self, node: NavigationNode) -> None:
        self._node = node
        self._scene: tuple[NavigationMap, Scene] | None = None
        group = ReentrantCallbackGroup()
        node.create_service(GetObjectGoal, "~/get_object_goal", self._goal, callback_group=group)
        node.create_service(SaveNavigation, "~/save_navigation", self._save, callback_group=group)
        node.create_service(GetWorldModel, "~/get_world_model", self._world_model, callback_group=group)

    def _goal(self, request: Any, response: Any) -> Any:
        place = self._node.place
        if place is None or not place.layout.boxes:
            response.status, response.message = (
                Codes.NO_SCENE,
                _NOTHING if place is None else "no objects are known yet",
            )
            return response
        pose = self._node.robot_pose()
        scene = self._scene_of(place, pose)
        answer = fill_goals(request, response, place, scene, pose2(pose, place.layout.frame_id))
        response.status, response.message = status_code(answer.status), answer.text
        return response

    def _scene_of(self, place: NavigationMap, pose: Any) -> Scene:
        """The scene that descriptions are read in, made once for each map."""
        known = self._scene
        if known is None or known[0] is not place:
            known = (place, scene_of_rooms(place.layout, place.rooms))
            self._scene = known
        return replace(known[1], robot=viewer_of(pose))

    def _save(self, request: Any, response: Any) -> Any:
        try:
            folder = resolved_path(request.folder, self._node.settings.outputs.folder)
            place = self._place()
            self._check_files(folder, request.overwrite)
            done = export_all(place, folder, door_operation=self._node.settings.doors.operation)
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.message = True, "; ".join(done.skipped)
        response.paths = [str(path) for path in done.paths]
        return response

    def _check_files(self, folder: Path, overwrite: bool) -> None:
        there = [name for name in FILES if (folder / name).exists()]
        if there and not overwrite:
            raise OutputError(f"{folder / there[0]} exists; choose another folder or set overwrite")

    def _world_model(self, request: Any, response: Any) -> Any:
        writers: dict[str, Callable[[NavigationMap], str]] = {
            "json": dump_world_model,
            "geojson": lambda place: dump_geojson(remove_invalid(place.layout).layout),
            "route": lambda place: dump_route_geojson(place.route, door_operation=self._node.settings.doors.operation),
            "spatiallm": lambda place: format_layout(remove_invalid(place.layout).layout),
        }
        write = writers.get(request.format or "json")
        try:
            if write is None:
                raise OutputError(f"unknown format '{request.format[:60]}'; choose one of: {', '.join(writers)}")
            response.text = write(self._place())
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success = True
        return response

    def _place(self) -> NavigationMap:
        if self._node.place is None:
            raise OutputError(_NOTHING)
        return self._node.place
