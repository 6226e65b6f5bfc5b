"""The base of conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Condition:
    """Decides whether an action takes place."""

    def __init__(self, *, predicate: Callable[[Any], bool]) -> None:
        self._predicate = predicate

    def evaluate(self, context: Any) -> bool:
        """Return whether the condition holds."""
        return self._predicate(context)
