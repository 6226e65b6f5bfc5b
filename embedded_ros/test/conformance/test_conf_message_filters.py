"""Message filters: synchronisers and caches."""

from __future__ import annotations

import pytest
from message_filters import ApproximateTimeSynchronizer, Cache, SimpleFilter, Subscriber, TimeSynchronizer
from rclpy.time import Time
from sensor_msgs.msg import Image, Temperature
from std_msgs.msg import String

MS = 10**6


def stamped(milliseconds, value=0.0):
    message = Temperature(temperature=float(value))
    message.header.stamp = Time(nanoseconds=milliseconds * MS).to_msg()
    return message


def stamps(messages):
    return tuple(Time.from_msg(m.header.stamp).nanoseconds // MS for m in messages)


@pytest.fixture
def synced(ros):
    """A function that makes a synchroniser with its inputs and the list of its outputs."""

    def make(kind, *args, inputs=2, **kwargs):
        filters, output = [SimpleFilter() for _ in range(inputs)], []
        kind_filter = kind(filters, *args, **kwargs)
        kind_filter.registerCallback(lambda *messages: output.append(stamps(messages)))
        return filters, output

    return make


def test_filters_pass_messages_and_extra_arguments():
    source, seen = SimpleFilter(), []
    source.registerCallback(lambda *args: seen.append(args), "extra")
    source.signalMessage("message")
    assert seen == [("message", "extra")]


def test_exact_synchronisation(synced):
    (a, b), output = synced(TimeSynchronizer, 10)
    for time in (1, 2, 3):
        a.signalMessage(stamped(time))
    for time in (3, 1, 4):
        b.signalMessage(stamped(time))
    assert output == [(3, 3), (1, 1)]


def test_exact_synchronisation_forgets_the_oldest(synced):
    (a, b), output = synced(TimeSynchronizer, 2)
    for time in (1, 2, 3):
        a.signalMessage(stamped(time))
    b.signalMessage(stamped(1))
    assert output == []
    b.signalMessage(stamped(2))
    assert output == [(2, 2)]


def test_three_inputs(synced):
    (a, b, c), output = synced(TimeSynchronizer, 5, inputs=3)
    a.signalMessage(stamped(1))
    b.signalMessage(stamped(1))
    assert output == []
    c.signalMessage(stamped(1))
    assert output == [(1, 1, 1)]


def test_approximate_synchronisation_takes_the_nearest(synced):
    (a, b), output = synced(ApproximateTimeSynchronizer, 10, 0.05)
    for time in (100, 120, 140):
        a.signalMessage(stamped(time))
    b.signalMessage(stamped(125))
    assert output == [(120, 125)]
    b.signalMessage(stamped(126))
    assert output[-1] == (140, 126)


def test_approximate_synchronisation_respects_the_slop(synced):
    (a, b), output = synced(ApproximateTimeSynchronizer, 10, 0.05)
    a.signalMessage(stamped(100))
    b.signalMessage(stamped(151))
    assert output == []
    b.signalMessage(stamped(149))
    assert output == [(100, 149)]


def test_all_inputs_must_lie_within_the_slop(synced):
    (a, b, c), output = synced(ApproximateTimeSynchronizer, 10, 0.05, inputs=3)
    a.signalMessage(stamped(100))
    c.signalMessage(stamped(180))
    b.signalMessage(stamped(140))  # near both, but they are far from each other
    assert output == []
    c.signalMessage(stamped(130))
    assert output == [(100, 140, 130)]


def test_a_message_is_used_once(synced):
    (a, b), output = synced(ApproximateTimeSynchronizer, 10, 0.05)
    a.signalMessage(stamped(100))
    b.signalMessage(stamped(101))
    b.signalMessage(stamped(102))
    assert output == [(100, 101)]


def test_messages_without_a_stamp(synced):
    (a, b), output = synced(ApproximateTimeSynchronizer, 10, 0.5)
    a.signalMessage(String())
    b.signalMessage(String())
    assert output == []
    filters, seen = [SimpleFilter(), SimpleFilter()], []
    relaxed = ApproximateTimeSynchronizer(filters, 10, 0.5, allow_headerless=True)
    relaxed.registerCallback(lambda *messages: seen.append([m.data for m in messages]))
    filters[0].signalMessage(String(data="a"))
    filters[1].signalMessage(String(data="b"))
    assert seen == [["a", "b"]]


def test_cache(ros):
    source, passed = SimpleFilter(), []
    cache = Cache(source, 3)
    cache.registerCallback(passed.append)
    assert cache.getOldestTime() is None
    assert cache.getLast() is None
    for time in (10, 20, 30, 40):
        source.signalMessage(stamped(time, time))
    assert len(passed) == 4

    def at(milliseconds):
        return Time.from_msg(stamped(milliseconds).header.stamp)

    assert stamps(cache.getInterval(at(15), at(35))) == (20, 30)
    assert cache.getElemAfterTime(at(25)).temperature == 30
    assert cache.getElemAfterTime(at(41)) is None
    assert cache.getElemBeforeTime(at(25)).temperature == 20
    assert cache.getElemBeforeTime(at(19)) is None
    assert cache.getOldestTime() == at(20)
    assert cache.getLastestTime() == at(40)
    assert cache.getLast().temperature == 40


def test_subscribers(node, spin):
    first, second = Subscriber(node, Image, "image"), Subscriber(node, Temperature, "temperature")
    assert first.getTopic() == "image"
    output = []
    synchroniser = ApproximateTimeSynchronizer([first, second], 10, 0.1)
    synchroniser.registerCallback(lambda image, temperature: output.append((image.encoding, temperature.temperature)))
    images, temperatures = (
        node.create_publisher(Image, "image", 5),
        node.create_publisher(Temperature, "temperature", 5),
    )
    assert spin.until(node, lambda: images.get_subscription_count() and temperatures.get_subscription_count())
    image = Image(encoding="rgb8")
    image.header.stamp = stamped(1000).header.stamp
    images.publish(image)
    temperatures.publish(stamped(1050, 21.5))
    assert spin.until(node, lambda: output)
    assert output == [("rgb8", 21.5)]
