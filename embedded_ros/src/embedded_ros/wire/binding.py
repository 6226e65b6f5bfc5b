"""Thin ctypes layer over Cyclone's C library (https://cyclonedds.io/docs/cyclonedds/latest/api/).

Only what the wire needs: entities, QoS, wait sets, statuses and serialized samples. The functions named in ``_FAST`` are
exported but not part of the stable interface; ``HAS_FAST_PATH`` tells whether this version of the library has them all.
Every call through ctypes releases the GIL.
"""

from __future__ import annotations

import ctypes as ct
import importlib.util
import os
import pathlib
import sys
from typing import Any


def _load() -> Any:
    """Load the library that lies in the cyclonedds wheel, without importing its Python part, which is slow."""
    spec = importlib.util.find_spec("cyclonedds")
    if spec is None or not spec.origin:
        raise ImportError("cyclonedds is not installed: pip install 'cyclonedds>=11,<12' (no wheel for Linux on arm64)")
    package = pathlib.Path(spec.origin).parent
    found = sorted([*(package.parent / "cyclonedds.libs").glob("*ddsc*"), *(package / ".dylibs").glob("libddsc*")])
    if found and "CYCLONEDDS_HOME" not in os.environ:
        return ct.CDLL(str(found[0]))
    from cyclonedds.internal import load_cyclonedds

    return load_cyclonedds()


LIBRARY: Any = _load()
INFINITE = 0x7FFFFFFFFFFFFFFF

RETCODE_TIMEOUT = -10
RETCODE_PRECONDITION_NOT_MET = -4
_RETCODES = {
    -1: "error",
    -2: "unsupported",
    -3: "bad parameter",
    -4: "precondition not met",
    -5: "out of resources",
    -6: "not enabled",
    -7: "immutable policy",
    -8: "inconsistent policy",
    -9: "already deleted",
    -10: "timeout",
    -11: "no data",
    -12: "illegal operation",
    -13: "not allowed by security",
}

# Bits of a status mask.
OFFERED_DEADLINE_MISSED = 1 << 1
REQUESTED_DEADLINE_MISSED = 1 << 2
OFFERED_INCOMPATIBLE_QOS = 1 << 3
REQUESTED_INCOMPATIBLE_QOS = 1 << 4
SAMPLE_LOST = 1 << 5
DATA_AVAILABLE = 1 << 8
LIVELINESS_LOST = 1 << 9
LIVELINESS_CHANGED = 1 << 10
PUBLICATION_MATCHED = 1 << 11
SUBSCRIPTION_MATCHED = 1 << 12

ALIVE_INSTANCE = 1 << 4
ANY_STATE = 0x7F
SERDATA_KIND_DATA = 2
BUILTIN_PARTICIPANT, BUILTIN_PUBLICATION, BUILTIN_SUBSCRIPTION = 0x7FFF0001, 0x7FFF0003, 0x7FFF0004


class DdsError(RuntimeError):
    """A call into Cyclone DDS failed."""


class NoRoomError(DdsError):
    """Cyclone waited as long as the QoS says and found no room for a sample."""


class Guid(ct.Structure):
    """The 16 bytes that identify an entity on the network."""

    _fields_ = (("v", ct.c_uint8 * 16),)


class SampleInfo(ct.Structure):
    """What Cyclone knows about a sample beside its payload."""

    _fields_ = (
        ("sample_state", ct.c_uint),
        ("view_state", ct.c_uint),
        ("instance_state", ct.c_uint),
        ("valid_data", ct.c_bool),
        ("source_timestamp", ct.c_int64),
        ("instance_handle", ct.c_uint64),
        ("publication_handle", ct.c_uint64),
        ("disposed_generation_count", ct.c_uint32),
        ("no_writers_generation_count", ct.c_uint32),
        ("sample_rank", ct.c_uint32),
        ("generation_rank", ct.c_uint32),
        ("absolute_generation_rank", ct.c_uint32),
    )


class IoVector(ct.Structure):
    """A piece of memory."""

    _fields_ = (("base", ct.c_void_p), ("length", ct.c_size_t))


class BuiltinParticipant(ct.Structure):
    """Sample of the built-in topic about participants."""

    _fields_ = (("key", Guid), ("qos", ct.c_void_p))


class BuiltinEndpoint(ct.Structure):
    """Sample of the built-in topics about readers and writers."""

    _fields_ = (
        ("key", Guid),
        ("participant_key", Guid),
        ("participant_handle", ct.c_uint64),
        ("topic_name", ct.c_char_p),
        ("type_name", ct.c_char_p),
        ("qos", ct.c_void_p),
    )


_ENTITY, _VOID, _DURATION, _HANDLE, _MASK = ct.c_int32, ct.c_void_p, ct.c_int64, ct.c_uint64, ct.c_uint32
_CODE = ct.c_int32
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "dds_create_topic": (_ENTITY, (_ENTITY, _VOID, ct.c_char_p, _VOID, _VOID)),
    "dds_create_domain": (_ENTITY, (ct.c_uint32, ct.c_char_p)),
    "dds_create_participant": (_ENTITY, (ct.c_uint32, _VOID, _VOID)),
    "dds_create_reader": (_ENTITY, (_ENTITY, _ENTITY, _VOID, _VOID)),
    "dds_create_writer": (_ENTITY, (_ENTITY, _ENTITY, _VOID, _VOID)),
    "dds_create_waitset": (_ENTITY, (_ENTITY,)),
    "dds_create_guardcondition": (_ENTITY, (_ENTITY,)),
    "dds_set_guardcondition": (_CODE, (_ENTITY, ct.c_bool)),
    "dds_take_guardcondition": (_CODE, (_ENTITY, ct.POINTER(ct.c_bool))),
    "dds_waitset_attach": (_CODE, (_ENTITY, _ENTITY, ct.c_ssize_t)),
    "dds_waitset_detach": (_CODE, (_ENTITY, _ENTITY)),
    "dds_waitset_wait": (_CODE, (_ENTITY, ct.POINTER(ct.c_ssize_t), ct.c_size_t, _DURATION)),
    "dds_delete": (_CODE, (_ENTITY,)),
    "dds_get_guid": (_CODE, (_ENTITY, ct.POINTER(Guid))),
    "dds_get_instance_handle": (_CODE, (_ENTITY, ct.POINTER(_HANDLE))),
    "dds_set_status_mask": (_CODE, (_ENTITY, _MASK)),
    "dds_take_status": (_CODE, (_ENTITY, ct.POINTER(_MASK), _MASK)),
    "dds_wait_for_acks": (_CODE, (_ENTITY, _DURATION)),
    "dds_assert_liveliness": (_CODE, (_ENTITY,)),
    "dds_take": (_CODE, (_ENTITY, ct.POINTER(_VOID), ct.POINTER(SampleInfo), ct.c_size_t, ct.c_uint32)),
    "dds_return_loan": (_CODE, (_ENTITY, ct.POINTER(_VOID), ct.c_int32)),
    "dds_get_matched_publications": (_CODE, (_ENTITY, ct.POINTER(_HANDLE), ct.c_size_t)),
    "dds_get_matched_subscriptions": (_CODE, (_ENTITY, ct.POINTER(_HANDLE), ct.c_size_t)),
    "dds_create_qos": (_VOID, ()),
    "dds_delete_qos": (None, (_VOID,)),
    "dds_qset_reliability": (None, (_VOID, ct.c_int, _DURATION)),
    "dds_qset_durability": (None, (_VOID, ct.c_int)),
    "dds_qset_history": (None, (_VOID, ct.c_int, ct.c_int32)),
    "dds_qset_durability_service": (None, (_VOID, _DURATION, ct.c_int, ct.c_int32, ct.c_int32, ct.c_int32, ct.c_int32)),
    "dds_qset_deadline": (None, (_VOID, _DURATION)),
    "dds_qset_lifespan": (None, (_VOID, _DURATION)),
    "dds_qset_liveliness": (None, (_VOID, ct.c_int, _DURATION)),
    "dds_qset_userdata": (None, (_VOID, ct.c_char_p, ct.c_size_t)),
    "dds_qset_writer_data_lifecycle": (None, (_VOID, ct.c_bool)),
    "dds_qset_ignorelocal": (None, (_VOID, ct.c_int)),
    "dds_qset_data_representation": (None, (_VOID, ct.c_uint32, ct.POINTER(ct.c_int16))),
    "dds_qget_reliability": (ct.c_bool, (_VOID, ct.POINTER(ct.c_int), ct.POINTER(_DURATION))),
    "dds_qget_durability": (ct.c_bool, (_VOID, ct.POINTER(ct.c_int))),
    "dds_qget_history": (ct.c_bool, (_VOID, ct.POINTER(ct.c_int), ct.POINTER(ct.c_int32))),
    "dds_qget_deadline": (ct.c_bool, (_VOID, ct.POINTER(_DURATION))),
    "dds_qget_lifespan": (ct.c_bool, (_VOID, ct.POINTER(_DURATION))),
    "dds_qget_liveliness": (ct.c_bool, (_VOID, ct.POINTER(ct.c_int), ct.POINTER(_DURATION))),
    "dds_qget_userdata": (ct.c_bool, (_VOID, ct.POINTER(_VOID), ct.POINTER(ct.c_size_t))),
    "dds_free": (None, (_VOID,)),
}
_FAST: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "dds_get_entity_sertype": (_CODE, (_ENTITY, ct.POINTER(_VOID))),
    "dds_writecdr": (_CODE, (_ENTITY, _VOID)),
    "dds_takecdr": (_CODE, (_ENTITY, ct.POINTER(_VOID), ct.c_uint32, ct.POINTER(SampleInfo), ct.c_uint32)),
    "ddsi_serdata_from_ser_iov": (_VOID, (_VOID, ct.c_int, ct.c_size_t, ct.POINTER(IoVector), ct.c_size_t)),
    "ddsi_serdata_size": (ct.c_uint32, (_VOID,)),
    "ddsi_serdata_to_ser_ref": (_VOID, (_VOID, ct.c_size_t, ct.c_size_t, ct.POINTER(IoVector))),
    "ddsi_serdata_to_ser_unref": (None, (_VOID, ct.POINTER(IoVector))),
    "ddsi_serdata_unref": (None, (_VOID,)),
}


def _declare(signatures: dict[str, tuple[Any, tuple[Any, ...]]]) -> bool:
    """Set the C signatures; return whether the library has all the functions."""
    for name, (result, arguments) in signatures.items():
        function = getattr(LIBRARY, name, None)
        if function is None:
            return False
        function.restype, function.argtypes = result, arguments
    return True


if not _declare(_SIGNATURES):
    raise ImportError(
        "this cyclonedds is too old or incomplete; install cyclonedds 11: pip install 'cyclonedds>=11,<12'"
    )
HAS_FAST_PATH = sys.platform != "win32" and _declare(_FAST)


def check(code: int, what: str) -> int:
    """Return a non-negative result; raise DdsError (NoRoomError after a timeout) naming the failed step otherwise."""
    if code == RETCODE_TIMEOUT:
        raise NoRoomError(f"{what} failed: no room within the time allowed")
    if code < 0:
        raise DdsError(f"{what} failed: {_RETCODES.get(code, 'unknown error')} ({code})")
    return code


def guid_of(entity: int) -> bytes:
    """Return the 16 bytes of an entity's GUID."""
    guid = Guid()
    check(LIBRARY.dds_get_guid(entity, ct.byref(guid)), "reading a GUID")
    return bytes(guid.v)


def delete(entity: int) -> None:
    """Delete an entity; one that is gone already is no error."""
    LIBRARY.dds_delete(entity)


def take_status(entity: int, mask: int) -> int:
    """Return and reset the raised statuses of an entity among ``mask``."""
    raised = ct.c_uint32(0)
    code = LIBRARY.dds_take_status(entity, ct.byref(raised), mask)
    return int(raised.value) if code >= 0 else 0
