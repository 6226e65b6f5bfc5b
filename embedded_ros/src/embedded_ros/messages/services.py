"""Service and action types: the classes that group their messages."""

from __future__ import annotations

import functools
from typing import Any

from embedded_ros.messages.classes import message_class
from embedded_ros.messages.model import UnknownInterfaceError, split_name


@functools.cache
def service_class(name: str) -> type:
    """Return the class of service ``package/srv/Name`` with ``Request``, ``Response`` and ``Event``.

    Raises UnknownInterfaceError.
    """
    package, kind, last = split_name(name)
    parts: dict[str, Any] = {part: message_class(f"{name}_{part}") for part in ("Request", "Response", "Event")}
    return type(
        last, (), {"__module__": f"{package}.{kind}", "__doc__": f"Service {name}.", "_type_name": name, **parts}
    )


@functools.cache
def action_class(name: str) -> type:
    """Return the class of action ``package/action/Name`` with ``Goal``, ``Result``, ``Feedback`` and ``Impl``."""
    package, kind, last = split_name(name)
    parts: dict[str, Any] = {part: message_class(f"{name}_{part}") for part in ("Goal", "Result", "Feedback")}
    inner = {
        "SendGoalService": service_class(f"{name}_SendGoal"),
        "GetResultService": service_class(f"{name}_GetResult"),
        "FeedbackMessage": message_class(f"{name}_FeedbackMessage"),
        "CancelGoalService": service_class("action_msgs/srv/CancelGoal"),
        "GoalStatusMessage": message_class("action_msgs/msg/GoalStatusArray"),
    }
    namespace = {"__module__": f"{package}.{kind}", "__doc__": f"Action {name}.", "_type_name": name, **parts}
    return type(last, (), {**namespace, "Impl": type("Impl", (), {"__doc__": "Types on the wire.", **inner})})


def interface_class(name: str) -> type:
    """Return the class of any interface by its full name; raises UnknownInterfaceError."""
    package, kind, last = split_name(name)
    full = f"{package}/{kind}/{last}"
    if kind == "msg":
        return message_class(full)
    try:
        return message_class(full) if "_" in last else _group(full, kind)
    except UnknownInterfaceError:
        return _group(full, kind)


def _group(name: str, kind: str) -> type:
    if kind == "srv" or name.endswith(("_SendGoal", "_GetResult")):
        return service_class(name)
    return action_class(name)
