"""Errors that genuine rclpy raises out of its compiled part."""

from __future__ import annotations

from typing import Any


class RCLError(RuntimeError):
    """The client library refused an operation."""


class InvalidHandle(RuntimeError):
    """An entity is used after it was destroyed."""


class UnknownROSArgsError(RuntimeError):
    """There are unknown arguments after ``--ros-args``."""


class TimeoutError(RuntimeError):
    """A wait took too long."""


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise NotImplementedError(f"rclpy._rclpy_pybind11.{name} is not supported by embedded_ros, which has no rcl")
