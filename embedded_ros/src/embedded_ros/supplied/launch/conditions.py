"""Conditions under which actions take place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch._submodules import register_submodules

from .condition import Condition
from .substitution import SomeSubstitutions, perform

__all__ = [
    "IfCondition",
    "InvalidConditionExpressionError",
    "LaunchConfigurationEquals",
    "LaunchConfigurationNotEquals",
    "UnlessCondition",
    "evaluate_condition_expression",
]


class InvalidConditionExpressionError(RuntimeError):
    """The text of a condition is neither true nor false."""


def evaluate_condition_expression(context: Any, expression: SomeSubstitutions) -> bool:
    """Return the truth of ``true``, ``1``, ``false`` or ``0``; InvalidConditionExpressionError for other texts."""
    text = perform(context, expression).strip().lower()
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise InvalidConditionExpressionError(f"expected 'true' or 'false' (or '1' or '0') as condition, got {text!r}")


class IfCondition(Condition):
    """Holds when an expression is true."""

    def __init__(self, predicate_expression: SomeSubstitutions) -> None:
        super().__init__(predicate=lambda context: evaluate_condition_expression(context, predicate_expression))


class UnlessCondition(Condition):
    """Holds when an expression is false."""

    def __init__(self, predicate_expression: SomeSubstitutions) -> None:
        super().__init__(predicate=lambda context: not evaluate_condition_expression(context, predicate_expression))


class LaunchConfigurationEquals(Condition):
    """Holds when a launch configuration has a value; with None, when it is not set."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutions | None) -> None:
        super().__init__(predicate=_equals(launch_configuration_name, expected_value))


class LaunchConfigurationNotEquals(Condition):
    """Holds when a launch configuration has another value."""

    def __init__(self, launch_configuration_name: str, expected_value: SomeSubstitutions | None) -> None:
        equals = _equals(launch_configuration_name, expected_value)
        super().__init__(predicate=lambda context: not equals(context))


def _equals(name: str, expected: SomeSubstitutions | None) -> Callable[[Any], bool]:
    def predicate(context: Any) -> bool:
        if expected is None or name not in context.launch_configurations:
            return expected is None and name not in context.launch_configurations
        return context.launch_configurations[name] == perform(context, expected)

    return predicate


register_submodules(__name__, __all__)
