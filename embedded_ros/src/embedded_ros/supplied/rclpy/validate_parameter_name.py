"""Whether something may be the name of a parameter."""

from __future__ import annotations

from rclpy.exceptions import InvalidParameterException

__all__ = ["validate_parameter_name"]


def validate_parameter_name(name: str) -> bool:
    """Return True for a name; raises InvalidParameterException for an empty one."""
    if not name:
        raise InvalidParameterException(name)
    return True
