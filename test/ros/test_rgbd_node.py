"""RGB-D cameras through `layout_node`: registered and not, raw and compressed, and after time jumped back."""

from __future__ import annotations

import io
import struct
import time
from array import array

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from node_harness import diagnostics
from PIL import Image as Picture
from sensor_msgs.msg import CompressedImage, Image
from tf2_ros import StaticTransformBroadcaster

from spatial_perception.mapping.pose import Pose
from spatial_perception.mapping.storage import load_scene
from spatial_perception.msg import Layout
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.ros.messages import camera_info_message, depth_message, rgb_message, transform_message
from spatial_perception.srv import SaveCloud, SaveMap

NODE = "/layout_node"
SIZE = (48, 64)
MATRIX = np.array([[50.0, 0.0, 31.5], [0.0, 50.0, 23.5], [0.0, 0.0, 1.0]])
# Looking along +x of the map, from 1 m above the floor.
POSE = Pose((0.0, 0.0, 1.0), (-0.5, 0.5, -0.5, 0.5))


class Camera:
    """Sees a wall 2 m ahead, left half red, right half blue; colour comes from a camera 5 cm to the right."""

    def __init__(self, world, depth, colour, separate):
        node = world.node
        self.kinds = {"depth": depth, "colour": colour}
        self.publishers = {
            "depth": node.create_publisher(_kind(depth), f"camera/{depth}", 10),
            "colour": node.create_publisher(_kind(colour), f"camera/{colour}", 10),
        }
        self.info = node.create_publisher(type(_info("depth", 0.0)), "camera/depth_info", 10)
        self.colour_info = node.create_publisher(type(_info("depth", 0.0)), "camera/colour_info", 10)
        self.frame = "colour" if separate else "depth"
        self.still = StaticTransformBroadcaster(node)
        self.still.sendTransform(
            [
                transform_message(POSE, "map", "depth", 0.0),
                transform_message(Pose((0.05, 0.0, 0.0)), "depth", "colour", 0.0),
            ]
        )

    def send(self, stamp):
        """One moment: all four messages."""
        depth = depth_message(np.full(SIZE, 2.0, np.float32), "depth", stamp)
        self.info.publish(_info("depth", stamp))
        self.colour_info.publish(_info(self.frame, stamp))
        self.send_colour(stamp)
        self.publishers["depth"].publish(_sent(depth, self.kinds["depth"]))

    def send_colour(self, stamp):
        """A colour image alone, as from a camera that gives fewer depth images."""
        pixels = np.zeros((*SIZE, 3), np.uint8)
        pixels[:, :32, 0] = pixels[:, 32:, 2] = 200
        self.publishers["colour"].publish(_sent(rgb_message(pixels, self.frame, stamp), self.kinds["colour"]))


def _kind(topic):
    return CompressedImage if topic.split("/")[-1].startswith("compressed") else Image


def _info(frame, stamp):
    return camera_info_message(MATRIX, SIZE, frame, stamp)


def _sent(message, topic):
    """The message, or its compressed form as image_transport makes it."""
    if _kind(topic) is Image:
        return message
    channels = {"rgb8": np.uint8, "16UC1": np.uint16}[message.encoding]
    pixels = np.frombuffer(message.data, channels).reshape(*SIZE, *((3,) if message.encoding == "rgb8" else ()))
    stream = io.BytesIO()
    Picture.fromarray(pixels).save(stream, "PNG")
    head = struct.pack("<iff", 0, 0.0, 0.0) if topic.endswith("compressedDepth") else b""
    name = "16UC1; compressedDepth png" if head else "rgb8; png compressed bgr8"
    return CompressedImage(header=message.header, format=name, data=array("B", head + stream.getvalue()))


def start(world, depth, colour, separate=False):
    parameters = {
        "autostart": "true", "inputs.clouds": "['']", "inputs.rgbd": "[camera]", "inputs.depth": depth,
        "inputs.colour": colour, "inputs.info": "depth_info", "filters.depth_stride": 1, "filters.depth_edge": 0.0,
        "outputs.folder": str(world.folder), "estimation.period": 0.0,
    }  # fmt: skip
    world.run("layout_node", parameters=parameters | ({"inputs.colour_info": "colour_info"} if separate else {}))
    world.diagnostics = world.listen(DiagnosticArray, "/diagnostics", 10)
    return Camera(world, depth, colour, separate)


def used(world, topic):
    """Depth images that entered the map, by diagnostics."""
    last = diagnostics(world.diagnostics, "inputs")
    text = last and last[2].get(f"/camera/{topic} received, used")
    return int(text.split(",")[1]) if text else 0


def send_until(world, camera, stamp, condition, what):
    """Send moment after moment until something holds; returns the next stamp."""

    def moment():
        nonlocal stamp
        camera.send(stamp)
        stamp += 0.1
        time.sleep(0.05)
        return condition()

    world.wait(moment, describe=what)
    return stamp


@pytest.mark.parametrize(
    ("depth", "colour", "separate"),
    [
        ("depth_registered/image_rect", "rgb/image_rect_color", False),
        ("depth/image_rect/compressedDepth", "rgb/image_rect_color/compressed", True),
    ],
)
def test_images_become_coloured_points_and_keyframes(world, depth, colour, separate):
    camera = start(world, depth, colour, separate)
    send_until(world, camera, time.time(), lambda: used(world, depth) >= 3, "depth images in the map")
    saved = world.call(SaveCloud, f"{NODE}/save_cloud", path="wall.ply")
    assert saved.success, saved.message
    cloud = read_cloud(saved.path)
    assert np.allclose(cloud.xyz[:, 0], 2.0, atol=0.03), "the wall stands where the camera looks"
    red = cloud.rgb[:, 0] > 150
    assert 0.3 < red.mean() < 0.7
    edge = -0.05 if separate else 0.0
    assert (cloud.xyz[red, 1] > edge - 0.1).all(), "left of the camera is red, seen from where the colour camera is"
    assert (cloud.xyz[cloud.rgb[:, 2] > 150, 1] < edge + 0.1).all()
    kept = world.call(SaveMap, f"{NODE}/save_map", path="scene")
    assert kept.success, kept.message
    assert kept.keyframes == 1
    view = next(iter(load_scene(kept.path).keyframes))
    assert view.pose.position == pytest.approx((0.0, edge, 1.0), abs=1e-6)
    assert view.colour.compressed == separate


def test_a_camera_gives_data_again_after_time_jumped_back(world):
    depth = "depth_registered/image_rect"
    camera = start(world, depth, "rgb/image_rect_color")
    layouts = world.listen(Layout, f"{NODE}/layout")
    stamp = send_until(world, camera, time.time(), lambda: used(world, depth) >= 3, "depth images in the map")
    for number in range(1, 4):
        # Images without a partner fill the queue of those that wait for one.
        for index in range(20):
            camera.send_colour(stamp + 0.05 + 0.1 * index)
            time.sleep(0.01)
        before = used(world, depth)
        stamp = send_until(world, camera, stamp - 600.0, lambda b=before: used(world, depth) >= b + 3, "new images")
        assert layouts[-1].map_epoch == number
