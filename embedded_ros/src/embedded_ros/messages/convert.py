"""Messages to plain values and back, as command lines and YAML files write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from embedded_ros.messages.classes import Message, message_class
from embedded_ros.messages.model import FieldType, Shape


def to_plain(value: Any, limit: int | None = None) -> Any:
    """Return dictionaries, lists and scalars; sequences longer than ``limit`` end in ``...``."""
    if isinstance(value, Message):
        return {name: to_plain(getattr(value, name), limit) for name in value._checkers}
    if isinstance(value, bytes):
        return value[0] if len(value) == 1 else list(value)
    if hasattr(value, "tolist") or isinstance(value, (list, tuple)):
        cut = limit is not None and len(value) > limit
        items = value[:limit] if cut else value
        items = items.tolist() if hasattr(items, "tolist") else [to_plain(item, limit) for item in items]
        return [*items, "..."] if cut else items
    return value


def from_plain(cls: type[Message], values: Any) -> Message:
    """Return a message of a mapping of field values; fields left out keep their defaults.

    Raises AssertionError naming the field for values that do not fit, TypeError when ``values`` is no mapping.
    """
    message = cls()
    if values is None:
        return message
    if not isinstance(values, Mapping):
        raise TypeError(f"values of {cls._type_name} must be a mapping such as {{field: value}}, not {values!r}")
    kinds = {field.name: field.type for field in cls._definition.fields}
    for name, value in values.items():
        if name not in kinds:
            raise AssertionError(f"{cls._type_name} has no field {name!r}; it has {', '.join(kinds) or 'none'}")
        setattr(message, name, _field(kinds[name], value))
    return message


def _field(kind: FieldType, value: Any) -> Any:
    if kind.shape is not Shape.SINGLE:
        if kind.is_nested:
            return [from_plain(message_class(kind.base), item) for item in value]
        if kind.is_primitive and kind.base not in ("bool", "byte"):
            return np.asarray(value) if len(value) else []
        return [_scalar(kind, item) for item in value]
    return from_plain(message_class(kind.base), value) if kind.is_nested else _scalar(kind, value)


def _scalar(kind: FieldType, value: Any) -> Any:
    if kind.base.startswith("float") and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind.base == "byte" and isinstance(value, int):
        return bytes([value])
    return str(value) if kind.base == "string" and isinstance(value, (int, float, bool)) else value
