"""Whether a value may be set: type, range, read-only."""

from __future__ import annotations

import math
from typing import Any

from rclpy.parameter import Parameter

PARAM_REL_TOL = 1e-6  # how far a number may be off the bounds and steps of its range, as a part of it


def failure(reason: str) -> Any:
    """Return an unsuccessful SetParametersResult."""
    from rcl_interfaces.msg import SetParametersResult

    return SetParametersResult(successful=False, reason=reason)


def success() -> Any:
    """Return a successful SetParametersResult."""
    from rcl_interfaces.msg import SetParametersResult

    return SetParametersResult(successful=True)


def check_value(parameter: Parameter, descriptor: Any, check_read_only: bool) -> Any:
    """Return a SetParametersResult that tells whether the descriptor allows the value."""
    if check_read_only and descriptor.read_only:
        return failure("Trying to set a read-only parameter: " + parameter.name + ".")
    if descriptor.dynamic_typing:
        return _check_range(parameter, descriptor)
    if descriptor.type == Parameter.Type.NOT_SET.value and parameter.type_ is Parameter.Type.NOT_SET:
        return success()
    if parameter.type_.value != descriptor.type:
        expected = Parameter.Type(descriptor.type).name
        return failure(f"Wrong parameter type, expected '{Parameter.Type[expected]}' got '{parameter.type_}'")
    return _check_range(parameter, descriptor)


def _check_range(parameter: Parameter, descriptor: Any) -> Any:
    if parameter.type_ is Parameter.Type.INTEGER and descriptor.integer_range:
        return _check_integer(parameter, descriptor.integer_range[0])
    if parameter.type_ is Parameter.Type.DOUBLE and descriptor.floating_point_range:
        return _check_double(parameter, descriptor.floating_point_range[0])
    return success()


def _check_integer(parameter: Parameter, limits: Any) -> Any:
    value = parameter.value
    low, high = min(limits.from_value, limits.to_value), max(limits.from_value, limits.to_value)
    if not low <= value <= high:
        return _out_of_range(parameter, limits)
    if limits.step and value not in (low, high) and (value - limits.from_value) % limits.step:
        return failure(_step_text(parameter, limits))
    return success()


def _check_double(parameter: Parameter, limits: Any) -> Any:
    value = parameter.value
    low, high = min(limits.from_value, limits.to_value), max(limits.from_value, limits.to_value)
    if any(math.isclose(value, bound, rel_tol=PARAM_REL_TOL) for bound in (low, high)):
        return success()
    if not low <= value <= high:
        return _out_of_range(parameter, limits)
    if limits.step:
        nearest = limits.from_value + round((value - limits.from_value) / limits.step) * limits.step
        if not math.isclose(nearest, value, rel_tol=PARAM_REL_TOL, abs_tol=1e-12):  # steps add up to nearly zero, too
            return failure(_step_text(parameter, limits))
    return success()


def _out_of_range(parameter: Parameter, limits: Any) -> Any:
    return failure(
        f"Parameter {parameter.name} out of range. Min: {limits.from_value}, Max: {limits.to_value}, value: {parameter.value}"
    )


def _step_text(parameter: Parameter, limits: Any) -> str:
    return (
        f"The parameter value for {parameter.name} is not a valid step. "
        f"Min: {limits.from_value}, max: {limits.to_value}, value: {parameter.value}, step: {limits.step}"
    )
