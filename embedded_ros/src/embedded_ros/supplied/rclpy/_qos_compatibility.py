"""Rules by which a publisher's offer meets a subscription's request."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSCompatibility, QoSProfile, ReliabilityPolicy

from embedded_ros.wire.binding import INFINITE


def check_compatible(offer: QoSProfile, request: QoSProfile) -> tuple[QoSCompatibility, str]:
    """Return the verdict with one line per reason."""
    errors = [
        text
        for text in (_reliability(offer, request), _durability(offer, request), *_durations(offer, request))
        if text
    ]
    if offer.liveliness is LivelinessPolicy.AUTOMATIC and request.liveliness is LivelinessPolicy.MANUAL_BY_TOPIC:
        errors.append("ERROR: Liveliness is AUTOMATIC for publisher and MANUAL_BY_TOPIC for subscription;")
    if errors:
        return QoSCompatibility.ERROR, "".join(errors)
    warnings = _warnings(offer, request)
    return (QoSCompatibility.WARNING, "".join(warnings)) if warnings else (QoSCompatibility.OK, "")


def _reliability(offer: QoSProfile, request: QoSProfile) -> str:
    if offer.reliability is ReliabilityPolicy.BEST_EFFORT and request.reliability is ReliabilityPolicy.RELIABLE:
        return "ERROR: Best effort publisher and reliable subscription;"
    return ""


def _durability(offer: QoSProfile, request: QoSProfile) -> str:
    if offer.durability is DurabilityPolicy.VOLATILE and request.durability is DurabilityPolicy.TRANSIENT_LOCAL:
        return "ERROR: Volatile publisher and transient local subscription;"
    return ""


def _durations(offer: QoSProfile, request: QoSProfile) -> list[str]:
    out = []
    for name, given, wanted in (
        ("Deadline", offer.deadline, request.deadline),
        ("Liveliness lease duration", offer.liveliness_lease_duration, request.liveliness_lease_duration),
    ):
        if (given.nanoseconds or INFINITE) > (wanted.nanoseconds or INFINITE):
            out.append(f"ERROR: {name} of the publisher is longer than that of the subscription;")
    return out


def _warnings(offer: QoSProfile, request: QoSProfile) -> list[str]:
    vague = ("SYSTEM_DEFAULT", "UNKNOWN")
    return [
        f"WARNING: {name} is {policy.name} for the {owner};"
        for owner, profile in (("publisher", offer), ("subscription", request))
        for name, policy in (("Reliability", profile.reliability), ("Durability", profile.durability))
        if policy.name in vague
    ]
