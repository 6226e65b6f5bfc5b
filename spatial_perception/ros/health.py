"""What `layout_node` reports on /diagnostics, and the watchdog that explains silent inputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticStatus
from diagnostic_updater import Updater

from spatial_perception.ros.diagnostics import InputState, explain_silence, losses

if TYPE_CHECKING:
    from diagnostic_updater import DiagnosticStatusWrapper
    from rclpy.node import Node

    from spatial_perception.layout.tracking import LayoutTracker
    from spatial_perception.ros.estimations import Estimations
    from spatial_perception.ros.inputs import Inputs
    from spatial_perception.ros.mapper import Mapper, Sensed
    from spatial_perception.ros.transforms import TransformQueue

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_REPEAT = 30.0
"""The same explanation is logged again after this time (s)."""


@dataclass
class Parts:
    """The parts of the node as far as they exist in its present state."""

    mapper: Mapper | None = None
    inputs: Inputs | None = None
    queue: TransformQueue[Sensed] | None = None
    estimations: Estimations | None = None
    tracker: LayoutTracker | None = None


def resident_megabytes(pid: int | str = "self") -> float:
    """Memory (MB) that a process occupies; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError, IndexError):
        return 0.0


def _without_numbers(text: str) -> str:
    """What two explanations of one cause have in common."""
    return "".join(character for character in text if not character.isdigit())


class Health:
    """Three diagnostic tasks (inputs, map, estimation) and the watchdog."""

    def __init__(self, node: Node, parts: Parts) -> None:
        self._node, self._parts = node, parts
        self.fault: tuple[str, str] | None = None
        """Kind and message of the last estimation, where it failed."""
        self.notes: tuple[str, ...] = ()
        self._published = 0.0
        self._logged: dict[str, tuple[str, float]] = {}
        self._updater = Updater(node)
        self._updater.setHardwareID("none")
        for name, task in (("inputs", self._inputs), ("map", self._map), ("estimation", self._estimation)):
            self._updater.add(name, task)

    def watch(self, limit: float) -> dict[str, str]:
        """Explain every input that gave nothing for `limit` seconds, in the log once per cause; returns all of them."""
        found = {state.topic: self._explanation(state) for state in self._states() if state.silence > limit}
        for topic, text in found.items():
            cause, moment = self._logged.get(topic, ("", 0.0))
            kind = _without_numbers(text)
            if kind != cause or monotonic() - moment > _REPEAT:
                self._logged[topic] = (kind, monotonic())
                self._node.get_logger().warning(text)
        for topic in set(self._logged) - set(found):
            del self._logged[topic]
            self._node.get_logger().info(f"{topic}: gives data again")
        return found

    def publish_at_most_once_per_second(self) -> None:
        """Report without waiting for the period of diagnostics, which follows simulated time and may stand still."""
        if monotonic() - self._published >= 1.0:
            self._published = monotonic()
            self._updater.force_update()

    def _states(self) -> list[InputState]:
        return list(self._parts.inputs.states.values()) if self._parts.inputs is not None else []

    def _explanation(self, state: InputState) -> str:
        queue = self._parts.queue
        assert queue is not None
        return explain_silence(self._node, state, queue.missing.get(state.topic), queue.drops)

    def _inputs(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        queue, states = self._parts.queue, self._states()
        if queue is None or not states:
            status.summary(OK, "inactive: no subscriptions")
            return status
        lost = losses(queue.drops, [state.topic for state in states])
        limit = self._node.watchdog_limit
        silent = [state for state in states if state.silence > limit]
        status.summary(OK, f"{len(states)} inputs")
        for state in states:
            age = "unknown" if state.stamp_age is None else f"{state.stamp_age:.3f} s"
            status.add(f"{state.topic} rate", f"{state.rate:.1f} Hz")
            status.add(f"{state.topic} stamp age", age)
            status.add(f"{state.topic} received, used", f"{state.received}, {state.used}")
            status.add(f"{state.topic} lost", lost[state.topic])
            status.add(f"{state.topic} longest callback", f"{1000 * state.longest_callback:.1f} ms")
        for state in silent:
            text = self._explanation(state)
            status.mergeSummary(ERROR, text)
        status.add("waiting", str(len(queue)))
        return status

    def _map(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        mapper = self._parts.mapper
        if mapper is None:
            status.summary(OK, "not configured")
            return status
        full = len(mapper.map) >= 0.98 * mapper.map.capacity
        text = "the map is full: what was seen longest ago goes; raise map.max_voxels or map.voxel"
        status.summary(WARN if full else OK, text if full else f"{len(mapper.map)} voxels, epoch {mapper.epoch}")
        status.add("voxels", str(len(mapper.map)))
        status.add("capacity", str(mapper.map.capacity))
        status.add("map memory", f"{mapper.map.nbytes / 2**20:.1f} MB")
        status.add("epoch", f"{mapper.epoch} ({mapper.keeper.frame.reason})")
        middle, slow = mapper.seconds_per_cloud
        status.add("time per cloud, p50, p95", f"{1000 * middle:.1f} ms, {1000 * slow:.1f} ms")
        status.add("keyframes", f"{len(mapper.keyframes)}, {mapper.keyframes.nbytes / 2**20:.1f} MB")
        status.add("points left out", str(mapper.points_dropped))
        status.add("memory of the node", f"{resident_megabytes():.1f} MB")
        return status

    def _estimation(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        estimations = self._parts.estimations
        if estimations is None:
            status.summary(OK, "no estimator loaded")
            return status
        done, failed, superseded = estimations.counts
        status.summary(OK, "busy" if estimations.busy else "idle")
        for note in self.notes:
            status.mergeSummary(WARN, note)
        if self.fault is not None:
            status.summary(ERROR, f"{self.fault[0]}: {self.fault[1]}")
        status.add("estimator", estimations.process.estimator_name)
        status.add("done, failed, superseded", f"{done}, {failed}, {superseded}")
        if self._parts.tracker is not None:
            c = self._parts.tracker.counts
            status.add("ids given, deleted, back again", f"{c.born}, {c.deleted}, {c.revived}")
        status.add("last latency", f"{estimations.last_latency:.2f} s")
        pid = estimations.process.pid
        status.add("memory of the estimator", "not running" if pid is None else f"{resident_megabytes(pid):.1f} MB")
        return status
