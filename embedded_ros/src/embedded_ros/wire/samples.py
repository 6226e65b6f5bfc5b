"""Serialized samples in and out of Cyclone, by the quick way through the C library or by that of the Python package.

``EMBEDDED_ROS_WIRE=clayer`` chooses the second one by hand. Both give and take complete CDR, its 4-byte header included.
"""

from __future__ import annotations

import ctypes as ct
import dataclasses
import os
from typing import Any

from embedded_ros.wire import binding
from embedded_ros.wire.binding import ANY_STATE, LIBRARY, SERDATA_KIND_DATA, DdsError, IoVector, SampleInfo, check
from embedded_ros.wire.descriptors import topic_descriptor

_BATCH = 1
_COPY_BELOW = 16384  # bytes; smaller samples are copied and released at once


@dataclasses.dataclass(frozen=True)
class Sample:
    """A received sample: CDR bytes (a view that keeps Cyclone's memory alive when large) and where it came from."""

    data: Any
    source_timestamp: int
    publication_handle: int


class FastPath:
    """Topics from C descriptors, samples as Cyclone's serialized data."""

    def create_topic(self, participant: int, dds_name: str, type_name: str, service: bool) -> int:
        """Return a topic entity."""
        descriptor = topic_descriptor(type_name, with_service_header=service)
        return check(
            LIBRARY.dds_create_topic(participant, ct.byref(descriptor), dds_name.encode(), None, None),
            f"creating topic {dds_name}",
        )

    def sertype(self, entity: int) -> int:
        """Return the serializer of a reader or writer."""
        found = ct.c_void_p()
        check(LIBRARY.dds_get_entity_sertype(entity, ct.byref(found)), "reading a type")
        return int(found.value or 0)

    def write(self, writer: int, sertype: int, data: bytes) -> None:
        """Send complete CDR; raises DdsError when Cyclone finds it malformed or cannot send."""
        padded = data if len(data) % 4 == 0 else data + bytes(-len(data) % 4)
        vector = IoVector(ct.cast(ct.c_char_p(padded), ct.c_void_p), len(padded))
        serialized = LIBRARY.ddsi_serdata_from_ser_iov(sertype, SERDATA_KIND_DATA, 1, ct.byref(vector), len(padded))
        if not serialized:
            raise DdsError("the serialized message does not fit the type of its topic")
        check(LIBRARY.dds_writecdr(writer, serialized), "publishing")

    def write_parts(self, writer: int, sertype: int, parts: list[Any]) -> None:
        """Send complete CDR given in parts; large parts are handed over without a copy of their own."""
        if sum(map(len, parts)) < _COPY_BELOW:
            self.write(writer, sertype, b"".join(parts))
            return
        pieces, addresses, sizes = _merge(parts)
        vectors = (IoVector * len(pieces))(*map(IoVector, addresses, sizes))
        serialized = LIBRARY.ddsi_serdata_from_ser_iov(sertype, SERDATA_KIND_DATA, len(pieces), vectors, sum(sizes))
        if not serialized:
            raise DdsError("the serialized message does not fit the type of its topic")
        check(LIBRARY.dds_writecdr(writer, serialized), "publishing")

    def take(self, reader: int) -> Sample | None:
        """Return the next sample with data, None when there is none."""
        buffer = (ct.c_void_p * _BATCH)()
        info = (SampleInfo * _BATCH)()
        while True:
            count = LIBRARY.dds_takecdr(reader, buffer, _BATCH, info, ANY_STATE)
            if count <= 0:
                return None
            if info[0].valid_data:
                return Sample(_bytes_of(buffer[0]), info[0].source_timestamp, info[0].publication_handle)
            LIBRARY.ddsi_serdata_unref(buffer[0])


