"""How many threads torch computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

_lock = Lock()
_asked: list[int] = []
_outside: list[int] = []


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute with `count` threads (0: as it is set) as long as the context lasts.

    Threads wait for one another after each operation, by spinning. Where another program holds a core, small operations then
    take a hundred times as long as on one thread. The number is one for the process: contexts may overlap in any way, the last
    one that ends restores what was set before the first.
    """
    if not count:
        yield
        return
    with _lock:
        _outside[:] = _outside or [torch.get_num_threads()]
        _asked.append(count)
        torch.set_num_threads(count)
    try:
        yield
    finally:
        with _lock:
            _asked.remove(count)
            torch.set_num_threads(_asked[-1] if _asked else _outside.pop())
