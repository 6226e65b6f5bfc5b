"""What newer distributions have beside the synchronisers: chains, arrival times, unregistering."""

from __future__ import annotations

import pytest
from message_filters import ApproximateTimeSynchronizer, Cache, Chain, SimpleFilter
from rclpy.time import Time
from sensor_msgs.msg import Temperature

MS = 10**6


def stamped(milliseconds):
    message = Temperature()
    message.header.stamp = Time(nanoseconds=milliseconds * MS).to_msg()
    return message


def test_chains_feed_one_filter_into_the_next(ros):
    source, seen = SimpleFilter(), []
    chain = Chain(source)
    chain.registerCallback(seen.append)
    source.signalMessage("empty chain")
    assert seen == ["empty chain"]
    first, second = Cache(cache_size=5), Cache(cache_size=5)
    assert [chain.addFilter(first), chain.addFilter(second)] == [0, 1]
    source.signalMessage(stamped(1))
    assert len(first.cache_msgs) == len(second.cache_msgs) == 1
    assert len(seen) == 2
    assert chain.getFilter(1) is second
    with pytest.raises(RuntimeError, match="Already connected"):
        chain.connectInput(source)


def test_callbacks_can_be_taken_off():
    source, seen = SimpleFilter(), []
    connection = source.registerCallback(seen.append)
    source.signalMessage(1)
    source.unregisterCallback(connection)
    source.signalMessage(2)
    assert seen == [1]
    with pytest.raises(KeyError):
        source.unregisterCallback(connection)


def test_arrival_times_may_count_instead_of_stamps(ros):
    filters, seen = [SimpleFilter(), SimpleFilter()], []
    synchroniser = ApproximateTimeSynchronizer(filters, 10, 0.5, sync_arrival_time=True)
    synchroniser.registerCallback(lambda *messages: seen.append(messages))
    filters[0].signalMessage(stamped(1))
    filters[1].signalMessage(stamped(900_000))
    assert len(seen) == 1


def test_surrounding_interval(ros):
    cache = Cache(cache_size=10)
    for time in (10, 20, 30, 40):
        cache.add(stamped(time))

    def at(milliseconds):
        return Time.from_msg(stamped(milliseconds).header.stamp)

    found = cache.getSurroundingInterval(at(15), at(25))
    assert [Time.from_msg(m.header.stamp).nanoseconds // MS for m in found] == [10, 20, 30]


def test_what_is_missing_is_named():
    with pytest.raises(NotImplementedError, match=r"message_filters\.InputAligner"):
        from message_filters import InputAligner  # noqa: F401
