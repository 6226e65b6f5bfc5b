"""`layout_node`: accumulates clouds and RGB-D images in a map and publishes the layout of the place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import monotonic

from spatial_perception.layout.entities import Box, Entity
from spatial_perception.layout.tracking import LayoutTracker, TrackedLayout
from spatial_perception.mapping.coverage import Coverage
from spatial_perception.ros.estimations import SUPERSEDED, Estimations, Request
from spatial_perception.ros.estimator_process import CANCELED, EstimationError
from spatial_perception.ros.goals import GoalRunner
from spatial_perception.ros.health import Health, Parts
from spatial_perception.ros.inputs import Inputs, depth_settings
from spatial_perception.ros.layout_settings import LayoutSettings
from spatial_perception.ros.managed_node import ManagedNode
from spatial_perception.ros.mapper import Mapper, Snapshot, limits_of
from spatial_perception.ros.memory import give_back
from spatial_perception.ros.outputs import Outputs
from spatial_perception.ros.running import run, until_shutdown
from spatial_perception.ros.saving import SavingServices
from spatial_perception.ros.transforms import TransformQueue

_LOOKS = 3
"""Estimations of a map that does not change any more, at most."""
_SHOWN_BY_MAP = 0.5
"""Share of the plan of an entity that the map must hold for its absence to count."""


class LayoutNode(ManagedNode[LayoutSettings]):
    """Configure loads the estimator, activate subscribes, deactivate stops work, cleanup frees map and estimator."""

    def __init__(self) -> None:
        super().__init__("layout_node", LayoutSettings)
        self._tracker = LayoutTracker()
        self._parts = Parts(tracker=self._tracker)
        self._outputs: Outputs | None = None
        self.tracked: TrackedLayout | None = None
        self.categories = self.settings.estimation.categories
        self._next_period, self._looks = 0.0, 0
        self._publishing = Lock()
        self.health = Health(self, self._parts)
        self._goals = GoalRunner(self)
        self._saving = SavingServices(self)
        self.start()

    @property
    def watchdog_limit(self) -> float:
        """How long (s) an input may be silent."""
        return float(self.settings.inputs.watchdog)

    @property
    def estimations(self) -> Estimations | None:
        """Where layouts come from, while active."""
        return self._parts.estimations if self._parts.inputs is not None else None

    @property
    def mapper(self) -> Mapper | None:
        """The map, while configured."""
        return self._parts.mapper

    # ------------------------------------------------------------------ life cycle

    def make(self) -> None:
        """Load the estimator and make an empty map, or go on with a saved one."""
        s, parts = self.settings, self._parts
        parts.queue = self._transform_queue(s.frames.map)
        base = self._transform_queue(s.frames.base or s.frames.map)
        parts.mapper = Mapper(s, parts.queue, base, self._on_epoch, self._on_used, self._on_refused)
        parts.estimations = Estimations(s.estimation, self._snapshot, self._on_found, self._on_fault)
        parts.estimations.load()
        self._outputs = Outputs(self, s.frames.map, s.outputs.labels, self._snapshot)
        if s.map.load:
            parts.mapper.load(Path(s.map.load).expanduser(), self.now)
        self.get_logger().info(f"estimator '{parts.estimations.process.estimator_name}' is loaded")

    def listen(self) -> None:
        """Subscribe and begin to map and estimate."""
        s, parts = self.settings, self._parts
        assert parts.mapper is not None
        parts.mapper.start()
        parts.inputs = Inputs(self, s, parts.mapper, self.transforms)
        self._next_period = 0.0
        topics = ", ".join(parts.inputs.states) or "nothing"
        self.get_logger().info(f"listening to {topics}; mapping in '{s.frames.map}'")

    def silence(self) -> None:
        """Stop work; map and estimator stay."""
        parts = self._parts
        if parts.inputs is None:
            return
        inputs, parts.inputs = parts.inputs, None
        inputs.close()
        assert parts.mapper is not None
        parts.mapper.stop()
        if parts.estimations is not None:
            parts.estimations.stop_current()

    def free(self) -> None:
        """Free map and estimator, take the results back from whoever shows them."""
        parts = self._parts
        if parts.estimations is not None:
            parts.estimations.close()
        if self._outputs is not None:
            with until_shutdown(self):
                self._outputs.clear(parts.mapper.epoch if parts.mapper is not None else 0, self.now)
            self._outputs.close()
        parts.estimations = parts.mapper = parts.queue = self._outputs = self.tracked = None
        self._tracker.reset()
        self.health.fault, self.health.notes = None, ()

    def _transform_queue(self, target: str) -> TransformQueue:
        inputs = self.settings.inputs
        return TransformQueue(self.transforms, target, inputs.tf_patience, inputs.queue, latest=not inputs.lossless)

    # ------------------------------------------------------------------ events

    def on_settings(self, before: LayoutSettings, after: LayoutSettings) -> None:
        """Take over what may change in flight."""
        self.categories = after.estimation.categories
        parts = self._parts
        if parts.mapper is not None:
            parts.mapper.limits = limits_of(after.filters)
        if parts.inputs is not None:
            parts.inputs.depth = depth_settings(after.filters)
        if parts.estimations is not None:
            parts.estimations.timeout = after.estimation.timeout
        if self._outputs is not None:
            self._outputs.labels = after.outputs.labels

    def on_tick(self) -> None:
        """Time, watchdog, and whether an estimation is due."""
        mapper = self._parts.mapper
        if self._parts.inputs is None or mapper is None:
            return
        mapper.observe("clock", self.get_clock().now().nanoseconds)
        if self.health.watch(self.watchdog_limit):
            self.health.publish_at_most_once_per_second()
        self._estimate_if_due(mapper)
        if self._outputs is not None:
            self._outputs.cloud.offer(mapper.map.version, self.settings.outputs.cloud_period)

    def _estimate_if_due(self, mapper: Mapper) -> None:
        e, estimations, change = self.settings.estimation, self.estimations, mapper.change
        if estimations is None or estimations.busy or len(mapper.map) < e.min_voxels:
            return
        is_time = e.period > 0 and monotonic() >= self._next_period
        if 0 < e.on_change <= change or (is_time and change >= e.min_change):
            self._looks = 0
        elif is_time and self._looks < _LOOKS and not self._tracker.is_settled:
            # The map is as it was: what the last layout left open is decided, else it would be shown wrongly for ever.
            self._looks += 1
        else:
            return
        self._next_period = monotonic() + e.period
        estimations.submit(Request(e.task, self.categories))

    def on_clock_jump(self, reason: str) -> None:
        """The map is of another time."""
        self.get_logger().warning(reason)
        if self._parts.mapper is not None:
            self._parts.mapper.observe("clock", self.get_clock().now().nanoseconds)

    def _on_epoch(self, reason: str) -> None:
        """The map starts anew: forget transforms of another time, and take everything back that was published."""
        assert self._parts.mapper is not None
        with self._publishing, until_shutdown(self):
            if reason.startswith("time"):
                self.transforms.clear()
            self._tracker.reset()
            self.tracked = None
            epoch = self._parts.mapper.epoch
            if self._outputs is not None:
                self._outputs.clear(epoch, self.now)
        self.get_logger().warning(f"epoch {epoch} of the map begins: {reason}")

    def _on_used(self, topic: str) -> None:
        inputs = self._parts.inputs
        if inputs is not None and topic in inputs.states:
            inputs.states[topic].was_used()

    def _on_refused(self, topic: str, reason: str) -> None:
        inputs = self._parts.inputs
        if inputs is not None and topic in inputs.states:
            inputs.states[topic].refused(reason)
        self.get_logger().warning(f"{topic}: {reason}", throttle_duration_sec=10.0)

    # ------------------------------------------------------------------ estimation

    def _snapshot(self) -> Snapshot:
        assert self._parts.mapper is not None
        return self._parts.mapper.snapshot(self.settings.map.min_hits, self.settings.map.min_share)

    def _on_found(self, request: Request) -> None:
        """Give the entities their stable ids and publish them, unless the map started anew meanwhile."""
        found, mapper, outputs = request.found, self._parts.mapper, self._outputs
        with self._publishing, until_shutdown(self):
            if found is None or mapper is None or outputs is None or found.snapshot.epoch != mapper.epoch:
                raise EstimationError(SUPERSEDED, "the map started anew meanwhile; ask again")
            mapper.settled(found.snapshot)
            started = monotonic()
            self.tracked = self._tracker.update(found.layout, _looked_for(request, Coverage(found.snapshot.cloud.xyz)))
            tracked_at = monotonic()
            found = replace(found, stages=(*found.stages, ("track", tracked_at - started)))
            self.health.fault, self.health.notes = None, found.notes
            request.message = outputs.publish(self.tracked, found, tracked_at - found.snapshot.arrived)
        give_back()

    def _on_fault(self, kind: str, message: str) -> None:
        if kind in (SUPERSEDED, CANCELED):
            return
        self.health.fault = (kind, message)
        self.get_logger().error(f"estimation failed ({kind}): {message}", throttle_duration_sec=10.0)


def _looked_for(request: Request, coverage: Coverage) -> Callable[[Entity], bool]:
    """Whether an entity would have been in the answer to a request, had it been there: it was asked for, and the map still
    shows the place."""

    def observable(entity: Entity) -> bool:
        if isinstance(entity, Box):
            asked = request.task != "layout" and (not request.categories or entity.label in request.categories)
        else:
            asked = request.task != "objects"
        return asked and coverage.share(entity) >= _SHOWN_BY_MAP

    return observable


def main() -> int:
    """Run the node."""
    # Callbacks get their turn soon while the mapper works.
    sys.setswitchinterval(0.0002)
    return run(LayoutNode, threads=4)


if __name__ == "__main__":
    raise SystemExit(main())
