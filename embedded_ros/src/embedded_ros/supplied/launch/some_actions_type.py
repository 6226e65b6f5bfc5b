"""The type of everything that can stand for actions."""

from __future__ import annotations

from collections.abc import Iterable

from .launch_description_entity import LaunchDescriptionEntity

SomeActionsType = LaunchDescriptionEntity | Iterable[LaunchDescriptionEntity]

__all__ = ["SomeActionsType"]
