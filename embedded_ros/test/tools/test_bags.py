"""Recording and playing bags, in both storages, and with types that only the bag knows."""

from __future__ import annotations

import threading
import time

import pytest

from embedded_ros.bags.player import Player, PlayOptions, open_bag
from embedded_ros.bags.recorder import BagError, Recorder, topic_filter
from embedded_ros.bags.schema import message_text


def spin(ros, node, condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        ros.spin_once(node, timeout_sec=0.02)
    return condition()


def record(ros, node, folder, storage, messages):
    """Record strings that this node publishes with transient local QoS, so that none is missed."""
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import String

    publisher = node.create_publisher(
        String, "/words", QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    )
    recorder = Recorder(node, str(folder), topic_filter(["words"], False, None, None), storage)
    spin(ros, node, lambda: recorder.topics == ["/words"])
    for text in messages:
        publisher.publish(String(data=text))
        spin(ros, node, lambda: False, 0.05)
    assert spin(ros, node, lambda: recorder.count == len(messages))
    recorder.close()
    node.destroy_publisher(publisher)


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_what_is_recorded_is_played(storage, ros, node, tmp_path):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from rosgraph_msgs.msg import Clock
    from std_msgs.msg import String

    folder = tmp_path / "bag"
    record(ros, node, folder, storage, ["one", "two", "three"])
    assert (folder / "metadata.yaml").is_file()
    reader = open_bag(str(folder))
    assert [(c.topic, c.msgtype, c.msgcount) for c in reader.connections] == [("/words", "std_msgs/msg/String", 3)]
    recorded = reader.duration / 1e9
    reader.close()

    heard, clock = [], []
    other = ros.create_node("listener")
    latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)

    def hear(message, info):
        heard.append((info["source_timestamp"] / 1e9, message.data))  # when it was sent, however busy the receiver is

    other.create_subscription(String, "/words", hear, latched)
    other.create_subscription(Clock, "/clock", clock.append, 100)
    player = Player(node, str(folder), PlayOptions(rate=0.5, clock_hz=100.0))
    spin(
        ros,
        other,
        lambda: all(publisher.get_subscription_count() for publisher in (*player._publishers.values(), player._clock)),
    )
    thread = threading.Thread(target=player.play, args=(lambda: True,))
    begin = time.time()
    thread.start()
    assert spin(ros, other, lambda: len(heard) == 3)
    thread.join()
    player.close()
    assert [text for _, text in heard] == ["one", "two", "three"]
    assert 2.0 * recorded <= heard[-1][0] - begin < 2.0 * recorded + 30.0  # half as fast
    stamps = [message.clock.sec * 10**9 + message.clock.nanosec for message in clock]
    assert len(stamps) > 3
    assert stamps == sorted(stamps)
    other.destroy_node()


def test_loops_offsets_and_chosen_topics(ros, node, tmp_path):
    record(ros, node, tmp_path / "bag", "mcap", ["one", "two", "three"])
    reader = open_bag(str(tmp_path / "bag"))
    first, *others = (stamp for _, stamp, _ in reader.messages())
    reader.close()
    offset = (others[0] - first) / 2e9  # leaves out the first message
    player = Player(node, str(tmp_path / "bag"), PlayOptions(loop=True, start_offset=offset, rate=10.0))
    player.play(lambda: player.count < 6)
    assert player.count == 6
    player.close()
    nothing = Player(node, str(tmp_path / "bag"), PlayOptions(topics=("/other",)))
    nothing.play(lambda: True)
    assert nothing.count == 0
    nothing.close()


def test_bags_that_cannot_be_opened(node, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(BagError, match="cannot record"):
        Recorder(node, str(tmp_path / "there"), lambda topic: True)
    with pytest.raises(BagError, match="cannot read"):
        Player(node, str(tmp_path / "missing"), PlayOptions())
    (tmp_path / "there" / "metadata.yaml").write_text("rubbish: [")
    with pytest.raises(BagError, match="cannot read"):
        Player(node, str(tmp_path / "there"), PlayOptions())
    with pytest.raises(BagError, match="rate must be positive"):
        Player(node, str(tmp_path / "there"), PlayOptions(rate=0.0))


def test_types_that_only_the_bag_defines(ros, node, tmp_path):
    from rosbags.rosbag2 import StoragePlugin, Writer

    writer = Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP)
    writer.open()
    text = "strange_msgs/Part[] parts\n" + "=" * 80 + "\nMSG: strange_msgs/Part\nint32 number\n"
    connection = writer.add_connection("/strange", "strange_msgs/msg/Whole", msgdef=text, rihs01="RIHS01_" + "0" * 64)
    writer.write(connection, 10, b"\x00\x01\x00\x00" + (1).to_bytes(4, "little") + (5).to_bytes(4, "little"))
    writer.close()
    player = Player(node, str(tmp_path / "bag"), PlayOptions())
    from embedded_ros.messages.classes import message_class

    heard = []
    node.create_subscription(message_class("strange_msgs/msg/Whole"), "/strange", heard.append, 10)
    spin(ros, node, lambda: next(iter(player._publishers.values())).get_subscription_count() == 1)
    player.play(lambda: True)
    player.close()
    assert spin(ros, node, lambda: heard)
    assert heard[0].parts[0].number == 5


def test_definitions_are_written_as_rosbag2_does():
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_JAZZY)
    for name in ("sensor_msgs/msg/PointCloud2", "diagnostic_msgs/msg/DiagnosticArray", "std_msgs/msg/String"):
        expected, _ = store.generate_msgdef(name, ros_version=2)
        assert message_text(name).split() == expected.split()


def test_topic_filters():
    wanted = topic_filter(["a"], False, "cam.*", "depth")
    assert [wanted(topic) for topic in ("/a", "/b", "/cam/rgb", "/cam/depth")] == [True, False, True, False]
    everything = topic_filter([], True, None, None)
    assert [everything(topic) for topic in ("/a", "/_hidden/b")] == [True, False]


def test_a_bag_is_described_as_ros2_does(ros, node, tmp_path, capsys):
    from embedded_ros.cli.main import main

    record(ros, node, tmp_path / "bag", "mcap", ["one", "two", "three"])
    assert main(["bag", "info", str(tmp_path / "bag")]) == 0
    lines = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
    assert lines["Files"].strip() == "bag.mcap"
    assert lines["Storage id"].strip() == "mcap"
    assert lines["Messages"].strip() == "3"
    words = "Topic: /words | Type: std_msgs/msg/String | Count: 3 | Serialization Format: cdr"
    assert lines["Topic information"].strip() == words
    assert float(lines["Duration"].strip(" s")) > 0.05
    assert main(["bag", "info", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("bag: cannot read bag")
