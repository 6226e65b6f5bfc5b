"""Qualities of service of our topics, and why two ends do not match."""

from __future__ import annotations

from typing import Literal

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

Reliability = Literal["best_effort", "reliable"]

LATCHED = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
"""Results: whoever comes late still gets the last one."""


def sensor_qos(reliability: Reliability = "best_effort", depth: int = 5) -> QoSProfile:
    """For sensor topics; best effort matches publishers of both kinds."""
    wanted = ReliabilityPolicy.RELIABLE if reliability == "reliable" else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=wanted, durability=DurabilityPolicy.VOLATILE
    )


def qos_text(profile: QoSProfile) -> str:
    """Reliability and durability for people: `best effort, volatile`."""
    return ", ".join(policy.name.lower().replace("_", " ") for policy in (profile.reliability, profile.durability))


def mismatch(offered: QoSProfile, requested: QoSProfile) -> str:
    """Why a subscription with `requested` gets nothing from a publisher with `offered`; empty where they match."""
    if requested.reliability == ReliabilityPolicy.RELIABLE and offered.reliability == ReliabilityPolicy.BEST_EFFORT:
        return "the publisher is best effort, this subscription asks for reliable"
    if requested.durability == DurabilityPolicy.TRANSIENT_LOCAL and offered.durability == DurabilityPolicy.VOLATILE:
        return "the publisher is volatile, this subscription asks for transient local"
    return ""
