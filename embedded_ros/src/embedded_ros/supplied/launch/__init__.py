"""``launch``: describe and run a set of processes."""

from __future__ import annotations

from typing import Any

from . import actions, conditions, event_handlers, events, launch_description_sources, substitutions, utilities
from .action import Action
from .condition import Condition
from .event import Event
from .event_handler import BaseEventHandler, EventHandler
from .launch_context import LaunchContext
from .launch_description import LaunchDescription
from .launch_description_entity import LaunchDescriptionEntity
from .launch_description_source import LaunchDescriptionSource
from .launch_service import LaunchService
from .some_actions_type import SomeActionsType
from .some_substitutions_type import SomeSubstitutionsType, SomeSubstitutionsType_types_tuple
from .substitution import Substitution


def __getattr__(name: str) -> Any:
    if name == "LaunchIntrospector":
        raise NotImplementedError(f"launch.{name} is not supported by embedded_ros")
    raise AttributeError(f"module 'launch' has no attribute {name!r}")


__all__ = [
    "Action",
    "BaseEventHandler",
    "Condition",
    "Event",
    "EventHandler",
    "LaunchContext",
    "LaunchDescription",
    "LaunchDescriptionEntity",
    "LaunchDescriptionSource",
    "LaunchService",
    "SomeActionsType",
    "SomeSubstitutionsType",
    "SomeSubstitutionsType_types_tuple",
    "Substitution",
    "actions",
    "conditions",
    "event_handlers",
    "events",
    "launch_description_sources",
    "substitutions",
    "utilities",
]
