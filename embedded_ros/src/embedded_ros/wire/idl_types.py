# No "from __future__ import annotations" here: the IDL builder of cyclonedds reads annotations as objects.
"""Types in the form that Cyclone's topic creation wants; its C layer checks every sample against them."""

import functools

from cyclonedds.idl import IdlStruct, make_idl_struct, types

from embedded_ros.messages.model import Field, FieldType, Shape
from embedded_ros.messages.registry import structure
from embedded_ros.wire.names import dds_type_name

_PRIMITIVES = {
    "bool": bool,
    "byte": types.uint8,
    "char": types.uint8,
    "int8": types.int8,
    "uint8": types.uint8,
    "int16": types.int16,
    "uint16": types.uint16,
    "int32": types.int32,
    "uint32": types.uint32,
    "int64": types.int64,
    "uint64": types.uint64,
    "float32": types.float32,
    "float64": types.float64,
}


@functools.cache
def idl_type(name: str) -> type[IdlStruct]:
    """Return the IDL class of a message."""
    fields = {f"{field.name}_": _field_type(field) for field in structure(name).wire_fields}
    return _make(dds_type_name(name), fields)


@functools.cache
def service_idl_type(name: str) -> type[IdlStruct]:
    """Return the IDL class of a request or response with the 16 bytes before it that tell who asked what."""
    fields = {"client_guid": types.uint64, "sequence_number": types.int64}
    fields.update({f"{field.name}_": _field_type(field) for field in structure(name).wire_fields})
    return _make(dds_type_name(name), fields)


def _make(dds_name: str, fields: dict) -> type[IdlStruct]:
    return make_idl_struct(dds_name.replace("::", "_"), dds_name.replace("::", "."), fields, dataclassify=False)


def _field_type(field: Field) -> object:
    kind = field.type
    element = _element(kind)
    if kind.shape is Shape.SINGLE:
        return element
    if kind.shape is Shape.ARRAY:
        return types.array[element, kind.size]
    return types.sequence[element, kind.size] if kind.shape is Shape.BOUNDED else types.sequence[element]


def _element(kind: FieldType) -> object:
    if kind.is_primitive:
        return _PRIMITIVES[kind.base]
    if kind.base == "string":
        return types.bounded_str[kind.string_bound] if kind.string_bound else str
    if kind.base == "wstring":
        return types.sequence[types.uint32]  # UTF-16 units of four bytes each, as rmw_cyclonedds writes them
    return idl_type(kind.base)
