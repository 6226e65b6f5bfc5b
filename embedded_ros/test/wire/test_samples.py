"""Samples through Cyclone: every golden type, both ways of the wire, malformed ones, lost ones."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from embedded_ros.wire import profile
from embedded_ros.wire.binding import DdsError
from embedded_ros.wire.participant import Participant, Reader, Writer
from embedded_ros.wire.qos import EndpointQos

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden/ros2_cdr").glob("*__*.json"))


@pytest.fixture(scope="module")
def participants():
    pair = Participant(profile.domain_id()), Participant(profile.domain_id())
    yield pair
    for participant in pair:
        participant.close()


def take(reader: Reader, seconds: float = 60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sample = reader.take()
        if sample is not None:
            return sample
        time.sleep(0.002)
    return None


def connect(participants, topic: str, kind: str, **qos):
    writer = Writer(participants[0], topic, kind, EndpointQos(**qos))
    reader = Reader(participants[1], topic, kind, EndpointQos(**qos))
    end = time.monotonic() + 60
    while not (writer.matched() and reader.matched()) and time.monotonic() < end:
        time.sleep(0.002)
    return writer, reader


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_sample_arrives_as_it_was_sent(participants, file):
    data = json.loads(file.read_text())
    writer, reader = connect(participants, f"rt/{file.stem}", data["type"])
    for sample in data["samples"]:
        golden = bytes.fromhex(sample["cdr_hex"])
        writer.write(golden)
        received = bytes(take(reader).data)
        assert received[4 : len(golden)] == golden[4:]
        assert len(received) - len(golden) in range(4)
    writer.close()
    reader.close()


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_truncated_samples_are_refused(participants, file):
    data = json.loads(file.read_text())
    golden = bytes.fromhex(data["samples"][-1]["cdr_hex"])
    writer = Writer(participants[0], f"rt/cut_{file.stem}", data["type"], EndpointQos())
    for size in {4, (len(golden) - 4) // 2 + 4 - 4} - {len(golden)}:
        if size + 3 < len(golden) and size >= 4:
            with pytest.raises(DdsError):
                writer.write(golden[: size - size % 4])
    writer.close()


def test_large_samples_keep_their_memory_until_released(participants):
    import numpy as np

    from embedded_ros.messages.classes import message_class
    from embedded_ros.messages.codec import deserialize, serialize

    cls = message_class("sensor_msgs/msg/PointCloud2")
    writer, reader = connect(participants, "rt/large", "sensor_msgs/msg/PointCloud2", depth=20)
    kept = []
    for value in range(5):
        writer.write(serialize(cls(data=np.full(300_000, value, np.uint8))))
        kept.append(deserialize(take(reader).data, cls))
    reader.close()
    assert [set(message.data[::1000].tolist()) for message in kept] == [{value} for value in range(5)]


_PEER = """
import sys, time
from embedded_ros.wire import profile
from embedded_ros.wire.participant import Participant, Reader, Writer
from embedded_ros.wire.qos import EndpointQos
participant = Participant(profile.domain_id())
reader = Reader(participant, "rt/there", "geometry_msgs/msg/PoseArray", EndpointQos())
writer = Writer(participant, "rt/back", "geometry_msgs/msg/PoseArray", EndpointQos())
end = time.monotonic() + 60
while time.monotonic() < end:
    sample = reader.take()
    if sample is not None:
        writer.write(bytes(sample.data)); time.sleep(0.3); break
    time.sleep(0.005)
participant.close()
"""


@pytest.mark.parametrize("path", ["clayer", "fast"])
def test_both_ways_of_the_wire_understand_each_other(participants, path):
    file = next(file for file in GOLDEN if "PoseArray" in file.name)
    golden = bytes.fromhex(json.loads(file.read_text())["samples"][0]["cdr_hex"])
    peer = subprocess.Popen([sys.executable, "-c", _PEER], env={**os.environ, "EMBEDDED_ROS_WIRE": path})
    writer = Writer(participants[0], "rt/there", "geometry_msgs/msg/PoseArray", EndpointQos(transient_local=True))
    reader = Reader(participants[0], "rt/back", "geometry_msgs/msg/PoseArray", EndpointQos())
    end = time.monotonic() + 60
    while not (writer.matched() and reader.matched()) and time.monotonic() < end:
        time.sleep(0.01)
    writer.write(golden)
    assert bytes(take(reader, 10).data)[4 : len(golden)] == golden[4:]
    peer.wait(60)
    writer.close()
    reader.close()


def test_the_way_can_be_chosen_but_not_misspelt(monkeypatch):
    from embedded_ros.wire.samples import FastPath, PackagePath, choose_path

    monkeypatch.setenv("EMBEDDED_ROS_WIRE", "clayer")
    assert isinstance(choose_path(), PackagePath)
    monkeypatch.delenv("EMBEDDED_ROS_WIRE")
    assert isinstance(choose_path(), FastPath)
    monkeypatch.setattr("embedded_ros.wire.binding.HAS_FAST_PATH", False)
    assert isinstance(choose_path(), PackagePath)
    monkeypatch.setenv("EMBEDDED_ROS_WIRE", "fats")
    with pytest.raises(ValueError, match="fats"):
        choose_path()


@pytest.mark.parametrize("length", [0, 1, 16_381, 16_383, 16_384, 50_001])
def test_messages_sent_in_parts_arrive_whole(participants, length):
    import numpy as np

    from embedded_ros.messages.classes import message_class
    from embedded_ros.messages.codec import deserialize, serialize, serialize_parts

    cls = message_class("sensor_msgs/msg/PointCloud2")
    cloud = cls(height=3, data=np.arange(length, dtype=np.uint32).astype(np.uint8), is_dense=True)
    cloud.header.frame_id = "lidar"
    writer, reader = connect(participants, f"rt/parts_{length}", "sensor_msgs/msg/PointCloud2")
    writer.write_parts(serialize_parts(cloud))
    received = take(reader).data
    assert deserialize(received, cls) == cloud
    assert bytes(received)[4 : len(serialize(cloud))] == serialize(cloud)[4:]
    writer.close()
    reader.close()
