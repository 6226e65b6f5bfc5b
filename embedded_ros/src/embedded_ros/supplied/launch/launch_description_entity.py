"""The base of everything that a launch description may contain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class LaunchDescriptionEntity:
    """Something that is visited when a launch runs."""

    def visit(self, context: Any) -> Iterable[LaunchDescriptionEntity] | None:
        """Take effect, and return entities to visit next."""
        return None

    def describe(self) -> str:
        """Return a short description."""
        return type(self).__name__

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the entities inside this one that are known before the launch runs."""
        return []
