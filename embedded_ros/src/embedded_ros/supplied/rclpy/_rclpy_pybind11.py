"""Errors that genuine rclpy raises out of its compiled part."""

from __future__ import annotations


class RCLError(RuntimeError):
    """The client library refused an operation."""


class InvalidHandle(RuntimeError):
    """An entity is used after it was destroyed."""


class UnknownROSArgsError(RuntimeError):
    """There are unknown arguments after ``--ros-args``."""


class TimeoutError(RuntimeError):
    """A wait took too long."""
