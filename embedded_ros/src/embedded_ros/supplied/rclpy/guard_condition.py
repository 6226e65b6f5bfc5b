"""Guard conditions: callbacks that other threads trigger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy._entity import Entity, await_or_execute


class GuardCondition(Entity):
    """Calls back once per trigger that the executor notices."""

    def __init__(
        self, callback: Callable[[], Any] | None, callback_group: Any, context: Any = None, node: Any = None
    ) -> None:
        super().__init__(callback_group, node)
        self.callback = callback
        self._triggered = False

    def trigger(self) -> None:
        """Call back soon."""
        self._triggered = True
        self._wake_executor()

    def destroy(self) -> None:
        """Stop calling back."""
        self._destroyed = True

    def _is_ready(self) -> bool:
        return self._triggered

    def _take(self) -> bool | None:
        triggered, self._triggered = self._triggered, False
        return True if triggered else None

    async def _execute(self, work: bool) -> None:
        if self.callback is not None:
            await await_or_execute(self.callback)
