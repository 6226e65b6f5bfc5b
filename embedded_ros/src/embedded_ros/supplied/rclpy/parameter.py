"""Parameters and their values."""

from __future__ import annotations

import array
import enum
from collections.abc import Sequence
from typing import Any

PARAMETER_SEPARATOR_STRING = "."
_ARRAY_TYPES = (list, tuple, array.array)


class Parameter:
    """A named, typed value."""

    class Type(enum.Enum):
        """Types of parameters, numbered as in rcl_interfaces/ParameterType."""

        NOT_SET = 0
        BOOL = 1
        INTEGER = 2
        DOUBLE = 3
        STRING = 4
        BYTE_ARRAY = 5
        BOOL_ARRAY = 6
        INTEGER_ARRAY = 7
        DOUBLE_ARRAY = 8
        STRING_ARRAY = 9

        @classmethod
        def from_parameter_value(cls, parameter_value: Any) -> Parameter.Type:
            """Return the type of a Python value; raises TypeError for values no parameter can have."""
            return _type_of(parameter_value)

        def check(self, parameter_value: Any) -> bool:
            """Return whether a value has this type."""
            return _fits(self, parameter_value)

    def __init__(self, name: str, type_: Parameter.Type | None = None, value: Any = None) -> None:
        """Hold a value, its type found out when not given.

        Raises TypeError for something that is no type, ValueError when type and value do not fit.
        """
        if type_ is None:
            type_ = Parameter.Type.from_parameter_value(value)
        if not isinstance(type_, Parameter.Type):
            raise TypeError(f"type must be an instance of 'Parameter.Type', not {type(type_).__name__}")
        if not type_.check(value):
            raise ValueError(f"Type '{type_}' and value '{value}' do not agree")
        self._type_ = type_
        self._name = name
        self._value = value

    @classmethod
    def from_parameter_msg(cls, param_msg: Any) -> Parameter:
        """Return the parameter in an rcl_interfaces/Parameter."""
        value = parameter_value_to_python(param_msg.value)
        return cls(param_msg.name, Parameter.Type(param_msg.value.type), value)

    @property
    def name(self) -> str:
        """Return the name."""
        return self._name

    @property
    def type_(self) -> Parameter.Type:
        """Return the type."""
        return self._type_

    @property
    def value(self) -> Any:
        """Return the value, None when not set."""
        return self._value

    def get_parameter_value(self) -> Any:
        """Return the value as rcl_interfaces/ParameterValue."""
        return to_parameter_value(self._type_, self._value)

    def to_parameter_msg(self) -> Any:
        """Return an rcl_interfaces/Parameter."""
        from rcl_interfaces.msg import Parameter as ParameterMsg

        return ParameterMsg(name=self.name, value=self.get_parameter_value())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameter) and (self.name, self.type_, self.value) == (
            other.name,
            other.type_,
            other.value,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Parameter(name={self._name!r}, type={self._type_.name}, value={self._value!r})"


_SCALARS = {
    Parameter.Type.BOOL: bool,
    Parameter.Type.INTEGER: int,
    Parameter.Type.DOUBLE: float,
    Parameter.Type.STRING: str,
}
_ELEMENTS = {
    Parameter.Type.BYTE_ARRAY: bytes,
    Parameter.Type.BOOL_ARRAY: bool,
    Parameter.Type.INTEGER_ARRAY: int,
    Parameter.Type.DOUBLE_ARRAY: float,
    Parameter.Type.STRING_ARRAY: str,
}
_FIELDS = {
    Parameter.Type.BOOL: "bool_value",
    Parameter.Type.INTEGER: "integer_value",
    Parameter.Type.DOUBLE: "double_value",
    Parameter.Type.STRING: "string_value",
    Parameter.Type.BYTE_ARRAY: "byte_array_value",
    Parameter.Type.BOOL_ARRAY: "bool_array_value",
    Parameter.Type.INTEGER_ARRAY: "integer_array_value",
    Parameter.Type.DOUBLE_ARRAY: "double_array_value",
    Parameter.Type.STRING_ARRAY: "string_array_value",
}


def _type_of(value: Any) -> Parameter.Type:
    if value is None:
        return Parameter.Type.NOT_SET
    for kind, cls in _SCALARS.items():
        if type(value) is cls:
            return kind
    if isinstance(value, _ARRAY_TYPES):
        return _type_of_sequence(value)
    raise TypeError(f"The given value is not one of the allowed types '{value}'.")


def _type_of_sequence(value: Any) -> Parameter.Type:
    if isinstance(value, array.array):
        return Parameter.Type.DOUBLE_ARRAY if value.typecode in "fd" else Parameter.Type.INTEGER_ARRAY
    if not value:  # an empty list could be any kind; genuine rclpy calls it a byte array
        return Parameter.Type.BYTE_ARRAY
    for kind, cls in _ELEMENTS.items():
        if all(type(item) is cls for item in value):
            return kind
    raise TypeError(f"The given value is not one of the allowed types '{value}'.")


def _fits(kind: Parameter.Type, value: Any) -> bool:
    if kind is Parameter.Type.NOT_SET:
        return value is None
    if kind in _SCALARS:
        return type(value) is _SCALARS[kind]
    if isinstance(value, array.array):
        return (value.typecode in "fd") is (kind is Parameter.Type.DOUBLE_ARRAY) and kind.value in (7, 8)
    cls = _ELEMENTS[kind]
    if cls is bytes:
        return isinstance(value, (list, tuple)) and all(isinstance(item, bytes) and len(item) == 1 for item in value)
    return isinstance(value, (list, tuple)) and all(type(item) is cls for item in value)


def to_parameter_value(kind: Parameter.Type, value: Any) -> Any:
    """Return rcl_interfaces/ParameterValue of a type and value."""
    from rcl_interfaces.msg import ParameterValue

    message = ParameterValue(type=kind.value)
    if kind is not Parameter.Type.NOT_SET:
        setattr(message, _FIELDS[kind], list(value) if kind in _ELEMENTS else value)
    return message


def parameter_value_to_python(parameter_value: Any) -> Any:
    """Return the Python value in rcl_interfaces/ParameterValue; raises RuntimeError for unknown types."""
    try:
        kind = Parameter.Type(parameter_value.type)
    except ValueError:
        raise RuntimeError(f"unexpected parameter type {parameter_value.type}") from None
    if kind is Parameter.Type.NOT_SET:
        return None
    value = getattr(parameter_value, _FIELDS[kind])
    return value.tolist() if hasattr(value, "tolist") else (list(value) if kind in _ELEMENTS else value)


def get_parameter_value(string_value: str) -> Any:
    """Return rcl_interfaces/ParameterValue of a text as command lines give it (YAML)."""
    import yaml

    try:
        value = yaml.safe_load(string_value)
    except yaml.YAMLError:
        value = string_value
    return value_from_yaml(value, string_value).get_parameter_value()


def value_from_yaml(value: Any, text: str = "", name: str = "") -> Parameter:
    """Return a parameter of a YAML value; lists that mix integers and floats become floats, all else text."""
    if isinstance(value, list):
        if (
            value
            and all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value)
            and any(isinstance(item, float) for item in value)
        ):
            value = [float(item) for item in value]
        elif not value:
            return Parameter(name, Parameter.Type.STRING_ARRAY, [])
    try:
        return Parameter(name, value=value)
    except TypeError:
        return Parameter(name, value=text or str(value))


def parameter_dict_from_yaml_file(
    parameter_file: str, use_wildcard: bool = False, target_nodes: Sequence[str] | None = None, namespace: str = ""
) -> dict[str, Any]:
    """Return rcl_interfaces/Parameter by name from a YAML file, for ``target_nodes`` or all.

    Raises RuntimeError when none of the wanted nodes is in the file.
    """
    from rclpy._arguments import load_parameter_rules

    found: dict[str, Any] = {}
    wanted = {node.strip("/") for node in target_nodes or []}
    for rule in load_parameter_rules(parameter_file):
        node = rule.node.strip("/")
        if (node == "**" and use_wildcard) or (node != "**" and (not wanted or node in wanted)):
            name = f"{namespace}.{rule.name}" if namespace else rule.name
            found[rule.name] = value_from_yaml(rule.value, name=name).to_parameter_msg()
    if not found:
        raise RuntimeError("Param file does not contain any valid parameters")
    return found
