"""Services as rmw_cyclonedds carries them: requests and replies are topics, 16 bytes before the payload pair them.

The bytes are the client's identifier (uint64) and a sequence number (int64). Servers of other vendors pair requests by
RTPS sample identities and misread such requests, so none is ever sent to them.
"""

from __future__ import annotations

import dataclasses
import os
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from embedded_ros.wire import names
from embedded_ros.wire.graph import Graph
from embedded_ros.wire.participant import Participant, Reader, Writer
from embedded_ros.wire.qos import EndpointQos

_HEADER = struct.Struct("<Qq")
_ENCAPSULATION = 4
_REPLY_READER_WAIT = 0.1  # seconds a server waits for a client's reply reader to be discovered


class ForeignServerError(RuntimeError):
    """A service is offered by a server that cannot understand our requests."""


@dataclasses.dataclass(frozen=True)
class RequestId:
    """Who asked, and which of its requests it was."""

    client: int
    sequence_number: int


def _pack(identity: RequestId, data: bytes) -> bytes:
    return data[:_ENCAPSULATION] + _HEADER.pack(identity.client, identity.sequence_number) + data[_ENCAPSULATION:]


def _unpack(data: Any) -> tuple[RequestId, bytes]:
    """Return the identity and the payload as plain CDR; Cyclone has checked the size and put it in native byte order."""
    view = memoryview(data)
    client, number = _HEADER.unpack_from(view, _ENCAPSULATION)
    return RequestId(client, number), bytes(view[:_ENCAPSULATION]) + bytes(view[_ENCAPSULATION + _HEADER.size :])


def _gid_text(gid: bytes) -> str:
    return " " + ".".join(f"{byte:x}" for byte in gid)


class ServiceClient:
    """Sends requests and takes the replies that belong to them."""

    def __init__(
        self, participant: Participant, graph: Graph, name: str, service_type: str, qos: EndpointQos,
        reply_qos: EndpointQos, on_reply: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._graph, self._name, self._type = graph, name, service_type
        self._id = int.from_bytes(os.urandom(8), "little")
        self._number = 0
        self._lock = threading.Lock()
        user_data = f"clientid={_gid_text(participant.next_service_gid())};"
        self.reader = Reader(
            participant, names.reply_to_dds(name), f"{service_type}_Response", reply_qos, user_data, True, on_reply
        )
        self.writer = Writer(participant, names.request_to_dds(name), f"{service_type}_Request", qos, user_data, True)

    def is_ready(self) -> bool:
        """Return whether a server is there, matched in both directions, and none of another vendor."""
        ours, foreign = self._graph.servers(self._name, self._type)
        return bool(ours) and not foreign and self.writer.matched() > 0 and self.reader.matched() > 0

    def send(self, data: bytes, on_number: Callable[[int], None]) -> int:
        """Send a request in plain CDR; ``on_number`` gets its sequence number before it leaves.

        Raises ForeignServerError when a server of another vendor would receive it, DdsError when it cannot be sent.
        """
        if self._graph.servers(self._name, self._type)[1]:
            raise ForeignServerError(
                f"service {self._name} is served by another DDS vendor than Cyclone, which misreads our requests; "
                "start that server with RMW_IMPLEMENTATION=rmw_cyclonedds_cpp"
            )
        with self._lock:
            self._number += 1
            number = self._number
        on_number(number)
        self.writer.write(_pack(RequestId(self._id, number), data))
        return number

    def take(self) -> tuple[int, bytes] | None:
        """Return sequence number and plain CDR of the next reply to this client, None when there is none."""
        while (sample := self.reader.take()) is not None:
            identity, data = _unpack(sample.data)
            if identity.client == self._id:
                return identity.sequence_number, data
        return None

    def close(self) -> None:
        """Delete the endpoints."""
        self.reader.close()
        self.writer.close()


class ServiceServer:
    """Takes requests and sends the replies to them."""

    def __init__(
        self,
        participant: Participant,
        name: str,
        service_type: str,
        qos: EndpointQos,
        on_request: Callable[[int], None],
    ) -> None:
        user_data = f"serviceid={_gid_text(participant.next_service_gid())};"
        self.writer = Writer(participant, names.reply_to_dds(name), f"{service_type}_Response", qos, user_data, True)
        self.reader = Reader(
            participant, names.request_to_dds(name), f"{service_type}_Request", qos, user_data, True, on_request
        )

    def take(self) -> tuple[RequestId, bytes] | None:
        """Return identity and plain CDR of the next request, None when there is none."""
        sample = self.reader.take()
        return None if sample is None else _unpack(sample.data)

    def reply(self, identity: RequestId, data: bytes) -> None:
        """Send the reply to a request; a client that is gone is no error. Raises DdsError."""
        deadline = time.monotonic() + _REPLY_READER_WAIT
        while self.writer.matched() < self.reader.matched() and time.monotonic() < deadline:
            time.sleep(0.001)
        self.writer.write(_pack(identity, data))

    def close(self) -> None:
        """Delete the endpoints."""
        self.reader.close()
        self.writer.close()
