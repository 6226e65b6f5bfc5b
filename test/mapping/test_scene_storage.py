"""A scene comes back as it was saved."""

import json

import numpy as np
import pytest

from spatial_perception.errors import CloudFileError
from spatial_perception.mapping.camera import CameraModel
from spatial_perception.mapping.keyframes import Keyframe, KeyframeBuffer, StoredImage
from spatial_perception.mapping.pose import Pose
from spatial_perception.mapping.scene_frame import SceneFrame
from spatial_perception.mapping.storage import Scene, load_scene, save_scene
from spatial_perception.mapping.voxel_map import VoxelMap
from spatial_perception.pointcloud.cloud import PointCloud


@pytest.fixture
def scene():
    world = VoxelMap()
    world.insert(PointCloud(np.random.default_rng(0).random((500, 3)), frame_id="map", stamp=3.0))
    camera = CameraModel(4, 2, 4.0, 4.0, 1.5, 0.5, "plumb_bob", (0.1, 0.0, 0.0, 0.0, 0.0))
    depth = StoredImage(np.arange(8, dtype=np.uint16).data, "16UC1", 4, 2, 8)
    views = KeyframeBuffer()
    views.offer(Keyframe(1.5, Pose.planar(1, 2, 0, 0.3), camera, StoredImage(b"\xff\xd8", "jpeg", compressed=True)))
    views.offer(
        Keyframe(2.5, Pose.planar(5, 2, 0, 0.3), camera, StoredImage(bytes(24), "rgb8", 4, 2, 12), depth, camera)
    )
    return Scene(world, SceneFrame("map", 4, (-2.0, -2.0, -0.5), 1, "asked for", 1.0), views)


def test_everything_comes_back(scene, tmp_path):
    back = load_scene(save_scene(scene, tmp_path / "flat"))
    assert back.frame == scene.frame
    assert back.map.to_cloud().xyz.tobytes() == scene.map.to_cloud().xyz.tobytes()
    for one, other in zip(scene.keyframes, back.keyframes, strict=True):
        assert (one.stamp, one.camera, one.depth_camera) == (other.stamp, other.camera, other.depth_camera)
        assert max(one.pose.distance(other.pose)) < 1e-6
        for a, b in ((one.colour, other.colour), (one.depth, other.depth)):
            assert (a is None) == (b is None)
            assert a is None or (bytes(a.data), a.encoding, a.step) == (b.data, b.encoding, b.step)


def test_an_interrupted_scene_is_none(scene, tmp_path):
    save_scene(scene, tmp_path)
    (tmp_path / "scene.json").unlink()
    with pytest.raises(CloudFileError, match="not a saved scene"):
        load_scene(tmp_path)


@pytest.mark.parametrize("change", [{"format": 99}, {"frame": {}}, {"keyframes": [{}]}, {"frame": 3}])
def test_what_is_no_scene_is_refused(scene, tmp_path, change):
    save_scene(scene, tmp_path)
    document = json.loads((tmp_path / "scene.json").read_text())
    (tmp_path / "scene.json").write_text(json.dumps({**document, **change}))
    with pytest.raises(CloudFileError, match="not a saved scene"):
        load_scene(tmp_path)


def test_paths_out_of_the_folder_are_not_followed(scene, tmp_path):
    (tmp_path / "secret.bin").write_bytes(b"secret")
    folder = save_scene(scene, tmp_path / "flat")
    text = (folder / "scene.json").read_text().replace("00000_colour.jpg", "../../secret.bin")
    (folder / "scene.json").write_text(text)
    with pytest.raises(CloudFileError, match="not a saved scene"):
        load_scene(folder)
