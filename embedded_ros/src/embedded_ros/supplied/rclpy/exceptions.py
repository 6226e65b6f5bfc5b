"""Exceptions of the client library."""

from __future__ import annotations

from typing import Any


class NotInitializedException(Exception):
    """The context was not initialized, or is shut down."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.init() has not been called", *args)


class NoTypeSupportImportedException(Exception):
    """An interface type is no message, service or action."""

    def __init__(self, *args: Any) -> None:
        super().__init__("no type_support imported", *args)


class NoImplementationAvailableException(Exception):
    """No implementation of the client library is available."""


class NameValidationException(Exception):
    """A name is malformed."""

    def __init__(self, name_type: str, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        message = f"Invalid {name_type}: {error_msg}:\n  '{name}'\n   {' ' * invalid_index}^"
        super().__init__(message, name, error_msg, invalid_index, *args)


class InvalidNamespaceException(NameValidationException):
    """A namespace is malformed."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("namespace", name, error_msg, invalid_index, *args)


class InvalidNodeNameException(NameValidationException):
    """A node name is malformed."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("node name", name, error_msg, invalid_index, *args)


class InvalidTopicNameException(NameValidationException):
    """A topic name is malformed."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("topic name", name, error_msg, invalid_index, *args)


class InvalidServiceNameException(NameValidationException):
    """A service name is malformed."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("service name", name, error_msg, invalid_index, *args)


class ParameterException(Exception):
    """Base of errors about parameters."""

    def __init__(self, error_msg: str, parameters: Any, *args: Any) -> None:
        super().__init__(error_msg, parameters, *args)


class ParameterNotDeclaredException(ParameterException):
    """A parameter is used that was not declared."""

    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters, *args)


class ParameterAlreadyDeclaredException(ParameterException):
    """A parameter is declared twice."""

    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Parameter(s) already declared", parameters, *args)


class InvalidParameterException(ParameterException):
    """A parameter's name is malformed."""

    def __init__(self, parameter: Any, *args: Any) -> None:
        super().__init__("Invalid parameter name", parameter, *args)


class InvalidParameterTypeException(ParameterException):
    """A parameter is set to a value of another type than its own."""

    def __init__(self, desired_parameter: Any, expected_type: Any, *args: Any) -> None:
        super().__init__(
            f"Trying to set parameter '{desired_parameter._name}' to '{desired_parameter._value}' of type "
            f"'{desired_parameter._type_.name}', expecting type '{expected_type.name}'",
            desired_parameter, *args,
        )  # fmt: skip


class InvalidParameterValueException(ParameterException):
    """A parameter is set to a value that was rejected."""

    def __init__(self, parameter: Any, value: Any, reason: str, *args: Any) -> None:
        super().__init__(f"Invalid parameter value ({value}) for parameter. Reason: {reason}", parameter, *args)


class ParameterImmutableException(ParameterException):
    """A read-only parameter is changed."""

    def __init__(self, parameter: Any, *args: Any) -> None:
        super().__init__("Attempted to modify read-only parameter", parameter, *args)


class ParameterUninitializedException(ParameterException):
    """A parameter is read that has a type but no value."""

    def __init__(self, parameter: Any, *args: Any) -> None:
        super().__init__("The parameter is not initialized", parameter, *args)


class ROSInterruptException(Exception):
    """A wait was ended by a shutdown."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.shutdown() has been called", *args)


class InvalidROSArgsError(ValueError):
    """Arguments after ``--ros-args`` are malformed."""
