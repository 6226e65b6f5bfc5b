"""A diagnostic status with helpers to fill it."""

from __future__ import annotations

from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
ERROR = DiagnosticStatus.ERROR
STALE = DiagnosticStatus.STALE


class DiagnosticStatusWrapper(DiagnosticStatus):
    """A ``DiagnosticStatus`` that knows how to merge summaries and to take values of any type."""

    def summary(self, *args: Any) -> None:
        """Set level and message: ``summary(status)`` copies them, ``summary(level, message)`` sets them.

        The level is one byte, as in the message; an integer is accepted as well.
        """
        self.level, self.message = _level_and_message(args)

    def clearSummary(self) -> None:
        """Set the level to OK and the message to nothing."""
        self.summary(OK, "")

    def mergeSummary(self, *args: Any) -> None:
        """Merge another level and message in; arguments as for ``summary``.

        The higher level stays. Messages of equal rank (both OK, or both not) are joined by a semicolon, else that of
        the problem stays.
        """
        level, message = _level_and_message(args)
        if (level > OK) == (self.level > OK):
            self.message = "; ".join(part for part in (self.message, message) if part)
        elif level > self.level:
            self.message = message
        self.level = max(level, self.level)

    def add(self, key: str, val: Any) -> None:
        """Append a key and its value, which becomes a string."""
        self.values.append(KeyValue(key=key, value=str(val)))


def _level_and_message(args: tuple[Any, ...]) -> tuple[bytes, str]:
    if len(args) == 1:
        return args[0].level, args[0].message
    if len(args) != 2:
        raise TypeError(f"expected a status, or a level and a message; got {len(args)} arguments")
    level = args[0]
    return (bytes([level]) if isinstance(level, int) else level), str(args[1])
