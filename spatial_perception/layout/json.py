"""Layouts as versioned JSON: everything a layout holds, exactly; the schema is published in `layout.schema.json`.

Reading is strict: a file must say its schema version, and an unknown key is an error that names the nearest valid one.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from spatial_perception.errors import LayoutTextError
from spatial_perception.files import atomic_write
from spatial_perception.layout.categories import did_you_mean
from spatial_perception.layout.entities import Box, Door, Layout, Provenance, Wall, Window
from spatial_perception.layout.text import read_text

SCHEMA_VERSION = "1.0"
_KINDS: Mapping[str, type] = {"walls": Wall, "doors": Door, "windows": Window, "boxes": Box}
_TOP_KEYS = ("$schema", "schema_version", "frame_id", "stamp", "provenance", *_KINDS)
_OPTIONAL = ("score", "support", "thickness")
_VECTORS = ("start", "end", "center", "size")
_INTEGERS = ("id", "wall_id", "support")
_Entity = TypeVar("_Entity", Wall, Door, Window, Box)


class _BadValueError(ValueError):
    """What is wrong, with its place in the document; becomes LayoutTextError with the name of the source."""


def layout_schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12) of layout files."""
    text = files("spatial_perception.layout").joinpath("layout.schema.json").read_text(encoding="utf-8")
    return json.loads(text)


def layout_to_dict(layout: Layout) -> dict[str, Any]:
    """The document of a layout: plain lists, numbers and text, ready for `json.dumps`."""
    provenance = {spec.name: getattr(layout.provenance, spec.name) for spec in fields(Provenance)}
    return {
        "schema_version": SCHEMA_VERSION,
        "frame_id": layout.frame_id,
        "stamp": layout.stamp,
        "provenance": provenance | {"notes": list(layout.provenance.notes)},
        **{key: [_entity_document(entity) for entity in getattr(layout, key)] for key in _KINDS},
    }


def dump_layout(layout: Layout, *, indent: int | None = 2) -> str:
    """The JSON text of a layout; reading it back gives an equal layout. Raises LayoutTextError for NaN or infinity."""
    try:
        return json.dumps(layout_to_dict(layout), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise LayoutTextError(
            "the layout holds NaN or an infinite number, which JSON cannot; remove it first"
        ) from error


def write_json(layout: Layout, path: str | os.PathLike[str]) -> Path:
    """Write the JSON of a layout to `path` in one step. Raises LayoutTextError or OutputError."""
    return atomic_write(path, dump_layout(layout))


def load_layout(path: str | os.PathLike[str]) -> Layout:
    """The layout of a JSON file; raises LayoutTextError that names file, place, cause and remedy."""
    return parse_json(read_text(path), source=os.fspath(path))


def parse_json(text: str, *, source: str = "layout JSON") -> Layout:
    """The layout of a JSON text; raises LayoutTextError that names the place, the cause and the remedy."""
    try:
        document = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
        return _layout(document)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise LayoutTextError(f"{source}, {place}: not JSON ({error.msg}); correct the file") from error
    except RecursionError as error:
        raise LayoutTextError(f"{source}: nested too deeply; this is no layout") from error
    except (_BadValueError, ValueError) as error:
        raise LayoutTextError(f"{source}: {error}") from error


def _entity_document(entity: Wall | Door | Window | Box) -> dict[str, Any]:
    values = {spec.name: getattr(entity, spec.name) for spec in fields(entity)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if not (value is None and name in _OPTIONAL)
    }


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise _BadValueError(f"key {_quote(repeated)} appears twice in one object; keep one")
    return document


def _reject_constant(name: str) -> NoReturn:
    raise _BadValueError(f"{name} is not a number of JSON; give a finite one")


def _layout(document: Any) -> Layout:
    _check_keys(document, "the document", _TOP_KEYS, required=("schema_version",))
    _check_version(document["schema_version"])
    return Layout(
        walls=_entities(document, "walls", Wall),
        doors=_entities(document, "doors", Door),
        windows=_entities(document, "windows", Window),
        boxes=_entities(document, "boxes", Box),
        frame_id=_text(document.get("frame_id", ""), "frame_id"),
        stamp=_number(document.get("stamp", 0.0), "stamp"),
        provenance=_provenance(document.get("provenance", {})),
    )


def _check_version(version: Any) -> None:
    major = SCHEMA_VERSION.partition(".")[0]
    if not isinstance(version, str) or version.partition(".")[0] != major:
        raise _BadValueError(
            f"schema_version is {_quote(version)}, this program reads {major}.x; convert the file or update the program"
        )


def _provenance(document: Any) -> Provenance:
    names = [spec.name for spec in fields(Provenance)]
    _check_keys(document, "provenance", names)
    notes = document.get("notes", [])
    if not isinstance(notes, list):
        raise _BadValueError("provenance.notes must be a list of sentences")
    texts = {name: _text(document.get(name, ""), f"provenance.{name}") for name in names if name != "notes"}
    return Provenance(**texts, notes=tuple(_text(note, f"provenance.notes[{i}]") for i, note in enumerate(notes)))


def _entities(document: dict[str, Any], key: str, kind: type[_Entity]) -> tuple[_Entity, ...]:
    rows = document.get(key, [])
    if not isinstance(rows, list):
        raise _BadValueError(f"{key} must be a list of objects")
    return tuple(_entity(row, f"{key}[{i}]", kind) for i, row in enumerate(rows))


def _entity(row: Any, place: str, kind: type[_Entity]) -> _Entity:
    names = [spec.name for spec in fields(kind)]
    _check_keys(row, place, names, required=[name for name in names if name not in _OPTIONAL])
    values: dict[str, Any] = {name: _reader(name)(value, f"{place}.{name}") for name, value in row.items()}
    return kind(**values)


def _reader(name: str) -> Callable[[Any, str], Any]:
    if name in _VECTORS:
        return _vector
    reader = _integer if name in _INTEGERS else _text if name == "label" else _number
    return reader if name not in ("score", "support") else lambda v, place: None if v is None else reader(v, place)


def _check_keys(document: Any, place: str, allowed: Any, required: Any = ()) -> None:
    if not isinstance(document, dict):
        raise _BadValueError(f"{place} must be an object with keys {', '.join(allowed)}")
    for key in document:
        if key not in allowed:
            raise _BadValueError(f"{place} has an unknown key {_quote(key)}; {did_you_mean(key, allowed)}")
    for key in required:
        if key not in document:
            raise _BadValueError(f"{place} has no {key!r}; add it")


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BadValueError(f"{place} is {_quote(value)}; give a number")
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise _BadValueError(f"{place} is too large; give a finite number")
    return number


def _integer(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _BadValueError(f"{place} is {_quote(value)}; give a whole number")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _BadValueError(f"{place} is {_quote(value)}; give text in quotes")
    return value


def _vector(value: Any, place: str) -> tuple[float, float, float]:
    if not isinstance(value, list) or len(value) != 3:
        raise _BadValueError(f"{place} is {_quote(value)}; give three numbers [x, y, z]")
    x, y, z = (_number(item, f"{place}[{i}]") for i, item in enumerate(value))
    return (x, y, z)


def _quote(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:60] + "..."
