"""Actions that declare arguments and change launch configurations or the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from ..action import Action
from ..substitution import SomeSubstitutions, describe, perform


class DeclareLaunchArgument(Action):
    """Declares an argument that may be given on the command line or by an including file.

    choices: the values allowed. Raises RuntimeError when the argument has no default and is not given, or when its value
    is not among the choices.
    """

    def __init__(
        self,
        name: str,
        *,
        default_value: SomeSubstitutions | None = None,
        description: str | None = None,
        choices: Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.default_value = default_value
        self.description = description or "no description given"
        self.choices = None if choices is None else [str(choice) for choice in choices]
        if self.choices is not None and not self.choices:
            raise ValueError(f"launch argument {name!r} has an empty list of choices")
        if self.choices is not None and isinstance(default_value, str) and default_value not in self.choices:
            raise ValueError(f"default {default_value!r} of launch argument {name!r} is not one of {self.choices}")

    def execute(self, context: Any) -> None:
        """Set the default if no value is given, and check the value."""
        if self.name not in context.launch_configurations:
            if self.default_value is None:
                raise RuntimeError(
                    f"Required launch argument '{self.name}' (description: '{self.description}') was not provided"
                )
            context.launch_configurations[self.name] = perform(context, self.default_value)
        value = context.launch_configurations[self.name]
        if self.choices is not None and value not in self.choices:
            raise RuntimeError(
                f'Argument "{self.name}" provided value "{value}" is not valid. Valid options are: {self.choices}'
            )

    def describe_lines(self) -> list[str]:
        """Return what ``--show-args`` prints."""
        lines = [f"    '{self.name}':", *(f"        {line.strip()}" for line in self.description.splitlines())]
        if self.choices is not None:
            lines[-1] += f" Valid choices are: {self.choices}"
        if self.default_value is not None:
            lines.append(f"        (default: {describe(self.default_value)})")
        return lines


class SetLaunchConfiguration(Action):
    """Sets a launch configuration."""

    def __init__(self, name: SomeSubstitutions, value: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.value = value

    def execute(self, context: Any) -> None:
        """Set it."""
        context.launch_configurations[perform(context, self.name)] = perform(context, self.value)


class UnsetLaunchConfiguration(Action):
    """Removes a launch configuration."""

    def __init__(self, name: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def execute(self, context: Any) -> None:
        """Remove it if it is set."""
        context.launch_configurations.pop(perform(context, self.name), None)


class ResetLaunchConfigurations(Action):
    """Forgets all launch configurations except those given."""

    def __init__(self, launch_configurations: dict[Any, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.launch_configurations = launch_configurations or {}

    def execute(self, context: Any) -> None:
        """Evaluate those given, then forget the rest."""
        kept = {perform(context, k): perform(context, v) for k, v in self.launch_configurations.items()}
        context.launch_configurations = kept


class PushLaunchConfigurations(Action):
    """Remembers the launch configurations."""

    def execute(self, context: Any) -> None:
        """Remember them."""
        context.push_configurations()


class PopLaunchConfigurations(Action):
    """Restores the launch configurations remembered last."""

    def execute(self, context: Any) -> None:
        """Restore them."""
        context.pop_configurations()


class PushEnvironment(Action):
    """Remembers the environment."""

    def execute(self, context: Any) -> None:
        """Remember it."""
        context.push_environment()


class PopEnvironment(Action):
    """Restores the environment remembered last."""

    def execute(self, context: Any) -> None:
        """Restore it."""
        context.pop_environment()


class SetEnvironmentVariable(Action):
    """Sets an environment variable for the processes started after it."""

    def __init__(self, name: SomeSubstitutions, value: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.value = value

    def execute(self, context: Any) -> None:
        """Set it."""
        context.environment[perform(context, self.name)] = perform(context, self.value)


class UnsetEnvironmentVariable(Action):
    """Removes an environment variable."""

    def __init__(self, name: SomeSubstitutions, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name = name

    def execute(self, context: Any) -> None:
        """Remove it if it is set."""
        context.environment.pop(perform(context, self.name), None)


class AppendEnvironmentVariable(Action):
    """Appends to (or, with ``prepend``, puts in front of) an environment variable that holds a list."""

    def __init__(
        self,
        name: SomeSubstitutions,
        value: SomeSubstitutions,
        prepend: Any = False,
        separator: SomeSubstitutions = os.pathsep,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.value = value
        self.prepend = prepend
        self.separator = separator

    def execute(self, context: Any) -> None:
        """Change it."""
        name, value = perform(context, self.name), perform(context, self.value)
        front = self.prepend if isinstance(self.prepend, bool) else perform(context, self.prepend).lower() == "true"
        before = context.environment.get(name)
        parts = [value] if not before else ([value, before] if front else [before, value])
        context.environment[name] = perform(context, self.separator).join(parts)
