"""XCDR1 encoding and decoding of messages, compiled per type on first use.

Runs of fixed-size values, also those inside nested messages, are packed by one ``struct`` call; because alignment counts
from the start of the message, each run has one layout per start position modulo eight. Bulk arrays are copied whole on
writing and are numpy views of the received sample on reading.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from embedded_ros.messages.classes import Message, message_class
from embedded_ros.messages.codegen import reader_source, writer_source
from embedded_ros.messages.registry import structure

_LITTLE = b"\x00\x01\x00\x00"
_HEADER_SIZE = 4
_HEADERS = {b"\x00\x00": ">", b"\x00\x01": "<"}
Writer = Callable[[Any, list[Any], int], int]
Reader = Callable[[memoryview, int], tuple[Any, int]]


class CdrError(ValueError):
    """Bytes that are no valid encoding of the type they are said to have."""


def serialize(message: Message) -> bytes:
    """Return the little-endian XCDR1 encoding with its 4-byte header.

    Raises CdrError naming the type when a value does not fit its field.
    """
    return b"".join(serialize_parts(message))


def serialize_parts(message: Message) -> list[Any]:
    """Return the encoding in parts (bytes-like), bulk arrays as views of the message; raises CdrError."""
    chunks: list[Any] = [_LITTLE]
    try:
        writer_of(message._type_name)(message, chunks, 0)
    except (struct.error, AttributeError, TypeError, UnicodeEncodeError) as error:
        raise CdrError(f"cannot serialize {message._type_name}: {error}") from error
    return chunks


def deserialize(data: Any, cls: type[Message]) -> Message:
    """Return the message in ``data`` (bytes-like, header included); large arrays are read-only views of ``data``.

    Raises CdrError when the bytes are no encoding of that type.
    """
    view = memoryview(data).cast("B").toreadonly()
    order = _HEADERS.get(bytes(view[:2]))
    if order is None or len(view) < _HEADER_SIZE:
        raise CdrError(
            f"{cls._type_name}: unknown encapsulation {bytes(view[:2]).hex() or 'of no bytes'}; expected plain CDR"
        )
    try:
        message, _ = reader_of(cls._type_name, order)(view[_HEADER_SIZE:], 0)
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise CdrError(f"malformed {cls._type_name}: {error}") from error
    return message


@functools.cache
def writer_of(name: str) -> Writer:
    """Return ``write(message, chunks, position) -> position`` of a type."""
    source, constants = writer_source(structure(name))
    return _compile(source, "write", {**constants, "writer_of": writer_of, "structs": _writing_structs}, name)


@functools.cache
def reader_of(name: str, order: str) -> Reader:
    """Return ``read(body, position) -> (message, position)`` of a type in a byte order (``<`` or ``>``)."""
    source, constants = reader_source(structure(name), order, message_class)
    helpers = {
        "reader_of": functools.partial(_reader_in_order, order),
        "structs": functools.partial(_reading_structs, order),
        "numbers": functools.partial(_numbers, order),
        "text": functools.partial(_text, order),
        "wide_text": functools.partial(_wide_text, order),
        "count": functools.partial(_count, order),
        "octets": _octets,
    }
    return _compile(source, "read", {**constants, **helpers}, name)


def _reader_in_order(order: str, name: str) -> Reader:
    return reader_of(name, order)


def _compile(source: str, function: str, names: dict[str, Any], type_name: str) -> Any:
    """Compile generated source; it is made from checked definitions only, never from received bytes."""
    exec(compile(source, f"<{function} {type_name}>", "exec"), names)
    return names[function]


@functools.cache
def _layouts(order: str, codes: str) -> tuple[struct.Struct, ...]:
    """Return the eight aligned layouts of a run of primitive values."""
    return tuple(struct.Struct(order + _padded(codes, start)) for start in range(8))


def _padded(codes: str, start: int) -> str:
    position, out = start, []
    for code in codes:
        size = struct.calcsize("<" + code)
        gap = -position % size
        out.append("x" * gap + code)
        position += gap + size
    return "".join(out)


def _writing_structs(codes: str) -> tuple[tuple[Any, int], ...]:
    return tuple((layout.pack, layout.size) for layout in _layouts("<", codes))


def _reading_structs(order: str, codes: str) -> tuple[tuple[Any, int], ...]:
    return tuple((layout.unpack_from, layout.size) for layout in _layouts(order, codes))


def _count(order: str, body: memoryview, position: int, least: int) -> tuple[int, int]:
    """Read the length of a sequence; a length that the rest of the body cannot hold is an error."""
    position += -position & 3
    length = struct.unpack_from(order + "I", body, position)[0]
    position += 4
    if length * least > len(body) - position:
        raise ValueError(f"a sequence of {length} does not fit the {len(body) - position} bytes left")
    return length, position


def _text(order: str, body: memoryview, position: int) -> tuple[str, int]:
    length, position = _count(order, body, position, 1)
    end = position + length
    if length and body[end - 1]:
        raise ValueError("a string without terminating zero")
    return str(body[position : end - 1], "utf-8") if length > 1 else "", end


def _wide_text(order: str, body: memoryview, position: int) -> tuple[str, int]:
    """Read a wide string: UTF-16 units of four bytes each."""
    length, position = _count(order, body, position, 4)
    units = np.frombuffer(body, dtype=order + "u4", count=length, offset=position) if length else np.empty(0, "u4")
    if length and units.max() > 0xFFFF:
        raise ValueError("a wide string with a unit beyond 16 bits")
    return units.astype("<u2").tobytes().decode("utf-16-le"), position + 4 * length


_SMALL_ARRAY = 4096


def _numbers(order: str, body: memoryview, position: int, length: int, dtype: str, size: int) -> tuple[np.ndarray, int]:
    """Return ``length`` numbers: a read-only view when large, a writable copy when small."""
    if not length:
        return np.empty(0, dtype=dtype), position
    position += -position % size
    found = np.frombuffer(body, dtype=order + dtype, count=length, offset=position)
    if order == ">" and size > 1:
        found = found.astype(dtype)
    elif length * size <= _SMALL_ARRAY:
        found = found.copy()
    return found, position + length * size


def _octets(body: memoryview, position: int, length: int) -> tuple[list[bytes], int]:
    raw = bytes(body[position : position + length])
    if len(raw) != length:
        raise ValueError("an octet sequence longer than the message")
    return [raw[index : index + 1] for index in range(length)], position + length
