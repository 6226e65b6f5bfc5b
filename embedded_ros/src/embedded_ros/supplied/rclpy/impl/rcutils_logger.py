"""Loggers with the filters once, throttle and skip_first, told apart by the place of the call."""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from rclpy.impl.logging_severity import LoggingSeverity

_DEFAULT_FORMAT = "[{severity}] [{time}] [{name}]: {message}"
_COLORS = {
    LoggingSeverity.DEBUG: "\033[32m",
    LoggingSeverity.WARN: "\033[33m",
    LoggingSeverity.ERROR: "\033[31m",
    LoggingSeverity.FATAL: "\033[31m",
}
_RESET = "\033[0m"
_FILTERS = ("throttle_duration_sec", "throttle_time_source_type", "skip_first", "once")
_THIS_FILE = __file__
Sink = Callable[[str, LoggingSeverity, str, int, Any], None]


class Levels:
    """Levels by logger name; a logger without one takes that of the name before its last dot."""

    def __init__(self) -> None:
        self._set: dict[str, LoggingSeverity] = {}
        self.default = LoggingSeverity.INFO

    def set(self, name: str, level: LoggingSeverity) -> None:
        """Set a level; the empty name sets the default."""
        if name:
            self._set[name] = level
        else:
            self.default = level or LoggingSeverity.INFO

    def get(self, name: str) -> LoggingSeverity:
        """Return the level set for exactly this name."""
        return self._set.get(name, LoggingSeverity.UNSET) if name else self.default

    def effective(self, name: str) -> LoggingSeverity:
        """Return the level that counts."""
        while name:
            level = self._set.get(name)
            if level:
                return level
            name = name.rpartition(".")[0]
        return self.default

    def clear(self) -> None:
        """Forget everything."""
        self._set.clear()
        self.default = LoggingSeverity.INFO


LEVELS = Levels()
_sinks: dict[str, list[Sink]] = {}
_console = {"enabled": True}
_write_lock = threading.RLock()


def add_sink(name: str, sink: Sink) -> None:
    """Pass what a logger and its children log to ``sink(name, severity, message, stamp_ns, frame)`` as well."""
    with _write_lock:
        _sinks.setdefault(name, []).append(sink)


def remove_sink(name: str, sink: Sink) -> None:
    """Undo ``add_sink``."""
    with _write_lock:
        _sinks[name] = [other for other in _sinks.get(name, []) if other != sink]


def enable_console(enabled: bool) -> None:
    """Switch output on the console on or off."""
    _console["enabled"] = enabled


