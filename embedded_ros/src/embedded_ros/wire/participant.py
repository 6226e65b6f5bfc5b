"""A participant with its readers and writers of serialized messages."""

from __future__ import annotations

import atexit
import ctypes as ct
import functools
import threading
import weakref
from collections.abc import Callable
from typing import Any

from embedded_ros import interrupts
from embedded_ros.messages.hashing import type_hash
from embedded_ros.wire import profile
from embedded_ros.wire.binding import (
    DATA_AVAILABLE,
    LIBRARY,
    LIVELINESS_CHANGED,
    LIVELINESS_LOST,
    OFFERED_DEADLINE_MISSED,
    OFFERED_INCOMPATIBLE_QOS,
    PUBLICATION_MATCHED,
    REQUESTED_DEADLINE_MISSED,
    REQUESTED_INCOMPATIBLE_QOS,
    RETCODE_PRECONDITION_NOT_MET,
    RETCODE_TIMEOUT,
    SAMPLE_LOST,
    SUBSCRIPTION_MATCHED,
    DdsError,
    NoRoomError,
    check,
    delete,
    guid_of,
)
from embedded_ros.wire.qos import EndpointQos, endpoint_qos, participant_qos
from embedded_ros.wire.samples import Sample, choose_path
from embedded_ros.wire.waiter import Waiter

_WRITER_STATUSES = OFFERED_INCOMPATIBLE_QOS | OFFERED_DEADLINE_MISSED | LIVELINESS_LOST | PUBLICATION_MATCHED
_READER_STATUSES = (
    DATA_AVAILABLE
    | REQUESTED_INCOMPATIBLE_QOS
    | REQUESTED_DEADLINE_MISSED
    | LIVELINESS_CHANGED
    | SAMPLE_LOST
    | SUBSCRIPTION_MATCHED
)
_ACKNOWLEDGEMENT_STEP = 100_000_000  # nanoseconds; a wait in C keeps signals from being handled
_domains: dict[int, int] = {}
_open: weakref.WeakSet[Participant] = weakref.WeakSet()
_lock = threading.Lock()
StatusHandler = Callable[[int], None]


def _ignore(raised: int) -> None:
    """Handle no status."""


class LeavingError(DdsError):
    """A write was given up because the participant is leaving."""


class Participant:
    """One participant of a DDS domain.

    domain: ROS domain id; the domain's configuration is made once per process, from the environment.
    enclave: name announced to other participants.
    """

    def __init__(self, domain: int, enclave: str = "/") -> None:
        _ensure_domain(domain)
        with participant_qos(f"enclave={enclave};".encode()) as qos:
            self.entity = check(LIBRARY.dds_create_participant(domain, qos, None), f"joining ROS domain {domain}")
        self.domain = domain
        self.guid = guid_of(self.entity)
        self.waiter = Waiter(self.entity)
        self._path = choose_path()
        self._topics: dict[tuple[str, str, bool], int] = {}
        self._topic_lock = threading.Lock()
        self._counter = 0
        self._closed = False
        self.is_leaving = False  # set when the end is near: nothing shall block any more
        _open.add(self)

    def topic(self, dds_name: str, type_name: str, service: bool) -> int:
        """Return the topic entity of a name and type; raises DdsError when it exists with another type here."""
        key = (dds_name, type_name, service)
        with self._topic_lock:
            if key not in self._topics:
                self._topics[key] = self._path.create_topic(self.entity, dds_name, type_name, service)
            return self._topics[key]

    def next_service_gid(self) -> bytes:
        """Return a new identifier for a service or client: the participant's prefix and a counter."""
        with self._topic_lock:
            self._counter += 1
            return self.guid[:12] + self._counter.to_bytes(4, "big")

    def close(self) -> None:
        """Leave the domain; readers and writers end with it."""
        if self._closed:
            return
        self._closed = True
        _open.discard(self)
        self.is_leaving = True
        self.waiter.close()
        delete(self.entity)


