"""Actions that contain other actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..launch_description_entity import LaunchDescriptionEntity
from ..launch_description_source import AnyLaunchDescriptionSource, LaunchDescriptionSource
from ..substitution import SomeSubstitutions, perform
from .configurations import (
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    ResetLaunchConfigurations,
    SetLaunchConfiguration,
)


class GroupAction(Action):
    """Actions that share a condition and, if scoped, keep changes of configurations and environment to themselves.

    forwarding: whether the actions see the configurations from outside. launch_configurations: set inside the group.
    """

    def __init__(
        self,
        actions: Iterable[LaunchDescriptionEntity],
        *,
        scoped: bool = True,
        forwarding: bool = True,
        launch_configurations: dict[Any, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.actions = list(actions)
        self._scoped = scoped
        self._forwarding = forwarding
        self._configurations = launch_configurations or {}

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the actions."""
        return list(self.actions)

    def execute(self, context: Any) -> list[LaunchDescriptionEntity]:
        """Return the actions, between those that open and close the scope."""
        if not self._forwarding:
            settings: list[LaunchDescriptionEntity] = [ResetLaunchConfigurations(self._configurations)]
        else:
            settings = [SetLaunchConfiguration(name, value) for name, value in self._configurations.items()]
        if not self._scoped:
            return [*settings, *self.actions]
        opening = [PushLaunchConfigurations(), PushEnvironment()]
        return [*opening, *settings, *self.actions, PopEnvironment(), PopLaunchConfigurations()]


class IncludeLaunchDescription(Action):
    """Takes in another launch description, a source of one or a path, with values for its arguments."""

    def __init__(
        self,
        launch_description_source: Any,
        *,
        launch_arguments: Iterable[tuple[SomeSubstitutions, SomeSubstitutions]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(launch_description_source, (LaunchDescriptionEntity, LaunchDescriptionSource)):
            launch_description_source = AnyLaunchDescriptionSource(launch_description_source)
        self.launch_description_source = launch_description_source
        self.launch_arguments = list(launch_arguments or ())

    def get_sub_entities(self) -> list[LaunchDescriptionEntity]:
        """Return the description if it can be had without running the launch."""
        description = getattr(self.launch_description_source, "try_get_launch_description_without_context", None)
        found = description() if description is not None else None
        return [found] if found is not None else []

    def execute(self, context: Any) -> list[LaunchDescriptionEntity]:
        """Return the arguments as settings, then the description."""
        source = self.launch_description_source
        if isinstance(source, LaunchDescriptionEntity):
            description, path = source, context.current_launch_file
        else:
            description = source.get_launch_description(context)
            path = source.location
        given = [SetLaunchConfiguration(name, value) for name, value in self.launch_arguments]
        names = {perform(context, name) for name, _ in self.launch_arguments}
        self._check(context, description, names)
        outside = context.current_launch_file
        return [*given, _SetLaunchFile(path), description, _SetLaunchFile(outside)]

    @staticmethod
    def _check(context: Any, description: Any, names: set[str]) -> None:
        """Raise RuntimeError, before anything is started, when an argument without default is missing."""
        for entity in description.get_sub_entities():
            required = hasattr(entity, "choices") and getattr(entity, "default_value", "") is None
            if required and entity.condition is None and entity.name not in {*names, *context.launch_configurations}:
                raise RuntimeError(
                    f"Included launch description missing required argument '{entity.name}' "
                    f"(description: '{entity.description}'), given: [{', '.join(sorted(names))}]"
                )


class _SetLaunchFile(Action):
    """Notes which launch file is being visited."""

    def __init__(self, path: str | None) -> None:
        super().__init__()
        self._path = path

    def execute(self, context: Any) -> None:
        """Note it."""
        context.current_launch_file = self._path
