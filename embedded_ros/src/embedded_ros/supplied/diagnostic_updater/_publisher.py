"""Diagnostics of a topic, and a publisher that reports on itself."""

from __future__ import annotations

from typing import Any

from ._diagnostic_updater import CompositeDiagnosticTask, DiagnosticTaskVector
from ._update_functions import FrequencyStatus, FrequencyStatusParam, TimeStampStatus, TimeStampStatusParam


class HeaderlessTopicDiagnostic(CompositeDiagnosticTask):
    """Watches the frequency of a topic whose messages have no header; adds itself to an updater."""

    def __init__(self, name: str, diag: DiagnosticTaskVector, freq: FrequencyStatusParam) -> None:
        super().__init__(name + " topic status")
        self.diag = diag
        self.freq = FrequencyStatus(freq)
        self.addTask(self.freq)
        self.diag.add(self)

    def tick(self) -> None:
        """Count a message."""
        self.freq.tick()

    def clear_window(self) -> None:
        """Start counting anew."""
        self.freq.clear()


class TopicDiagnostic(HeaderlessTopicDiagnostic):
    """Watches the frequency of a topic and the age of its stamps."""

    def __init__(
        self, name: str, diag: DiagnosticTaskVector, freq: FrequencyStatusParam, stamp: TimeStampStatusParam
    ) -> None:
        super().__init__(name, diag, freq)
        self.stamp = TimeStampStatus(stamp)
        self.addTask(self.stamp)

    def tick(self, stamp: Any) -> None:
        """Count a message with its stamp."""
        self.stamp.tick(stamp)
        super().tick()


class DiagnosedPublisher(TopicDiagnostic):
    """A publisher of messages with headers that reports frequency and ages."""

    def __init__(
        self, pub: Any, diag: DiagnosticTaskVector, freq: FrequencyStatusParam, stamp: TimeStampStatusParam
    ) -> None:
        super().__init__(pub.topic_name, diag, freq, stamp)
        self.publisher = pub

    def publish(self, message: Any) -> None:
        """Count a message and publish it."""
        self.tick(message.header.stamp)
        self.publisher.publish(message)
