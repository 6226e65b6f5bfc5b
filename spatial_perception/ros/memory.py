"""Memory that is free goes back to the system, so that a robot that runs for months shows what it really uses."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> bool:
    """Return what the C library keeps of freed memory, which large arrays of changing sizes leave in pieces.

    Takes a millisecond or two; only glibc can. Returns whether it was done.
    """
    trim = _trim()
    if trim is None:
        return False
    trim(0)
    return True


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
