"""Substitutions: texts that are not known before a launch runs."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import Any, Union

SomeSubstitutions = Union[str, pathlib.Path, "Substitution", Iterable[Any]]


class Substitution:
    """Something that becomes a text when a launch runs."""

    def perform(self, context: Any) -> str:
        """Return the text."""
        raise NotImplementedError(f"{type(self).__name__}.perform")

    def describe(self) -> str:
        """Return a short description for listings."""
        return f"{type(self).__name__}()"


class TextSubstitution(Substitution):
    """A plain text."""

    def __init__(self, *, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"TextSubstitution expects a str, got {type(text).__name__}")
        self.text = text

    def perform(self, context: Any) -> str:
        """Return the text."""
        return self.text

    def describe(self) -> str:
        """Return the text in quotes."""
        return repr(self.text)


def normalize_to_list_of_substitutions(value: SomeSubstitutions) -> list[Substitution]:
    """Return a text, path, substitution or sequence of them as a list of substitutions; TypeError for other types."""
    if isinstance(value, Substitution):
        return [value]
    if isinstance(value, (str, pathlib.PurePath)):
        return [TextSubstitution(text=str(value))]
    if isinstance(value, Iterable):
        return [part for element in value for part in normalize_to_list_of_substitutions(element)]
    raise TypeError(f"expected a str, a path, a Substitution or a sequence of them, got {type(value).__name__}")


def perform_substitutions(context: Any, substitutions: Iterable[Substitution]) -> str:
    """Return the texts of substitutions put together."""
    return "".join(substitution.perform(context) for substitution in substitutions)


def perform(context: Any, value: SomeSubstitutions) -> str:
    """Return the text of anything that can stand for one."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(value))


def describe(value: SomeSubstitutions) -> str:
    """Return a short description of anything that can stand for a text."""
    return " + ".join(part.describe() for part in normalize_to_list_of_substitutions(value))
