"""The whole system from its launch files: simulated robot, layout node, recorder; replay of bags and folders."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest
import yaml
from node_harness import ROOT, children, room
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from spatial_perception.msg import Layout
from spatial_perception.ros.documentation import IN_FILE, models, parameter_file, with_table
from spatial_perception.ros.parameters import declarations

NODE = "/layout_node"


def family(pid):
    """A process and all below it."""
    return [pid, *(below for child in children(pid) for below in family(child))]


def alive(pids):
    from pathlib import Path

    return [
        pid for pid in pids if Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    ]


def test_the_demo_shows_a_layout_and_ends_in_good_order(world):
    layouts, truth = world.listen(Layout, f"{NODE}/layout"), world.listen(Layout, "/simulated_robot/truth")
    markers, images = (
        world.listen(MarkerArray, f"{NODE}/markers"),
        world.listen(Image, "/camera/rgb/image_rect_color", 5),
    )
    bag = world.folder / "bag"
    launched = world.launch("demo.launch.py", "rooms:=1", "camera_rate:=1.0", f"record:={bag}")
    world.wait(lambda: layouts and len(layouts[-1].walls) >= 3 and truth and markers and images, describe="the demo")
    assert 999 < layouts[-1].header.stamp.sec < 1100, "stamps are simulated time"
    assert len(truth[-1].walls) >= 4
    pids = family(launched.pid)
    assert len(pids) >= 4
    assert world.interrupt(launched, 30.0) in (0, -2, 130)
    deadline = time.monotonic() + 10
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pids)
    assert (bag / "metadata.yaml").exists()


@pytest.mark.parametrize("file", ["layout.launch.py", "demo.launch.py"])
def test_arguments_of_launch_files_are_a_manual(world, file):
    shown = world.launch(file, "--show-args")
    assert shown.wait(60) == 0
    text = shown.log.read_text()
    for argument in ("params_file", "log_level", "use_rviz", "record"):
        assert f"'{argument}':" in text
    assert "Valid choices are: ['debug', 'info', 'warn', 'error', 'fatal']" in text


def write_bag(folder, storage):
    """Two seconds of a room, with its transform."""
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    from rclpy.serialization import serialize_message
    from rosbags.typesys import Stores, get_typestore
    from tf2_msgs.msg import TFMessage

    from spatial_perception.mapping.pose import Pose
    from spatial_perception.pointcloud.cloud import PointCloud
    from spatial_perception.ros.convert.clouds import cloud_message
    from spatial_perception.ros.messages import transform_message

    store = get_typestore(Stores.ROS2_HUMBLE)
    with rosbag2.Writer(folder, version=9, storage_plugin=getattr(rosbag2.StoragePlugin, storage)) as writer:
        still = writer.add_connection("/tf_static", "tf2_msgs/msg/TFMessage", typestore=store)
        points = writer.add_connection("/points", "sensor_msgs/msg/PointCloud2", typestore=store)
        transform = transform_message(Pose((0.0, 0.0, 1.0)), "map", "lidar", 100.0)
        writer.write(still, 100 * 10**9, serialize_message(TFMessage(transforms=[transform])))
        for index in range(10):
            stamp = 100.0 + 0.2 * index
            cloud = PointCloud(room(6000), None, "lidar", stamp)
            writer.write(points, round(stamp * 1e9), serialize_message(cloud_message(cloud)))


@pytest.mark.parametrize("storage", ["MCAP", "SQLITE3"])
def test_a_bag_goes_through_the_node_round_after_round(world, storage):
    bag = world.folder / "recorded"
    write_bag(bag, storage)
    layouts, clocks = world.listen(Layout, f"{NODE}/layout"), world.listen(Clock, "/clock", 10)
    clouds = world.listen(PointCloud2, "/points", 10)
    parameters = world.folder / "own.yaml"
    parameters.write_text(
        "/**:\n  ros__parameters:\n    map: {min_hits: 1}\n    estimation: {period: 0.3, min_change: 0.0}\n"
    )
    world.launch("layout.launch.py", f"bag:={bag}", "bag_loop:=true", f"params_file:={parameters}")
    world.wait(lambda: any(m.map_epoch >= 2 for m in layouts), describe="the third round")
    world.wait(
        lambda: any(len(m.walls) == 4 for m in layouts), describe="a round in which the estimation was quick enough"
    )
    assert {round(c.header.stamp.sec + c.header.stamp.nanosec * 1e-9, 1) for c in clouds} <= {
        round(100 + 0.2 * k, 1) for k in range(10)
    }
    assert 99 < clocks[0].clock.sec < 103


def test_a_folder_of_frames_is_replayed_and_ends(world):
    from PIL import Image as Picture

    folder = world.folder / "frames"
    for kind, pixels in (("color", np.full((48, 64, 3), 90, np.uint8)), ("depth", np.full((48, 64), 2000, np.uint16))):
        (folder / kind).mkdir(parents=True)
        for number in (1, 2):
            Picture.fromarray(pixels).save(folder / kind / f"{number}.png")
    (folder / "pose.txt").write_text("0 0 1 0 0 0 1\n0 0 1 0 0 0 1\n")
    depth = world.listen(Image, "/camera/depth_registered/image_rect", 10)
    process = world.run("replay", parameters={"path": str(folder), "fx": 50.0, "fy": 50.0, "cx": 31.5, "cy": 23.5})
    assert process.wait(60) == 0
    world.wait(lambda: len(depth) == 2, describe="both frames")
    assert depth[0].encoding == "16UC1"
    assert np.frombuffer(depth[0].data, np.uint16)[0] == 2000


@pytest.mark.parametrize(
    ("path", "reason"), [("", "give the parameter path"), ("/nowhere", "no such file"), ("docs", "not a readable")]
)
def test_what_cannot_be_replayed_is_one_line(world, path, reason):
    target = str(ROOT / path) if path == "docs" else path
    process = world.run("replay", parameters={"path": target} if path else {})
    assert process.wait(60) == 2
    text = process.log.read_text()
    assert reason in text
    assert "Traceback" not in text


@pytest.mark.parametrize("name", sorted(models()))
def test_tables_of_parameters_are_up_to_date(name):
    page = (ROOT / "docs" / "nodes" / f"{name}.md").read_text(encoding="utf-8")
    assert with_table(page, models()[name]) == page, (
        "run python -m spatial_perception.ros.documentation docs/nodes config"
    )


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "nodes").glob("*.md")), ids=lambda page: page.stem)
def test_values_in_the_commands_of_pages_are_yaml_that_fits(page):
    """Each `service call`, `action send_goal` and `topic pub` names a type that there is and fields that it has."""
    from rosidl_runtime_py.set_message import set_message_fields
    from rosidl_runtime_py.utilities import get_action, get_message, get_service

    find = {"srv": lambda n: get_service(n).Request, "action": lambda n: get_action(n).Goal, "msg": get_message}
    commands = re.findall(
        r'^ros2 (?:service call|action send_goal|topic pub).* (\w+/(\w+)/\w+) "(.*)"', page.read_text(), re.M
    )
    for name, kind, values in commands:
        set_message_fields(find[kind](name)(), yaml.safe_load(values))


def test_the_file_of_all_parameters_is_up_to_date():
    text = (ROOT / "config" / "navigation.yaml").read_text(encoding="utf-8")
    assert text == parameter_file(IN_FILE), "run python -m spatial_perception.ros.documentation docs/nodes config"
    for name in IN_FILE:
        given = yaml.safe_load(text)[f"/**/{name}"]["ros__parameters"]
        for declared in declarations(models()[name]):
            value = given
            for part in declared.name.split("."):
                value = value[part]
            assert value == declared.ros_default, declared.name
