"""Names of topics, services and types on the wire."""

from __future__ import annotations

from embedded_ros.messages.model import split_name


def dds_type_name(name: str) -> str:
    """Return ``pkg::msg::dds_::Name_`` of ``pkg/msg/Name``."""
    package, kind, last = split_name(name)
    return f"{package}::{kind}::dds_::{last}_"


def ros_type_name(dds_name: str) -> str:
    """Return ``pkg/msg/Name`` of a DDS type name that follows the ROS convention, else the name as it is."""
    parts = dds_name.split("::")
    if len(parts) == 4 and parts[2] == "dds_" and parts[3].endswith("_"):
        return f"{parts[0]}/{parts[1]}/{parts[3][:-1]}"
    return dds_name


def topic_to_dds(name: str) -> str:
    """Return the DDS topic of a ROS topic given by its full name."""
    return f"rt{name}"


def request_to_dds(name: str) -> str:
    """Return the DDS topic of the requests of a service given by its full name."""
    return f"rq{name}Request"


def reply_to_dds(name: str) -> str:
    """Return the DDS topic of the replies of a service given by its full name."""
    return f"rr{name}Reply"


def topic_from_dds(dds_name: str) -> str | None:
    """Return the ROS topic of a DDS topic, None when it is none."""
    return dds_name[2:] if dds_name.startswith("rt/") else None


def service_from_dds(dds_name: str) -> str | None:
    """Return the ROS service of a request or reply topic, None for other topics."""
    for prefix, suffix in (("rq/", "Request"), ("rr/", "Reply")):
        if dds_name.startswith(prefix) and dds_name.endswith(suffix):
            return dds_name[2 : -len(suffix)]
    return None


def service_type_of(ros_type: str) -> str:
    """Return ``pkg/srv/Name`` of the type of a request or response."""
    for suffix in ("_Request", "_Response"):
        if ros_type.endswith(suffix):
            return ros_type[: -len(suffix)]
    return ros_type