class RcutilsLogger:
    """A named logger."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.contexts: dict[Any, dict[str, Any]] = {}

    def get_child(self, name: str) -> RcutilsLogger:
        """Return the logger below this one; raises ValueError for an empty name."""
        if not name:
            raise ValueError("Need non-empty name")
        return RcutilsLogger(f"{self.name}.{name}" if self.name else name)

    def set_level(self, level: int) -> None:
        """Set the lowest level that is logged."""
        LEVELS.set(self.name, LoggingSeverity(level))

    def get_effective_level(self) -> LoggingSeverity:
        """Return the lowest level that is logged."""
        return LEVELS.effective(self.name)

    def is_enabled_for(self, severity: int) -> bool:
        """Return whether a level is logged."""
        return severity >= LEVELS.effective(self.name)

    def log(self, message: str, severity: int, name: str | None = None, **kwargs: Any) -> bool:
        """Log a message unless its level or a filter holds it back; return whether it was logged.

        Filters by keyword: once, skip_first, throttle_duration_sec (with throttle_time_source_type, a clock or None).
        Raises TypeError for other keywords, ValueError when the same place logs with another level or filter than before.
        """
        severity = LoggingSeverity(severity)
        frame = _calling_frame()
        passes = self._passes(frame, severity, kwargs)
        logger = name or self.name
        if severity < LEVELS.effective(logger) or not passes:
            return False
        _emit(logger, severity, str(message), frame)
        return True

    def debug(self, message: str, **kwargs: Any) -> bool:
        """Log at level DEBUG."""
        return self.log(message, LoggingSeverity.DEBUG, **kwargs)

    def info(self, message: str, **kwargs: Any) -> bool:
        """Log at level INFO."""
        return self.log(message, LoggingSeverity.INFO, **kwargs)

    def warning(self, message: str, **kwargs: Any) -> bool:
        """Log at level WARN."""
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def warn(self, message: str, **kwargs: Any) -> bool:
        """Log at level WARN."""
        return self.log(message, LoggingSeverity.WARN, **kwargs)

    def error(self, message: str, **kwargs: Any) -> bool:
        """Log at level ERROR."""
        return self.log(message, LoggingSeverity.ERROR, **kwargs)

    def fatal(self, message: str, **kwargs: Any) -> bool:
        """Log at level FATAL."""
        return self.log(message, LoggingSeverity.FATAL, **kwargs)

    def _passes(self, frame: Any, severity: LoggingSeverity, filters: dict[str, Any]) -> bool:
        unknown = filters.keys() - set(_FILTERS)
        if unknown:
            raise TypeError(f"unknown log filter(s) {', '.join(sorted(unknown))}; there are {', '.join(_FILTERS)}")
        if "throttle_time_source_type" in filters and "throttle_duration_sec" not in filters:
            raise TypeError("throttle_time_source_type needs throttle_duration_sec")
        place = (frame.f_code.co_filename, frame.f_code.co_name, frame.f_lasti)
        known = self.contexts.setdefault(
            place, {"severity": severity, "filters": set(filters), "calls": 0, "last": None}
        )
        if known["severity"] != severity:
            raise ValueError("Logger severity cannot be changed between calls.")
        if known["filters"] != set(filters):
            raise ValueError("Requested logging filters cannot be changed between calls.")
        known["calls"] += 1
        if (filters.get("once") and known["calls"] > 1) or (filters.get("skip_first") and known["calls"] == 1):
            return False
        return _throttle(known, filters)


def _throttle(known: dict[str, Any], filters: dict[str, Any]) -> bool:
    if "throttle_duration_sec" not in filters:
        return True
    source = filters.get("throttle_time_source_type")
    now = source.now().nanoseconds if hasattr(source, "now") else time.monotonic_ns()
    last = known["last"]
    if last is not None and 0 <= now - last < filters["throttle_duration_sec"] * 1e9:
        return False
    known["last"] = now
    return True


def _calling_frame() -> Any:
    frame = inspect.currentframe()
    while frame is not None and frame.f_code.co_filename == _THIS_FILE:
        frame = frame.f_back
    return frame


def _emit(name: str, severity: LoggingSeverity, message: str, frame: Any) -> None:
    stamp = time.time_ns()
    with _write_lock:
        if _console["enabled"]:
            _print(name, severity, message, stamp, frame)
        sinks = [
            sink for owner, listed in _sinks.items() if name == owner or name.startswith(owner + ".") for sink in listed
        ]
    for sink in sinks:
        sink(name, severity, message, stamp, frame)


def _print(name: str, severity: LoggingSeverity, message: str, stamp: int, frame: Any) -> None:
    stream = sys.stdout if os.environ.get("RCUTILS_LOGGING_USE_STDOUT") == "1" else sys.stderr
    template = os.environ.get("RCUTILS_CONSOLE_OUTPUT_FORMAT") or _DEFAULT_FORMAT
    values = {
        "severity": severity.name,
        "time": f"{stamp // 10**9}.{stamp % 10**9:09d}",
        "time_as_nanoseconds": str(stamp),
        "name": name,
        "message": message,
        "function_name": frame.f_code.co_name if frame else "",
        "file_name": frame.f_code.co_filename if frame else "",
        "line_number": str(frame.f_lineno) if frame else "",
    }
    for key, value in values.items():
        template = template.replace("{" + key + "}", value)
    color = _COLORS.get(severity, "") if _colored(stream) else ""
    try:
        stream.write(f"{color}{template}{_RESET if color else ''}\n")
        stream.flush()
    except (OSError, ValueError):  # the console is gone; logging must not end the node
        enable_console(False)


def _colored(stream: Any) -> bool:
    wanted = os.environ.get("RCUTILS_COLORIZED_OUTPUT")
    return wanted == "1" if wanted in ("0", "1") else bool(getattr(stream, "isatty", bool)())
