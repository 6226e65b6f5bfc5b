"""The substitutions that launch files use."""

from __future__ import annotations

import os
import pathlib
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

from launch._submodules import register_submodules

from .expression import ExpressionError, evaluate
from .substitution import SomeSubstitutions, Substitution, TextSubstitution, describe, perform

__all__ = [
    "AllSubstitution",
    "AndSubstitution",
    "AnonName",
    "AnySubstitution",
    "BooleanSubstitution",
    "Command",
    "EnvironmentVariable",
    "EqualsSubstitution",
    "FileContent",
    "FindExecutable",
    "IfElseSubstitution",
    "LaunchConfiguration",
    "LaunchLogDir",
    "LocalSubstitution",
    "NotEqualsSubstitution",
    "NotSubstitution",
    "OrSubstitution",
    "PathJoinSubstitution",
    "PathSubstitution",
    "PythonExpression",
    "StringJoinSubstitution",
    "SubstitutionFailure",
    "TextSubstitution",
    "ThisLaunchFile",
    "ThisLaunchFileDir",
]
_TRUE, _FALSE = ("true", "1", "on", "yes"), ("false", "0", "off", "no")


class SubstitutionFailure(RuntimeError):
    """A substitution cannot be performed."""


class LaunchConfiguration(Substitution):
    """The value of a launch configuration, such as a declared argument."""

    def __init__(self, variable_name: SomeSubstitutions, *, default: Any = None) -> None:
        self.variable_name = variable_name
        self.default = default

    def perform(self, context: Any) -> str:
        """Return the value; SubstitutionFailure when it is not set and has no default."""
        name = perform(context, self.variable_name)
        if name in context.launch_configurations:
            return str(context.launch_configurations[name])
        if self.default is None:
            raise SubstitutionFailure(f"launch configuration '{name}' does not exist")
        return _text(context, self.default)

    def describe(self) -> str:
        """Return how it is written in a launch file."""
        return f"LaunchConfig({describe(self.variable_name)})"


class EnvironmentVariable(Substitution):
    """The value of an environment variable."""

    def __init__(self, name: SomeSubstitutions, *, default_value: SomeSubstitutions | None = None) -> None:
        self.name = name
        self.default_value = default_value

    def perform(self, context: Any) -> str:
        """Return the value; SubstitutionFailure when it is not set and has no default."""
        name = perform(context, self.name)
        if name in context.environment:
            return context.environment[name]
        if self.default_value is None:
            raise SubstitutionFailure(f"environment variable '{name}' does not exist")
        return perform(context, self.default_value)

    def describe(self) -> str:
        """Return how it is written in a launch file."""
        return f"EnvVar({describe(self.name)})"


class PathJoinSubstitution(Substitution):
    """Parts joined to a path; more parts can be appended with ``/``."""

    def __init__(self, substitutions: Iterable[SomeSubstitutions]) -> None:
        self.substitutions = list(substitutions)

    def perform(self, context: Any) -> str:
        """Return the path."""
        return os.path.join(*[perform(context, part) for part in self.substitutions])

    def describe(self) -> str:
        """Return the parts with slashes between."""
        return "PathJoin(" + ", ".join(describe(part) for part in self.substitutions) + ")"

    def __truediv__(self, other: SomeSubstitutions) -> PathJoinSubstitution:
        return PathJoinSubstitution([*self.substitutions, other])


def PathSubstitution(path: SomeSubstitutions) -> PathJoinSubstitution:
    """Return a path that can be extended with ``/``."""
    return PathJoinSubstitution([path])


class StringJoinSubstitution(Substitution):
    """Texts joined by a delimiter."""

    def __init__(self, substitutions: Iterable[SomeSubstitutions], delimiter: SomeSubstitutions = "") -> None:
        self.substitutions = list(substitutions)
        self.delimiter = delimiter

    def perform(self, context: Any) -> str:
        """Return the joined text."""
        return perform(context, self.delimiter).join(perform(context, part) for part in self.substitutions)


class PythonExpression(Substitution):
    """The value of a Python expression, as text. Only a harmless part of the language is understood."""

    def __init__(self, expression: SomeSubstitutions, python_modules: Iterable[SomeSubstitutions] = ("math",)) -> None:
        self.expression = expression
        self.python_modules = list(python_modules)

    def perform(self, context: Any) -> str:
        """Return the value as text; SubstitutionFailure when the expression is not understood."""
        for module in self.python_modules:
            name = perform(context, module)
            if name not in ("math", "builtins"):
                raise NotImplementedError(f"PythonExpression with the module {name!r} is not supported by embedded_ros")
        try:
            return str(evaluate(perform(context, self.expression)))
        except ExpressionError as error:
            raise SubstitutionFailure(str(error)) from error

    def describe(self) -> str:
        """Return the expression."""
        return f"PythonExpr({describe(self.expression)})"


class Command(Substitution):
    """The output of a command, run without a shell.

    on_stderr: ``fail`` (default), ``ignore``, ``warn`` or ``capture``.
    """

    def __init__(self, command: SomeSubstitutions, *, on_stderr: SomeSubstitutions = "fail") -> None:
        self.command = command
        self.on_stderr = on_stderr

    def perform(self, context: Any) -> str:
        """Return what the command prints; SubstitutionFailure when it fails."""
        words = shlex.split(perform(context, self.command))
        policy = perform(context, self.on_stderr)
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(context.environment))
        except OSError as error:
            raise SubstitutionFailure(f"cannot run {words[0]!r}: {error}") from error
        if done.returncode != 0 or (done.stderr and policy == "fail"):
            raise SubstitutionFailure(
                f"command {shlex.join(words)!r} failed ({done.returncode}): {done.stderr.strip()}"
            )
        return done.stdout + done.stderr if policy == "capture" else done.stdout


