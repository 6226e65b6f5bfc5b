"""Definitions of interfaces as values, independent of the text they were read from."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

# name in .msg text -> (numpy dtype, array.array type code, struct format, size in bytes, RIHS01 type id, IDL name)
PRIMITIVES: dict[str, tuple[str, str, str, int, int, str]] = {
    "bool": ("?", "", "?", 1, 15, "boolean"),
    "byte": ("u1", "", "B", 1, 16, "octet"),
    "char": ("u1", "B", "B", 1, 3, "uint8"),
    "int8": ("i1", "b", "b", 1, 2, "int8"),
    "uint8": ("u1", "B", "B", 1, 3, "uint8"),
    "int16": ("i2", "h", "h", 2, 4, "int16"),
    "uint16": ("u2", "H", "H", 2, 5, "uint16"),
    "int32": ("i4", "i", "i", 4, 6, "int32"),
    "uint32": ("u4", "I", "I", 4, 7, "uint32"),
    "int64": ("i8", "q", "q", 8, 8, "int64"),
    "uint64": ("u8", "Q", "Q", 8, 9, "uint64"),
    "float32": ("f4", "f", "f", 4, 10, "float"),
    "float64": ("f8", "d", "d", 8, 11, "double"),
}
STRINGS = ("string", "wstring")
DUMMY_FIELD = "structure_needs_at_least_one_member"


class UnknownInterfaceError(LookupError):
    """No definition of an interface is at hand."""


class DefinitionError(ValueError):
    """The text of an interface definition does not follow the .msg grammar."""


class Shape(enum.Enum):
    """How many values a field holds."""

    SINGLE = 0
    ARRAY = 1  # exactly ``size`` values
    BOUNDED = 2  # at most ``size`` values
    UNBOUNDED = 3


@dataclasses.dataclass(frozen=True)
class FieldType:
    """Type of a field: a primitive, a string kind or the full name of a message (``pkg/msg/Name``)."""

    base: str
    shape: Shape = Shape.SINGLE
    size: int = 0
    string_bound: int = 0

    @property
    def is_primitive(self) -> bool:
        """Whether the elements have a fixed size on the wire."""
        return self.base in PRIMITIVES

    @property
    def is_string(self) -> bool:
        """Whether the elements are strings."""
        return self.base in STRINGS

    @property
    def is_nested(self) -> bool:
        """Whether the elements are messages."""
        return not (self.is_primitive or self.is_string)

    def idl_name(self) -> str:
        """Return the type as ``get_fields_and_field_types()`` of genuine classes spells it."""
        if self.is_primitive:
            element = PRIMITIVES[self.base][5]
        elif self.is_string:
            element = f"{self.base}<{self.string_bound}>" if self.string_bound else self.base
        else:
            package, _, name = self.base.split("/")
            element = f"{package}/{name}"
        if self.shape is Shape.SINGLE:
            return element
        if self.shape is Shape.ARRAY:
            return f"{element}[{self.size}]"
        return f"sequence<{element}, {self.size}>" if self.shape is Shape.BOUNDED else f"sequence<{element}>"


@dataclasses.dataclass(frozen=True)
class Field:
    """One field; ``default`` is None when the definition gives none."""

    name: str
    type: FieldType
    default: Any = None


@dataclasses.dataclass(frozen=True)
class Constant:
    """One named constant."""

    name: str
    base: str
    value: Any


@dataclasses.dataclass(frozen=True)
class Structure:
    """A message type by its full name ``package/kind/Name``."""

    name: str
    fields: tuple[Field, ...]
    constants: tuple[Constant, ...] = ()

    @property
    def wire_fields(self) -> tuple[Field, ...]:
        """Return the fields on the wire: an empty type carries one dummy byte."""
        return self.fields or (Field(DUMMY_FIELD, FieldType("uint8")),)


def split_name(name: str) -> tuple[str, str, str]:
    """Return package, kind and type of ``package/kind/Type`` (``package/Type`` means a message).

    Raises UnknownInterfaceError for any other form.
    """
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, "msg")
    if len(parts) != 3 or not all(parts) or parts[1] not in ("msg", "srv", "action"):
        raise UnknownInterfaceError(
            f"{name!r} is no interface name; write package/msg/Type, package/srv/Type or package/action/Type"
        )
    return parts[0], parts[1], parts[2]
