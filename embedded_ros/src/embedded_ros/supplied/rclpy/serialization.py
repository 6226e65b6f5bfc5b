"""Serializing messages by hand."""

from __future__ import annotations

from typing import Any

from embedded_ros.messages.codec import deserialize, serialize


def serialize_message(message: Any) -> bytes:
    """Return a message as CDR."""
    return serialize(message)


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    """Return the message in CDR; raises embedded_ros.messages.codec.CdrError when it is malformed."""
    return deserialize(serialized_message, message_type)
