"""Tasks that watch how often something happens and how old its time stamps are."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.time import Time

from ._diagnostic_status_wrapper import ERROR, OK, WARN, DiagnosticStatusWrapper
from ._diagnostic_updater import DiagnosticTask


@dataclass
class FrequencyStatusParam:
    """Limits of a frequency: ``freq_bound`` has the keys ``min`` and, optionally, ``max`` (Hz).

    tolerance widens both limits by that part; window_size is the number of reports over which events are counted.
    The dictionary is looked at on every report, so that its owner may change it.
    """

    freq_bound: dict[str, float]
    tolerance: float = 0.1
    window_size: int = 5


class FrequencyStatus(DiagnosticTask):
    """Warns when ``tick`` is called too rarely or too often."""

    def __init__(self, params: FrequencyStatusParam, name: str = "FrequencyStatus", clock: Clock | None = None) -> None:
        super().__init__(name)
        self.params = params
        self.lock = threading.Lock()
        self._clock = clock or Clock(clock_type=ClockType.STEADY_TIME)
        self.clear()

    def clear(self) -> None:
        """Start counting anew."""
        with self.lock:
            self.count = 0
            self.times = [self._clock.now().nanoseconds] * self.params.window_size
            self.seq_nums = [0] * self.params.window_size
            self.hist_indx = 0

    def tick(self) -> None:
        """Count an event."""
        with self.lock:
            self.count += 1

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Report the frequency over the window."""
        with self.lock:
            now = self._clock.now().nanoseconds
            events = self.count - self.seq_nums[self.hist_indx]
            window = (now - self.times[self.hist_indx]) / 1e9
            self.seq_nums[self.hist_indx], self.times[self.hist_indx] = self.count, now
            self.hist_indx = (self.hist_indx + 1) % self.params.window_size
            total = self.count
        frequency = events / window if window > 0.0 else 0.0
        stat.summary(*self._verdict(events, frequency))
        stat.add("Events in window", f"{events}")
        stat.add("Events since startup", f"{total}")
        stat.add("Duration of window (s)", f"{window:f}")
        stat.add("Actual frequency (Hz)", f"{frequency:f}")
        self._add_limits(stat)
        return stat

    def _verdict(self, events: int, frequency: float) -> Any:
        bound, tolerance = self.params.freq_bound, self.params.tolerance
        if events == 0:
            return ERROR, "No events recorded."
        if frequency < bound["min"] * (1 - tolerance):
            return WARN, "Frequency too low."
        if "max" in bound and frequency > bound["max"] * (1 + tolerance):
            return WARN, "Frequency too high."
        return OK, "Desired frequency met"

    def _add_limits(self, stat: DiagnosticStatusWrapper) -> None:
        bound, tolerance = self.params.freq_bound, self.params.tolerance
        if "max" in bound and bound["min"] == bound["max"]:
            stat.add("Target frequency (Hz)", f"{bound['min']:f}")
        if bound["min"] > 0:
            stat.add("Minimum acceptable frequency (Hz)", f"{bound['min'] * (1 - tolerance):f}")
        if "max" in bound:
            stat.add("Maximum acceptable frequency (Hz)", f"{bound['max'] * (1 + tolerance):f}")


@dataclass
class TimeStampStatusParam:
    """Limits of the age of a stamp in seconds; negative ages lie in the future."""

    min_acceptable: float = -1.0
    max_acceptable: float = 5.0


class TimeStampStatus(DiagnosticTask):
    """Reports an error when stamps are too old, too new or zero."""

    def __init__(
        self,
        params: TimeStampStatusParam | None = None,
        name: str = "Timestamp Status",
        clock: Clock | None = None,
    ) -> None:
        super().__init__(name)
        self.params = params or TimeStampStatusParam()
        self.lock = threading.Lock()
        self._clock = clock or Clock()
        self.early_count = self.late_count = self.zero_count = 0
        self._forget()

    def _forget(self) -> None:
        self.zero_seen = False
        self.deltas_valid = False
        self.min_delta = self.max_delta = 0.0

    def tick(self, stamp: Any) -> None:
        """Note a stamp: ``rclpy.time.Time``, ``builtin_interfaces/Time`` or seconds."""
        seconds = _seconds_of(stamp)
        with self.lock:
            if seconds == 0:
                self.zero_seen = True
                return
            delta = self._clock.now().nanoseconds / 1e9 - seconds
            self.max_delta = max(self.max_delta, delta) if self.deltas_valid else delta
            self.min_delta = min(self.min_delta, delta) if self.deltas_valid else delta
            self.deltas_valid = True

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Report the ages seen since the last report."""
        with self.lock:
            self._judge(stat)
            stat.add("Earliest timestamp delay:", f"{self.min_delta:f}")
            stat.add("Latest timestamp delay:", f"{self.max_delta:f}")
            stat.add("Earliest acceptable timestamp delay:", f"{self.params.min_acceptable:f}")
            stat.add("Latest acceptable timestamp delay:", f"{self.params.max_acceptable:f}")
            stat.add("Late diagnostic update count:", self.late_count)
            stat.add("Early diagnostic update count:", self.early_count)
            stat.add("Zero seen diagnostic update count:", self.zero_count)
            self._forget()
        return stat

    def _judge(self, stat: DiagnosticStatusWrapper) -> None:
        stat.summary(OK, "Timestamps are reasonable.")
        if not self.deltas_valid and not self.zero_seen:
            stat.summary(WARN, "No data since last update.")
        if self.deltas_valid and self.min_delta < self.params.min_acceptable:
            stat.summary(ERROR, "Timestamps too far in future seen.")
            self.early_count += 1
        if self.deltas_valid and self.max_delta > self.params.max_acceptable:
            stat.summary(ERROR, "Timestamps too far in past seen.")
            self.late_count += 1
        if self.zero_seen:
            stat.summary(ERROR, "Zero timestamp seen.")
            self.zero_count += 1


class Heartbeat(DiagnosticTask):
    """Reports that the node is alive."""

    def __init__(self) -> None:
        super().__init__("Heartbeat")

    def run(self, stat: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        """Report OK."""
        stat.summary(OK, "Alive")
        return stat


def _seconds_of(stamp: Any) -> float:
    if isinstance(stamp, (int, float)):
        return float(stamp)
    if not hasattr(stamp, "nanoseconds"):
        stamp = Time.from_msg(stamp)
    return stamp.nanoseconds / 1e9
