"""The text definition of a message type, as bags and Foxglove want it, from its class: the same on every ROS 2."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

_RULE = "=" * 80
_NAMES = {"double": "float64", "float": "float32", "boolean": "bool", "octet": "byte"}
_SEQUENCE = re.compile(r"sequence<(.+?)(?:, (\d+))?>")
_ARRAY = re.compile(r"(.+)\[(\d+)\]")


def message_class(name: str) -> Any:
    """The class of a type such as `sensor_msgs/msg/PointCloud2`; raises ImportError or AttributeError where there is none."""
    package, _, last = name.split("/")
    return getattr(import_module(f"{package}.msg"), last)


def definition(name: str) -> str:
    """The fields of a message type with those of all types inside (`ros2msg` encoding), without constants and defaults.

    Raises ImportError or AttributeError where a type is not known here.
    """
    nested: dict[str, str] = {}
    body = _body(name, nested)
    return body + "".join(f"{_RULE}\nMSG: {kind}\n{text}" for kind, text in nested.items())


def _body(name: str, nested: dict[str, str]) -> str:
    lines = []
    for field, kind in message_class(name).get_fields_and_field_types().items():
        text, base = _type(kind)
        lines.append(f"{text} {field}\n")
        if "/" in base and base not in nested:
            nested[base] = ""
            package, last = base.split("/")
            nested[base] = _body(f"{package}/msg/{last}", nested)
    return "".join(lines)


def _type(kind: str) -> tuple[str, str]:
    """A type as definitions write it, and the type of its elements: `sequence<double, 3>` is `float64[<=3]`."""
    if match := _SEQUENCE.fullmatch(kind):
        base, bound = _element(match[1]), match[2]
        return f"{base}[<={bound}]" if bound else f"{base}[]", base
    if match := _ARRAY.fullmatch(kind):
        return f"{_element(match[1])}[{match[2]}]", _element(match[1])
    return _element(kind), _element(kind)


def _element(kind: str) -> str:
    """An element: strings with a bound are written `string<=10`."""
    text = re.sub(r"^(w?string)<(\d+)>$", r"\1<=\2", kind)
    return _NAMES.get(text, text)
