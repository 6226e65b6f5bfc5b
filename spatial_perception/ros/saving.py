"""The services of `layout_node`: save layout, cloud and map, go on with a saved map, choose categories, start anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from std_srvs.srv import Trigger

from spatial_perception.errors import OutputError, SpatialPerceptionError
from spatial_perception.layout.categories import CATEGORIES, did_you_mean
from spatial_perception.layout.entities import Layout
from spatial_perception.layout.geojson import write_geojson
from spatial_perception.layout.json import write_json
from spatial_perception.layout.text import write_layout
from spatial_perception.pointcloud.writing import write_cloud
from spatial_perception.srv import LoadMap, SaveCloud, SaveLayout, SaveMap, SetCategories

if TYPE_CHECKING:
    from spatial_perception.ros.mapper import Mapper
    from spatial_perception.ros.nodes.layout_node import LayoutNode

_LAYOUT_WRITERS = {".json": write_json, ".txt": write_layout, ".geojson": write_geojson}
_CLOUD_ENDINGS = (".ply", ".pcd", ".npz")


def resolved_path(text: str, folder: str) -> Path:
    """The absolute path of a file or folder; raises OutputError for no name, and for places out of `folder`."""
    root = Path(folder or ".").expanduser().resolve()
    path = (root / Path(text).expanduser()).resolve()
    if not text:
        raise OutputError("the path is empty; name a file or folder")
    if folder and not path.is_relative_to(root):
        raise OutputError(f"{path}: outside of {root}; the parameter outputs.folder says where files may be")
    return path


def checked_path(text: str, folder: str, endings: tuple[str, ...], overwrite: bool) -> Path:
    """The absolute path to write to; raises OutputError for other endings, places out of `folder`, and existing files.

    Without `endings` any name goes.
    """
    path = resolved_path(text, folder)
    if endings and path.suffix not in endings:
        raise OutputError(f"'{text}': choose a file name that ends with {', '.join(endings)}")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists; choose another name or set overwrite")
    return path


class SavingServices:
    """Offers the services; each answers with success and, where it failed, one line of cause and remedy."""

    def __init__(self, node: LayoutNode) -> None:
        self._node = node
        node.create_service(SaveLayout, "~/save_layout", self._save_layout)
        node.create_service(SaveCloud, "~/save_cloud", self._save_cloud)
        node.create_service(SaveMap, "~/save_map", self._save_map)
        node.create_service(LoadMap, "~/load_map", self._load_map)
        node.create_service(SetCategories, "~/set_categories", self._set_categories)
        node.create_service(Trigger, "~/reset", self._reset)

    def _save_layout(self, request: Any, response: Any) -> Any:
        try:
            path = self._path(request, tuple(_LAYOUT_WRITERS))
            layout = self._layout()
            path.parent.mkdir(parents=True, exist_ok=True)
            _LAYOUT_WRITERS[path.suffix](layout, path)
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.path, response.entities = True, str(path), len(layout)
        return response

    def _save_cloud(self, request: Any, response: Any) -> Any:
        try:
            path = self._path(request, _CLOUD_ENDINGS)
            cloud = self._mapper().snapshot(max(1, request.min_hits)).cloud
            path.parent.mkdir(parents=True, exist_ok=True)
            write_cloud(path, cloud)
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.path, response.points = True, str(path), len(cloud)
        return response

    def _save_map(self, request: Any, response: Any) -> Any:
        try:
            path = self._path(request, ())
            scene = self._mapper().save(path)
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.path = True, str(path)
        response.voxels, response.keyframes = len(scene.map), len(scene.keyframes)
        return response

    def _load_map(self, request: Any, response: Any) -> Any:
        try:
            path = resolved_path(request.path, self._node.settings.outputs.folder)
            scene = self._mapper().load(path, self._node.now)
        except (SpatialPerceptionError, OSError) as error:
            response.success, response.message = False, str(error)
            return response
        response.success, response.voxels, response.keyframes = True, len(scene.map), len(scene.keyframes)
        response.map_epoch = self._mapper().epoch
        return response

    def _set_categories(self, request: Any, response: Any) -> Any:
        unknown = [name for name in request.categories if name not in (*CATEGORIES, "object")]
        if unknown:
            response.message = f"unknown category '{unknown[0]}'; {did_you_mean(unknown[0])}"
        else:
            self._node.categories = tuple(request.categories)
        response.success, response.categories = not unknown, list(self._node.categories)
        return response

    def _reset(self, request: Any, response: Any) -> Any:
        mapper = self._node.mapper
        if mapper is None:
            response.success, response.message = False, "there is no map; configure the node first"
            return response
        mapper.reset("reset on request", self._node.now)
        response.success, response.message = True, f"epoch {mapper.epoch} begins"
        return response

    def _path(self, request: Any, endings: tuple[str, ...]) -> Path:
        return checked_path(request.path, self._node.settings.outputs.folder, endings, request.overwrite)

    def _mapper(self) -> Mapper:
        mapper = self._node.mapper
        if mapper is None:
            raise OutputError("there is no map; configure the node first")
        return mapper

    def _layout(self) -> Layout:
        tracked = self._node.tracked
        if tracked is None:
            raise OutputError("there is no layout yet; wait for one or send a goal to estimate_layout")
        return tracked.layout
