"""What newer distributions have beside the synchronisers: chains, arrival times, unregistering."""

from __future__ import annotations

import pytest
from message_filters import ApproximateTimeSynchronizer, Cache, Chain, InputAligner, SimpleFilter
from rclpy.duration import Duration
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


@pytest.fixture
def aligned(ros):
    """Two inputs with periods of 10 and 20 ms, and what comes out of both."""
    inputs, out = [SimpleFilter(), SimpleFilter()], []
    aligner = InputAligner(Duration(nanoseconds=50 * MS), *inputs)
    for index, period in enumerate((10, 20)):
        aligner.setInputPeriod(index, Duration(nanoseconds=period * MS))
        aligner.registerCallback(index, lambda m, name: out.append((name, stamp(m))), "ab"[index])
    return aligner, inputs, out


def stamp(message):
    return Time.from_msg(message.header.stamp).nanoseconds // MS


def test_messages_leave_in_the_order_of_their_stamps(aligned):
    aligner, (a, b), out = aligned
    for source, time in ((a, 100), (a, 110), (b, 105), (a, 120), (b, 125)):
        source.signalMessage(stamped(time))
    aligner.dispatchMessages()
    assert out == [("a", 100), ("b", 105), ("a", 110), ("a", 120), ("b", 125)]
    status = aligner.getQueueStatus(0)
    assert (status.queue_size, status.msgs_processed, status.msgs_dropped) == (0, 3, 0)


def test_an_input_holds_the_others_back_until_it_is_silent_for_too_long(aligned):
    aligner, (a, b), out = aligned
    for source, time in ((a, 100), (b, 100), (b, 120), (b, 140)):
        source.signalMessage(stamped(time))
    aligner.dispatchMessages()
    assert out == [("a", 100), ("b", 100)]  # the next of a is due at 110
    a.signalMessage(stamped(110))
    aligner.dispatchMessages()
    assert out[2:] == [("a", 110)]  # and then at 120, as early as the next of b
    b.signalMessage(stamped(180))
    aligner.dispatchMessages()
    assert out[-3:] == [("b", 120), ("b", 140), ("b", 180)]
    assert not aligner.getQueueStatus(0).active


def test_messages_that_come_too_late_are_dropped_and_counted(aligned):
    aligner, (a, b), _ = aligned
    a.signalMessage(stamped(100))
    b.signalMessage(stamped(100))
    aligner.dispatchMessages()
    b.signalMessage(stamped(90))
    assert aligner.getQueueStatus(1).msgs_dropped == 1
    aligner.disconnectAll()
    a.signalMessage(stamped(300))
    assert aligner.getQueueStatus(0).queue_size == 0
    aligner.setName("aligner")
    assert aligner.getName() == "aligner"


def test_a_timer_may_dispatch(aligned, node):
    import rclpy

    aligner, (a, b), out = aligned
    aligner.setupDispatchTimer(node, Duration(nanoseconds=10 * MS))
    a.signalMessage(stamped(100))
    b.signalMessage(stamped(100))
    for _ in range(100):
        rclpy.spin_once(node, timeout_sec=0.02)
        if len(out) == 2:
            break
    assert sorted(out) == [("a", 100), ("b", 100)]


def test_what_is_missing_is_named():
    with pytest.raises(NotImplementedError, match=r"message_filters\.TimeSequencer"):
        from message_filters import TimeSequencer  # noqa: F401
