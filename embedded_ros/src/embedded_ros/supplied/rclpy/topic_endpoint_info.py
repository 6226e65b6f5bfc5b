"""What the graph tells about a publisher or subscription."""

from __future__ import annotations

import enum
from typing import Any

from rclpy.qos import QoSProfile


class TopicEndpointTypeEnum(enum.IntEnum):
    """Kind of an endpoint."""

    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


class TypeHash:
    """Hash of a type, with its version."""

    def __init__(self, version: int = -1, value: bytes = bytes(32)) -> None:
        self.version, self.value = version, value

    @classmethod
    def from_text(cls, text: str) -> TypeHash:
        """Return the hash in ``RIHS01_<hex>``, an invalid one for anything else."""
        try:
            return cls(int(text[4:6]), bytes.fromhex(text[7:])) if text.startswith("RIHS") else cls()
        except ValueError:
            return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeHash) and (self.version, self.value) == (other.version, other.value)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"RIHS{self.version:02d}_{self.value.hex()}" if self.version > 0 else "INVALID"


class TopicEndpointInfo:
    """A publisher or subscription: its node, type, QoS and identifier."""

    def __init__(
        self, *, node_name: str = "", node_namespace: str = "", topic_type: str = "", topic_type_hash: Any = None,
        endpoint_type: TopicEndpointTypeEnum = TopicEndpointTypeEnum.INVALID, endpoint_gid: list[int] | None = None,
        qos_profile: QoSProfile | None = None,
    ) -> None:  # fmt: skip
        self.node_name, self.node_namespace, self.topic_type = node_name, node_namespace, topic_type
        self.topic_type_hash = topic_type_hash or TypeHash()
        self.endpoint_type = endpoint_type
        self.endpoint_gid = endpoint_gid or []
        self.qos_profile = qos_profile

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TopicEndpointInfo) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        gid = ".".join(f"{byte:02x}" for byte in self.endpoint_gid)
        qos = self.qos_profile
        lines = [
            f"Node name: {self.node_name}",
            f"Node namespace: {self.node_namespace}",
            f"Topic type: {self.topic_type}",
            f"Topic type hash: {self.topic_type_hash}",
            f"Endpoint type: {self.endpoint_type.name}",
            f"GID: {gid}",
            "QoS profile:",
            f"  Reliability: {qos.reliability.name}",
            f"  History (Depth): {qos.history.name} ({qos.depth})",
            f"  Durability: {qos.durability.name}",
            f"  Lifespan: {qos.lifespan}",
            f"  Deadline: {qos.deadline}",
            f"  Liveliness: {qos.liveliness.name}",
            f"  Liveliness lease duration: {qos.liveliness_lease_duration}",
        ]
        return "\n".join(lines)
