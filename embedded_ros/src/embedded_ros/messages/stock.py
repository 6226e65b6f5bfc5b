"""Definitions that come with the runtime: the type stores of rosbags and the bundled texts."""

from __future__ import annotations

import functools
import importlib
import os
import pathlib
import re
from typing import Any

from embedded_ros.messages.model import DUMMY_FIELD, Constant, Field, FieldType, Shape, Structure

DISTROS = ("humble", "iron", "jazzy", "kilted", "lyrical")
DEFAULT_DISTRO = "jazzy"
_DEFINITIONS = pathlib.Path(__file__).parent / "definitions"
_SECTION = re.compile(r"^==== (\S+)[ \t]*\n", re.MULTILINE)

# The stores keep no default values; these are all that the stock packages have.
_DEFAULTS: dict[tuple[str, str], Any] = {
    ("geometry_msgs/msg/Quaternion", "w"): 1.0,
    ("rcl_interfaces/msg/ParameterDescriptor", "dynamic_typing"): False,
}


def distro() -> str:
    """Return the ROS distribution whose types are spoken: ``ROS_DISTRO`` where its types are known, else Jazzy."""
    name = os.environ.get("ROS_DISTRO", "").lower()
    return name if name in DISTROS else DEFAULT_DISTRO


@functools.cache
def _tables(name: str) -> dict[str, Any]:
    try:
        module = importlib.import_module(f"rosbags.typesys.stores.ros2_{name}")
    except ImportError:
        module = importlib.import_module(f"rosbags.typesys.stores.ros2_{DEFAULT_DISTRO}")
    return dict(module.FIELDDEFS)


def rosbags_names() -> list[str]:
    """Return the names of all messages in the type store."""
    return list(_tables(distro()))


def from_rosbags(name: str) -> list[Structure]:
    """Return the structure of a message in the type store, an empty list for other names."""
    entry = _tables(distro()).get(name)
    if entry is None:
        return []
    fields = [Field(key, _field_type(kind), _DEFAULTS.get((name, key))) for key, kind in entry[1] if key != DUMMY_FIELD]
    constants = [Constant(key, base, _constant(base, value)) for key, base, value in entry[0]]
    return [Structure(name, tuple(fields), tuple(constants))]


@functools.cache
def bundled_texts(package: str) -> dict[str, str]:
    """Return the bundled definitions of a package as ``kind/Name`` -> text."""
    file = _DEFINITIONS / f"{package}.txt"
    if not file.is_file():
        return {}
    parts = _SECTION.split(file.read_text(encoding="utf-8"))
    return dict(zip(parts[1::2], parts[2::2]))


def _constant(base: str, value: Any) -> Any:
    return bytes([int(value)]) if base == "byte" else value


def _field_type(description: Any) -> FieldType:
    """Translate a field of the store: (1 base | 2 name | 3 array | 4 sequence, details)."""
    kind, details = int(description[0]), description[1]
    if kind in (1, 2):
        base, bound = details if kind == 1 else (details, 0)
        return FieldType({"octet": "byte"}.get(base, base), string_bound=bound)
    element = _field_type(details[0])
    shape = Shape.ARRAY if kind == 3 else (Shape.BOUNDED if details[1] else Shape.UNBOUNDED)
    return FieldType(element.base, shape, details[1], element.string_bound)
