"""A scene on disk: the voxel map, the frame that it is in, and the keyframes with their images as received."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spatial_perception.errors import CloudFileError, SpatialPerceptionError
from spatial_perception.files import atomic_write
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.keyframes import Keyframe, KeyframeBuffer, KeyframeSettings, StoredImage
from spatial_perception.mapping.pose import Pose
from spatial_perception.mapping.scene_frame import SceneFrame
from spatial_perception.mapping.voxel_map import MapSettings, VoxelMap

_FORMAT = 1
_MAP, _SCENE, _IMAGES = "map.npz", "scene.json", "images"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is saved of the state of the world."""

    map: VoxelMap
    frame: SceneFrame
    keyframes: KeyframeBuffer


def save_scene(scene: Scene, folder: Path | str) -> Path:
    """Write a scene to a folder (map.npz, scene.json, images/), each file whole or not at all; returns the folder.

    The list in scene.json is written last: a scene that was interrupted has none. Raises OutputError.
    """
    target = Path(folder)
    scene.map.save(target / _MAP)
    rows = [_keyframe_row(number, frame, target) for number, frame in enumerate(scene.keyframes)]
    document = {"format": _FORMAT, "frame": asdict(scene.frame), "keyframes": rows}
    atomic_write(target / _SCENE, json.dumps(document, indent=1) + "\n")
    return target


def load_scene(
    folder: Path | str, settings: KeyframeSettings | None = None, map_settings: MapSettings | None = None
) -> Scene:
    """Read what `save_scene` wrote. Raises CloudFileError where something is missing, not a scene, or does not fit."""
    source = Path(folder)
    world = VoxelMap.load(source / _MAP, map_settings)
    try:
        document = json.loads((source / _SCENE).read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise ValueError(f"format {document['format']}, not {_FORMAT}")
        frame = _frame(document["frame"])
        keyframes = [_keyframe(row, source) for row in document["keyframes"]]
    except (OSError, ValueError, KeyError, TypeError, SpatialPerceptionError) as error:
        raise CloudFileError(f"{source}: not a saved scene ({error}); save it again with save_scene") from error
    return Scene(world, frame, KeyframeBuffer.of(keyframes, settings))


def _frame(row: dict[str, Any]) -> SceneFrame:
    origin = row["origin"]
    return SceneFrame(**{**row, "origin": None if origin is None else (origin[0], origin[1], origin[2])})


def _keyframe_row(number: int, frame: Keyframe, folder: Path) -> dict[str, Any]:
    row = {"stamp": frame.stamp, "pose": asdict(frame.pose), "camera": asdict(frame.camera)}
    row["colour"] = _write_image(frame.colour, folder, f"{number:05d}_colour")
    row["depth"] = None if frame.depth is None else _write_image(frame.depth, folder, f"{number:05d}_depth")
    row["depth_camera"] = None if frame.depth_camera is None else asdict(frame.depth_camera)
    return row


def _keyframe(row: dict[str, Any], folder: Path) -> Keyframe:
    pose = Pose.of_quaternion(row["pose"]["position"], row["pose"]["orientation"])
    depth = None if row["depth"] is None else _read_image(row["depth"], folder)
    other = None if row["depth_camera"] is None else _camera(row["depth_camera"])
    return Keyframe(float(row["stamp"]), pose, _camera(row["camera"]), _read_image(row["colour"], folder), depth, other)


def _camera(row: dict[str, Any]) -> CameraModel:
    return CameraModel(**{**row, "distortion": tuple(float(v) for v in row["distortion"])})


def _write_image(image: StoredImage, folder: Path, name: str) -> dict[str, Any]:
    suffix = "bin"
    if image.compressed and "compressedDepth" not in image.encoding:
        suffix = "png" if "png" in image.encoding else "jpg"
    atomic_write(folder / _IMAGES / f"{name}.{suffix}", bytes(image.data))
    told = {key: getattr(image, key) for key in ("encoding", "width", "height", "step", "big_endian", "compressed")}
    return {"file": f"{name}.{suffix}", **told}


def _read_image(row: dict[str, Any], folder: Path) -> StoredImage:
    # Only names within the folder: a file from elsewhere could ask for any path.
    data = (folder / _IMAGES / Path(row["file"]).name).read_bytes()
    return StoredImage(data, **{key: value for key, value in row.items() if key != "file"})
