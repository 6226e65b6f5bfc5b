"""The base of actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .condition import Condition
from .launch_description_entity import LaunchDescriptionEntity


class Action(LaunchDescriptionEntity):
    """Does something when it is visited, if its condition holds."""

    def __init__(self, *, condition: Condition | None = None) -> None:
        self._condition = condition

    @property
    def condition(self) -> Condition | None:
        """The condition, None if there is none."""
        return self._condition

    def visit(self, context: Any) -> Iterable[LaunchDescriptionEntity] | None:
        """Execute the action if its condition holds."""
        if self._condition is not None and not self._condition.evaluate(context):
            return None
        return self.execute(context)

    def execute(self, context: Any) -> Iterable[LaunchDescriptionEntity] | None:
        """Do it, and return entities to visit next."""
        return None
