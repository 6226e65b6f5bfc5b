"""One pydantic model per node: parameter declarations, checks of changes, and documentation tables come from it.

Nested models become dotted names (`map.voxel`), bounds become ranges, `Literal` becomes a list of choices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo

from spatial_perception.configuration import nested_model
from spatial_perception.errors import ConfigError

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
    from rclpy.node import Node
    from rclpy.parameter import Parameter

M = TypeVar("M", bound=BaseModel)
_FOREIGN = ("qos_overrides.", "diagnostic_updater.")
"""Parameters that libraries declare later."""
_WIDEST_INTEGER = 2**63 - 1
_WIDEST_FLOAT = 1.7976931348623157e308


def setting(default: Any, description: str, *, unit: str = "", read_only: bool = False, **bounds: Any) -> Any:
    """A field of a settings model: default, one sentence, unit, whether it is fixed after start, and pydantic bounds."""
    return Field(default, description=description, json_schema_extra={"unit": unit, "read_only": read_only}, **bounds)


@dataclass(frozen=True)
class Declaration:
    """One parameter as ROS sees it; `low` and `high` are None where there is no bound, `choices` empty where all goes."""

    name: str
    kind: type
    default: Any
    description: str
    unit: str
    read_only: bool
    low: float | None
    high: float | None
    choices: tuple[str, ...]

    @property
    def ros_default(self) -> Any:
        """The default as rclpy takes it: an empty list has no type there, so it is written as one empty string."""
        return list(self.default) or [""] if self.kind is list else self.default

    @property
    def text(self) -> str:
        """Description with unit."""
        return f"{self.description} [{self.unit}]" if self.unit else self.description


def declarations(model: type[BaseModel], above: str = "") -> Iterator[Declaration]:
    """The parameters of a model, in the order of its fields."""
    hints = get_type_hints(model)
    for name, info in model.model_fields.items():
        inner = nested_model(hints[name])
        if inner is not None:
            yield from declarations(inner, f"{above}{name}.")
        else:
            yield _declaration(f"{above}{name}", hints[name], info)


def _declaration(name: str, hint: Any, info: FieldInfo) -> Declaration:
    choices = tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()
    kind = str if choices else list if get_origin(hint) in (list, tuple) else hint
    if kind not in (bool, int, float, str, list):
        raise TypeError(
            f"{name}: ROS has no parameters of type {hint}; use bool, int, float, str, Literal or tuple[str, ...]"
        )
    extra: Mapping[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    bounds = {key: value for item in info.metadata for key, value in _bounds(item)}
    return Declaration(
        name,
        kind,
        info.get_default(call_default_factory=True),
        info.description or "",
        str(extra.get("unit", "")),
        bool(extra.get("read_only", False)),
        bounds.get("low"),
        bounds.get("high"),
        choices,
    )


def _bounds(item: Any) -> Iterator[tuple[str, float]]:
    for attribute, side in (("ge", "low"), ("gt", "low"), ("le", "high"), ("lt", "high")):
        value = getattr(item, attribute, None)
        if value is not None:
            yield side, value


class NodeSettings(Generic[M]):
    """The parameters of a node as one checked, frozen value.

    `values` is what is in force. A change that the model refuses is answered with the reason; `on_change(before, after)`
    is called after each change that was accepted. Raises ConfigError when the values given at start are refused.
    """

    def __init__(self, node: Node, model: type[M], on_change: Callable[[M, M], None] | None = None) -> None:
        self._model, self._on_change, self._lock = model, on_change, Lock()
        self._known = {declared.name: declared for declared in declarations(model)}
        given = {
            d.name: node.declare_parameter(d.name, d.ros_default, _descriptor(d)).value for d in self._known.values()
        }
        self._check_unknown(node)
        self.values: M = self._validated(given)
        node.add_on_set_parameters_callback(self._on_set)
        # Humble has no callback after the fact; there a change is taken over as soon as this node agrees to it.
        self._late = hasattr(node, "add_post_set_parameters_callback")
        if self._late:
            node.add_post_set_parameters_callback(self._apply)

    def _check_unknown(self, node: Node) -> None:
        """A mistyped key in a parameter file is ignored by ROS without a word: say so."""
        for name in getattr(node, "_parameter_overrides", {}):
            if name not in self._known and not node.has_parameter(name) and not name.startswith(_FOREIGN):
                near = get_close_matches(name, self._known, 1)
                hint = f"did you mean '{near[0]}'?" if near else "see `ros2 param list`"
                node.get_logger().warning(f"unknown parameter '{name}' is ignored; {hint}")

    def _validated(self, flat: Mapping[str, Any]) -> M:
        nested: dict[str, Any] = {}
        for name, value in flat.items():
            *above, last = name.split(".")
            place = nested
            for part in above:
                place = place.setdefault(part, {})
            place[last] = tuple(text for text in value if text) if self._known[name].kind is list else value
        try:
            return self._model.model_validate(nested)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "parameters"
            raise ConfigError(f"parameter '{name}' = {first['input']!r}: {first['msg']}") from error

    def _flat(self) -> dict[str, Any]:
        def read(name: str) -> Any:
            value: Any = self.values
            for part in name.split("."):
                value = getattr(value, part)
            return value

        return {name: read(name) for name in self._known}

    def _on_set(self, changes: Sequence[Parameter]) -> SetParametersResult:
        from rcl_interfaces.msg import SetParametersResult

        try:
            with self._lock:
                self._validated(self._flat() | self._own(changes))
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if not self._late:
            self._apply(changes)
        return SetParametersResult(successful=True)

    def _apply(self, changes: Sequence[Parameter]) -> None:
        own = self._own(changes)
        if not own:
            return
        with self._lock:
            before = self.values
            self.values = self._validated(self._flat() | own)
        if self._on_change is not None:
            self._on_change(before, self.values)

    def _own(self, changes: Sequence[Parameter]) -> dict[str, Any]:
        return {change.name: change.value for change in changes if change.name in self._known}


def _descriptor(declared: Declaration) -> ParameterDescriptor:
    from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor

    descriptor = ParameterDescriptor(description=declared.text, read_only=declared.read_only)
    if declared.choices:
        descriptor.additional_constraints = "one of: " + ", ".join(declared.choices)
    if declared.low is None and declared.high is None:
        return descriptor
    if declared.kind is int:
        low, high = _or(declared.low, -_WIDEST_INTEGER), _or(declared.high, _WIDEST_INTEGER)
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    else:
        low, high = _or(declared.low, -_WIDEST_FLOAT), _or(declared.high, _WIDEST_FLOAT)
        descriptor.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(high))]
    return descriptor


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def table(model: type[BaseModel]) -> str:
    """The parameters as a Markdown table, for the documentation of a node."""
    head = "| Parameter | Type | Default | Range | Changes | Meaning |\n|---|---|---|---|---|---|\n"
    return head + "".join(_row(declared) for declared in declarations(model))


def _row(declared: Declaration) -> str:
    kind = {bool: "bool", int: "integer", float: "double", str: "string", list: "string[]"}[declared.kind]
    changes = "at start" if declared.read_only else "any time"
    text = declared.text.replace("|", "\\|")
    return f"| `{declared.name}` | {kind} | {_shown(declared.default)} | {_range(declared)} | {changes} | {text} |\n"


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"`[{', '.join(value)}]`"
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value!r}`".replace("'", '"')


def _range(declared: Declaration) -> str:
    if declared.choices:
        return ", ".join(declared.choices)
    if declared.low is None and declared.high is None:
        return ""
    low, high = ("" if value is None else f"{value:g}" for value in (declared.low, declared.high))
    return f"{low} … {high}"
