"""Domain configuration from the ROS environment."""

from __future__ import annotations

import pytest

from embedded_ros.wire import profile


def test_localhost_is_the_default():
    text = profile.configuration({})
    assert "<AllowMulticast>false" in text
    assert '<Peer address="localhost"/>' in text
    assert "<MaxAutoParticipantIndex>32<" in text


@pytest.mark.parametrize(
    "environment",
    [
        {"ROS_LOCALHOST_ONLY": "1", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"},
        {"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"},
    ],
)
def test_localhost_by_request(environment):
    assert profile.discovery_range(environment) == "LOCALHOST"


def test_subnet_with_static_peers():
    text = profile.configuration({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "ROS_STATIC_PEERS": '10.0.0.5; robot"<x>'})
    assert "AllowMulticast" not in text
    assert '<Peer address="10.0.0.5"/>' in text
    assert '<Peer address="robot&quot;&lt;x&gt;"/>' in text
    assert "localhost" not in text


def test_off_and_system_default():
    assert "<Tag>ros_discovery_off_" in profile.configuration({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"})
    assert "Discovery" not in profile.configuration({"ROS_AUTOMATIC_DISCOVERY_RANGE": "SYSTEM_DEFAULT"})


def test_the_users_settings_come_last():
    assert profile.configuration({"CYCLONEDDS_URI": "file:///etc/c.xml"}).endswith(",file:///etc/c.xml")


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match="ROS_AUTOMATIC_DISCOVERY_RANGE"):
        profile.discovery_range({"ROS_AUTOMATIC_DISCOVERY_RANGE": "GALAXY"})
    for text in ("abc", "-1", "233"):
        with pytest.raises(ValueError, match="ROS_DOMAIN_ID"):
            profile.domain_id({"ROS_DOMAIN_ID": text})


def test_domain_ids():
    assert [profile.domain_id({"ROS_DOMAIN_ID": text}) for text in ("", "0", "232")] == [0, 0, 232]


def test_small_kernel_buffers_are_told_once(monkeypatch, caplog):
    monkeypatch.setattr(profile, "_warned", False)
    monkeypatch.setattr(profile, "_kernel_limit", lambda: 212992)
    profile.warn_about_small_buffers()
    profile.warn_about_small_buffers()
    assert caplog.text.count("sysctl -w net.core.rmem_max=4194304") == 1
