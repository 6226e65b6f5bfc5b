"""Services that get and set log levels."""

from __future__ import annotations

import weakref
from typing import Any

from rclpy.impl.logging_severity import LoggingSeverity
from rclpy.logging import get_logger_level, set_logger_level


class LoggingService:
    """Serves ``~/get_logger_levels`` and ``~/set_logger_levels``."""

    def __init__(self, node: Any) -> None:
        from rcl_interfaces.srv import GetLoggerLevels, SetLoggerLevels

        self._node = weakref.ref(node)
        node.create_service(GetLoggerLevels, "~/get_logger_levels", self._get)
        node.create_service(SetLoggerLevels, "~/set_logger_levels", self._set)

    def _get(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import LoggerLevel

        response.levels = [LoggerLevel(name=name, level=int(get_logger_level(name))) for name in request.names]
        return response

    def _set(self, request: Any, response: Any) -> Any:
        from rcl_interfaces.msg import SetLoggerLevelsResult

        for level in request.levels:
            result = SetLoggerLevelsResult(successful=True)
            try:
                set_logger_level(level.name, LoggingSeverity(level.level))
            except ValueError as error:
                result = SetLoggerLevelsResult(successful=False, reason=str(error))
            response.results.append(result)
        return response
