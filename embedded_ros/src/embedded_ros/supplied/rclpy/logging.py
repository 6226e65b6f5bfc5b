"""Logging: levels per logger, output on the console and on ``/rosout``."""

from __future__ import annotations

from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.impl.rcutils_logger import LEVELS, RcutilsLogger

__all__ = [
    "LoggingSeverity",
    "clear_config",
    "get_logger",
    "get_logger_effective_level",
    "get_logger_level",
    "get_logging_severity_from_string",
    "initialize",
    "set_logger_level",
    "shutdown",
]
_root_logger = RcutilsLogger()


def get_logger(name: str) -> RcutilsLogger:
    """Return the logger of a name; raises ValueError for an empty name."""
    if not name:
        raise ValueError("Logger name must not be empty.")
    return _root_logger.get_child(name)


def initialize() -> None:
    """Do nothing: logging needs no setting up."""


def shutdown() -> None:
    """Do nothing: logging needs no tearing down."""


def clear_config() -> None:
    """Forget all levels that were set."""
    LEVELS.clear()


def set_logger_level(name: str, level: int, detailed_error: bool = False) -> None:
    """Set the level of a logger and of those below it that have none."""
    LEVELS.set(name, LoggingSeverity(level))


def get_logger_effective_level(name: str) -> LoggingSeverity:
    """Return the level that counts for a logger."""
    return LEVELS.effective(name)


def get_logger_level(name: str) -> LoggingSeverity:
    """Return the level set for a logger, UNSET when there is none."""
    return LEVELS.get(name)


def get_logging_severity_from_string(log_severity: str) -> LoggingSeverity:
    """Return the level of a name; raises RuntimeError for other names."""
    try:
        return LoggingSeverity[log_severity.upper()]
    except KeyError:
        raise RuntimeError(f"Invalid log severity: {log_severity!r}") from None
