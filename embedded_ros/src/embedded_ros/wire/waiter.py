"""The one thread that waits for Cyclone. No listeners: nothing of Cyclone's own threads ever enters Python."""

from __future__ import annotations

import ctypes as ct
import logging
import threading
from collections.abc import Callable

from embedded_ros.wire.binding import INFINITE, LIBRARY, check, delete, take_status

_ROOM = 64
_LOGGER = logging.getLogger("embedded_ros")


class Waiter:
    """Waits for statuses of entities and calls their handlers, which must be quick and must not raise."""

    def __init__(self, participant: int) -> None:
        self._waitset = check(LIBRARY.dds_create_waitset(participant), "creating a wait set")
        self._guard = check(LIBRARY.dds_create_guardcondition(participant), "creating a guard condition")
        check(LIBRARY.dds_waitset_attach(self._waitset, self._guard, 0), "attaching a guard condition")
        self._handlers: dict[int, tuple[int, Callable[[int], None]]] = {}
        self._running = True
        self._thread = threading.Thread(target=self._run, name="embedded_ros wire", daemon=True)
        self._thread.start()

    def add(self, entity: int, mask: int, handler: Callable[[int], None]) -> None:
        """Call ``handler(raised)`` whenever one of the statuses in ``mask`` is raised."""
        self._handlers[entity] = (mask, handler)
        check(LIBRARY.dds_set_status_mask(entity, mask), "setting a status mask")
        check(LIBRARY.dds_waitset_attach(self._waitset, entity, entity), "attaching to the wait set")

    def remove(self, entity: int) -> None:
        """Stop waiting for an entity."""
        if self._handlers.pop(entity, None) is not None:
            LIBRARY.dds_waitset_detach(self._waitset, entity)

    def close(self) -> None:
        """Stop the thread; no handler runs afterwards."""
        self._running = False
        LIBRARY.dds_set_guardcondition(self._guard, True)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=2.0)
        self._handlers.clear()
        for entity in (self._guard, self._waitset):
            delete(entity)

    def _run(self) -> None:
        tokens = (ct.c_ssize_t * _ROOM)()
        while self._running:
            count = LIBRARY.dds_waitset_wait(self._waitset, tokens, _ROOM, INFINITE)
            if count < 0 or not self._running:
                return
            for token in tokens[: min(count, _ROOM)]:
                entry = self._handlers.get(token)
                if entry is not None:
                    raised = take_status(token, entry[0])
                    if raised:
                        _handle(entry[1], raised)


def _handle(handler: Callable[[int], None], raised: int) -> None:
    """Call a handler; its errors must not end the thread that everything else depends on."""
    try:
        handler(raised)
    except Exception:
        _LOGGER.exception("a handler of DDS statuses failed")