class Writer:
    """Writes serialized messages to a topic."""

    def __init__(
        self, participant: Participant, dds_name: str, type_name: str, qos: EndpointQos,
        user_data: str = "", service: bool = False, on_status: StatusHandler = _ignore,
    ) -> None:  # fmt: skip
        self._participant = participant
        self._path = participant._path
        topic = participant.topic(dds_name, type_name, service)
        with endpoint_qos(qos, _user_data(user_data, type_name), writer=True) as c_qos:
            self.entity = check(
                LIBRARY.dds_create_writer(participant.entity, topic, c_qos, None), f"creating a writer of {dds_name}"
            )
        self.guid = guid_of(self.entity)
        self._sertype = self._path.sertype(self.entity)
        participant.waiter.add(self.entity, _WRITER_STATUSES, on_status)

    def write(self, data: bytes) -> None:
        """Send complete CDR (header included), like ``write_parts``."""
        self._send(functools.partial(self._path.write, self.entity, self._sertype, data))

    def write_parts(self, parts: list[Any]) -> None:
        """Send complete CDR given in parts; raises DdsError.

        With KEEP_ALL it waits while readers lag behind; raises LeavingError when the participant leaves meanwhile.
        """
        self._send(functools.partial(self._path.write_parts, self.entity, self._sertype, parts))

    def _send(self, work: Callable[[], None]) -> None:
        """Write, again and again while there is no room.

        While it writes, Cyclone locks the writer, and whoever asks for its status waits: the thread that serves all
        readers too. So the long wait is for acknowledgements, which locks nothing, and in steps, so that signals count.
        """
        while True:
            try:
                return work()
            except NoRoomError:
                if self._participant.is_leaving:
                    raise LeavingError("the program ends while readers lag behind") from None
            LIBRARY.dds_wait_for_acks(self.entity, _ACKNOWLEDGEMENT_STEP)
            interrupts.deliver()

    def matched(self) -> int:
        """Return how many readers receive from this writer."""
        return max(0, LIBRARY.dds_get_matched_subscriptions(self.entity, None, 0))

    def wait_for_acks(self, timeout_ns: int) -> bool:
        """Return whether all reliable readers acknowledged everything within the time; raises DdsError."""
        while True:
            step = min(timeout_ns, _ACKNOWLEDGEMENT_STEP)
            code = LIBRARY.dds_wait_for_acks(self.entity, step)
            interrupts.deliver()
            timeout_ns -= step
            if code != RETCODE_TIMEOUT:
                return check(code, "waiting for acknowledgements") == 0
            if timeout_ns <= 0 or self._participant.is_leaving:
                return False

    def assert_liveliness(self) -> None:
        """Tell that this writer is alive."""
        check(LIBRARY.dds_assert_liveliness(self.entity), "asserting liveliness")

    def close(self) -> None:
        """Delete the writer."""
        self._participant.waiter.remove(self.entity)
        delete(self.entity)


class Reader:
    """Reads serialized messages of a topic."""

    def __init__(
        self, participant: Participant, dds_name: str, type_name: str, qos: EndpointQos,
        user_data: str = "", service: bool = False, on_status: StatusHandler = _ignore,
    ) -> None:  # fmt: skip
        self._participant = participant
        self._path = participant._path
        topic = participant.topic(dds_name, type_name, service)
        with endpoint_qos(qos, _user_data(user_data, type_name), writer=False) as c_qos:
            self.entity = check(
                LIBRARY.dds_create_reader(participant.entity, topic, c_qos, None), f"creating a reader of {dds_name}"
            )
        self.guid = guid_of(self.entity)
        participant.waiter.add(self.entity, _READER_STATUSES, on_status)

    def take(self) -> Sample | None:
        """Return the next sample, None when there is none."""
        return self._path.take(self.entity)

    def matched(self) -> int:
        """Return how many writers this reader receives from."""
        return max(0, LIBRARY.dds_get_matched_publications(self.entity, None, 0))

    def close(self) -> None:
        """Delete the reader."""
        self._participant.waiter.remove(self.entity)
        delete(self.entity)


def handle_of(entity: int) -> int:
    """Return the handle by which other endpoints know an entity."""
    handle = ct.c_uint64(0)
    check(LIBRARY.dds_get_instance_handle(entity, ct.byref(handle)), "reading a handle")
    return int(handle.value)


def _user_data(given: str, type_name: str) -> bytes:
    return f"{given}typehash={type_hash(type_name)};".encode()


def _ensure_domain(domain: int) -> None:
    """Create the domain with its configuration, unless this process has it already."""
    with _lock:
        if domain in _domains:
            return
        profile.warn_about_small_buffers()
        entity = LIBRARY.dds_create_domain(domain, profile.configuration().encode())
        if entity != RETCODE_PRECONDITION_NOT_MET:
            check(entity, f"configuring ROS domain {domain} (see CYCLONEDDS_URI)")
        _domains[domain] = entity


def _close_all() -> None:
    for participant in list(_open):
        participant.close()


atexit.register(_close_all)