def _merge(parts: list[Any]) -> tuple[list[Any], list[int], list[int]]:
    """Join small neighbours and pad to four bytes; return what keeps the memory alive, addresses and sizes."""
    import numpy as np

    groups: list[list[Any]] = [[]]
    for part in [*parts, bytes(-sum(map(len, parts)) % 4)]:
        if len(part) < _COPY_BELOW:
            groups[-1].append(part)
        else:
            groups += [[part], []]
    arrays = [
        np.frombuffer(group[0] if len(group) == 1 else b"".join(group), dtype=np.uint8)
        for group in groups
        if any(map(len, group))
    ]
    return arrays, [array.ctypes.data for array in arrays], [array.size for array in arrays]


class _Loan:
    """Memory of a received sample, given back when the last view of it is gone."""

    __slots__ = ("__array_interface__", "_reference", "_serialized", "_vector")

    def __init__(self, serialized: int) -> None:
        self._serialized = serialized
        self._vector = IoVector()
        size = LIBRARY.ddsi_serdata_size(serialized)
        self._reference = LIBRARY.ddsi_serdata_to_ser_ref(serialized, 0, size, ct.byref(self._vector))
        interface = {"data": (self._vector.base, True), "shape": (self._vector.length,), "typestr": "|u1", "version": 3}
        self.__array_interface__ = interface

    def __del__(self) -> None:
        # An interrupt may have ended __init__ anywhere.
        if reference := getattr(self, "_reference", None):
            LIBRARY.ddsi_serdata_to_ser_unref(reference, ct.byref(self._vector))
        if serialized := getattr(self, "_serialized", None):
            LIBRARY.ddsi_serdata_unref(serialized)


def _bytes_of(serialized: int) -> Any:
    loan = _Loan(serialized)
    if loan._vector.length <= _COPY_BELOW:
        return ct.string_at(loan._vector.base, loan._vector.length)
    import numpy as np

    return np.asarray(loan)


class PackagePath:
    """Topics and samples through the Python package of Cyclone, for versions without the functions of the quick way."""

    def __init__(self) -> None:
        from cyclonedds import _clayer

        self._clayer = _clayer
        self._types: list[Any] = []

    def create_topic(self, participant: int, dds_name: str, type_name: str, service: bool) -> int:
        """Return a topic entity."""
        from embedded_ros.wire.idl_types import idl_type, service_idl_type

        cls = service_idl_type(type_name) if service else idl_type(type_name)
        cls.__idl__.populate()
        cls.__idl__.fill_type_data()
        self._types.append(cls)
        return check(
            self._clayer.ddspy_topic_create(participant, dds_name, cls, None, None), f"creating topic {dds_name}"
        )

    def sertype(self, entity: int) -> int:
        """Return nothing of use: the package finds the type itself."""
        return 0

    def write(self, writer: int, sertype: int, data: bytes) -> None:
        """Send complete CDR; raises DdsError when Cyclone finds it malformed or cannot send."""
        check(self._clayer.ddspy_write(writer, data + bytes(-len(data) % 4)), "publishing (is the message malformed?)")

    def write_parts(self, writer: int, sertype: int, parts: list[Any]) -> None:
        """Send complete CDR given in parts; raises DdsError."""
        self.write(writer, sertype, b"".join(parts))

    def take(self, reader: int) -> Sample | None:
        """Return the next sample with data, None when there is none."""
        while True:
            found = self._clayer.ddspy_take(reader, ANY_STATE, _BATCH)
            if isinstance(found, int) or not found:
                return None
            data, info = found[0]
            if info.valid_data:
                return Sample(data, info.source_timestamp, info.publication_handle)


def choose_path() -> FastPath | PackagePath:
    """Return the quick way where the library offers it and the environment does not say otherwise."""
    wanted = os.environ.get("EMBEDDED_ROS_WIRE", "").lower()
    if wanted not in ("", "fast", "clayer"):
        raise ValueError(f"EMBEDDED_ROS_WIRE is {wanted!r}; use fast or clayer")
    if wanted == "fast" and not binding.HAS_FAST_PATH:
        raise ValueError("EMBEDDED_ROS_WIRE=fast, but this version of cyclonedds lacks the functions for it")
    return PackagePath() if wanted == "clayer" or not binding.HAS_FAST_PATH else FastPath()
