"""What goes wrong on robots: silent topics, bad clouds, estimators that fail, interrupts; the node lives and says why."""

from __future__ import annotations

import os
import re
import signal
from array import array

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from node_harness import BEST_EFFORT, Robot, children, diagnostics, room
from PIL import Image as Picture
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, PointCloud2, PointField

from spatial_perception.msg import Layout

NODE = "/layout_node"


@pytest.fixture(scope="module")
def running(shared_world):
    world = shared_world
    topics = "['points', 'nobody', 'images', 'strict', 'homeless']"
    world.run(
        "layout_node",
        parameters={
            "autostart": "true", "estimation.period": 0.5, "estimation.min_change": 0.0, "estimation.min_voxels": 1000,
            "map.min_hits": 1, "inputs.clouds": topics, "inputs.reliability": "reliable", "inputs.watchdog": 2.0,
        },
    )  # fmt: skip
    world.layouts = world.listen(Layout, f"{NODE}/layout")
    world.diagnostics = world.listen(DiagnosticArray, "/diagnostics", 10)
    world.robot = Robot(world)
    world.extra = [world.node.create_publisher(Image, "images", 10), Robot(world, "strict", qos=BEST_EFFORT)]
    world.homeless = Robot(world, "homeless", frame="attic")
    world.homeless.still.sendTransform([])
    return world


def status(world, task, level, *words):
    """Wait for a diagnostic status with this level and these words."""

    def found():
        last = diagnostics(world.diagnostics, task)
        return last if last and last[0] == level and all(word in last[1] for word in words) else None

    return world.wait(found, describe=f"{task} with level {level} and {words}")


def layout_from_now(world):
    seen = len(world.layouts)
    world.wait(lambda: [m for m in world.layouts[seen:] if m.walls], describe="a layout")


def test_every_silent_input_is_explained(running):
    world = running
    with world.robot:
        _, message, _ = status(world, "inputs", 2, "/nobody", "/images", "/strict")
    assert "/nobody: no publisher" in message
    assert "/points" in message.split("/nobody")[1], "topics of the same type are offered"
    assert "sensor_msgs/msg/Image, not of sensor_msgs/msg/PointCloud2" in message
    assert "the publisher is best effort, this subscription asks for reliable" in message
    assert "/probe (best effort, volatile)" in message


def test_a_frame_without_transform_is_named(running):
    world = running
    world.homeless.has_tf = False
    unknown = PointCloud2(height=1, width=0, point_step=12)
    world.homeless.frame = "cellar"
    with world.robot:

        def named():
            world.homeless.send(message=unknown)
            last = diagnostics(world.diagnostics, "inputs")
            return last and last[0] == 2 and "no transform map <- cellar" in last[1]

        world.wait(named, describe="the missing transform")


def cloud(xyz, **changes):
    """A cloud message that lies as told."""
    fields = [PointField(name=n, offset=4 * i, datatype=7, count=1) for i, n in enumerate("xyz")]
    values = {"height": 1, "width": len(xyz), "point_step": 12, "row_step": 12 * len(xyz), "fields": fields}
    message = PointCloud2(**(values | changes))
    message.data = array("B", np.asarray(xyz, "<f4").tobytes())
    return message


def bad_clouds():
    xyz = room(200)
    rng = np.random.default_rng(5)
    yield cloud(xyz, fields=[])
    yield cloud(xyz, width=10**6)
    yield cloud(xyz, point_step=0)
    yield cloud(xyz, fields=[PointField(name=n, offset=2**31, datatype=7, count=1) for n in "xyz"])
    yield cloud(xyz, fields=[PointField(name=n, offset=0, datatype=99, count=1) for n in "xyz"])
    yield cloud(np.full((50, 3), np.nan))
    yield cloud(np.full((50, 3), np.inf))
    yield cloud(np.zeros((0, 3)))
    yield cloud(xyz, is_bigendian=True)
    for _ in range(40):
        names = rng.choice(["x", "y", "z", "rgb", "intensity", "", "X"], 4)
        fields = [
            PointField(
                name=str(n),
                offset=int(rng.integers(0, 20)),
                datatype=int(rng.integers(0, 12)),
                count=int(rng.integers(0, 3)),
            )
            for n in names
        ]
        yield cloud(
            rng.normal(0, 100, (64, 3)), fields=fields, width=int(rng.integers(0, 100)), height=int(rng.integers(0, 4)),
            point_step=int(rng.integers(0, 32)), row_step=int(rng.integers(0, 2000)),
        )  # fmt: skip


