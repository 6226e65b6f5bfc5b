"""Topic descriptors for Cyclone's C library, made from message definitions.

A descriptor tells the library how a sample looks in memory and in CDR; with it every received and written sample is
checked in C before Python sees it. No type information is attached, so that endpoints match by type name, as those of
rmw_cyclonedds do. The instruction set is that of ``dds/ddsc/dds_opcodes.h``.
"""

from __future__ import annotations

import ctypes as ct
import dataclasses

from embedded_ros.messages.model import PRIMITIVES, FieldType, Shape
from embedded_ros.messages.registry import structure
from embedded_ros.wire.names import dds_type_name

_RTS, _ADR = 0x00 << 24, 0x01 << 24
_STRING, _BOUNDED_STRING, _SEQUENCE, _ARRAY, _STRUCT, _BOUNDED_SEQUENCE, _BOOL = (
    0x05,
    0x06,
    0x07,
    0x08,
    0x0A,
    0x0B,
    0x0E,
)
_BY_SIZE = {1: 0x01, 2: 0x02, 4: 0x03, 8: 0x04}
_FLOATING, _SIGNED = 1 << 1, 1 << 2
_WIDE = "wstring"  # on the wire a sequence of 32-bit numbers, and described as such
_POINTER = ct.sizeof(ct.c_void_p)
_SEQUENCE_SIZE = 16 + _POINTER  # maximum and length (4 bytes each), buffer, release flag, padded
_RESTRICT_XCDR1 = 1 << 0


class _MetaSer(ct.Structure):
    _fields_ = (("data", ct.c_void_p), ("size", ct.c_uint32))


class _Descriptor(ct.Structure):
    _fields_ = (
        ("size", ct.c_uint32),
        ("align", ct.c_uint32),
        ("flagset", ct.c_uint32),
        ("nkeys", ct.c_uint32),
        ("typename", ct.c_char_p),
        ("keys", ct.c_void_p),
        ("nops", ct.c_uint32),
        ("ops", ct.POINTER(ct.c_uint32)),
        ("meta", ct.c_char_p),
        ("type_information", _MetaSer),
        ("type_mapping", _MetaSer),
        ("restrict_data_representation", ct.c_uint32),
    )


@dataclasses.dataclass
class _Layout:
    """Instructions of one structure and where its next member lies in memory."""

    ops: list[int] = dataclasses.field(default_factory=list)
    # (index of the instruction word to patch, index where its offset counts from, element type, element size to add)
    jumps: list[tuple[int, int, str]] = dataclasses.field(default_factory=list)
    offset: int = 0
    align: int = 1

    def place(self, size: int, align: int) -> int:
        """Return the offset of a member of that size and take its room."""
        self.offset += -self.offset % align
        self.align = max(self.align, align)
        start = self.offset
        self.offset += size
        return start

    def size(self) -> int:
        """Return the padded size of the structure."""
        return self.offset + -self.offset % self.align


def topic_descriptor(name: str, with_service_header: bool = False) -> ct.Structure:
    """Return the C descriptor of a message by its full name.

    with_service_header: 16 bytes (client, sequence number) come before the fields, as in requests and responses.
    """
    main = _Layout()
    if with_service_header:
        for _ in range(2):
            main.ops += [_ADR | _BY_SIZE[8] << 16, main.place(8, 8)]
    _add_fields(main, name)
    size, align = main.size(), main.align
    ops = [*main.ops, _RTS]
    _append_elements(ops, main)
    words = (ct.c_uint32 * len(ops))(*ops)
    descriptor = _Descriptor(
        size, align, 0, 0, dds_type_name(name).encode(), None, _count(ops), ct.cast(words, ct.POINTER(ct.c_uint32)), b"",
        _MetaSer(None, 0), _MetaSer(None, 0), _RESTRICT_XCDR1,
    )  # fmt: skip
    descriptor.keep_alive = words
    return descriptor


def _count(ops: list[int]) -> int:
    return len(ops)


