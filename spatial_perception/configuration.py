"""Settings from YAML files and `key=value` overrides, checked against one pydantic model; unknown keys are errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from spatial_perception.errors import ConfigError

M = TypeVar("M", bound=BaseModel)
Key = tuple[str, ...]

_MAX_BYTES = 1_000_000


class StrictModel(BaseModel):
    """Base of settings: frozen, and without room for keys that nobody declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load_settings(model: type[M], path: str | os.PathLike[str] | None = None, overrides: Sequence[str] = ()) -> M:
    """Settings of `model` from its defaults, then a YAML file, then `key=value` overrides (dots enter nested models).

    Values of overrides are read as YAML scalars: `voxel=0.02`, `name=left`, `walls.min_length=0.4`. Raises ConfigError
    with file and line for unreadable files, unknown keys (naming the nearest valid one) and values out of range.
    """
    values, lines = ({}, {}) if path is None else _read_yaml(Path(path))
    for text in overrides:
        key, value = parse_override(text)
        _put(values, key, value, text)
        lines.pop(key, None)
    origin = "" if path is None else str(path)
    _check_keys(model, values, lines, origin)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, lines, origin)) from error


def check_settings(model: type[M], values: Mapping[str, Any]) -> M:
    """Settings of `model` from plain values; raises ConfigError as `load_settings` does."""
    _check_keys(model, values, {}, "")
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError(_explain(error, {}, "")) from error


def parse_override(text: str) -> tuple[Key, Any]:
    """`a.b=1.5` as (("a", "b"), 1.5); raises ConfigError where there is no key or the value is no YAML."""
    name, equals, value = text.partition("=")
    key = tuple(part.strip() for part in name.split("."))
    if not equals or not all(key):
        raise ConfigError(f"'{text}' is no setting; write key=value, for example voxel=0.02")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"'{text}': the value is not valid YAML; quote it") from error


def describe(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Name, default and description of every setting, nested ones with dots."""
    for name, info in model.model_fields.items():
        nested = nested_model(info.annotation)
        if nested is not None:
            yield from ((f"{name}.{key}", default, text) for key, default, text in describe(nested))
        else:
            yield name, repr(info.get_default(call_default_factory=True)), info.description or ""


def _read_yaml(path: Path) -> tuple[dict[str, Any], dict[Key, int]]:
    """Content of a YAML mapping, and the line (from 1) of each of its keys."""
    text = _read_text(path)
    try:
        values = yaml.safe_load(text)
        lines = dict(_key_lines(yaml.compose(text, Loader=yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = " ".join((getattr(error, "problem", None) or str(error)).split())
        raise ConfigError(f"{where}: not valid YAML ({problem}); correct this line") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply; write plain settings") from error
    if values is None:
        return {}, {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds a {type(values).__name__}, not settings; write one `key: value` per line")
    return values, lines


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes; this is no configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text; save the file as UTF-8") from error


def _key_lines(node: yaml.Node | None, above: Key = ()) -> Iterator[tuple[Key, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key_node, value_node in node.value:
        key = (*above, str(key_node.value))
        yield key, key_node.start_mark.line + 1
        yield from _key_lines(value_node, key)


def _put(values: dict[str, Any], key: Key, value: Any, text: str) -> None:
    for name in key[:-1]:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):
            raise ConfigError(f"'{text}': '{name}' is a single value and has no keys below it; check the dots")
    values[key[-1]] = value


def nested_model(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, also inside `Model | None`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _check_keys(
    model: type[BaseModel], values: Mapping[Any, Any], lines: Mapping[Key, int], origin: str, above: Key = ()
) -> None:
    """Raise ConfigError at the first key that the model does not have, whatever the model itself would do with it."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    for name, value in values.items():
        key = (*above, str(name))
        if name not in fields:
            valid = _names(model)
            raise ConfigError(
                f"{_where(key, lines, origin)}unknown setting '{'.'.join(key)}'; {_hint(str(name), valid)}"
            )
        nested = nested_model(fields[name].annotation)
        if nested is not None and isinstance(value, Mapping):
            _check_keys(nested, value, lines, origin, key)


def _hint(name: str, valid: list[str]) -> str:
    close = get_close_matches(name.replace("-", "_").lower(), valid, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(valid)}"


def _where(key: Key, lines: Mapping[Key, int], origin: str) -> str:
    if key in lines:
        return f"{origin}:{lines[key]}: "
    return f"{origin}: " if origin and not lines else ""


def _explain(error: ValidationError, lines: Mapping[Key, int], origin: str) -> str:
    """The first fault in one line, with the number of further ones."""
    first, *others = error.errors()
    key = tuple(str(part) for part in first["loc"])
    name = ".".join(key) or "the settings"
    more = f" (and {len(others)} more)" if others else ""
    given = repr(first["input"])
    shown = given if len(given) <= 60 else given[:57] + "..."
    return f"{_where(key, lines, origin)}setting '{name}' = {shown}: {_lower(first['msg'])}; correct the value{more}"


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
