"""The type of everything that can stand for a text."""

from __future__ import annotations

from .substitution import SomeSubstitutions as SomeSubstitutionsType
from .substitution import Substitution

SomeSubstitutionsType_types_tuple = (str, Substitution, list, tuple)

__all__ = ["SomeSubstitutionsType", "SomeSubstitutionsType_types_tuple"]
