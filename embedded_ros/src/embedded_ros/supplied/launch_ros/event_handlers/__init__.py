"""Handlers of the events of lifecycle nodes."""

from __future__ import annotations

from typing import Any

from launch._submodules import register_submodules
from launch.event_handler import Entities, EventHandler

from ..events.lifecycle import StateTransition

__all__ = ["OnStateTransition"]


class OnStateTransition(EventHandler):
    """Acts when a lifecycle node has made a transition; what is not given matches everything."""

    def __init__(
        self,
        *,
        entities: Entities,
        target_lifecycle_node: Any = None,
        transition: str | None = None,
        start_state: str | None = None,
        goal_state: str | None = None,
        **kwargs: Any,
    ) -> None:
        wanted = {"transition": transition, "start_state": start_state, "goal_state": goal_state}

        def matches(event: Any) -> bool:
            if not isinstance(event, StateTransition):
                return False
            if target_lifecycle_node is not None and event.action is not target_lifecycle_node:
                return False
            return all(value is None or getattr(event, name) == value for name, value in wanted.items())

        super().__init__(matcher=matches, entities=entities, **kwargs)


register_submodules(__name__, __all__)
