"""Checks and conversions of values that are assigned to message fields.

Every checker takes the assigned value and returns the value to store, or raises AssertionError naming the field, as the
classes of genuine ROS 2 do. Numeric sequences are stored as given (``array.array``, numpy array, buffer), lists become
``array.array``; nothing looks at the elements of a bulk array one by one.
"""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Iterable, Sized
from typing import Any

import numpy as np

from embedded_ros.messages.model import PRIMITIVES, Field, FieldType, Shape

Checker = Callable[[Any], Any]
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def make_checker(field: Field, class_of: Callable[[str], type]) -> Checker:
    """Return the checker of a field; ``class_of`` gives the class of a nested message by its full name."""
    kind = field.type
    if kind.shape is Shape.SINGLE:
        return _single(field.name, kind, class_of)
    if kind.is_primitive and kind.base not in ("bool", "byte"):
        return _numeric_array(field.name, kind) if kind.shape is Shape.ARRAY else _numeric_sequence(field.name, kind)
    return _object_sequence(field.name, kind, class_of)


def _fail(name: str, what: str) -> AssertionError:
    return AssertionError(f"The '{name}' field must be {what}")


def _single(name: str, kind: FieldType, class_of: Callable[[str], type]) -> Checker:
    if kind.is_nested:
        return _instance(name, class_of(kind.base))
    if kind.is_string:
        return _string(name, kind.string_bound)
    if kind.base == "bool":
        return _boolean(name)
    if kind.base == "byte":
        return _octet(name)
    return _floating(name, kind.base) if kind.base.startswith("float") else _integer(name, kind.base)


def _instance(name: str, cls: type) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise _fail(name, f"a sub message of type '{cls.__name__}', not {type(value).__name__}")
        return value

    return check


def _string(name: str, bound: int) -> Checker:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise _fail(name, f"of type 'str', not {type(value).__name__}")
        if bound and len(value.encode()) > bound:
            raise _fail(name, f"string value not longer than {bound}")
        return value

    return check


def _boolean(name: str) -> Checker:
    def check(value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            raise _fail(name, f"of type 'bool', not {type(value).__name__}")
        return bool(value)

    return check


def _octet(name: str) -> Checker:
    def check(value: Any) -> bytes:
        if not isinstance(value, (bytes, bytearray)) or len(value) != 1:
            raise _fail(name, "of type 'bytes' with length 1")
        return bytes(value)

    return check


def _integer(name: str, base: str) -> Checker:
    limits = np.iinfo(PRIMITIVES[base][0])
    low, high = int(limits.min), int(limits.max)

    def check(value: Any) -> int:
        if not isinstance(value, (int, np.integer)):
            raise _fail(name, f"of type 'int', not {type(value).__name__}")
        if not low <= value <= high:
            raise _fail(name, f"an integer in [{low}, {high}], not {value}")
        return int(value)

    return check


def _floating(name: str, base: str) -> Checker:
    def check(value: Any) -> float:
        if not isinstance(value, (float, np.floating)):
            raise _fail(name, f"of type 'float', not {type(value).__name__}")
        if base == "float32" and abs(value) > _FLOAT32_MAX and math.isfinite(value):
            raise _fail(name, f"a float in [{-_FLOAT32_MAX}, {_FLOAT32_MAX}], not {value}")
        return float(value)

    return check


def _numeric_array(name: str, kind: FieldType) -> Checker:
    """Fixed-size arrays are numpy arrays of the exact type, as in genuine classes."""
    dtype = np.dtype(PRIMITIVES[kind.base][0])

    def check(value: Any) -> np.ndarray:
        result = _as_numpy(name, value, dtype)
        if len(result) != kind.size:
            raise _fail(name, f"a set or sequence of {kind.size} values of type '{kind.base}', not {len(result)}")
        return result

    return check


def _numeric_sequence(name: str, kind: FieldType) -> Checker:
    dtype = np.dtype(PRIMITIVES[kind.base][0])
    code = PRIMITIVES[kind.base][1]

    def check(value: Any) -> Any:
        if isinstance(value, array.array):
            if value.typecode != code and np.dtype(value.typecode) != dtype:
                raise _fail(name, f"an array.array of type code '{code}', not '{value.typecode}'")
            result: Any = value
        elif isinstance(value, (bytes, bytearray, memoryview)) and dtype.itemsize == 1:
            result = np.frombuffer(value, dtype=dtype)
        elif isinstance(value, np.ndarray):
            result = _as_numpy(name, value, dtype)
        else:
            result = _as_array(name, value, code, kind.base)
        if kind.shape is Shape.BOUNDED and len(result) > kind.size:
            raise _fail(name, f"a sequence of at most {kind.size} values, not {len(result)}")
        return result

    return check


def _as_numpy(name: str, value: Any, dtype: np.dtype) -> np.ndarray:
    """Return a contiguous one-dimensional array of ``dtype``; integers and floats are never turned into one another."""
    if isinstance(value, (str, bytes)) and dtype.itemsize != 1:
        raise _fail(name, f"a sequence of '{dtype.name}' values")
    try:
        given = np.frombuffer(value, dtype=dtype) if isinstance(value, (bytes, bytearray)) else np.asarray(value)
    except (ValueError, TypeError) as error:
        raise _fail(name, f"a sequence of '{dtype.name}' values ({error})") from error
    if given.ndim != 1:
        raise _fail(name, f"a one-dimensional sequence, not of shape {given.shape}")
    if given.dtype == dtype:
        return np.ascontiguousarray(given)
    if (
        given.size
        and (given.dtype.kind not in "iufb" or (given.dtype.kind == "f") != (dtype.kind == "f"))
        and not (dtype.kind == "f" and given.dtype.kind in "iu")
    ):
        raise _fail(name, f"a sequence of '{dtype.name}' values, not of '{given.dtype.name}'")
    _check_integer_range(name, given, dtype)
    return np.ascontiguousarray(given.astype(dtype))


def _check_integer_range(name: str, given: np.ndarray, dtype: np.dtype) -> None:
    if dtype.kind in "iu" and given.size and given.dtype.kind in "iu":
        limits = np.iinfo(dtype)
        low, high = int(given.min()), int(given.max())
        if low < limits.min or high > limits.max:
            raise _fail(name, f"a sequence of integers in [{limits.min}, {limits.max}], not {low}..{high}")


def _as_array(name: str, value: Any, code: str, base: str) -> array.array:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) or not isinstance(value, Sized):
        raise _fail(name, f"a set or sequence of values of type '{base}'")
    try:
        return array.array(code, value)
    except (TypeError, OverflowError, ValueError) as error:
        raise _fail(name, f"a set or sequence of values of type '{base}' ({error})") from error


def _object_sequence(name: str, kind: FieldType, class_of: Callable[[str], type]) -> Checker:
    """Sequences of messages, strings, booleans and octets are lists."""
    check_one = _single(name, FieldType(kind.base, string_bound=kind.string_bound), class_of)

    def check(value: Any) -> list[Any]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) or not isinstance(value, Sized):
            raise _fail(name, f"a set or sequence of values of type '{kind.base}'")
        if kind.shape is Shape.ARRAY and len(value) != kind.size:
            raise _fail(name, f"a sequence of {kind.size} values, not {len(value)}")
        if kind.shape is Shape.BOUNDED and len(value) > kind.size:
            raise _fail(name, f"a sequence of at most {kind.size} values, not {len(value)}")
        if isinstance(value, list) and kind.is_nested:
            for item in value:
                check_one(item)
            return value
        return [check_one(item) for item in (value.tolist() if isinstance(value, np.ndarray) else value)]

    return check