class FindExecutable(Substitution):
    """The path of a program on ``PATH``."""

    def __init__(self, *, name: SomeSubstitutions) -> None:
        self.name = name

    def perform(self, context: Any) -> str:
        """Return the path; SubstitutionFailure when there is no such program."""
        name = perform(context, self.name)
        found = shutil.which(name, path=context.environment.get("PATH"))
        if found is None:
            raise SubstitutionFailure(f"executable '{name}' not found on the PATH")
        return found


class FileContent(Substitution):
    """The text in a file."""

    def __init__(self, path: SomeSubstitutions) -> None:
        self.path = path

    def perform(self, context: Any) -> str:
        """Return the text; SubstitutionFailure when the file cannot be read."""
        path = pathlib.Path(perform(context, self.path))
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise SubstitutionFailure(f"cannot read {path}: {error}") from error


class LocalSubstitution(Substitution):
    """A value that an event handler gives its actions, such as ``event.returncode``."""

    def __init__(self, expression: str, description: str | None = None) -> None:
        self.expression = expression
        self.description = description

    def perform(self, context: Any) -> str:
        """Return the value as text."""
        first, *rest = self.expression.split(".")
        value = context.get_local_argument(first)
        for name in rest:
            value = getattr(value, name)
        return str(value)


class ThisLaunchFile(Substitution):
    """The path of the launch file that is being read."""

    def perform(self, context: Any) -> str:
        """Return the path; SubstitutionFailure outside a launch file."""
        if context.current_launch_file is None:
            raise SubstitutionFailure("ThisLaunchFile is used outside a launch file")
        return str(context.current_launch_file)


class ThisLaunchFileDir(Substitution):
    """The folder of the launch file that is being read."""

    def perform(self, context: Any) -> str:
        """Return the folder; SubstitutionFailure outside a launch file."""
        return str(pathlib.Path(ThisLaunchFile().perform(context)).parent)


class LaunchLogDir(Substitution):
    """The folder with the logs of this launch."""

    def perform(self, context: Any) -> str:
        """Return the folder."""
        return str(context.log.directory)


class AnonName(Substitution):
    """A name made unique with a number that stays the same within a launch."""

    def __init__(self, name: SomeSubstitutions) -> None:
        self.name = name

    def perform(self, context: Any) -> str:
        """Return the unique name."""
        name = perform(context, self.name)
        return context.anonymous_names.setdefault(name, f"{name}_{os.getpid()}_{len(context.anonymous_names)}")


def truth(context: Any, value: Any) -> bool:
    """Return whether a text means true or false; SubstitutionFailure when it means neither."""
    text = _text(context, value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise SubstitutionFailure(f"{text!r} is neither true nor false")


class BooleanSubstitution(Substitution):
    """A text read as ``true`` or ``false``."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def perform(self, context: Any) -> str:
        """Return ``true`` or ``false``."""
        return _word(truth(context, self.value))


class NotSubstitution(BooleanSubstitution):
    """The opposite of a truth value."""

    def perform(self, context: Any) -> str:
        """Return ``true`` or ``false``."""
        return _word(not truth(context, self.value))


class _Many(Substitution):
    _combine: Callable[[Iterable[bool]], bool] = all

    def __init__(self, *args: Any) -> None:
        self.args = args

    def perform(self, context: Any) -> str:
        """Return ``true`` or ``false``."""
        return _word(type(self)._combine(truth(context, part) for part in self.args))


class AllSubstitution(_Many):
    """Whether all of several texts are true."""

    _combine = all


class AnySubstitution(_Many):
    """Whether one of several texts is true."""

    _combine = any


class AndSubstitution(AllSubstitution):
    """Whether both of two texts are true."""

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__(left, right)


class OrSubstitution(AnySubstitution):
    """Whether one of two texts is true."""

    def __init__(self, left: Any, right: Any) -> None:
        super().__init__(left, right)


class EqualsSubstitution(Substitution):
    """Whether two texts are equal; numbers and truth values are compared as such."""

    def __init__(self, left: Any, right: Any) -> None:
        self.left = left
        self.right = right

    def perform(self, context: Any) -> str:
        """Return ``true`` or ``false``."""
        return _word(self._equal(_text(context, self.left), _text(context, self.right)))

    @staticmethod
    def _equal(left: str, right: str) -> bool:
        if left.lower() in (*_TRUE, *_FALSE) and right.lower() in (*_TRUE, *_FALSE):
            return (left.lower() in _TRUE) == (right.lower() in _TRUE)
        try:
            return float(left) == float(right)
        except ValueError:
            return left == right


class NotEqualsSubstitution(EqualsSubstitution):
    """Whether two texts differ."""

    def perform(self, context: Any) -> str:
        """Return ``true`` or ``false``."""
        return _word(not self._equal(_text(context, self.left), _text(context, self.right)))


class IfElseSubstitution(Substitution):
    """One of two texts, by a condition."""

    def __init__(self, condition: Any, if_value: Any = "", else_value: Any = "") -> None:
        self.condition = condition
        self.if_value = if_value
        self.else_value = else_value

    def perform(self, context: Any) -> str:
        """Return the text that the condition selects."""
        return _text(context, self.if_value if truth(context, self.condition) else self.else_value)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _text(context: Any, value: Any) -> str:
    return str(value) if isinstance(value, (bool, int, float)) else perform(context, value)


register_submodules(__name__, __all__)
