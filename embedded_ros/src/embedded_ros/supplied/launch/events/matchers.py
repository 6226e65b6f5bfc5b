"""Functions that choose the processes an event is meant for."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

Matcher = Callable[[Any], bool]


def matches_action(target_action: Any) -> Matcher:
    """Choose one action."""
    return lambda action: action is target_action


def matches_name(name: str) -> Matcher:
    """Choose by the name of the process."""
    return lambda action: action.process_details is not None and action.process_details["name"] == name


def matches_pid(pid: int) -> Matcher:
    """Choose by the process id."""
    return lambda action: action.process_details is not None and action.process_details["pid"] == pid


def matches_executable(executable: str) -> Matcher:
    """Choose by the file name of the program."""
    return (
        lambda action: action.process_details is not None
        and os.path.basename(action.process_details["cmd"][0]) == executable
    )
