"""The base of event handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .event import Event
from .launch_description_entity import LaunchDescriptionEntity

Entities = Iterable[LaunchDescriptionEntity] | LaunchDescriptionEntity | None


class BaseEventHandler:
    """Chooses the events that it answers; with ``handle_once`` it answers the first only."""

    def __init__(self, *, matcher: Callable[[Event], bool], handle_once: bool = False) -> None:
        self._matcher = matcher
        self._handle_once = handle_once
        self._handled = False

    def matches(self, event: Event) -> bool:
        """Return whether the handler answers an event."""
        return not (self._handle_once and self._handled) and self._matcher(event)

    def handle(self, event: Event, context: Any) -> Entities:
        """Answer an event with entities to visit."""
        self._handled = True
        context.extend_locals({"event": event})
        return None

    def describe(self) -> str:
        """Return a short description."""
        return type(self).__name__


class EventHandler(BaseEventHandler):
    """Answers matching events with fixed entities."""

    def __init__(
        self, *, matcher: Callable[[Event], bool], entities: Entities = None, handle_once: bool = False
    ) -> None:
        super().__init__(matcher=matcher, handle_once=handle_once)
        self.entities = as_entities(entities)

    def handle(self, event: Event, context: Any) -> Entities:
        """Return the entities."""
        super().handle(event, context)
        return self.entities


def as_entities(value: Entities) -> list[LaunchDescriptionEntity]:
    """Return what a callback or an argument gives as a list of entities."""
    if value is None:
        return []
    return [value] if isinstance(value, LaunchDescriptionEntity) else list(value)
