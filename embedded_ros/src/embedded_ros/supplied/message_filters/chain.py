"""Filters in series."""

from __future__ import annotations

from typing import Any

from .simple_filter import SimpleFilter


class Chain(SimpleFilter):
    """A row of filters: each feeds the next, the last one feeds the callbacks of the chain."""

    def __init__(self, message_filter: SimpleFilter | None = None) -> None:
        super().__init__()
        self._filters: list[Any] = []
        self._outlet: int | None = None
        self.incoming_connection: int | None = None
        if message_filter is not None:
            self.connectInput(message_filter)

    def connectInput(self, message_filter: SimpleFilter) -> None:
        """Take messages from a filter; RuntimeError when there is an input already."""
        if self.incoming_connection is not None:
            raise RuntimeError("Already connected")
        self.incoming_connection = message_filter.registerCallback(self.add)

    def add(self, message: Any) -> None:
        """Feed a message into the first filter."""
        if self._filters:
            self._filters[0].add(message)
        else:
            self.signalMessage(message)

    def addFilter(self, message_filter: Any) -> int:
        """Append a filter; returns its index."""
        if self._filters:
            self._filters[-1].unregisterCallback(self._outlet)
            self._filters[-1].registerCallback(message_filter.add)
        self._filters.append(message_filter)
        self._outlet = message_filter.registerCallback(self.signalMessage)
        return len(self._filters) - 1

    def getFilter(self, index: int) -> Any:
        """Return a filter by its index."""
        return self._filters[index]
