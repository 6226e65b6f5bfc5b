"""Reader of ``.msg``, ``.srv`` and ``.action`` text (https://design.ros2.org/articles/legacy_interface_definition.html)."""

from __future__ import annotations

import ast
import re
from typing import Any

from embedded_ros.messages.model import (
    PRIMITIVES,
    STRINGS,
    Constant,
    DefinitionError,
    Field,
    FieldType,
    Shape,
    Structure,
)

_TYPE = re.compile(r"(?P<base>[A-Za-z][\w/]*)(?:<=(?P<bound>\d+))?(?P<array>\[(?P<most><=)?(?P<size>\d*)\])?$")
_LINE = re.compile(r"(?P<type>[^\s=]+(?:<=\s*\d+)?\S*)\s+(?P<name>[A-Za-z]\w*)\s*(?P<rest>.*)$")
_SHORT_NAMES = {
    "Header": "std_msgs/msg/Header",
    "time": "builtin_interfaces/msg/Time",
    "duration": "builtin_interfaces/msg/Duration",
}
_TIME = FieldType("builtin_interfaces/msg/Time")
_UUID = FieldType("unique_identifier_msgs/msg/UUID")


def parse_message(text: str, name: str) -> Structure:
    """Return the structure that .msg ``text`` defines under the full ``name``.

    Raises DefinitionError naming the line that cannot be read.
    """
    fields: list[Field] = []
    constants: list[Constant] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _without_comment(raw).strip()
        if not line or line.startswith("@"):
            continue
        match = _LINE.match(line)
        if match is None:
            raise DefinitionError(f"{name}, line {number}: {line!r} is neither a field nor a constant")
        entry = _entry(name, number, match)
        if isinstance(entry, Field):
            fields.append(entry)
        else:
            constants.append(entry)
    return Structure(name, tuple(fields), tuple(constants))


def parse_service(text: str, name: str) -> list[Structure]:
    """Return request, response and event of the service ``package/srv/Name``."""
    request, response = _sections(text, name, 2)
    return [
        parse_message(request, f"{name}_Request"),
        parse_message(response, f"{name}_Response"),
        event_structure(name),
    ]


def parse_action(text: str, name: str) -> list[Structure]:
    """Return all structures that the action ``package/action/Name`` stands for."""
    goal, result, feedback = _sections(text, name, 3)
    parts = [
        parse_message(part, f"{name}_{suffix}")
        for part, suffix in ((goal, "Goal"), (result, "Result"), (feedback, "Feedback"))
    ]
    return [*parts, *action_structures(name)]


def action_structures(name: str) -> list[Structure]:
    """Return the structures that surround goal, result and feedback of an action on the wire."""
    goal_id = Field("goal_id", _UUID)
    return [
        Structure(f"{name}_SendGoal_Request", (goal_id, Field("goal", FieldType(f"{name}_Goal")))),
        Structure(f"{name}_SendGoal_Response", (Field("accepted", FieldType("bool")), Field("stamp", _TIME))),
        event_structure(f"{name}_SendGoal"),
        Structure(f"{name}_GetResult_Request", (goal_id,)),
        Structure(
            f"{name}_GetResult_Response",
            (Field("status", FieldType("int8")), Field("result", FieldType(f"{name}_Result"))),
        ),
        event_structure(f"{name}_GetResult"),
        Structure(f"{name}_FeedbackMessage", (goal_id, Field("feedback", FieldType(f"{name}_Feedback")))),
    ]


def event_structure(name: str) -> Structure:
    """Return the introspection event of a service."""
    return Structure(
        f"{name}_Event",
        (
            Field("info", FieldType("service_msgs/msg/ServiceEventInfo")),
            Field("request", FieldType(f"{name}_Request", Shape.BOUNDED, 1)),
            Field("response", FieldType(f"{name}_Response", Shape.BOUNDED, 1)),
        ),
    )


def parse_type(text: str, package: str) -> FieldType:
    """Return the type that ``text`` spells inside a definition of ``package``; raises DefinitionError."""
    match = _TYPE.match(text)
    if match is None:
        raise DefinitionError(f"{text!r} is no type")
    base = match["base"]
    if base not in PRIMITIVES and base not in STRINGS:
        base = _full_name(base, package)
    elif match["bound"] and base not in STRINGS:
        raise DefinitionError(f"{text!r}: only strings have an upper bound")
    bound = int(match["bound"] or 0)
    if not match["array"]:
        return FieldType(base, string_bound=bound)
    if not match["size"]:
        return FieldType(base, Shape.UNBOUNDED, string_bound=bound)
    return FieldType(base, Shape.BOUNDED if match["most"] else Shape.ARRAY, int(match["size"]), bound)


def _full_name(base: str, package: str) -> str:
    parts = base.split("/")
    if len(parts) == 1:
        return _SHORT_NAMES.get(base, f"{package}/msg/{base}")
    return base if len(parts) == 3 else f"{parts[0]}/msg/{parts[1]}"


def _entry(name: str, number: int, match: re.Match[str]) -> Field | Constant:
    try:
        kind = parse_type(match["type"], name.split("/")[0])
        rest = match["rest"]
        if rest.startswith("="):
            return Constant(match["name"], kind.base, _value(rest[1:].strip(), kind))
        return Field(match["name"], kind, _value(rest, kind) if rest else None)
    except (ValueError, SyntaxError) as error:
        raise DefinitionError(f"{name}, line {number}: {error}") from error


def _value(text: str, kind: FieldType) -> Any:
    """Return the Python value of a constant or default value."""
    if kind.is_nested:
        raise DefinitionError("a message field cannot have a default value")
    if kind.shape is not Shape.SINGLE:
        element = FieldType(kind.base, string_bound=kind.string_bound)
        body = text.strip()
        if not (body.startswith("[") and body.endswith("]")):
            raise DefinitionError(f"default value {text!r} of an array must stand in brackets")
        return [_value(item, element) for item in _split_items(body[1:-1])]
    if kind.is_string:
        return ast.literal_eval(text) if text[:1] in ("'", '"') else text
    if kind.base == "bool":
        return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]
    if kind.base.startswith("float"):
        return float(text)
    value = int(text, 0)
    return bytes([value]) if kind.base == "byte" else value


def _split_items(body: str) -> list[str]:
    """Split at commas outside quotes."""
    items = re.findall(r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^,]+)\s*(?:,|$)""", body)
    return [item.strip() for item in items]


def _without_comment(line: str) -> str:
    quote = ""
    for index, char in enumerate(line):
        if quote:
            quote = "" if char == quote and line[index - 1] != "\\" else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            return line[:index]
    return line


def _sections(text: str, name: str, count: int) -> list[str]:
    parts = re.split(r"^---\s*$", text, flags=re.MULTILINE)
    if len(parts) != count:
        raise DefinitionError(f"{name} has {len(parts)} sections, not {count}; separate them with lines of ---")
    return parts
