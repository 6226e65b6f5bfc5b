"""Events of quality of service, and its overriding by parameters."""

from __future__ import annotations

import time

import pytest
from rcl_interfaces.msg import SetParametersResult
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSPolicyKind, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # older distributions
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.qos_overriding_options import InvalidQosOverridesError, QoSOverridingOptions


def test_deadlines_that_are_missed(node, spin):
    qos = QoSProfile(depth=1, deadline=Duration(seconds=0.1))
    offered, requested, received = [], [], []
    publisher = node.create_publisher(
        String, "late", qos, event_callbacks=PublisherEventCallbacks(deadline=offered.append)
    )
    node.create_subscription(
        String, "late", received.append, qos, event_callbacks=SubscriptionEventCallbacks(deadline=requested.append)
    )
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
    publisher.publish(String())
    assert spin.until(node, lambda: received and offered and requested)
    assert offered[0].total_count >= 1
    assert requested[-1].total_count >= requested[-1].total_count_change >= 1


def test_liveliness_changes(make_node, spin):
    listener, speaker = make_node("listener"), make_node("speaker")
    qos = QoSProfile(depth=1, liveliness=LivelinessPolicy.AUTOMATIC, liveliness_lease_duration=Duration(seconds=1))
    changes = []
    listener.create_subscription(
        String, "alive", lambda m: None, qos, event_callbacks=SubscriptionEventCallbacks(liveliness=changes.append)
    )
    publisher = speaker.create_publisher(String, "alive", qos)
    assert spin.until(listener, lambda: changes)
    assert changes[-1].alive_count == 1
    speaker.destroy_publisher(publisher)
    assert spin.until(listener, lambda: changes[-1].alive_count == 0)


def test_incompatible_policies_are_named(node, spin):
    seen = []
    node.create_publisher(String, "mismatch", QoSProfile(depth=1, durability=DurabilityPolicy.VOLATILE))
    node.create_subscription(
        String,
        "mismatch",
        lambda m: None,
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL),
        event_callbacks=SubscriptionEventCallbacks(incompatible_qos=seen.append),
    )
    assert spin.until(node, lambda: seen)
    assert int(seen[0].last_policy_kind) == QoSPolicyKind.DURABILITY


def test_policies_may_be_overridden_by_parameters(make_node):
    name = "/topic.publisher"
    node = make_node(
        parameter_overrides=[
            Parameter(f"qos_overrides.{name}.depth", value=99),
            Parameter(f"qos_overrides.{name}.reliability", value="best_effort"),
        ]
    )
    publisher = node.create_publisher(
        String, "topic", 1, qos_overriding_options=QoSOverridingOptions.with_default_policies()
    )
    assert publisher.qos_profile.depth == 99
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    assert node.get_parameter(f"qos_overrides.{name}.history").value == "keep_last"
    assert node.describe_parameter(f"qos_overrides.{name}.depth").read_only


def test_overrides_may_be_checked(make_node):
    node = make_node()
    options = QoSOverridingOptions(
        [QoSPolicyKind.DEPTH], callback=lambda qos: SetParametersResult(successful=qos.depth > 5, reason="too shallow")
    )
    with pytest.raises(InvalidQosOverridesError, match="too shallow"):
        node.create_publisher(String, "topic", 1, qos_overriding_options=options)


def test_an_old_deadline_does_not_disturb_messages(node, spin):
    qos = QoSProfile(depth=5, deadline=Duration(seconds=0.05), lifespan=Duration(seconds=5))
    received = []
    publisher = node.create_publisher(String, "steady", qos)
    node.create_subscription(String, "steady", received.append, qos)
    assert spin.until(node, lambda: publisher.get_subscription_count() > 0)
    for _ in range(3):
        publisher.publish(String())
        time.sleep(0.1)
    assert spin.until(node, lambda: len(received) == 3)
