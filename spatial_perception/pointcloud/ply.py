"""PLY files: ascii and binary of both byte orders, any properties in any order, other elements and lists skipped.

Source of the format: Greg Turk, "The PLY Polygon File Format" (1994).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from spatial_perception.errors import CloudFileError
from spatial_perception.pointcloud.table import Column, Table
from spatial_perception.pointcloud.text import read_number_rows, read_ragged_rows

HEADER_LIMIT = 1 << 20
_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "int64": "i8", "uint64": "u8", "float32": "f4", "float64": "f8", "half": "f2", "float16": "f2",
}  # fmt: skip
_ENCODINGS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class Property:
    """One property: numpy type code without byte order; `count_type` is set for lists only."""

    name: str
    type: str
    count_type: str = ""


@dataclass(frozen=True)
class Element:
    """One element of the header: its name, how many records follow, and their properties in order."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        """True where a record has no fixed size."""
        return any(prop.count_type for prop in self.properties)


@dataclass(frozen=True)
class PlyHeader:
    """The header: encoding, elements in file order, and the byte where the data begins."""

    encoding: str
    elements: tuple[Element, ...]
    data_start: int

    @property
    def vertex(self) -> Element | None:
        """The element that holds the points."""
        return next((e for e in self.elements if e.name.lower() in ("vertex", "vertices", "point", "points")), None)


def read_ply_header(path: str) -> PlyHeader:
    """Parse the header of `path`; raises CloudFileError where it is not one."""
    with open(path, "rb") as file:
        head = file.read(HEADER_LIMIT)
    if not re.match(rb"ply\s", head):
        raise CloudFileError(f"{path}: does not begin with 'ply', so it is no PLY file; check the suffix")
    end = re.search(rb"(?:\r\n|\n|\r)end_header[ \t]*(\r\n|\n|\r|$)", head)
    if end is None:
        raise CloudFileError(
            f"{path}: PLY header has no 'end_header' line: truncated or corrupt; export the file again"
        )
    lines = re.split(rb"\r\n|\n|\r", head[: end.start()])[1:]
    encoding, elements = _parse_lines(path, lines)
    return PlyHeader(encoding, elements, end.end())


def _parse_lines(path: str, lines: list[bytes]) -> tuple[str, tuple[Element, ...]]:
    encoding = ""
    elements: list[tuple[str, int, list[Property]]] = []
    for line in lines:
        words = _words(path, line)
        if not words or words[0] in ("comment", "obj_info"):
            continue
        if words[0] == "format" and len(words) == 3 and words[1] in _ENCODINGS:
            encoding = words[1]
        elif words[0] == "element" and len(words) == 3 and re.fullmatch(r"\d{1,15}", words[2]):
            elements.append((words[1], int(words[2]), []))
        elif words[0] == "property" and elements:
            elements[-1][2].append(_parse_property(path, words))
        else:
            raise CloudFileError(f"{path}: cannot read PLY header line '{' '.join(words)[:60]}'; export the file again")
    if not encoding:
        raise CloudFileError(f"{path}: PLY header has no 'format' line; export the file again")
    return encoding, tuple(Element(name, count, tuple(props)) for name, count, props in elements)


def _words(path: str, line: bytes) -> list[str]:
    if line.startswith((b"comment", b"obj_info")):
        return ["comment"]
    try:
        return line.decode("ascii").split()
    except UnicodeDecodeError as error:
        raise CloudFileError(f"{path}: PLY header is not ASCII text: corrupt; export the file again") from error


def _parse_property(path: str, words: list[str]) -> Property:
    if len(words) == 3 and words[1] in _TYPES:
        return Property(words[2], _TYPES[words[1]])
    if len(words) == 5 and words[1] == "list" and words[3] in _TYPES and _TYPES.get(words[2], "f")[0] in "iu":
        return Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    raise CloudFileError(f"{path}: unknown PLY property '{' '.join(words[1:])[:60]}'; export with standard types")


def read_ply(path: str) -> Table:
    """The vertex columns of a PLY file; binary scalars are views of the mapped file, nothing is copied.

    Raises CloudFileError for a corrupt header, a missing vertex element or a truncated body.
    """
    header = read_ply_header(path)
    vertex = header.vertex
    if vertex is None:
        raise CloudFileError(f"{path}: PLY file has no 'vertex' element; export it as a point cloud")
    if header.encoding == "ascii":
        columns = _read_ascii(path, header, vertex)
    else:
        columns = _read_binary(path, header, vertex)
    return Table(columns, f"PLY {header.encoding}")


def _unique(names: list[str]) -> list[str]:
    return [name if name not in names[:i] else f"{name}#{i}" for i, name in enumerate(names)]


def _truncated(path: str, element: Element, found: int) -> CloudFileError:
    what = "points" if element.name == "vertex" else f"'{element.name}' records"
    return CloudFileError(
        f"{path}: truncated: the header promises {element.count} {what}, the file holds {found}; copy it again"
    )


def _read_ascii(path: str, header: PlyHeader, vertex: Element) -> dict[str, Column]:
    skip = 0
    for element in header.elements:
        if element is vertex:
            break
        skip += element.count
    if vertex.has_lists:
        is_list = [bool(prop.count_type) for prop in vertex.properties]
        rows = read_ragged_rows(path, header.data_start, skip, vertex.count, is_list)
    else:
        rows = read_number_rows(path, header.data_start, skip, vertex.count, len(vertex.properties))
    scalars = [prop for prop in vertex.properties if not prop.count_type]
    names = _unique([prop.name for prop in scalars])
    with np.errstate(over="ignore", invalid="ignore"):
        return {name: rows[:, i].astype(prop.type) for i, (name, prop) in enumerate(zip(names, scalars))}


def _read_binary(path: str, header: PlyHeader, vertex: Element) -> dict[str, Column]:
    data = np.memmap(path, np.uint8, "r")
    order = _ENCODINGS[header.encoding]
    start = header.data_start
    for element in header.elements:
        records, start = _records(path, data, start, element, order)
        if element is vertex:
            return {name: records[name] for name in records.dtype.names or () if records.dtype[name].shape == ()}
    raise CloudFileError(f"{path}: PLY file has no 'vertex' element; export it as a point cloud")


def _records(path: str, data: NDArray[np.uint8], start: int, element: Element, order: str) -> tuple[NDArray[Any], int]:
    """The records of one binary element as a structured array, and the byte after them."""
    lengths = _first_lengths(data, start, element, order)
    dtype = _record_type(element, order, lengths)
    end = start + element.count * dtype.itemsize
    if end <= len(data):
        records = np.ndarray((element.count,), dtype, data, start)
        if all((records[f"#{i}"] == length).all() for i, length in lengths.items()):
            return records, end
    elif not element.has_lists:
        raise _truncated(path, element, (len(data) - start) // dtype.itemsize if dtype.itemsize else 0)
    return _walk(path, data, start, element, order)


def _record_type(element: Element, order: str, lengths: dict[int, int]) -> np.dtype[Any]:
    names = _unique([prop.name for prop in element.properties])
    fields: list[Any] = []
    for i, (name, prop) in enumerate(zip(names, element.properties)):
        if prop.count_type:
            fields.append((f"#{i}", order + prop.count_type))
            fields.append((name, order + prop.type, (lengths.get(i, 0),)))
        else:
            fields.append((name, order + prop.type))
    return np.dtype(fields)


def _first_lengths(data: NDArray[np.uint8], start: int, element: Element, order: str) -> dict[int, int]:
    """The list lengths of the first record, by property index: mostly all records share them."""
    lengths: dict[int, int] = {}
    for i, prop in enumerate(element.properties):
        width = np.dtype(prop.type).itemsize
        if prop.count_type:
            head = data[start : start + np.dtype(prop.count_type).itemsize].tobytes()
            known = len(head) == np.dtype(prop.count_type).itemsize
            length = int(np.frombuffer(head, order + prop.count_type)[0]) if known else 0
            lengths[i] = length if 0 <= length * width <= len(data) else 0
            start += len(head) + lengths[i] * width
        else:
            start += width
    return lengths


def _walk(path: str, data: NDArray[np.uint8], start: int, element: Element, order: str) -> tuple[NDArray[Any], int]:
    """Records whose lists differ in length, one by one; list contents are skipped."""
    smallest = max(1, _record_type(element, order, {}).itemsize)
    if element.count * smallest > len(data) - start:
        raise _truncated(path, element, max(0, len(data) - start) // smallest)
    steps = [
        (np.dtype(prop.count_type).itemsize if prop.count_type else 0, np.dtype(prop.type).itemsize, prop.count_type)
        for prop in element.properties
    ]
    raw, kept = memoryview(data.data), bytearray()
    for row in range(element.count):
        start = _walk_record(raw, start, steps, order, kept)
        if start > len(raw):
            raise _truncated(path, element, row)
    scalars = tuple(prop for prop in element.properties if not prop.count_type)
    dtype = _record_type(Element(element.name, 0, scalars), order, {})
    return np.ndarray((element.count,), dtype, kept), start


def _walk_record(raw: memoryview, start: int, steps: list[tuple[int, int, str]], order: str, kept: bytearray) -> int:
    """Append the scalar bytes of the record at `start` to `kept` and return the byte after the record."""
    endian: Literal["little", "big"] = "little" if order == "<" else "big"
    for count_width, width, count_type in steps:
        if count_width:
            length = int.from_bytes(raw[start : start + count_width], endian, signed=count_type[0] == "i")
            start += count_width + max(length, 0) * width
        else:
            kept += raw[start : start + width]
            start += width
    return start