def test_malformed_clouds_are_counted_and_survived(running):
    world = running
    with world.robot:
        layout_from_now(world)
    messages = list(bad_clouds())
    for message in messages:
        world.robot.send(message=message)
        world.wait(lambda: True)
    with world.robot:
        _, _, values = world.wait(
            lambda: (s := diagnostics(world.diagnostics, "inputs")) and "unusable" in s[2]["/points lost"] and s,
            describe="a count of unusable messages",
        )
        layout_from_now(world)
    assert "unusable message" in values["/points lost"]


def test_the_node_outlives_its_estimator(running):
    world = running
    with world.robot:
        layout_from_now(world)
        node = children_with(world, "layout_node")
        world.wait(lambda: children(node), describe="the estimator's process")

        # Only while it works does its end fail an estimation; so it is ended until one does.
        def kill():
            for child in children(node):
                os.kill(child, signal.SIGKILL)
            last = diagnostics(world.diagnostics, "estimation")
            return last and last[0] == 2

        world.wait(kill, describe="an ERROR of the estimation")
        layout_from_now(world)
        status(world, "estimation", 0)


def test_an_estimator_that_takes_too_long_is_an_error_until_it_does_not(running):
    world = running
    with world.robot:
        layout_from_now(world)
        assert world.set_parameter(NODE, "estimation.timeout", 0.001).successful
        status(world, "estimation", 2, "timeout", "estimation.timeout")
        assert world.set_parameter(NODE, "estimation.timeout", 60.0).successful
        layout_from_now(world)
        status(world, "estimation", 0)


def children_with(world, name):
    """The process of a node: the one started, or its child under `ros2 run`."""
    process = next(p for p in world.processes if name in " ".join(p.args))
    below = children(process.pid)
    with_children = [pid for pid in below if children(pid)]
    return with_children[0] if with_children else process.pid


def test_ctrl_c_ends_all_processes(world):
    process = world.run(
        "layout_node", parameters={"autostart": "true", "estimation.period": 0.2, "estimation.min_change": 0.0}
    )
    layouts = world.listen(Layout, f"{NODE}/layout")
    with Robot(world):
        world.wait(lambda: layouts, describe="a layout")
        below = world.wait(lambda: children(process.pid), describe="the estimator's process")
        assert world.interrupt(process) in (0, -2, 130)
    assert not [pid for pid in below if os.path.exists(f"/proc/{pid}")], "the estimator's process is left over"


@pytest.mark.parametrize("name", ["simulated_robot", "replay"])
def test_ctrl_c_ends_the_other_nodes_in_good_order(world, name):
    frames = make_frames(world.folder)
    parameters = {"path": str(frames), "loop": "true"} if name == "replay" else {"rooms": 1, "drift": 0.5}
    process = world.run(name, parameters=parameters)
    clocks = world.listen(Clock, "/clock", 10)
    world.wait(lambda: len(clocks) > 5, describe="the clock")
    assert world.interrupt(process) in (0, -2, 130)
    assert "Traceback" not in process.log.read_text()


def make_frames(folder):
    """Two frames of a wall."""
    for kind, pixels in (("color", np.full((48, 64, 3), 90, np.uint8)), ("depth", np.full((48, 64), 2000, np.uint16))):
        (folder / kind).mkdir(parents=True)
        for number in (1, 2):
            Picture.fromarray(pixels).save(folder / kind / f"{number}.png")
    (folder / "pose.txt").write_text("0 0 1 0 0 0 1\n0 0 1 0 0 0 1\n")
    return folder


def test_a_silent_input_is_explained_within_five_seconds(world):
    process = world.run("layout_node", parameters={"autostart": "true"})
    pattern = r"\[(\d+\.\d+)\] \[layout_node\]: "
    begin, said = (
        world.wait(lambda words=words: re.search(pattern + words, process.log.read_text()), describe=words)
        for words in ("listening to /points", "/points: no publisher")
    )
    assert float(said[1]) - float(begin[1]) < 5.0
    line = process.log.read_text().split("/points: ")[-1]
    for detail in (
        "check name, namespace and remapping",
        "[0 publishers; this subscription: sensor_msgs/msg/PointCloud2",
    ):
        assert detail in line


def test_wrong_parameters_end_the_node_with_one_line(world):
    process = world.run("layout_node", parameters={"filters.range_min": 5.0, "filters.range_max": 1.0})
    assert process.wait(60) == 2
    assert "range_min and height_min must be below" in process.log.read_text()
    assert "Traceback" not in process.log.read_text()
