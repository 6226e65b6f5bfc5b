"""Source code of the functions that encode and decode one message type."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from embedded_ros.messages.model import DUMMY_FIELD, PRIMITIVES, Field, FieldType, Shape, Structure
from embedded_ros.messages.registry import structure

_PADS = tuple(bytes(n) for n in range(8))


@dataclasses.dataclass(frozen=True)
class _Run:
    """Neighbouring fixed-size values: struct codes and, per code, the attribute path."""

    codes: str
    paths: tuple[str, ...]


def writer_source(definition: Structure) -> tuple[str, dict[str, Any]]:
    """Return source of ``write(m, out, pos)`` and the names it needs."""
    names: dict[str, Any] = {"PADS": _PADS, "as_bytes": _as_bytes, "bools": _bools, "wide": _wide}
    lines = ["def write(m, out, pos):"]
    for part in _parts(definition):
        lines += _write_run(part, names) if isinstance(part, _Run) else _write_field(part, names)
    return "\n".join([*lines, "    return pos"]), names


def reader_source(definition: Structure, order: str, class_of: Callable[[str], type]) -> tuple[str, dict[str, Any]]:
    """Return source of ``read(body, pos)`` and the names it needs."""
    cls = class_of(definition.name)
    names: dict[str, Any] = {"new": object.__new__, "C": cls}
    names.update({f"put_{field.name}": getattr(cls, field.name).__set__ for field in definition.fields})
    builder = _ReaderBuilder(names, class_of)
    lines = ["def read(body, pos):", "    m = new(C)"]
    for part in _parts(definition):
        lines += builder.run(part, definition) if isinstance(part, _Run) else builder.field(part)
    lines += [f"    put_{name}(m, {value})" for name, value in builder.trees(definition)]
    return "\n".join([*lines, "    return m, pos"]), names


def _parts(definition: Structure) -> Iterator[_Run | Field]:
    """Group the fields into runs of fixed-size values and single other fields."""
    codes, paths = "", []
    for field in definition.wire_fields:
        flat = _flat(field.type, field.name)
        if flat is None:
            if codes:
                yield _Run(codes, tuple(paths))
            codes, paths = "", []
            yield field
        else:
            codes += flat[0]
            paths += flat[1]
    if codes:
        yield _Run(codes, tuple(paths))


def _flat(kind: FieldType, path: str) -> tuple[str, list[str]] | None:
    """Return codes and paths of a type made of single primitive values only (octets aside), else None."""
    if kind.shape is not Shape.SINGLE or kind.is_string or kind.base == "byte":
        return None
    if kind.is_primitive:
        return PRIMITIVES[kind.base][2], [path]
    codes, paths = "", []
    for field in structure(kind.base).wire_fields:
        part = None if field.name == DUMMY_FIELD else _flat(field.type, f"{path}.{field.name}")
        if part is None:
            return None
        codes += part[0]
        paths += part[1]
    return codes, paths


def _name(names: dict[str, Any], value: Any) -> str:
    key = f"k{len(names)}"
    names[key] = value
    return key


def _write_run(run: _Run, names: dict[str, Any]) -> list[str]:
    key = f"structs_{len(names)}"
    names[key] = None
    values = ", ".join("0" if path == DUMMY_FIELD else f"m.{path}" for path in run.paths)
    return [
        f"    global {key}",
        f"    if {key} is None: {key} = structs({run.codes!r})",
        f"    pack, size = {key}[pos & 7]",
        f"    out.append(pack({values}))",
        "    pos += size",
    ]


_WRITE_COUNT = [
    "    pad = -pos & 3",
    "    if pad: out.append(PADS[pad])",
    "    out.append(len(v).to_bytes(4, 'little'))",
    "    pos += pad + 4",
]
_WRITE_TEXT = [
    "raw = {value}.encode()",
    "pad = -pos & 3",
    "out.append(PADS[pad] + (len(raw) + 1).to_bytes(4, 'little') + raw + b'\\x00')",
    "pos += pad + 5 + len(raw)",
]
_WRITE_WIDE = [
    "raw = wide({value})",
    "pad = -pos & 3",
    "out.append(PADS[pad] + raw)",
    "pos += pad + len(raw)",
]


def _indent(lines: list[str], depth: int, value: str) -> list[str]:
    return [" " * depth + line.format(value=value) if "{value}" in line else " " * depth + line for line in lines]


def _write_field(field: Field, names: dict[str, Any]) -> list[str]:
    kind = field.type
    if kind.shape is Shape.SINGLE:
        return _write_single(kind, f"m.{field.name}", names, 4)
    lines = [f"    v = m.{field.name}"]
    if kind.shape is not Shape.ARRAY:
        lines += _WRITE_COUNT
    if not kind.is_primitive:
        return [*lines, "    for item in v:", *_write_single(kind, "item", names, 8)]
    size = PRIMITIVES[kind.base][3]
    convert = {"bool": "bools(v)", "byte": "b''.join(v)"}.get(kind.base, f"as_bytes(v, {PRIMITIVES[kind.base][0]!r})")
    return [
        *lines,
        "    if len(v):",
        *(
            [f"        pad = -pos % {size}", "        if pad: out.append(PADS[pad]); pos += pad"]
            if size > 4 or kind.shape is Shape.ARRAY
            else []
        ),
        f"        out.append({convert})",
        f"        pos += len(v) * {size}",
    ]


def _write_single(kind: FieldType, value: str, names: dict[str, Any], depth: int) -> list[str]:
    if kind.base == "string":
        return _indent(_WRITE_TEXT, depth, value)
    if kind.base == "wstring":
        return _indent(_WRITE_WIDE, depth, value)
    if kind.base == "byte":
        return _indent(["out.append({value})", "pos += 1"], depth, value)
    key = f"writer_{len(names)}"
    names[key] = None
    guard = f"if {key} is None: {key} = writer_of({kind.base!r})"
    return _indent([f"global {key}", guard, f"pos = {key}({value}, out, pos)"], depth, value)


def _as_bytes(value: Any, dtype: str) -> memoryview:
    """Return the little-endian bytes of a numeric sequence, without a copy where possible."""
    found = np.asarray(value)
    if found.dtype != np.dtype("<" + dtype):
        found = found.astype("<" + dtype)
    return memoryview(np.ascontiguousarray(found)).cast("B")


def _bools(value: Any) -> bytes:
    return np.asarray(value, dtype=bool).tobytes()


def _wide(value: str) -> bytes:
    """Wide strings are a count of UTF-16 units, then the units, four bytes each, as rmw_cyclonedds writes them."""
    units = np.frombuffer(value.encode("utf-16-le"), dtype="<u2")
    return len(units).to_bytes(4, "little") + units.astype("<u4").tobytes()


class _ReaderBuilder:
    """Collects the source lines of one reader."""

    def __init__(self, names: dict[str, Any], class_of: Callable[[str], type]) -> None:
        self._names = names
        self._class_of = class_of
        self._variables: dict[str, str] = {}

    def run(self, run: _Run, definition: Structure) -> list[str]:
        """Return lines that unpack a run into local variables."""
        key = f"structs_{len(self._names)}"
        self._names[key] = None
        locals_ = []
        for path in run.paths:
            self._variables[path] = f"v{len(self._variables)}"
            locals_.append(self._variables[path])
        return [
            f"    global {key}",
            f"    if {key} is None: {key} = structs({run.codes!r})",
            f"    unpack, size = {key}[pos & 7]",
            f"    {', '.join(locals_)}, = unpack(body, pos)",
            "    pos += size",
        ]

    def field(self, field: Field) -> list[str]:
        """Return lines that read any other field and store it."""
        kind = field.type
        if kind.shape is Shape.SINGLE:
            return [*self._single(kind, 4), f"    put_{field.name}(m, item)"]
        least = PRIMITIVES[kind.base][3] if kind.is_primitive else (4 if kind.is_string else 1)
        lines = [f"    n = {kind.size}"] if kind.shape is Shape.ARRAY else [f"    n, pos = count(body, pos, {least})"]
        if kind.shape is Shape.BOUNDED:
            lines.append(
                f"    if n > {kind.size}: raise ValueError('{field.name} holds %d of at most {kind.size} values' % n)"
            )
        return [*lines, *self._many(kind), f"    put_{field.name}(m, items)"]

    def _many(self, kind: FieldType) -> list[str]:
        if kind.base == "byte":
            return ["    items, pos = octets(body, pos, n)"]
        if kind.is_primitive:
            dtype, size = PRIMITIVES[kind.base][0], PRIMITIVES[kind.base][3]
            lines = [f"    items, pos = numbers(body, pos, n, {dtype!r}, {size})"]
            return [*lines, "    items = items.tolist()"] if kind.base == "bool" else lines
        return ["    items = []", "    for _ in range(n):", *self._single(kind, 8), "        items.append(item)"]

    def _single(self, kind: FieldType, depth: int) -> list[str]:
        if kind.base == "string":
            return _indent(["item, pos = text(body, pos)"], depth, "")
        if kind.base == "byte":
            return _indent(
                ["item = bytes(body[pos:pos + 1])", "if not item: raise ValueError('message ends early')", "pos += 1"],
                depth,
                "",
            )
        if kind.base == "wstring":
            return _indent(["item, pos = wide_text(body, pos)"], depth, "")
        key = f"reader_{len(self._names)}"
        self._names[key] = None
        guard = f"if {key} is None: {key} = reader_of({kind.base!r})"
        return _indent([f"global {key}", guard, f"item, pos = {key}(body, pos)"], depth, "")

    def trees(self, definition: Structure) -> Iterator[tuple[str, str]]:
        """Yield each field that was unpacked in a run, with an expression that builds its value."""
        for field in definition.fields:
            if _flat(field.type, field.name) is not None:
                yield field.name, self._tree(field.type, field.name)

    def _tree(self, kind: FieldType, path: str) -> str:
        if not kind.is_nested:
            return self._variables[path]
        key = f"make_{len(self._names)}"
        fields = structure(kind.base).fields
        self._names[key] = _maker(self._class_of(kind.base), [field.name for field in fields])
        return f"{key}({', '.join(self._tree(field.type, f'{path}.{field.name}') for field in fields)})"


def _maker(cls: type, fields: list[str]) -> Callable[..., Any]:
    """Return a function that makes a message of already checked values given in order."""
    arguments = ", ".join(f"v{index}" for index in range(len(fields)))
    puts = [f"    put{index}(made, v{index})" for index in range(len(fields))]
    source = "\n".join([f"def make({arguments}):", "    made = new(C)", *puts, "    return made"])
    names: dict[str, Any] = {f"put{index}": getattr(cls, name).__set__ for index, name in enumerate(fields)}
    names.update({"new": object.__new__, "C": cls})
    exec(compile(source, f"<make {cls.__name__}>", "exec"), names)
    return names["make"]
