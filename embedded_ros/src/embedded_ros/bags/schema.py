"""What a bag stores about a topic: the text of its type and its QoS."""

from __future__ import annotations

from typing import Any

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

from embedded_ros.messages.model import Constant, Field, FieldType, Shape, Structure
from embedded_ros.messages.registry import structure

_RULE = "=" * 80
_INFINITE = QosTime(9223372036, 854775807)


def message_text(name: str) -> str:
    """Return the definition of a message with those of all messages inside, as MCAP schemas and rosbag2 hold it."""
    nested: dict[str, str] = {}
    main = _body(structure(name), nested)
    others = "".join(f"{_RULE}\nMSG: {_short(kind)}\n{text}" for kind, text in nested.items())
    return main + others


def _short(name: str) -> str:
    package, _, last = name.split("/")
    return f"{package}/{last}"


def _body(definition: Structure, nested: dict[str, str]) -> str:
    lines = [_constant(constant) for constant in definition.constants]
    for field in definition.fields:
        lines.append(_field(field))
        if field.type.is_nested and field.type.base not in nested:
            nested[field.type.base] = ""
            nested[field.type.base] = _body(structure(field.type.base), nested)
    return "".join(line + "\n" for line in lines)


def _constant(constant: Constant) -> str:
    value = constant.value[0] if isinstance(constant.value, bytes) else constant.value
    if isinstance(value, bool):
        text = str(value).lower()
    else:
        text = repr(value) if constant.base == "string" else str(value)
    return f"{constant.base} {constant.name}={text}"


def _field(field: Field) -> str:
    return f"{_type(field.type)} {field.name}"


def _type(kind: FieldType) -> str:
    base = _short(kind.base) if kind.is_nested else kind.base
    if kind.string_bound:
        base += f"<={kind.string_bound}"
    counts = {Shape.SINGLE: "", Shape.ARRAY: f"[{kind.size}]", Shape.BOUNDED: f"[<={kind.size}]", Shape.UNBOUNDED: "[]"}
    return base + counts[kind.shape]


def to_bag_qos(profile: Any) -> Qos:
    """Return an rclpy QoSProfile as bags store it."""
    return Qos(
        QosHistory(int(profile.history)),
        profile.depth,
        QosReliability(int(profile.reliability)),
        QosDurability(int(profile.durability)),
        _time(profile.deadline),
        _time(profile.lifespan),
        QosLiveliness(int(profile.liveliness)),
        _time(profile.liveliness_lease_duration),
        False,
    )


def _time(duration: Any) -> QosTime:
    seconds, nanoseconds = divmod(duration.nanoseconds, 10**9)
    return QosTime(seconds, nanoseconds) if duration.nanoseconds else _INFINITE


def from_bag_qos(offered: list[Qos]) -> Any:
    """Return the rclpy QoSProfile to publish with: reliability and durability as recorded, room enough."""
    from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

    best_effort = bool(offered) and all(qos.reliability is QosReliability.BEST_EFFORT for qos in offered)
    latched = any(qos.durability is QosDurability.TRANSIENT_LOCAL for qos in offered)
    return QoSProfile(
        depth=max([10, *[qos.depth for qos in offered]]),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )
