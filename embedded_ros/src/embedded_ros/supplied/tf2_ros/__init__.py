"""``tf2_ros``: receive, store, look up and send coordinate transforms."""

from __future__ import annotations

from typing import Any

from tf2_py import (
    BufferCore,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TimeoutException,
    TransformException,
)

from .buffer import Buffer
from .buffer_interface import (
    BufferInterface,
    ConvertRegistration,
    NotImplementedException,
    Stamped,
    TransformRegistration,
    TypeException,
    convert,
)
from .static_transform_broadcaster import StaticTransformBroadcaster
from .static_transform_listener import StaticTransformListener
from .transform_broadcaster import TransformBroadcaster
from .transform_listener import TransformListener

__all__ = [
    "Buffer",
    "BufferCore",
    "BufferInterface",
    "ConnectivityException",
    "ConvertRegistration",
    "ExtrapolationException",
    "InvalidArgumentException",
    "LookupException",
    "NotImplementedException",
    "Stamped",
    "StaticTransformBroadcaster",
    "StaticTransformListener",
    "TimeoutException",
    "TransformBroadcaster",
    "TransformException",
    "TransformListener",
    "TransformRegistration",
    "TypeException",
    "convert",
]


def __getattr__(name: str) -> Any:
    if name in ("BufferClient", "BufferServer"):
        raise NotImplementedError(f"tf2_ros.{name} is not supported by embedded_ros; use Buffer and TransformListener")
    raise AttributeError(f"module 'tf2_ros' has no attribute {name!r}")
