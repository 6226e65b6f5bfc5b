"""The launch files with real processes: sinks, namespaces, arguments that cannot work."""

from __future__ import annotations

import importlib.util
import re

import pytest
from node_harness import ROOT
from visualization_msgs.msg import MarkerArray

from spatial_perception.msg import Layout

ARGUMENTS = {
    "layout.launch.py": {
        "namespace", "use_sim_time", "params_file", "autostart", "respawn", "log_level", "clouds", "rgbd", "map_frame",
        "estimator", "bag", "bag_rate", "bag_loop", "use_rviz", "rviz_config", "foxglove", "foxglove_port", "record",
        "record_topics", "rerun", "truth",
    },
    "demo.launch.py": {
        "seed", "rooms", "speed", "drift", "lidar", "camera_rate", "real_time_factor", "namespace", "params_file",
        "autostart", "estimator", "scene", "navigation", "log_level", "use_rviz", "rviz_config", "foxglove",
        "foxglove_port", "record", "record_topics", "rerun", "truth",
    },
}  # fmt: skip


@pytest.mark.parametrize("file", sorted(ARGUMENTS))
def test_every_argument_is_shown_with_meaning_and_default(world, file):
    shown = world.launch(file, "--show-args")
    assert shown.wait(60) == 0
    text = shown.log.read_text()
    entries = re.findall(r"^    '(\w+)':\n((?:        .+\n?)+)", text, re.MULTILINE)
    assert {name for name, _ in entries} >= ARGUMENTS[file]
    for name, body in entries:
        assert re.match(r" +[A-Z/].{15,}", body), f"{name} is not explained"
        assert "default:" in body, name


@pytest.mark.parametrize(
    ("file", "argument", "reason"),
    [
        ("layout.launch.py", "bag:=/nowhere", "bag:=/nowhere: no such file"),
        ("layout.launch.py", "params_file:=mine.yaml", "params_file:=mine.yaml: no such file"),
        ("layout.launch.py", "log_level:=loud", "not valid"),
        ("layout.launch.py", "bag_rate:=fast", "bag_rate:=fast is no number"),
        ("layout.launch.py", "rerun:=drive.txt", "recordings end in .rrd"),
        ("layout.launch.py", f"record:={ROOT}", "exists already"),
        ("demo.launch.py", "rooms:=many", "rooms:=many is no number"),
        ("demo.launch.py", "lidar:=radar", "not valid"),
    ],
)
def test_what_cannot_work_is_one_line_and_nothing_is_left(world, file, argument, reason):
    launched = world.launch(file, argument)
    assert launched.wait(60) != 0
    text = launched.log.read_text()
    assert reason in text
    assert "Traceback" not in text
    world.processes.remove(launched)


def test_what_is_not_installed_is_left_out_with_a_line(world, tmp_path):
    """Two stand-ins hide the extras from the processes of the launch."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nreal = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('foxglove', 'rerun') else real(name, *a)\n"
    )
    world.environment["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    layouts = world.listen(Layout, "/layout_node/layout")
    launched = world.launch("demo.launch.py", "rooms:=1", "foxglove:=true", "rerun:=a.rrd", "use_rviz:=true")
    world.wait(lambda: layouts, describe="a layout without the extras")
    text = launched.log.read_text()
    assert "pip install 'spatial_perception[foxglove]'" in text
    assert "pip install 'spatial_perception[viewer]'" in text
    assert "rviz2 is not installed" in text


@pytest.mark.skipif(importlib.util.find_spec("foxglove") is None, reason="foxglove-sdk is not installed")
@pytest.mark.skipif(importlib.util.find_spec("rerun") is None, reason="rerun-sdk is not installed")
def test_all_sinks_at_once_in_a_namespace(world):
    layouts, markers = (
        world.listen(Layout, "/robot_1/layout_node/layout"),
        world.listen(MarkerArray, "/robot_1/layout_node/markers"),
    )
    bag, drive = world.folder / "bag", world.folder / "drive.rrd"
    launched = world.launch(
        "demo.launch.py", "namespace:=robot_1", "rooms:=1", "camera_rate:=1.0", "navigation:=true", "foxglove:=true",
        "foxglove_port:=0", f"record:={bag}", f"rerun:={drive}", "record_topics:=simulated_robot/truth",
    )  # fmt: skip
    world.wait(lambda: layouts and len(layouts[-1].walls) >= 3 and markers, describe="a layout")
    found = world.wait(lambda: re.search(r"ws://127\.0\.0\.1:(\d+)", launched.log.read_text()), describe="the server")
    assert int(found[1]) > 0
    names = [name for name, _ in world.node.get_node_names_and_namespaces()]
    assert len(names) == len(set(names)), "each node once"
    assert {
        "navigation_node",
        "layout_node",
        "simulated_robot",
        "scene_node",
        "foxglove_sink",
        "rerun_recorder",
    } <= set(names)
    count = len(layouts)
    world.wait(lambda: len(layouts) > count + 1, describe="layouts that all sinks have heard")
    assert world.interrupt(launched, 30.0) in (0, -2, 130)
    assert b"world/pred/wall" in drive.read_bytes()
    rosbag2 = pytest.importorskip("rosbags.rosbag2")
    with rosbag2.Reader(bag) as reader:
        topics = {connection.topic for connection in reader.connections if connection.msgcount}
    assert {
        "/robot_1/layout_node/layout",
        "/robot_1/layout_node/cloud",
        "/robot_1/simulated_robot/truth",
        "/tf",
    } <= topics
