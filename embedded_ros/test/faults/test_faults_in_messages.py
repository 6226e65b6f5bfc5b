"""Malformed messages, mismatched types and QoS, lost messages, callbacks that raise, doubled names."""

from __future__ import annotations

import contextlib
import ctypes as ct
import time

import pytest

from embedded_ros.messages.codec import CdrError
from embedded_ros.wire.participant import Participant, Writer
from embedded_ros.wire.profile import domain_id
from embedded_ros.wire.qos import EndpointQos


def spin(ros, node, condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        ros.spin_once(node, timeout_sec=0.05)
    return condition()


def settle(ros, node, seconds=0.2):
    spin(ros, node, lambda: False, seconds)


@pytest.fixture
def stranger():
    """A participant that follows no rules."""
    participant = Participant(domain_id())
    yield participant
    participant.close()


def test_malformed_bytes_are_not_published(ros, node):
    from std_msgs.msg import String

    publisher = node.create_publisher(String, "text", 10)
    with pytest.raises(CdrError, match="/text"):
        publisher.publish(b"\x00\x01\x00\x00\xff\xff\xff\x7f")
    publisher.publish(b"\x00\x01\x00\x00\x02\x00\x00\x00a\x00\x00\x00")


def test_a_message_that_python_cannot_read_is_dropped_and_logged(ros, node, stranger, capfd):
    """Text that is no UTF-8 passes Cyclone's checks."""
    from std_msgs.msg import String

    received = []
    node.create_subscription(String, "text", received.append, 10)
    writer = Writer(stranger, "rt/text", "std_msgs/msg/String", EndpointQos())
    spin(ros, node, lambda: writer.matched() > 0)
    writer.write(b"\x00\x01\x00\x00\x03\x00\x00\x00\xff\xfe\x00\x00")
    writer.write(b"\x00\x01\x00\x00\x02\x00\x00\x00a\x00\x00\x00")
    assert spin(ros, node, lambda: received)
    assert [message.data for message in received] == ["a"]
    assert "dropped a message on /text" in capfd.readouterr().err


def test_malformed_graph_messages_do_no_harm(ros, node, stranger):
    writer = Writer(
        stranger,
        "ros_discovery_info",
        "rmw_dds_common/msg/ParticipantEntitiesInfo",
        EndpointQos(transient_local=True, depth=1),
    )
    body = (
        bytes(16)
        + (1).to_bytes(4, "little")
        + b"\x03\x00\x00\x00\xff\xfe\x00\x00"
        + b"\x02\x00\x00\x00a\x00\x00\x00"
        + bytes(8)
    )
    writer.write(b"\x00\x01\x00\x00" + body)
    settle(ros, node)
    assert node.get_node_names() == ["test_node"]


def test_a_type_mismatch_keeps_topics_apart(ros, node):
    from std_msgs.msg import Int32, String

    received = []
    node.create_subscription(Int32, "mixed", received.append, 10)
    text, number = node.create_publisher(String, "mixed", 10), node.create_publisher(Int32, "mixed", 10)
    assert spin(ros, node, lambda: number.get_subscription_count() == 1)
    text.publish(String(data="x"))
    number.publish(Int32(data=3))
    assert spin(ros, node, lambda: received)
    settle(ros, node, 0.1)
    assert [message.data for message in received] == [3]
    assert text.get_subscription_count() == 0


def test_publishing_another_type_is_refused(ros, node):
    from std_msgs.msg import Int32, String

    with pytest.raises(TypeError, match="Expected"):
        node.create_publisher(String, "text", 10).publish(Int32())


def test_incompatible_qos_is_logged_on_both_sides(ros, node, capfd):
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from std_msgs.msg import String

    node.create_publisher(String, "qos", QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    node.create_subscription(String, "qos", lambda message: None, QoSProfile(depth=1))
    seen = ""

    def both() -> bool:
        nonlocal seen
        seen += capfd.readouterr().err
        return "requesting incompatible QoS" in seen and "offering incompatible QoS" in seen

    assert spin(ros, node, both)
    assert "RELIABILITY" in seen


@pytest.fixture
def by_source_order(monkeypatch):
    """Let endpoints put samples in the order of their source times: a sample older than the last one is then lost.

    It is the only loss that Cyclone counts. What a full history or a network drops appears in no status of a reader.
    """
    from embedded_ros.wire import participant
    from embedded_ros.wire.binding import LIBRARY

    LIBRARY.dds_qset_destination_order.argtypes = (ct.c_void_p, ct.c_int)
    usual = participant.endpoint_qos

    @contextlib.contextmanager
    def ordered(*arguments, **options):
        with usual(*arguments, **options) as qos:
            LIBRARY.dds_qset_destination_order(qos, 1)
            yield qos

    monkeypatch.setattr(participant, "endpoint_qos", ordered)


def write_at(publisher, text, nanoseconds):
    """Publish a String as if it had been made at another time."""
    from embedded_ros.wire.binding import LIBRARY, check

    LIBRARY.dds_write_ts.argtypes = (ct.c_int32, ct.c_void_p, ct.c_int64)
    sample = ct.c_char_p(text)  # a String in the memory layout of C
    check(LIBRARY.dds_write_ts(publisher._writer.entity, ct.byref(sample), nanoseconds), "writing")


def test_lost_messages_are_an_event(ros, node, by_source_order):
    from rclpy.event_handler import SubscriptionEventCallbacks
    from std_msgs.msg import String

    events, received = [], []
    callbacks = SubscriptionEventCallbacks(message_lost=events.append)
    node.create_subscription(String, "lossy", received.append, 10, event_callbacks=callbacks)
    publisher = node.create_publisher(String, "lossy", 10)
    assert spin(ros, node, lambda: publisher.get_subscription_count() == 1)
    now = time.time_ns()
    write_at(publisher, b"new", now)
    assert spin(ros, node, lambda: received)
    for age in (1, 2):
        write_at(publisher, b"old", now - age)
    assert spin(ros, node, lambda: sum(event.total_count_change for event in events) == 2)
    assert events[-1].total_count == 2
    assert received == [String(data="new")]


def test_a_callback_that_raises_is_named_and_raised(ros, node, capfd):
    from std_msgs.msg import String

    def fail(message):
        raise ZeroDivisionError("oh no")

    node.create_subscription(String, "text", fail, 10)
    publisher = node.create_publisher(String, "text", 10)
    spin(ros, node, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String())
    with pytest.raises(ZeroDivisionError):
        settle(ros, node, 2.0)
    assert "callback of the subscription of /text raised ZeroDivisionError: oh no" in capfd.readouterr().err
    later = []
    node.create_subscription(String, "other", later.append, 10)
    node.create_publisher(String, "other", 10)
    node.create_timer(0.01, lambda: later.append(1))
    assert spin(ros, node, lambda: later)


def test_two_nodes_with_one_name_both_work(ros, node):
    from std_msgs.msg import String

    twin = ros.create_node("test_node")
    received = []
    twin.create_subscription(String, "text", received.append, 10)
    publisher = node.create_publisher(String, "text", 10)
    assert node.get_fully_qualified_node_names().count("/test_node") == 2
    spin(ros, twin, lambda: publisher.get_subscription_count() == 1)
    publisher.publish(String(data="hi"))
    assert spin(ros, twin, lambda: received)
    twin.destroy_node()
    assert node.get_fully_qualified_node_names().count("/test_node") == 1
