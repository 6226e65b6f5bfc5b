"""Logging: levels, once, throttle, children, /rosout."""

from __future__ import annotations

import itertools
import time

import pytest
from rcl_interfaces.msg import Log
from rclpy.logging import LoggingSeverity, get_logger, get_logging_severity_from_string, set_logger_level
from rclpy.qos import DurabilityPolicy, QoSProfile


@pytest.fixture
def logger():
    logger = get_logger("conformance_logger")
    logger.set_level(LoggingSeverity.INFO)
    yield logger
    logger.set_level(LoggingSeverity.UNSET)


def test_levels(logger):
    assert logger.get_effective_level() == LoggingSeverity.INFO
    assert not logger.debug("hidden")
    assert logger.info("shown")
    assert logger.warning("shown")
    assert logger.error("shown")
    assert logger.fatal("shown")
    logger.set_level(LoggingSeverity.ERROR)
    assert logger.is_enabled_for(LoggingSeverity.ERROR)
    assert not logger.is_enabled_for(LoggingSeverity.WARN)
    assert [logger.warning("hidden"), logger.error("shown")] == [False, True]
    set_logger_level("conformance_logger", LoggingSeverity.DEBUG)
    assert logger.debug("shown")


def test_severities_have_names():
    assert get_logging_severity_from_string("warn") == LoggingSeverity.WARN
    assert LoggingSeverity.DEBUG < LoggingSeverity.INFO < LoggingSeverity.WARN < LoggingSeverity.ERROR
    with pytest.raises((RuntimeError, KeyError)):
        get_logging_severity_from_string("nonsense")


def test_once(logger):
    assert [logger.info("once", once=True) for _ in range(4)] == [True, False, False, False]


def test_skip_first(logger):
    assert [logger.info("not the first", skip_first=True) for _ in range(3)] == [False, True, True]


def test_throttle(logger):
    shown, calls = [], 0
    while len(shown) < 3:
        calls += 1
        if logger.info("throttled", throttle_duration_sec=0.2):
            shown.append(time.monotonic())
        time.sleep(0.001)
    assert min(b - a for a, b in itertools.pairwise(shown)) >= 0.19
    assert calls > 3


def test_two_places_on_one_line_are_told_apart(logger):
    for expected in (True, False):
        assert [logger.info("a", once=True), logger.info("b", once=True)] == [expected, expected]


def test_a_place_cannot_change_its_severity(logger):
    def log(severity):
        return logger.log("message", severity)

    assert log(LoggingSeverity.INFO)
    with pytest.raises(ValueError, match="changed between calls"):
        log(LoggingSeverity.ERROR)


def test_wrong_options(logger):
    with pytest.raises(TypeError):
        logger.info("message", nonsense=True)
    with pytest.raises(TypeError):
        logger.info("message", throttle_time_source_type="RCUTILS_STEADY_TIME")


def test_children_follow_their_parent(logger):
    child = logger.get_child("child")
    assert child.name == "conformance_logger.child"
    assert child.get_effective_level() == LoggingSeverity.INFO
    logger.set_level(LoggingSeverity.ERROR)
    assert child.get_effective_level() == LoggingSeverity.ERROR
    with pytest.raises(ValueError, match="empty"):
        logger.get_child("")


def test_loggers_of_nodes(make_node):
    assert make_node("n").get_logger().name == "n"
    assert make_node("n", namespace="/a/b").get_logger().name == "a.b.n"


def test_rosout(make_node, spin):
    listener, speaker = make_node("listener"), make_node("speaker")
    received = []
    qos = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    listener.create_subscription(Log, "/rosout", received.append, qos)
    speaker.get_logger().warning("said on rosout")
    assert spin.until(listener, lambda: any(m.msg == "said on rosout" for m in received))
    message = next(m for m in received if m.msg == "said on rosout")
    assert message.name == "speaker"
    level = message.level if isinstance(message.level, int) else ord(message.level)
    assert level == LoggingSeverity.WARN
    assert message.function == "test_rosout"
    assert message.file.endswith("test_conf_logging.py")
