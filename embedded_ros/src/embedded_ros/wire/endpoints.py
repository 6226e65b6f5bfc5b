"""What other participants announce: reads Cyclone's built-in topics about participants, readers and writers."""

from __future__ import annotations

import ctypes as ct
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from embedded_ros.wire.binding import (
    ALIVE_INSTANCE,
    BUILTIN_PARTICIPANT,
    BUILTIN_PUBLICATION,
    BUILTIN_SUBSCRIPTION,
    DATA_AVAILABLE,
    LIBRARY,
    BuiltinEndpoint,
    BuiltinParticipant,
    SampleInfo,
    check,
)
from embedded_ros.wire.qos import EndpointQos, read_qos, read_user_data
from embedded_ros.wire.waiter import Waiter

CYCLONE_VENDOR = b"\x01\x10"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A reader or writer anywhere in the domain."""

    guid: bytes
    participant: bytes
    topic_name: str
    type_name: str
    is_writer: bool
    qos: EndpointQos
    user_data: dict[str, str]

    @property
    def is_cyclone(self) -> bool:
        """Whether Cyclone DDS made it: the first two bytes of a GUID name the vendor."""
        return self.guid[:2] == CYCLONE_VENDOR


@dataclasses.dataclass(frozen=True)
class RemoteParticipant:
    """A participant anywhere in the domain."""

    guid: bytes
    enclave: str


def parse_user_data(data: bytes) -> dict[str, str]:
    """Return the ``key=value;`` pairs of user data; anything else in it is left out."""
    pairs = (part.split("=", 1) for part in data.decode("utf-8", "replace").split(";") if "=" in part)
    return {key.strip(): value.strip() for key, value in pairs}


class BuiltinReaders:
    """Keeps a callback informed about what appears and disappears."""

    def __init__(self, participant: int, waiter: Waiter, on_change: Callable[[bytes, Any], None]) -> None:
        """Start reading; ``on_change(guid, Endpoint | RemoteParticipant | None)`` runs in the waiting thread."""
        self._on_change = on_change
        for topic, convert in (
            (BUILTIN_PARTICIPANT, _participant),
            (BUILTIN_PUBLICATION, _writer_endpoint),
            (BUILTIN_SUBSCRIPTION, _reader_endpoint),
        ):
            reader = check(LIBRARY.dds_create_reader(participant, topic, None, None), "reading what is discovered")
            waiter.add(reader, DATA_AVAILABLE, lambda raised, r=reader, c=convert: self._drain(r, c))
            self._drain(reader, convert)

    def _drain(self, reader: int, convert: Callable[[int, SampleInfo], tuple[bytes, Any]]) -> None:
        for guid, found in _take_all(reader, convert):
            self._on_change(guid, found)


def _take_all(reader: int, convert: Callable[[int, SampleInfo], tuple[bytes, Any]]) -> Iterator[tuple[bytes, Any]]:
    while True:
        pointers, info = (ct.c_void_p * 1)(), (SampleInfo * 1)()
        if LIBRARY.dds_take(reader, pointers, info, 1, 1) <= 0:
            return
        try:
            yield convert(pointers[0], info[0])
        finally:
            LIBRARY.dds_return_loan(reader, pointers, 1)


def _participant(address: int, info: SampleInfo) -> tuple[bytes, RemoteParticipant | None]:
    raw = BuiltinParticipant.from_address(address)
    guid = bytes(raw.key.v)
    if not info.valid_data or info.instance_state != ALIVE_INSTANCE:
        return guid, None
    return guid, RemoteParticipant(guid, parse_user_data(read_user_data(raw.qos)).get("enclave", ""))


def _writer_endpoint(address: int, info: SampleInfo) -> tuple[bytes, Endpoint | None]:
    return _endpoint(address, info, True)


def _reader_endpoint(address: int, info: SampleInfo) -> tuple[bytes, Endpoint | None]:
    return _endpoint(address, info, False)


def _endpoint(address: int, info: SampleInfo, is_writer: bool) -> tuple[bytes, Endpoint | None]:
    raw = BuiltinEndpoint.from_address(address)
    guid = bytes(raw.key.v)
    if not info.valid_data or info.instance_state != ALIVE_INSTANCE:
        return guid, None
    user_data = parse_user_data(read_user_data(raw.qos))
    topic, kind = (text.decode("utf-8", "replace") for text in (raw.topic_name, raw.type_name))
    return guid, Endpoint(guid, bytes(raw.participant_key.v), topic, kind, is_writer, read_qos(raw.qos), user_data)
