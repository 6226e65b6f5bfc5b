"""`foxglove_sink` and `rerun_recorder` as processes: what a viewer gets."""

from __future__ import annotations

import json
import re
import struct
import time

import numpy as np
import pytest
from node_harness import ROOT, Robot, room
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import String

from spatial_perception.layout.entities import Box, Layout, Wall
from spatial_perception.msg import Layout as LayoutMsg
from spatial_perception.ros.convert.layouts import layout_message
from spatial_perception.ros.nodes.rerun_recorder import RerunSettings
from spatial_perception.ros.qos import LATCHED

WALL = Wall(1, (0, 0, 0), (4, 0, 0), 2.5, 0.1)
HOME = Layout((WALL,), boxes=(Box(2, "bed", (1, 1, 0.3), 0.0, (2, 1, 0.6)),), frame_id="map", stamp=5.0)


class Viewer:
    """A Foxglove client: knows what is advertised, and what came on what it subscribed to."""

    def __init__(self, port):
        from websockets.sync.client import connect

        self._connection = connect(f"ws://127.0.0.1:{port}", subprotocols=["foxglove.sdk.v1"], max_size=None)
        self.socket = self._connection.__enter__()
        self.channels, self.received, self.times = {}, {}, []

    def pump(self, seconds=0.2):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                self._take(self.socket.recv(timeout=left))
            except TimeoutError:
                return

    def _take(self, message):
        if isinstance(message, str):
            content = json.loads(message)
            if content["op"] == "advertise":
                self.channels.update({channel["topic"]: channel for channel in content["channels"]})
            elif content["op"] == "unadvertise":
                gone = set(content["channelIds"])
                self.channels = {topic: c for topic, c in self.channels.items() if c["id"] not in gone}
        elif message[0] == 1:
            number, stamp = struct.unpack_from("<IQ", message, 1)
            self.received.setdefault(number, []).append((stamp, message[13:]))
        elif message[0] == 2:
            self.times.append(struct.unpack_from("<Q", message, 1)[0])

    def until(self, true, seconds=40.0):
        deadline = time.monotonic() + seconds
        while not true() and time.monotonic() < deadline:
            self.pump()
        assert true(), self.channels

    def subscribe(self, topic):
        number = self.channels[topic]["id"]
        wanted = {"op": "subscribe", "subscriptions": [{"id": number, "channelId": number}]}
        self.socket.send(json.dumps(wanted))
        return number


@pytest.fixture
def foxglove(world):
    pytest.importorskip("foxglove")
    pytest.importorskip("websockets")

    def start(**parameters):
        process = world.run("foxglove_sink", parameters={"port": 0, **parameters})
        found = world.wait(
            lambda: re.search(r"ws://127\.0\.0\.1:(\d+)", process.log.read_text()), describe="the server"
        )
        process.port = int(found[1])
        return process

    return start


def test_a_viewer_gets_clouds_byte_for_byte(world, foxglove):
    server = foxglove()
    with Robot(world):
        viewer = Viewer(server.port)
        viewer.until(lambda: {"/points", "/tf", "/tf_static"} <= set(viewer.channels))
        channel = viewer.channels["/points"]
        assert (channel["encoding"], channel["schemaEncoding"]) == ("cdr", "ros2msg")
        assert channel["schemaName"] == "sensor_msgs/msg/PointCloud2"
        assert "uint8[] data" in channel["schema"]
        assert world.node.count_subscribers("/points") == 0, "nobody looks yet"
        number = viewer.subscribe("/points")
        viewer.until(lambda: len(viewer.received.get(number, [])) >= 3)
    cloud = deserialize_message(viewer.received[number][-1][1], PointCloud2)
    assert cloud.header.frame_id == "lidar"
    assert cloud.width == len(room())
    viewer.socket.close()
    world.wait(lambda: world.node.count_subscribers("/points") == 0, describe="the end of the subscription")
    assert world.interrupt(server) in (0, -2, 130)