def _append_elements(ops: list[int], main: _Layout) -> None:
    """Append the instructions of sequence and array elements behind the main part and patch the jumps to them."""
    known: dict[str, int] = {}
    pending = list(main.jumps)
    while pending:
        word, origin, element = pending.pop()
        if element not in known:
            known[element] = len(ops)
            layout = _element_layout(element)
            pending += [(known[element] + w, known[element] + o, e) for w, o, e in layout.jumps]
            ops += [*layout.ops, _RTS]
        ops[word] |= (known[element] - origin) & 0xFFFF


def _element_layout(name: str) -> _Layout:
    layout = _Layout()
    if name == _WIDE:
        layout.ops += [_ADR | _SEQUENCE << 16 | _BY_SIZE[4] << 8, layout.place(_SEQUENCE_SIZE, _POINTER)]
    else:
        _add_fields(layout, name)
    return layout


def _add_fields(layout: _Layout, name: str) -> None:
    """Append the members of a message; single nested messages are laid out in place."""
    for field in structure(name).wire_fields:
        kind = field.type
        if kind.shape is Shape.SINGLE and kind.is_nested:
            _add_nested(layout, kind.base)
        elif kind.shape is Shape.SINGLE:
            _add_single(layout, kind)
        elif kind.shape is Shape.ARRAY:
            _add_array(layout, kind)
        else:
            _add_sequence(layout, kind)


def _add_nested(layout: _Layout, name: str) -> None:
    align, size = _memory(name)
    start = layout.place(0, align)
    _add_fields(layout, name)
    layout.offset = start + size


def _memory(name: str) -> tuple[int, int]:
    """Return alignment and padded size of a message in memory."""
    layout = _element_layout(name)
    return layout.align, layout.size()


def _element_code(kind: FieldType) -> tuple[int, int, int, int]:
    """Return type code, flags, size and alignment of one element."""
    if kind.is_nested:
        align, size = _memory(kind.base)
        return _STRUCT, 0, size, align
    if kind.base == _WIDE:
        return _SEQUENCE, 0, _SEQUENCE_SIZE, _POINTER
    if kind.is_string:
        bound = kind.string_bound
        return (_BOUNDED_STRING, 0, bound + 1, 1) if bound else (_STRING, 0, _POINTER, _POINTER)
    size = PRIMITIVES[kind.base][3]
    if kind.base == "bool":
        return _BOOL, 0, 1, 1
    flags = _FLOATING if kind.base.startswith("float") else (_SIGNED if kind.base.startswith("int") else 0)
    return _BY_SIZE[size], flags, size, size


def _add_single(layout: _Layout, kind: FieldType) -> None:
    code, flags, size, align = _element_code(kind)
    subtype = _BY_SIZE[4] << 8 if code == _SEQUENCE else 0
    layout.ops += [_ADR | code << 16 | subtype | flags, layout.place(size, align)]
    if code == _BOUNDED_STRING:
        layout.ops.append(size)


def _add_array(layout: _Layout, kind: FieldType) -> None:
    code, flags, size, align = _element_code(kind)
    origin = len(layout.ops)
    layout.ops += [_ADR | _ARRAY << 16 | code << 8 | flags, layout.place(size * kind.size, align), kind.size]
    if code in (_STRUCT, _SEQUENCE):
        layout.jumps.append((len(layout.ops), origin, kind.base))
        layout.ops += [5 << 16, size]
    elif code == _BOUNDED_STRING:
        layout.ops += [0, size]


def _add_sequence(layout: _Layout, kind: FieldType) -> None:
    code, flags, size, _ = _element_code(kind)
    bounded = kind.shape is Shape.BOUNDED
    origin = len(layout.ops)
    outer = _BOUNDED_SEQUENCE if bounded else _SEQUENCE
    layout.ops += [_ADR | outer << 16 | code << 8 | flags, layout.place(_SEQUENCE_SIZE, _POINTER)]
    if bounded:
        layout.ops.append(kind.size)
    if code in (_STRUCT, _SEQUENCE):
        layout.ops.append(size)
        layout.jumps.append((len(layout.ops), origin, kind.base))
        layout.ops.append((len(layout.ops) + 1 - origin) << 16)
    elif code == _BOUNDED_STRING:
        layout.ops.append(size)
