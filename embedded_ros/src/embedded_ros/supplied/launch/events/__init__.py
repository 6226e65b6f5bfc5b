"""Events that a launch brings about."""

from __future__ import annotations

from typing import Any

from launch._submodules import register_submodules

from ..event import Event
from . import process
from .matchers import matches_action, matches_executable, matches_name, matches_pid

__all__ = [
    "ExecutionComplete",
    "IncludeLaunchDescription",
    "Shutdown",
    "TimerEvent",
    "matches_action",
    "matches_executable",
    "matches_name",
    "matches_pid",
    "process",
]


class Shutdown(Event):
    """The launch is ending."""

    name = "launch.events.Shutdown"

    def __init__(self, *, reason: str = "reason not given", due_to_sigint: bool = False) -> None:
        self.reason = reason
        self.due_to_sigint = due_to_sigint


class IncludeLaunchDescription(Event):
    """A description is to be visited."""

    name = "launch.events.IncludeLaunchDescription"

    def __init__(self, launch_description: Any) -> None:
        self.launch_description = launch_description


class TimerEvent(Event):
    """A timer has expired."""

    name = "launch.events.TimerEvent"

    def __init__(self, *, timer_action: Any) -> None:
        self.timer_action = timer_action


class ExecutionComplete(Event):
    """An action has been executed."""

    name = "launch.events.ExecutionComplete"

    def __init__(self, *, action: Any) -> None:
        self.action = action


register_submodules(__name__, __all__)