def test_who_comes_late_to_a_latched_topic_gets_its_last_message(world, foxglove):
    publisher = world.node.create_publisher(LayoutMsg, "/layout_node/layout", LATCHED)
    publisher.publish(layout_message(HOME))
    server = foxglove()
    for viewer in (Viewer(server.port), Viewer(server.port)):
        viewer.until(lambda v=viewer: "/layout_node/layout" in v.channels)
        number = viewer.subscribe("/layout_node/layout")
        viewer.until(lambda v=viewer, n=number: v.received.get(n))
        layout = deserialize_message(viewer.received[number][-1][1], LayoutMsg)
        assert [box.label for box in layout.boxes] == ["bed"]


def test_topics_come_and_go_and_only_the_wanted_are_offered(world, foxglove):
    server = foxglove(topics='["/shown.*"]', use_sim_time=True)
    viewer = Viewer(server.port)
    wanted, _ = (world.node.create_publisher(String, name, 1) for name in ("/shown_here", "/hidden"))
    viewer.until(lambda: "/shown_here" in viewer.channels)
    viewer.until(lambda: viewer.times)
    assert set(viewer.channels) == {"/shown_here"}
    world.node.destroy_publisher(wanted)
    viewer.until(lambda: not viewer.channels)


def test_a_port_in_use_is_one_line(world, foxglove):
    server = foxglove()
    second = world.run("foxglove_sink", parameters={"port": server.port})
    assert second.wait(60) == 2
    text = second.log.read_text()
    assert f"127.0.0.1:{server.port} cannot be used" in text
    assert "choose another port" in text
    assert "Traceback" not in text
    world.processes.remove(second)


def test_without_the_extra_one_line_names_it(world, tmp_path):
    (tmp_path / "foxglove.py").write_text("raise ImportError('not here')\n")
    world.environment["PYTHONPATH"] = f"{tmp_path}:{ROOT}"
    process = world.run("foxglove_sink")
    assert process.wait(60) == 2
    text = process.log.read_text()
    assert "pip install 'spatial_perception[foxglove]'" in text
    assert "Traceback" not in text


# ------------------------------------------------------------------ rerun
def test_a_recording_holds_layouts_as_they_came_and_went(world, tmp_path):
    pytest.importorskip("rerun")
    path = tmp_path / "drive.rrd"
    process = world.run("rerun_recorder", parameters={"path": str(path), "truth": "/truth"})
    layouts = world.node.create_publisher(LayoutMsg, "/layout_node/layout", LATCHED)
    truth = world.node.create_publisher(LayoutMsg, "/truth", LATCHED)
    cloud = world.node.create_publisher(PointCloud2, "/layout_node/cloud", LATCHED)
    world.wait(lambda: layouts.get_subscription_count() and cloud.get_subscription_count(), describe="the recorder")
    truth.publish(layout_message(HOME))
    from spatial_perception.pointcloud.cloud import PointCloud
    from spatial_perception.ros.convert.clouds import cloud_message

    with Robot(world):
        for stamp, boxes in ((5.0, HOME.boxes), (6.0, ())):
            layouts.publish(layout_message(Layout((WALL,), boxes=boxes, frame_id="map", stamp=stamp)))
            cloud.publish(cloud_message(PointCloud(np.ones((50, 3), np.float32), None, "map", stamp)))
            time.sleep(1.0)
    assert not path.exists(), "complete files only"
    assert world.interrupt(process) in (0, -2, 130)
    content = path.read_bytes()
    for name in (b"world/pred/wall/1", b"world/pred/bbox/2", b"world/truth/wall/1", b"world/points", b"world/robot/trail",
                 b"entities/boxes", b"archetypes.Clear"):  # fmt: skip
        assert name in content, name


@pytest.mark.parametrize(
    ("path", "reason"), [("drive.txt", "end in .rrd"), ("/proc/no/drive.rrd", "cannot be written")]
)
def test_what_cannot_be_recorded_to_is_one_line(world, path, reason):
    pytest.importorskip("rerun")
    process = world.run("rerun_recorder", parameters={"path": path})
    assert process.wait(60) == 2
    text = process.log.read_text()
    assert reason in text
    assert "Traceback" not in text


def test_the_recorder_listens_where_the_launch_files_publish():
    assert RerunSettings().layout_node == "layout_node"
