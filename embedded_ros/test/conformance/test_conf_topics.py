"""Publishers and subscriptions: delivery, history, raw data, events, graph."""

from __future__ import annotations

import array

import pytest
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Int32, String

LATCHED = QoSProfile(depth=3, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def texts(messages):
    return [m.data for m in messages]


@pytest.fixture
def connect(node, spin):
    """A function that makes a publisher and a subscription of one topic and waits until they have found each other."""

    def connect(msg_type=String, topic="topic", qos=10, **kwargs):
        received = []
        publisher = node.create_publisher(msg_type, topic, qos)
        node.create_subscription(msg_type, topic, received.append, kwargs.pop("sub_qos", qos), **kwargs)
        assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
        return publisher, received

    return connect


def test_messages_arrive_in_order(connect, node, spin):
    publisher, received = connect()
    for number in range(10):
        publisher.publish(String(data=str(number)))
    assert spin.until(node, lambda: len(received) >= 10)
    assert texts(received) == [str(number) for number in range(10)]


def test_sensor_data(connect, node, spin):
    publisher, received = connect(Image, qos=qos_profile_sensor_data)
    image = Image(height=2, width=2, step=2, encoding="mono8", data=array.array("B", [1, 2, 3, 4]))
    publisher.publish(image)
    assert spin.until(node, lambda: received)
    assert received[0] == image
    assert bytes(bytearray(received[0].data)) == b"\x01\x02\x03\x04"


def test_late_joiners_receive_what_is_kept(node, spin):
    publisher = node.create_publisher(String, "latched", LATCHED)
    for number in range(5):
        publisher.publish(String(data=str(number)))
    received = []
    node.create_subscription(String, "latched", received.append, LATCHED)
    assert spin.until(node, lambda: len(received) >= 3)
    spin.for_seconds(node, 0.2)
    assert texts(received) == ["2", "3", "4"]


def test_volatile_data_are_not_kept(node, spin):
    publisher = node.create_publisher(String, "volatile", 10)
    publisher.publish(String(data="lost"))
    received = []
    node.create_subscription(String, "volatile", received.append, 10)
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(String(data="kept"))
    assert spin.until(node, lambda: received)
    assert texts(received) == ["kept"]


def test_history_keeps_the_last(connect, node, spin):
    publisher, received = connect(Int32, qos=10, sub_qos=QoSProfile(depth=2))
    spin.for_seconds(node, 0.2)
    for number in range(6):
        publisher.publish(Int32(data=number))
    import time

    time.sleep(0.3)  # let all of them arrive before the first is taken
    spin.for_seconds(node, 0.3)
    assert texts(received)[-1] == 5
    assert len(received) <= 4
    keep_all = QoSProfile(depth=1, history=HistoryPolicy.KEEP_ALL)
    publisher, received = connect(Int32, topic="all", qos=keep_all)
    for number in range(50):
        publisher.publish(Int32(data=number))
    assert spin.until(node, lambda: len(received) >= 50)
    assert texts(received) == list(range(50))


def test_raw_subscriptions_and_publications(connect, node, spin):
    publisher, received = connect(raw=True)
    publisher.publish(String(data="hello"))
    assert spin.until(node, lambda: received)
    assert isinstance(received[0], bytes)
    assert deserialize_message(received[0], String).data == "hello"
    publisher.publish(serialize_message(String(data="again")))
    assert spin.until(node, lambda: len(received) > 1)
    assert deserialize_message(received[1], String).data == "again"


def test_callbacks_may_take_information(connect, node, spin):
    seen = []
    publisher = node.create_publisher(String, "informed", 1)
    node.create_subscription(String, "informed", lambda message, info: seen.append((message, info)), 1)
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(String(data="a"))
    assert spin.until(node, lambda: seen)
    message, info = seen[0]
    assert message.data == "a"
    assert "source_timestamp" in info


def test_callbacks_may_be_coroutines(node, spin):
    from rclpy.task import Future

    gate, seen = Future(), []

    async def callback(message):
        seen.append((message.data, await gate))

    publisher = node.create_publisher(String, "coroutine", 1)
    # reentrant: while it waits, a mutually exclusive group would keep the timer from running
    node.create_subscription(String, "coroutine", callback, 1, callback_group=ReentrantCallbackGroup())
    node.create_timer(0.3, lambda: gate.done() or gate.set_result("opened"))
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(String(data="a"))
    assert spin.until(node, lambda: seen)
    assert seen == [("a", "opened")]


def test_publishing_the_wrong_type(node):
    publisher = node.create_publisher(String, "typed", 1)
    with pytest.raises(TypeError):
        publisher.publish(Int32())
    with pytest.raises(TypeError):
        publisher.publish("text")


def test_wrong_arguments(node):
    with pytest.raises((TypeError, ValueError)):
        node.create_publisher(String, "a", -1)
    with pytest.raises(TypeError):
        node.create_publisher(String, "a", "ten")
    with pytest.raises(Exception):  # noqa: B017, PT011 - the type differs between distributions
        node.create_publisher(str, "a", 1)


def test_the_graph(make_node, spin):
    first, second = make_node("first", namespace="/ns"), make_node("second")
    publisher = first.create_publisher(String, "/chatter", 10)
    second.create_subscription(String, "/chatter", lambda m: None, BEST_EFFORT)
    assert spin.until(
        first, lambda: first.count_subscribers("/chatter") == 1 and second.count_publishers("/chatter") == 1
    )
    assert ("/chatter", ["std_msgs/msg/String"]) in [(n, list(t)) for n, t in first.get_topic_names_and_types()]
    assert spin.until(
        second, lambda: {("first", "/ns"), ("second", "/")} <= set(second.get_node_names_and_namespaces())
    )
    assert {"first", "second"} <= set(second.get_node_names())
    published = dict(second.get_publisher_names_and_types_by_node("first", "/ns"))
    assert list(published["/chatter"]) == ["std_msgs/msg/String"]
    (info,) = second.get_publishers_info_by_topic("/chatter")
    assert (info.node_name, info.node_namespace, info.topic_type) == ("first", "/ns", "std_msgs/msg/String")
    (info,) = second.get_subscriptions_info_by_topic("/chatter")
    assert info.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    first.destroy_publisher(publisher)
    assert spin.until(second, lambda: second.count_publishers("/chatter") == 0)


def test_incompatible_qos_is_reported(node, spin):
    try:
        from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
    except ImportError:  # older distributions
        from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks
    offered, requested, received = [], [], []
    publisher = node.create_publisher(
        String, "mismatch", BEST_EFFORT, event_callbacks=PublisherEventCallbacks(incompatible_qos=offered.append)
    )
    node.create_subscription(
        String,
        "mismatch",
        received.append,
        QoSProfile(depth=1),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=requested.append),
    )
    assert spin.until(node, lambda: offered and requested)
    assert offered[0].total_count == 1
    assert requested[0].total_count_change == 1
    publisher.publish(String(data="never"))
    spin.for_seconds(node, 0.2)
    assert received == []


def test_destroyed_subscriptions_receive_nothing(node, spin):
    received = []
    publisher = node.create_publisher(String, "short", 1)
    subscription = node.create_subscription(String, "short", received.append, 1)
    assert spin.until(node, lambda: publisher.get_subscription_count() == 1)
    assert node.destroy_subscription(subscription)
    assert spin.until(node, lambda: publisher.get_subscription_count() == 0)
    publisher.publish(String())
    spin.for_seconds(node, 0.1)
    assert received == []
    assert node.destroy_publisher(publisher)
    assert not node.destroy_publisher(publisher)


def test_wait_for_message(make_node, spin):
    from rclpy.wait_for_message import wait_for_message

    speaker, listener = make_node("speaker"), make_node("listener")
    publisher = speaker.create_publisher(String, "once", 1)
    speaker.create_timer(0.05, lambda: publisher.publish(String(data="here")))
    spin.background(speaker)
    arrived, message = wait_for_message(String, listener, "once", time_to_wait=5.0)
    assert arrived
    assert message.data == "here"
    arrived, message = wait_for_message(String, listener, "nothing", time_to_wait=0.2)
    assert (arrived, message) == (False, None)
