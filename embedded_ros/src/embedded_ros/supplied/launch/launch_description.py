"""``LaunchDescription``: what a launch file returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .launch_description_entity import LaunchDescriptionEntity


class LaunchDescription(LaunchDescriptionEntity):
    """A list of entities."""

    def __init__(
        self, initial_entities: Iterable[LaunchDescriptionEntity] | None = None, *, deprecated_reason: str | None = None
    ) -> None:
        self.entities: list[LaunchDescriptionEntity] = list(initial_entities or [])
        self.deprecated_reason = deprecated_reason
        for entity in self.entities:
            _check(entity)

    def visit(self, context: Any) -> Iterable[LaunchDescriptionEntity]:
        """Return the entities in order."""
        if self.deprecated_reason:
            context.log.line("WARNING", "launch", f"this launch description is deprecated: {self.deprecated_reason}")
        return self.entities

    def add_entity(self, entity: LaunchDescriptionEntity) -> None:
        """Append an entity."""
        _check(entity)
        self.entities.append(entity)

    def add_action(self, action: LaunchDescriptionEntity) -> None:
        """Append an action."""
        self.add_entity(action)

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities."""
        return list(self.entities)

    def get_launch_arguments(self, conditional_inclusion: bool = False) -> list[Any]:
        """Return the arguments that are declared here and in nested entities, without repetition."""
        found: dict[str, Any] = {}
        for entity in walk(self):
            if hasattr(entity, "default_value") and hasattr(entity, "choices"):
                found.setdefault(entity.name, entity)
        return list(found.values())


def walk(entity: LaunchDescriptionEntity) -> Iterator[LaunchDescriptionEntity]:
    """Yield an entity and everything inside it that is known before the launch runs."""
    yield entity
    for child in entity.get_sub_entities():
        yield from walk(child)


def _check(entity: Any) -> None:
    if not isinstance(entity, LaunchDescriptionEntity):
        raise TypeError(f"a launch description holds actions and descriptions, got {type(entity).__name__}: {entity!r}")
