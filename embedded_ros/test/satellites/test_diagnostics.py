"""Diagnostics: levels, merging, frequencies, stamps, the updater."""

from __future__ import annotations

import time

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from diagnostic_updater import (
    CompositeDiagnosticTask,
    DiagnosedPublisher,
    DiagnosticStatusWrapper,
    FrequencyStatus,
    FrequencyStatusParam,
    FunctionDiagnosticTask,
    HeaderlessTopicDiagnostic,
    Heartbeat,
    TimeStampStatus,
    TimeStampStatusParam,
    TopicDiagnostic,
    Updater,
)
from rclpy.executors import SingleThreadedExecutor
from rclpy.time import Time
from sensor_msgs.msg import Temperature

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class FakeClock:
    def __init__(self):
        self.seconds = 100.0

    def now(self):
        return Time(seconds=self.seconds)


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ((OK, "a"), (OK, "b"), (OK, "a; b")),
        ((OK, "a"), (WARN, "b"), (WARN, "b")),
        ((WARN, "a"), (OK, "b"), (WARN, "a")),
        ((WARN, "a"), (ERROR, "b"), (ERROR, "a; b")),
        ((ERROR, "a"), (WARN, "b"), (ERROR, "a; b")),
        ((OK, ""), (OK, "b"), (OK, "b")),
    ],
)
def test_summaries_merge(first, second, merged):
    status = DiagnosticStatusWrapper()
    status.summary(*first)
    status.mergeSummary(*second)
    assert (status.level, status.message) == merged


def test_status_wrapper():
    status = DiagnosticStatusWrapper(name="n")
    status.summary(1, "integer level")
    assert status.level == WARN
    status.add("key", 1.5)
    assert [(v.key, v.value) for v in status.values] == [("key", "1.5")]
    other = DiagnosticStatusWrapper()
    other.summary(status)
    assert (other.level, other.message) == (WARN, "integer level")
    status.clearSummary()
    assert (status.level, status.message) == (OK, "")
    with pytest.raises(TypeError):
        status.summary(1, "a", "b")


def test_composite_tasks():
    task = CompositeDiagnosticTask("both")
    for level, name in ((OK, "good"), (WARN, "warm"), (ERROR, "broken")):
        task.addTask(
            FunctionDiagnosticTask(
                name, lambda s, level=level, name=name: (s.summary(level, name), s.add(name, 1), s)[-1]
            )
        )
    status = task.run(DiagnosticStatusWrapper())
    assert (status.level, status.message) == (ERROR, "warm; broken")
    assert [v.key for v in status.values] == ["good", "warm", "broken"]
    assert Heartbeat().run(DiagnosticStatusWrapper()).message == "Alive"


@pytest.mark.parametrize(
    ("events", "level", "message"),
    [(0, ERROR, "No events"), (5, WARN, "too low"), (10, OK, "met"), (50, WARN, "too high")],
)
def test_frequencies(events, level, message):
    clock = FakeClock()
    task = FrequencyStatus(FrequencyStatusParam({"min": 10, "max": 20}, 0.1, 2), clock=clock)
    for _ in range(events):
        task.tick()
    clock.seconds += 1.0
    status = task.run(DiagnosticStatusWrapper())
    assert status.level == level
    assert message in status.message
    values = {v.key: v.value for v in status.values}
    assert float(values["Actual frequency (Hz)"]) == pytest.approx(events)
    assert float(values["Minimum acceptable frequency (Hz)"]) == pytest.approx(9)


def test_frequency_window_and_open_limit():
    clock = FakeClock()
    task = FrequencyStatus(FrequencyStatusParam({"min": 1}, 0.0, 2), clock=clock)
    for count in (10, 0, 0):
        for _ in range(count):
            task.tick()
        clock.seconds += 1.0
        status = task.run(DiagnosticStatusWrapper())
    assert status.level == ERROR  # the events have left the window
    task.clear()
    assert task.count == 0


@pytest.mark.parametrize(
    ("age", "level", "message"),
    [(0.5, OK, "reasonable"), (60, ERROR, "past"), (-5, ERROR, "future"), (None, ERROR, "Zero")],
)
def test_stamps(age, level, message):
    clock = FakeClock()
    task = TimeStampStatus(TimeStampStatusParam(-1, 5), clock=clock)
    task.tick(0.0 if age is None else Time(seconds=clock.seconds - age).to_msg())
    status = task.run(DiagnosticStatusWrapper())
    assert status.level == level
    assert message in status.message
    assert task.run(DiagnosticStatusWrapper()).message == "No data since last update."


def test_updater(node):
    received = []
    node.create_subscription(DiagnosticArray, "/diagnostics", received.append, 10)
    updater = Updater(node, period=0.1)
    updater.setHardwareID("rig")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    end = time.monotonic() + 60
    while updater.publisher.get_subscription_count() == 0 and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.02)
    updater.add("state", lambda s: (s.summary(WARN, "warm"), s)[-1])
    updater.add(FunctionDiagnosticTask("silent", lambda s: None))

    def reports():
        return [{s.name: s for s in m.status} for m in received if len(m.status) == 2]

    while not reports() and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    (report, *_) = reports()
    assert set(report) == {"test_node: state", "test_node: silent"}
    state = report["test_node: state"]
    assert (state.level, state.message, state.hardware_id) == (WARN, "warm", "rig")
    assert report["test_node: silent"].message == "No message was set"
    assert any(s.message == "Node starting up" for m in received for s in m.status)
    assert updater.removeByName("silent")
    assert not updater.removeByName("silent")
    received.clear()
    updater.broadcast(ERROR, "going down")
    while not received and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    assert any(s.message == "going down" for m in received for s in m.status)
    executor.shutdown()


def test_the_period_is_a_parameter(node):
    from rclpy.parameter import Parameter

    updater = Updater(node, period=5.0)
    assert node.get_parameter("diagnostic_updater.period").value == 5.0
    node.set_parameters([Parameter("diagnostic_updater.period", value=0.5)])
    updater.update()
    assert updater.period == 0.5
    assert updater.timer.timer_period_ns == 5 * 10**8


def test_topics(node):
    updater = Updater(node)
    frequency, stamp = FrequencyStatusParam({"min": 1, "max": 100}), TimeStampStatusParam()
    plain = HeaderlessTopicDiagnostic("plain", updater, frequency)
    plain.tick()
    full = TopicDiagnostic("full", updater, frequency, stamp)
    full.tick(node.get_clock().now())
    publisher = DiagnosedPublisher(node.create_publisher(Temperature, "temperature", 1), updater, frequency, stamp)
    message = Temperature()
    message.header.stamp = node.get_clock().now().to_msg()
    publisher.publish(message)
    names = [t.getName() for t in updater.tasks]
    assert names[:2] == ["plain topic status", "full topic status"]
    assert names[2].endswith("temperature topic status")
    assert full.stamp.deltas_valid
    assert publisher.freq.count == 1
    plain.clear_window()
    assert plain.freq.count == 0
