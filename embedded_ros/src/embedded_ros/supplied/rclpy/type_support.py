"""Checks that something is an interface type."""

from __future__ import annotations

from typing import Any

from rclpy.exceptions import NoTypeSupportImportedException


def type_name_of(interface: Any, *parts: str) -> str:
    """Return the full name of an interface class that has these parts; raises NoTypeSupportImportedException."""
    name = getattr(interface, "_type_name", "")
    if not name or not all(hasattr(interface, part) for part in parts):
        raise NoTypeSupportImportedException(interface)
    return str(name)


def check_for_type_support(interface: Any) -> None:
    """Raise NoTypeSupportImportedException unless this is an interface class."""
    type_name_of(interface)


def check_is_valid_msg_type(interface: Any) -> None:
    """Raise NoTypeSupportImportedException unless this is a message class."""
    type_name_of(interface, "get_fields_and_field_types")


def check_is_valid_srv_type(interface: Any) -> None:
    """Raise NoTypeSupportImportedException unless this is a service class."""
    type_name_of(interface, "Request", "Response")


def check_is_valid_action_type(interface: Any) -> None:
    """Raise NoTypeSupportImportedException unless this is an action class."""
    type_name_of(interface, "Goal", "Result", "Feedback")
