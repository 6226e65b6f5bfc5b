"""Quality of service: profiles, policies, compatibility."""

from __future__ import annotations

import pytest
from rclpy.duration import Duration
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    InvalidQoSProfileException,
    LivelinessPolicy,
    QoSCompatibility,
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSPresetProfiles,
    QoSProfile,
    QoSReliabilityPolicy,
    ReliabilityPolicy,
    qos_check_compatible,
    qos_profile_action_status_default,
    qos_profile_parameter_events,
    qos_profile_parameters,
    qos_profile_sensor_data,
    qos_profile_services_default,
    qos_profile_system_default,
)

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
VOLATILE, LATCHED = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL


def test_depth_alone_gives_the_default_profile():
    profile = QoSProfile(depth=7)
    assert profile.depth == 7
    assert profile.history == HistoryPolicy.KEEP_LAST
    assert profile.reliability == RELIABLE
    assert profile.durability == VOLATILE
    assert profile.liveliness == LivelinessPolicy.SYSTEM_DEFAULT or profile.liveliness == LivelinessPolicy.AUTOMATIC
    assert not profile.avoid_ros_namespace_conventions


def test_history_needs_a_depth_unless_all_is_kept():
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile()
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile(history=HistoryPolicy.KEEP_LAST)
    with pytest.raises(InvalidQoSProfileException):
        QoSProfile(reliability=RELIABLE)
    assert QoSProfile(history=HistoryPolicy.KEEP_ALL).history == HistoryPolicy.KEEP_ALL


def test_wrong_values_are_refused():
    for wrong in (
        {"depth": "many"},
        {"depth": 1, "reliability": "reliable"},
        {"depth": 1, "deadline": 1.0},
        {"depth": 1, "avoid_ros_namespace_conventions": 1},
        {"depth": 1, "nonsense": 1},
    ):
        with pytest.raises((AssertionError, ValueError, TypeError)):
            QoSProfile(**wrong)


def test_equality_looks_at_every_policy():
    profile = QoSProfile(depth=1)
    assert profile == QoSProfile(depth=1)
    assert profile != QoSProfile(depth=2)
    assert profile != QoSProfile(depth=1, durability=LATCHED)
    assert profile != QoSProfile(depth=1, deadline=Duration(seconds=1))
    assert profile != 1
    profile.depth = 5
    assert profile == QoSProfile(depth=5)


def test_presets():
    assert qos_profile_sensor_data == QoSPresetProfiles.SENSOR_DATA.value
    assert (qos_profile_sensor_data.reliability, qos_profile_sensor_data.depth) == (BEST_EFFORT, 5)
    assert qos_profile_services_default.depth == 10
    assert qos_profile_parameters.depth == 1000
    assert qos_profile_parameter_events.depth == 1000
    assert qos_profile_action_status_default.durability == LATCHED
    assert qos_profile_action_status_default.depth == 1
    assert qos_profile_system_default.reliability == ReliabilityPolicy.SYSTEM_DEFAULT
    assert QoSPresetProfiles.get_from_short_key("sensor_data") == qos_profile_sensor_data


def test_policies_have_names_and_numbers():
    assert QoSHistoryPolicy is HistoryPolicy
    assert QoSReliabilityPolicy is ReliabilityPolicy
    assert QoSDurabilityPolicy is DurabilityPolicy
    assert (HistoryPolicy.KEEP_LAST, HistoryPolicy.KEEP_ALL) == (1, 2)
    assert (RELIABLE, BEST_EFFORT) == (1, 2)
    assert (LATCHED, VOLATILE) == (1, 2)
    assert ReliabilityPolicy.get_from_short_key("best_effort") == BEST_EFFORT
    assert BEST_EFFORT.short_key == "best_effort"
    assert "transient_local" in DurabilityPolicy.short_keys()


def profile(**policies):
    return QoSProfile(liveliness=LivelinessPolicy.AUTOMATIC, **policies)


@pytest.mark.parametrize(
    ("offered", "requested", "fits"),
    [
        (profile(depth=1), profile(depth=99), True),
        (profile(depth=1), profile(depth=1, reliability=BEST_EFFORT), True),
        (profile(depth=1, reliability=BEST_EFFORT), profile(depth=1), False),
        (profile(depth=1, durability=LATCHED), profile(depth=1), True),
        (profile(depth=1), profile(depth=1, durability=LATCHED), False),
        (profile(depth=1, deadline=Duration(seconds=1)), profile(depth=1, deadline=Duration(seconds=2)), True),
        (profile(depth=1, deadline=Duration(seconds=2)), profile(depth=1, deadline=Duration(seconds=1)), False),
        (profile(depth=1), profile(depth=1, deadline=Duration(seconds=1)), False),
    ],
)
def test_compatibility(offered, requested, fits):
    verdict, reason = qos_check_compatible(offered, requested)
    assert (verdict == QoSCompatibility.OK) == fits
    assert bool(reason) != fits
