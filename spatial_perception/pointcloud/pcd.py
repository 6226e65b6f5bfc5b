"""PCD files (Point Cloud Library): ascii, binary and binary_compressed, versions 0.5 to 0.7.

Source of the format: Point Cloud Library documentation, "The PCD (Point Cloud Data) file format".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudFileError
from spatial_perception.pointcloud.lzf import lzf_decompress
from spatial_perception.pointcloud.table import Column, Table
from spatial_perception.pointcloud.text import read_number_rows

HEADER_LIMIT = 1 << 16
_KEYWORDS = ("VERSION", "FIELDS", "COLUMNS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS", "DATA")
_TYPE_CODES = {"F": "f", "I": "i", "U": "u"}


@dataclass(frozen=True)
class PcdField:
    """One field: its numpy type (little endian) and how many values a point holds of it."""

    name: str
    type: str
    count: int

    @property
    def bytes(self) -> int:
        """Bytes per point."""
        return self.count * np.dtype(self.type).itemsize


@dataclass(frozen=True)
class PcdHeader:
    """The header: fields in order, size of the (organised) cloud, encoding, and the byte where the data begins."""

    fields: tuple[PcdField, ...]
    width: int
    height: int
    points: int
    encoding: str
    data_start: int
    viewpoint: tuple[float, ...]

    @property
    def point_bytes(self) -> int:
        """Bytes per point in binary files."""
        return sum(field.bytes for field in self.fields)


def _corrupt(path: str, what: str) -> CloudFileError:
    return CloudFileError(f"{path}: {what}; export the file again")


def read_pcd_header(path: str) -> PcdHeader:
    """Parse the header of `path`; raises CloudFileError where it is not one."""
    with open(path, "rb") as file:
        head = file.read(HEADER_LIMIT)
    entries: dict[str, list[str]] = {}
    start = 0
    for match in re.finditer(rb"[^\n]*\n?", head):
        words = _header_words(path, match.group())
        start = match.end()
        if words:
            entries[words[0].upper()] = words[1:]
            if words[0].upper() == "DATA":
                return _interpret(path, entries, start)
    raise _corrupt(path, "PCD header has no 'DATA' line: truncated, corrupt, or another kind of file")


def _header_words(path: str, line: bytes) -> list[str]:
    if line.lstrip().startswith(b"#"):
        return []
    try:
        words = line.decode("ascii").split()
    except UnicodeDecodeError as error:
        raise _corrupt(path, "PCD header is not ASCII text: corrupt, or another kind of file") from error
    if words and words[0].upper() not in _KEYWORDS:
        raise _corrupt(path, f"unknown PCD header line '{' '.join(words)[:60]}'")
    return words


def _interpret(path: str, entries: dict[str, list[str]], start: int) -> PcdHeader:
    width, height = _integer(path, entries, "WIDTH", 0), _integer(path, entries, "HEIGHT", 1)
    points = _integer(path, entries, "POINTS", width * height)
    encoding = " ".join(entries["DATA"]).lower()
    if encoding not in ("ascii", "binary", "binary_compressed"):
        raise _corrupt(path, f"unknown PCD encoding '{encoding[:40]}'")
    if width and width * height != points:
        raise _corrupt(path, f"PCD header contradicts itself: {width} x {height} is not {points} points")
    viewpoint = tuple(_number(path, word) for word in entries.get("VIEWPOINT", []))
    return PcdHeader(_fields(path, entries), width, height, points, encoding, start, viewpoint)


def _integer(path: str, entries: dict[str, list[str]], key: str, default: int) -> int:
    words = entries.get(key)
    if words is None:
        return default
    if len(words) != 1 or not re.fullmatch(r"\d{1,15}", words[0]):
        raise _corrupt(path, f"PCD header line '{key} {' '.join(words)[:40]}' is not a count")
    return int(words[0])


def _number(path: str, word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise _corrupt(path, f"PCD viewpoint '{word[:40]}' is not a number") from error


def _fields(path: str, entries: dict[str, list[str]]) -> tuple[PcdField, ...]:
    names = entries.get("FIELDS", entries.get("COLUMNS", []))
    sizes = entries.get("SIZE", ["4"] * len(names))
    types = entries.get("TYPE", ["F"] * len(names))
    counts = entries.get("COUNT", ["1"] * len(names))
    if not names or not len(names) == len(sizes) == len(types) == len(counts):
        raise _corrupt(path, "PCD lines FIELDS, SIZE, TYPE and COUNT differ in length or are missing")
    unique = [name if name != "_" and name not in names[:i] else f"{name}#{i}" for i, name in enumerate(names)]
    return tuple(_field(path, *parts) for parts in zip(unique, sizes, types, counts))


def _field(path: str, name: str, size: str, type_name: str, count: str) -> PcdField:
    code = _TYPE_CODES.get(type_name.upper(), "") + size
    allowed = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    if code not in allowed or not re.fullmatch(r"\d{1,6}", count):
        raise _corrupt(path, f"PCD field '{name[:40]}' has impossible SIZE {size} TYPE {type_name} COUNT {count}"[:160])
    return PcdField(name, "<" + code, int(count))


def read_pcd(path: str) -> Table:
    """The columns of a PCD file, organised clouds flattened; binary columns are views of the mapped file.

    Raises CloudFileError for a corrupt header, a truncated body or a corrupt compressed block.
    """
    header = read_pcd_header(path)
    readers = {"ascii": _read_ascii, "binary": _read_binary, "binary_compressed": _read_compressed}
    columns = readers[header.encoding](path, header)
    return Table(columns, f"PCD {header.encoding}", notes=_notes(header))


def _notes(header: PcdHeader) -> tuple[str, ...]:
    notes = []
    if header.height > 1:
        notes.append(f"organised cloud of {header.width} x {header.height} points: flattened")
    if any(header.viewpoint[:3]):
        place = ", ".join(f"{value:g}" for value in header.viewpoint[:3])
        notes.append(f"recorded from viewpoint ({place}); points are kept as they are")
    return tuple(notes)


def _truncated(path: str, header: PcdHeader, found: int) -> CloudFileError:
    return CloudFileError(
        f"{path}: truncated: the header promises {header.points} points, the file holds {found}; copy it again"
    )


def _read_ascii(path: str, header: PcdHeader) -> dict[str, Column]:
    width = sum(field.count for field in header.fields)
    rows = read_number_rows(path, header.data_start, 0, header.points, width)
    columns, at = {}, 0
    with np.errstate(over="ignore", invalid="ignore"):
        for field in header.fields:
            if field.count == 1:
                columns[field.name] = rows[:, at].astype(field.type)
            at += field.count
    return columns


def _read_binary(path: str, header: PcdHeader) -> dict[str, Column]:
    data = np.memmap(path, np.uint8, "r")
    room = len(data) - header.data_start
    if header.points * header.point_bytes > room or not header.point_bytes:
        raise _truncated(path, header, room // header.point_bytes if header.point_bytes else 0)
    dtype = np.dtype([(f.name, f.type) if f.count == 1 else (f.name, f.type, (f.count,)) for f in header.fields])
    records: NDArray[Any] = np.ndarray((header.points,), dtype, data, header.data_start)
    return {f.name: records[f.name] for f in header.fields if f.count == 1}


def _read_compressed(path: str, header: PcdHeader) -> dict[str, Column]:
    """Compressed files hold one field after the other, each for all points, behind two 32-bit sizes."""
    data = np.memmap(path, np.uint8, "r")[header.data_start :]
    if len(data) < 8:
        raise _truncated(path, header, 0)
    packed, size = (int(value) for value in np.frombuffer(data[:8].tobytes(), "<u4"))
    if size != header.points * header.point_bytes:
        holds = math.floor(size / max(header.point_bytes, 1))
        raise _corrupt(path, f"compressed block is for {holds} points, the header promises {header.points}")
    if packed > len(data) - 8:
        raise CloudFileError(
            f"{path}: truncated: {packed} compressed bytes for {header.points} points promised, {len(data) - 8} found;"
            " copy or export it again"
        )
    try:
        raw = lzf_decompress(data[8 : 8 + packed].tobytes(), size)
    except ValueError as error:
        raise _corrupt(path, f"corrupt LZF data: {error}") from error
    columns, at = {}, 0
    for field in header.fields:
        if field.count == 1:
            columns[field.name] = np.frombuffer(raw, field.type, header.points, at)
        at += field.bytes * header.points
    return columns
