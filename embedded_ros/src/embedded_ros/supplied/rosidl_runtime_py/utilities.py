"""Interface classes by their names."""

from __future__ import annotations

from typing import Any

from embedded_ros.messages.model import UnknownInterfaceError, split_name
from embedded_ros.messages.services import interface_class


def get_interface(identifier: str) -> Any:
    """Return the class of an interface; raises ValueError for malformed names, LookupError for unknown ones."""
    try:
        package, kind, name = split_name(identifier)
    except UnknownInterfaceError as error:
        raise ValueError(str(error)) from error
    return interface_class(f"{package}/{kind}/{name}")


def get_message(identifier: str) -> Any:
    """Return a message class; raises ValueError for another kind."""
    return _of_kind(identifier, "msg")


def get_service(identifier: str) -> Any:
    """Return a service class; raises ValueError for another kind."""
    return _of_kind(identifier, "srv")


def get_action(identifier: str) -> Any:
    """Return an action class; raises ValueError for another kind."""
    return _of_kind(identifier, "action")


def _of_kind(identifier: str, kind: str) -> Any:
    parts = identifier.split("/")
    if len(parts) == 2:
        identifier = f"{parts[0]}/{kind}/{parts[1]}"
    elif len(parts) != 3 or parts[1] != kind:
        raise ValueError(f"Expected the full name of a {kind}, got '{identifier}'")
    return get_interface(identifier)
