"""Python classes of messages, with the attributes and behaviour of those that genuine ROS 2 generates."""

from __future__ import annotations

import array
import functools
import threading
from typing import Any, ClassVar

import numpy as np

from embedded_ros.messages.coerce import make_checker
from embedded_ros.messages.model import PRIMITIVES, Field, Shape, Structure, UnknownInterfaceError, split_name
from embedded_ros.messages.registry import structure

_classes: dict[str, type[Message]] = {}
_lock = threading.RLock()
_set = object.__setattr__


class Message:
    """Base of all message classes; fields live in slots, assignments are checked."""

    __slots__ = ()
    _type_name = ""
    _definition = Structure("", ())
    _fields_and_field_types: ClassVar[dict[str, str]] = {}
    _checkers: ClassVar[dict[str, Any]] = {}
    _factories: tuple[tuple[str, Any], ...] = ()

    def __init__(self, **fields: Any) -> None:
        """Set every field to its default, then those given by keyword; raises AssertionError for unknown names."""
        if not fields:  # the usual case, and half of what a nested default costs
            for name, make in self._factories:
                _set(self, name, make())
            return
        fields.pop("check_fields", None)
        unknown = fields.keys() - self._checkers.keys()
        if unknown:
            raise AssertionError(
                f"Invalid arguments passed to constructor of {self._type_name}: {', '.join(sorted(unknown))}"
            )
        for name, make in self._factories:
            if name not in fields:
                _set(self, name, make())
        for name, value in fields.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        try:
            check = self._checkers[name]
        except KeyError:
            raise AttributeError(f"{self._type_name} has no field {name!r}") from None
        _set(self, name, check(value))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, self.__class__):
            return NotImplemented if not isinstance(other, Message) else False
        return all(_same(getattr(self, name), getattr(other, name)) for name in self._checkers)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        package, kind, name = self._type_name.split("/")
        args = [f"{field.name}={_field_repr(field, getattr(self, field.name))}" for field in self._definition.fields]
        return f"{package}.{kind}.{name}({', '.join(args)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self._type_name, [_plain(getattr(self, name)) for name in self._checkers])

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        """Return field names and their types as text."""
        return dict(cls._fields_and_field_types)


def message_class(name: str) -> type[Message]:
    """Return the class of a message by its full name ``package/kind/Name``; raises UnknownInterfaceError."""
    found = _classes.get(name)
    if found is not None:
        return found
    with _lock:
        if name not in _classes:
            _classes[name] = _build(structure(name))
        return _classes[name]


def _build(definition: Structure) -> type[Message]:
    """Make a class; the classes of nested messages are made first."""
    package, kind, last = split_name(definition.name)
    fields = definition.fields
    namespace: dict[str, Any] = {
        "__slots__": tuple(field.name for field in fields),
        "__module__": f"{package}.{kind}",
        "__doc__": f"Message {definition.name}.",
        "_type_name": definition.name,
        "_definition": definition,
        "_fields_and_field_types": {field.name: field.type.idl_name() for field in fields},
        "_checkers": {field.name: make_checker(field, message_class) for field in fields},
        "_factories": tuple((field.name, _factory(field)) for field in fields),
    }
    for constant in definition.constants:
        namespace.setdefault(constant.name, constant.value)
    return type(last, (Message,), namespace)


def _factory(field: Field) -> Any:
    """Return a function without arguments that makes the field's default value."""
    kind = field.type
    if field.default is not None:
        check = make_checker(field, message_class)
        return (
            functools.partial(check, field.default)
            if kind.shape is Shape.SINGLE
            else (lambda: check(list(field.default)))
        )
    if kind.is_nested and kind.shape is Shape.SINGLE:
        return message_class(kind.base)
    if kind.shape is Shape.SINGLE:
        return functools.partial(_identity, _zero(kind.base))
    if kind.shape is not Shape.ARRAY:
        code = PRIMITIVES[kind.base][1] if kind.is_primitive else ""
        return functools.partial(array.array, code) if code else list
    if kind.is_primitive and PRIMITIVES[kind.base][1]:
        return functools.partial(np.zeros, kind.size, dtype=PRIMITIVES[kind.base][0])
    if kind.is_nested:
        cls = message_class(kind.base)
        return lambda: [cls() for _ in range(kind.size)]
    return lambda: [_zero(kind.base)] * kind.size


def _identity(value: Any) -> Any:
    return value


def _zero(base: str) -> Any:
    if base in ("string", "wstring"):
        return ""
    if base == "bool":
        return False
    if base == "byte":
        return b"\x00"
    return 0.0 if base.startswith("float") else 0


def _same(left: Any, right: Any) -> bool:
    """Return whether two field values are equal, whatever containers hold them."""
    if isinstance(left, (np.ndarray, array.array)) or isinstance(right, (np.ndarray, array.array)):
        return len(left) == len(right) and bool(np.array_equal(np.asarray(left), np.asarray(right)))
    return bool(left == right)


def _field_repr(field: Field, value: Any) -> str:
    """Return the text of a field: numeric sequences print as lists, fixed arrays as numpy arrays."""
    if isinstance(value, (np.ndarray, array.array)) and field.type.shape is not Shape.ARRAY:
        return repr(value.tolist())
    return repr(value)


def _plain(value: Any) -> Any:
    """Return a value that does not keep a received sample alive."""
    return value.copy() if isinstance(value, np.ndarray) else value


def _restore(type_name: str, values: list[Any]) -> Message:
    cls = message_class(type_name)
    made = cls.__new__(cls)
    for name, value in zip(cls._checkers, values):
        _set(made, name, value)
    return made


def type_name_of(cls: type) -> str:
    """Return the full name of a message class; raises UnknownInterfaceError for anything else."""
    name = getattr(cls, "_type_name", "")
    if not name:
        raise UnknownInterfaceError(f"{cls!r} is no message, service or action type")
    return str(name)
