"""Setting message fields from plain values."""

from __future__ import annotations

from typing import Any

from embedded_ros.messages.convert import from_plain, to_plain


def set_message_fields(
    msg: Any, values: dict[str, Any], expand_header_auto: bool = False, expand_time_now: bool = False
) -> list[Any]:
    """Set fields of a message by a mapping, nested ones too; others keep their values.

    Raises AttributeError for unknown fields, AssertionError for values that do not fit.
    """
    if expand_header_auto or expand_time_now:
        raise NotImplementedError("automatic stamps of rosidl_runtime_py.set_message are not supported by embedded_ros")
    for name, value in values.items():
        current = getattr(msg, name)
        if isinstance(value, dict) and hasattr(current, "get_fields_and_field_types"):
            set_message_fields(current, value)
        else:
            setattr(msg, name, getattr(from_plain(type(msg), {name: to_plain(value)}), name))
    return []
