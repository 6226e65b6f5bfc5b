"""``message_filters``: receive, remember and synchronise messages."""

from __future__ import annotations

from typing import Any

from .cache import Cache
from .chain import Chain
from .input_aligner import InputAligner, QueueStatus
from .simple_filter import SimpleFilter, Subscriber
from .synchronizers import ApproximateTimeSynchronizer, TimeSynchronizer

__all__ = [
    "ApproximateTimeSynchronizer",
    "Cache",
    "Chain",
    "InputAligner",
    "QueueStatus",
    "SimpleFilter",
    "Subscriber",
    "TimeSynchronizer",
]


def __getattr__(name: str) -> Any:
    if name in ("DeltaFilter", "TimeSequencer"):
        raise NotImplementedError(f"message_filters.{name} is not supported by embedded_ros")
    raise AttributeError(f"module 'message_filters' has no attribute {name!r}")
