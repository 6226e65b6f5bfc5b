"""RIHS01 type hashes and type descriptions (REP-2011, REP-2016)."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

from embedded_ros.messages.model import PRIMITIVES, Field, FieldType, Shape, Structure
from embedded_ros.messages.registry import structure

_NESTED, _STRING, _WSTRING = 1, 17, 18
_BOUNDED_STEP = 4  # bounded_string is 21, bounded_wstring 22
_SHAPE_STEP = {Shape.SINGLE: 0, Shape.ARRAY: 48, Shape.BOUNDED: 96, Shape.UNBOUNDED: 144}


@functools.cache
def type_hash(name: str) -> str:
    """Return ``RIHS01_<sha256>`` of a message, service or action given by its full name.

    Raises UnknownInterfaceError when a definition is missing.
    """
    text = json.dumps(type_description(name))
    return f"RIHS01_{hashlib.sha256(text.encode()).hexdigest()}"


def type_description(name: str) -> dict[str, Any]:
    """Return the description of a type and of all types that it refers to, as REP-2016 lays it out for hashing."""
    seen: dict[str, dict[str, Any]] = {}
    main = _describe(name, seen)
    referenced = [seen[key] for key in sorted(seen) if key != name]
    return {"type_description": main, "referenced_type_descriptions": referenced}


def _describe(name: str, seen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if name not in seen:
        seen[name] = {"type_name": name, "fields": []}
        seen[name]["fields"] = [_describe_field(field, seen) for field in _described_fields(name)]
    return seen[name]


def _described_fields(name: str) -> tuple[Field, ...]:
    """Return the fields of a message; a service or action is described by its parts."""
    found = structure(name) if _is_message(name) else _composite(name)
    return found.wire_fields


def _is_message(name: str) -> bool:
    kind, last = name.split("/")[1:]
    if kind == "msg":
        return True
    parts = ("_Request", "_Response", "_Event")
    return last.endswith(parts if kind == "srv" else (*parts, "_Goal", "_Result", "_Feedback", "_FeedbackMessage"))


def _composite(name: str) -> Structure:
    if name.split("/")[1] == "srv" or name.endswith(("_SendGoal", "_GetResult")):
        parts = {"request_message": "_Request", "response_message": "_Response", "event_message": "_Event"}
        return _of_parts(name, {key: name + suffix for key, suffix in parts.items()})
    parts = {
        "goal": name + "_Goal",
        "result": name + "_Result",
        "feedback": name + "_Feedback",
        "send_goal_service": name + "_SendGoal",
        "get_result_service": name + "_GetResult",
        "feedback_message": name + "_FeedbackMessage",
    }
    return _of_parts(name, parts)


def _of_parts(name: str, parts: dict[str, str]) -> Structure:
    return Structure(name, tuple(Field(key, FieldType(part)) for key, part in parts.items()))


def _describe_field(field: Field, seen: dict[str, dict[str, Any]]) -> dict[str, Any]:
    kind = field.type
    if kind.is_nested:
        _describe(kind.base, seen)
    return {
        "name": field.name,
        "type": {
            "type_id": _element_id(kind) + _SHAPE_STEP[kind.shape],
            "capacity": kind.size,
            "string_capacity": kind.string_bound,
            "nested_type_name": kind.base if kind.is_nested else "",
        },
    }


def _element_id(kind: FieldType) -> int:
    if kind.is_nested:
        return _NESTED
    if kind.is_primitive:
        return PRIMITIVES[kind.base][4]
    plain = _STRING if kind.base == "string" else _WSTRING
    return plain + _BOUNDED_STEP if kind.string_bound else plain
