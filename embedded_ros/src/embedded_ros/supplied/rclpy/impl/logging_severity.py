"""Log levels."""

from __future__ import annotations

import enum


class LoggingSeverity(enum.IntEnum):
    """Log levels; higher ones are worse."""

    UNSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50
