"""Groups of callbacks that may or may not run at the same time."""

from __future__ import annotations

import threading
import weakref
from typing import Any


class CallbackGroup:
    """Base of callback groups."""

    def __init__(self) -> None:
        self.entities: set[weakref.ReferenceType[Any]] = set()

    def add_entity(self, entity: Any) -> None:
        """Add an entity; it is held weakly."""
        self.entities = {known for known in self.entities if known() is not None}
        self.entities.add(weakref.ref(entity))

    def has_entity(self, entity: Any) -> bool:
        """Return whether an entity was added."""
        return weakref.ref(entity) in self.entities

    def can_execute(self, entity: Any) -> bool:
        """Return whether the entity's callback may run now."""
        raise NotImplementedError

    def beginning_execution(self, entity: Any) -> bool:
        """Take the right to run; return whether it was granted."""
        raise NotImplementedError

    def ending_execution(self, entity: Any) -> None:
        """Give the right to run back."""
        raise NotImplementedError


class ReentrantCallbackGroup(CallbackGroup):
    """Callbacks may all run at the same time."""

    def can_execute(self, entity: Any) -> bool:
        """Return True."""
        return True

    def beginning_execution(self, entity: Any) -> bool:
        """Return True."""
        return True

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """Only one callback runs at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._active_entity: Any = None
        self._lock = threading.Lock()

    def can_execute(self, entity: Any) -> bool:
        """Return whether nothing of the group runs."""
        return self._active_entity is None

    def beginning_execution(self, entity: Any) -> bool:
        """Take the right to run if nothing of the group runs."""
        with self._lock:
            if self._active_entity is not None:
                return False
            self._active_entity = entity
            return True

    def ending_execution(self, entity: Any) -> None:
        """Give the right to run back."""
        with self._lock:
            self._active_entity = None
