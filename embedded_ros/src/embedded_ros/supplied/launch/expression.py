"""Evaluates Python expressions of launch files without running arbitrary code."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_COMPARE: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, group: item in group,
    ast.NotIn: lambda item, group: item not in group,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_NAMES: dict[str, Any] = {
    **{f.__name__: f for f in (str, int, float, bool, len, abs, min, max, round, sum, any, all, sorted, list, tuple)},
    **{name: getattr(math, name) for name in dir(math) if not name.startswith("_")},
    "true": True,
    "false": False,
    "math": math,
}
_TEXT_METHODS = ("lower", "upper", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace", "split", "join")
_LONGEST, _HIGHEST_POWER = 4096, 1000


class ExpressionError(ValueError):
    """An expression is malformed, uses something that is not allowed, or cannot be computed."""


def evaluate(text: str) -> Any:
    """Return the value of an expression.

    Allowed are literals, operators, comparisons, conditionals, indexing, the functions of ``math``, a few builtins and
    methods of texts. Everything else raises ExpressionError.
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"expression of {len(text)} characters is too long")
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except ExpressionError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        raise ExpressionError(f"cannot evaluate {text!r}: {error}") from error


def _value(node: ast.expr) -> Any:
    handler = _HANDLERS.get(type(node))
    if handler is None:
        raise ExpressionError(f"{type(node).__name__} is not allowed in a launch expression: {ast.unparse(node)!r}")
    return handler(node)


def _name(node: Any) -> Any:
    if node.id not in _NAMES:
        raise ExpressionError(f"name {node.id!r} is not defined in launch expressions; texts need quotes")
    return _NAMES[node.id]


def _bool_op(node: Any) -> Any:
    stop_at = isinstance(node.op, ast.Or)
    result = None
    for part in node.values:
        result = _value(part)
        if bool(result) == stop_at:
            break
    return result


def _bin_op(node: Any) -> Any:
    left, right = _value(node.left), _value(node.right)
    if isinstance(node.op, ast.Pow):
        if abs(right) > _HIGHEST_POWER:
            raise ExpressionError(f"exponent {right} is too large")
        return left**right
    if isinstance(node.op, ast.Mult) and (
        isinstance(left, (str, list, tuple)) or isinstance(right, (str, list, tuple))
    ):
        raise ExpressionError("repeating texts or lists is not allowed in a launch expression")
    return _operator(_BINARY, node.op)(left, right)


def _compare(node: Any) -> bool:
    left = _value(node.left)
    for op, comparator in zip(node.ops, node.comparators):
        right = _value(comparator)
        if not _operator(_COMPARE, op)(left, right):
            return False
        left = right
    return True


def _call(node: Any) -> Any:
    function = _value(node.func)
    if node.keywords or not callable(function):
        raise ExpressionError(f"call is not allowed in a launch expression: {ast.unparse(node)!r}")
    return function(*[_value(argument) for argument in node.args])


def _attribute(node: Any) -> Any:
    owner = _value(node.value)
    if owner is math and not node.attr.startswith("_"):
        return getattr(math, node.attr)
    if isinstance(owner, str) and node.attr in _TEXT_METHODS:
        return getattr(owner, node.attr)
    raise ExpressionError(f"attribute {node.attr!r} is not allowed in a launch expression")


def _operator(table: dict[type, Any], op: Any) -> Any:
    if type(op) not in table:
        raise ExpressionError(f"operator {type(op).__name__} is not allowed in a launch expression")
    return table[type(op)]


_HANDLERS: dict[type, Callable[[Any], Any]] = {
    ast.Constant: lambda node: node.value,
    ast.Name: _name,
    ast.BoolOp: _bool_op,
    ast.BinOp: _bin_op,
    ast.UnaryOp: lambda node: _operator(_UNARY, node.op)(_value(node.operand)),
    ast.Compare: _compare,
    ast.IfExp: lambda node: _value(node.body) if _value(node.test) else _value(node.orelse),
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: lambda node: _value(node.value)[_value(node.slice)],
    ast.List: lambda node: [_value(element) for element in node.elts],
    ast.Tuple: lambda node: tuple(_value(element) for element in node.elts),
    ast.Dict: lambda node: {_value(key): _value(value) for key, value in zip(node.keys, node.values)},
}
