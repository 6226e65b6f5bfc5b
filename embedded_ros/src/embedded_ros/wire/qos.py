"""Quality of service of endpoints as a value, and its translation to and from Cyclone's QoS objects."""

from __future__ import annotations

import contextlib
import ctypes as ct
import dataclasses
import enum
from collections.abc import Iterator

from embedded_ros.wire.binding import INFINITE, LIBRARY

_LIMITS_UNSET = -1
# Nanoseconds that one write of KEEP_ALL waits for room; the writer tries again. Genuine ones wait in C for ever.
_BLOCKING = 10_000_000


class Liveliness(enum.IntEnum):
    """Who tells that a writer is alive."""

    AUTOMATIC = 0
    MANUAL_BY_PARTICIPANT = 1
    MANUAL_BY_TOPIC = 2


@dataclasses.dataclass(frozen=True)
class EndpointQos:
    """QoS of one reader or writer; durations in nanoseconds, ``INFINITE`` for none."""

    reliable: bool = True
    transient_local: bool = False
    keep_all: bool = False
    depth: int = 10
    deadline: int = INFINITE
    lifespan: int = INFINITE
    liveliness: Liveliness = Liveliness.AUTOMATIC
    liveliness_lease: int = INFINITE
    ignore_local: bool = False


@contextlib.contextmanager
def participant_qos(user_data: bytes) -> Iterator[int]:
    """Yield a QoS object with user data only."""
    qos = LIBRARY.dds_create_qos()
    try:
        LIBRARY.dds_qset_userdata(qos, user_data, len(user_data))
        yield qos
    finally:
        LIBRARY.dds_delete_qos(qos)


@contextlib.contextmanager
def endpoint_qos(values: EndpointQos, user_data: bytes, writer: bool) -> Iterator[int]:
    """Yield a QoS object for a reader or writer, laid out as rmw_cyclonedds does it."""
    qos = LIBRARY.dds_create_qos()
    try:
        LIBRARY.dds_qset_reliability(qos, int(values.reliable), _BLOCKING if writer and values.keep_all else INFINITE)
        LIBRARY.dds_qset_durability(qos, int(values.transient_local))
        LIBRARY.dds_qset_history(qos, int(values.keep_all), _LIMITS_UNSET if values.keep_all else max(1, values.depth))
        LIBRARY.dds_qset_deadline(qos, values.deadline)
        LIBRARY.dds_qset_liveliness(qos, int(values.liveliness), values.liveliness_lease)
        LIBRARY.dds_qset_userdata(qos, user_data, len(user_data))
        LIBRARY.dds_qset_data_representation(qos, 1, (ct.c_int16 * 1)(0))
        if values.ignore_local:
            LIBRARY.dds_qset_ignorelocal(qos, 1)
        if writer:
            _set_writer_only(qos, values)
        yield qos
    finally:
        LIBRARY.dds_delete_qos(qos)


def _set_writer_only(qos: int, values: EndpointQos) -> None:
    LIBRARY.dds_qset_lifespan(qos, values.lifespan)
    LIBRARY.dds_qset_writer_data_lifecycle(qos, False)
    if values.transient_local:
        depth = _LIMITS_UNSET if values.keep_all else max(1, values.depth)
        LIBRARY.dds_qset_durability_service(qos, 0, int(values.keep_all), depth, *[_LIMITS_UNSET] * 3)


def read_qos(qos: int) -> EndpointQos:
    """Return the values of a QoS object of Cyclone's."""
    reliability, durability, history, liveliness = (ct.c_int() for _ in range(4))
    depth = ct.c_int32(0)
    blocking, deadline, lifespan, lease = (ct.c_int64(INFINITE) for _ in range(4))
    LIBRARY.dds_qget_reliability(qos, ct.byref(reliability), ct.byref(blocking))
    LIBRARY.dds_qget_durability(qos, ct.byref(durability))
    LIBRARY.dds_qget_history(qos, ct.byref(history), ct.byref(depth))
    LIBRARY.dds_qget_deadline(qos, ct.byref(deadline))
    LIBRARY.dds_qget_lifespan(qos, ct.byref(lifespan))
    LIBRARY.dds_qget_liveliness(qos, ct.byref(liveliness), ct.byref(lease))
    return EndpointQos(
        reliable=bool(reliability.value),
        transient_local=durability.value >= 1,
        keep_all=bool(history.value),
        depth=depth.value,
        deadline=deadline.value,
        lifespan=lifespan.value,
        liveliness=Liveliness(liveliness.value),
        liveliness_lease=lease.value,
    )


def read_user_data(qos: int) -> bytes:
    """Return the user data of a QoS object."""
    pointer, size = ct.c_void_p(), ct.c_size_t(0)
    if not LIBRARY.dds_qget_userdata(qos, ct.byref(pointer), ct.byref(size)) or not pointer.value:
        return b""
    try:
        return ct.string_at(pointer.value, size.value)
    finally:
        LIBRARY.dds_free(pointer)
