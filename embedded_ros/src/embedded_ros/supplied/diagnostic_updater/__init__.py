"""``diagnostic_updater``: report the state of a node on ``/diagnostics``."""

from __future__ import annotations

from ._diagnostic_status_wrapper import DiagnosticStatusWrapper
from ._diagnostic_updater import (
    CompositeDiagnosticTask,
    DiagnosticTask,
    DiagnosticTaskVector,
    FunctionDiagnosticTask,
    Updater,
)
from ._publisher import DiagnosedPublisher, HeaderlessTopicDiagnostic, TopicDiagnostic
from ._update_functions import (
    FrequencyStatus,
    FrequencyStatusParam,
    Heartbeat,
    TimeStampStatus,
    TimeStampStatusParam,
)

__all__ = [
    "CompositeDiagnosticTask",
    "DiagnosedPublisher",
    "DiagnosticStatusWrapper",
    "DiagnosticTask",
    "DiagnosticTaskVector",
    "FrequencyStatus",
    "FrequencyStatusParam",
    "FunctionDiagnosticTask",
    "HeaderlessTopicDiagnostic",
    "Heartbeat",
    "TimeStampStatus",
    "TimeStampStatusParam",
    "TopicDiagnostic",
    "Updater",
]
