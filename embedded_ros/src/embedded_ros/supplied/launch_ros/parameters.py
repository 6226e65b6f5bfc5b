"""Parameters of nodes as launch files give them, turned into files that nodes read."""

from __future__ import annotations

import atexit
import os
import pathlib
import tempfile
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from launch.substitution import SomeSubstitutions, Substitution, perform

_SCALARS = (bool, int, float, str)


class ParameterValue:
    """A value with a type: ``bool``, ``int``, ``float``, ``str``, ``list[...]`` of these, or None to find it out."""

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        self.value = value
        self.value_type = value_type

    def evaluate(self, context: Any) -> Any:
        """Return the value; ValueError when the text does not fit the type."""
        if self.value_type is str and isinstance(self.value, (str, Substitution, list, tuple)):
            return perform(context, self.value)
        found = evaluate_value(context, self.value)
        return found if self.value_type is None else _convert(found, self.value_type)


class ParameterFile:
    """A YAML file with parameters; with ``allow_substs``, ``$(var NAME)`` and ``$(env NAME)`` in it are replaced."""

    def __init__(self, param_file: SomeSubstitutions, *, allow_substs: Any = False) -> None:
        self.param_file = param_file
        self.allow_substs = allow_substs

    def evaluate(self, context: Any) -> pathlib.Path:
        """Return the path of the file, or of a copy with everything replaced; FileNotFoundError if it is missing."""
        path = pathlib.Path(perform(context, self.param_file)).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f"parameter file {path} does not exist")
        allowed = self.allow_substs
        if not (allowed if isinstance(allowed, bool) else perform(context, allowed).lower() == "true"):
            return path
        return _temporary(replace_substitutions(context, path.read_text(encoding="utf-8")))


class ParameterDescriptor(ParameterValue):
    """A named parameter."""

    def __init__(self, *, name: SomeSubstitutions, value: Any, value_type: Any = None) -> None:
        super().__init__(value, value_type=value_type)
        self.name = name


def evaluate_value(context: Any, value: Any) -> Any:
    """Return the value of a parameter.

    Texts stay texts; what substitutions give is read as YAML; lists are made of one type. Raises TypeError for values
    that no parameter can have.
    """
    if isinstance(value, ParameterValue):
        return value.evaluate(context)
    if isinstance(value, Substitution):
        return _from_yaml(perform(context, value))
    if isinstance(value, (*_SCALARS, bytes)):
        return value
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, (list, tuple)):
        return _evaluate_list(context, value)
    raise TypeError(f"a parameter cannot have the value {value!r} of type {type(value).__name__}")


def _evaluate_list(context: Any, values: Any) -> Any:
    has_substitution = any(isinstance(value, Substitution) for value in values)
    if has_substitution and all(isinstance(value, (str, Substitution, list, tuple)) for value in values):
        return _from_yaml(perform(context, values))  # parts of one text
    # an element that is itself a list is a text in parts
    parts = [
        _from_yaml(perform(context, value)) if isinstance(value, (list, tuple, Substitution)) else value
        for value in values
    ]
    return _uniform(parts)


def _uniform(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return [float(value) for value in values]
    if len(kinds) > 1 or not kinds <= set(_SCALARS):
        raise TypeError(f"a list of parameters needs elements of one type (bool, int, float, str), got {values!r}")
    return values


def _from_yaml(text: str) -> Any:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # such as a text with a colon
    if value is None:
        return ""
    if isinstance(value, list):
        return _uniform(value)
    return value if isinstance(value, _SCALARS) else text


def _convert(value: Any, wanted: Any) -> Any:
    element = getattr(wanted, "__args__", None)
    if element:
        return [_convert(part, element[0]) for part in value]
    if wanted is str:
        return str(value)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise ValueError(f"cannot read {value!r} as {wanted.__name__}")
    return value


def evaluate_parameters(context: Any, parameters: Iterable[Any]) -> list[dict[str, Any] | pathlib.Path]:
    """Return parameters as flat dictionaries and paths of files, in order."""
    result: list[dict[str, Any] | pathlib.Path] = []
    for entry in parameters:
        if isinstance(entry, Mapping):
            result.append(_flatten(context, entry))
        elif isinstance(entry, ParameterDescriptor):
            result.append({perform(context, entry.name): entry.evaluate(context)})
        else:
            file = entry if isinstance(entry, ParameterFile) else ParameterFile(entry)
            result.append(file.evaluate(context))
    return result


def _flatten(context: Any, values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = prefix + perform(context, key)
        if isinstance(value, Mapping):
            flat.update(_flatten(context, value, name + "."))
        else:
            flat[name] = evaluate_value(context, value)
    return flat


def write_parameters(values: Mapping[str, Any], node: str = "/**") -> pathlib.Path:
    """Write parameters of a node to a temporary YAML file and return its path."""
    return _temporary(yaml.safe_dump({node: {"ros__parameters": dict(values)}}, default_flow_style=False))


def _temporary(text: str) -> pathlib.Path:
    descriptor, name = tempfile.mkstemp(prefix="launch_params_", suffix=".yaml")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    atexit.register(pathlib.Path(name).unlink, missing_ok=True)
    return pathlib.Path(name)


def replace_substitutions(context: Any, text: str) -> str:
    """Return a text with ``$(var NAME)``, ``$(env NAME [DEFAULT])`` and ``$(find-pkg-share NAME)`` replaced."""
    import re

    from launch.substitutions import EnvironmentVariable, LaunchConfiguration, SubstitutionFailure

    from .substitutions import FindPackageShare

    def replaced(match: re.Match[str]) -> str:
        kind, *words = match[1].split()
        if kind == "var" and len(words) == 1:
            return LaunchConfiguration(words[0]).perform(context)
        if kind == "env" and len(words) in (1, 2):
            return EnvironmentVariable(words[0], default_value=words[1] if len(words) == 2 else None).perform(context)
        if kind == "find-pkg-share" and len(words) == 1:
            return FindPackageShare(words[0]).perform(context)
        raise SubstitutionFailure(f"substitution {match[0]!r} in a parameter file is not supported")

    return re.sub(r"\$\(([^()]+)\)", replaced, text)
