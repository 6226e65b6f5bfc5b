"""`navigation_node`: turns layouts into everything that a navigation stack reads, and keeps it up to date."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING

from spatial_perception.layout.entities import Layout
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.navigation.navigator import NavigationMap, Navigator
from spatial_perception.ros.convert.layouts import LayoutContext
from spatial_perception.ros.layout_consumer import ERROR, OK, WARN, LayoutConsumer
from spatial_perception.ros.layout_feed import Known
from spatial_perception.ros.nav2_servers import Nav2Servers
from spatial_perception.ros.navigation_outputs import NavigationOutputs
from spatial_perception.ros.navigation_services import NavigationServices
from spatial_perception.ros.navigation_settings import NavigationNodeSettings
from spatial_perception.ros.object_goals import pose2
from spatial_perception.ros.running import run, until_shutdown
from spatial_perception.ros.worker import LatestWorker

if TYPE_CHECKING:
    from diagnostic_updater import DiagnosticStatusWrapper

_ROOM_TOLERANCE = 0.3
"""A robot in a door, this far (m) from the next room, is in that room."""


class NavigationNode(LayoutConsumer[NavigationNodeSettings]):
    """One thread makes the maps, the newest layout first; callbacks never wait for it."""

    def __init__(self) -> None:
        self.place: NavigationMap | None = None
        """What was made from the last layout."""
        self._navigator = Navigator()
        self._outputs: NavigationOutputs | None = None
        self._servers: Nav2Servers | None = None
        self._worker: LatestWorker[Known] | None = None
        self._is_void, self._is_changed = False, False
        self._fault, self._seconds, self._repeated = "", 0.0, 0.0
        super().__init__("navigation_node", NavigationNodeSettings)
        self._services = NavigationServices(self)
        self.updater.add("navigation", self._navigation_status)
        self.start()

    # ------------------------------------------------------------------ life cycle
    def make(self) -> None:
        """Advertise the outputs and look for the servers of Nav2."""
        self._navigator = Navigator(self.settings.planning)
        self._outputs = NavigationOutputs(self)
        self._servers = Nav2Servers(self, self.settings.nav2)

    def free(self) -> None:
        """Take the outputs back."""
        for part in (self._outputs, self._servers):
            if part is not None:
                part.close()
        self._outputs = self._servers = self.place = None

    def on_activate(self, state: object) -> object:
        """Start the thread that makes maps."""
        self._worker = LatestWorker(self._update, self._failed, name="navigation")
        return super().on_activate(state)

    def on_stop(self) -> None:
        """End the thread."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop(5.0)

    # ------------------------------------------------------------------ layouts
    def on_layout(self, known: Known) -> None:
        """Make a map of it, as soon as the thread can."""
        if self._worker is not None:
            self._worker.submit(known)

    def on_clear(self, reason: str) -> None:
        """Show an empty map; ids of before are void."""
        self._is_void = True
        known = self.known
        frame = (
            known.tracked.frame_id if known is not None else "" if self.place is None else self.place.layout.frame_id
        )
        empty = TrackedLayout(frame_id=frame, stamp=self.now)
        epoch = 0 if known is None else known.context.epoch
        self.on_layout(Known(empty, LayoutContext(epoch), monotonic()))

    def on_settings(self, before: NavigationNodeSettings, after: NavigationNodeSettings) -> None:
        """Make the map anew with other settings; ids stay."""
        self._is_changed = True
        if self.known is not None:
            self.on_layout(self.known)

    def _update(self, known: Known) -> None:
        outputs, servers = self._outputs, self._servers
        if outputs is None or servers is None:
            return
        if self._is_void:
            self._is_void = False
            self._navigator.reset()
        changed, self._is_changed, s = self._is_changed, False, self.settings
        if changed:
            self._navigator.use(s.planning)
        layout: Layout = known.layout
        pose = pose2(self.robot.find(layout.frame_id, s.frames.pose_age), layout.frame_id)
        place = self._navigator.update(layout, pose)
        self.place = place
        with until_shutdown(self):
            outputs.publish(place, known.context.epoch, self._room(place), s.outputs.markers, s.doors.operation)
            self._seconds = monotonic() - known.received
            servers.update(place, s.doors.operation)
        self._fault = ""

    def _failed(self, known: Known, error: Exception) -> None:
        self._fault = f"{type(error).__name__}: {' '.join(str(error).split())}"
        self.get_logger().error(f"no map could be made: {self._fault}", throttle_duration_sec=10.0)

    def _room(self, place: NavigationMap) -> int | None:
        """The room that the robot is in."""
        pose = self.robot.find(place.layout.frame_id, self.settings.frames.pose_age)
        if pose is None:
            return None
        room = place.rooms.room_at(pose.position[0], pose.position[1], _ROOM_TOLERANCE)
        return None if room is None else room.id

    # ------------------------------------------------------------------ time
    def on_turn(self) -> None:
        """The room of the robot, what has to be fresh, and servers that come and go."""
        outputs, servers, place, s = self._outputs, self._servers, self.place, self.settings
        if outputs is None or servers is None or place is None:
            return
        with until_shutdown(self):
            outputs.stand_in(self._room(place), s.outputs.markers)
            if s.obstacles.period and monotonic() - self._repeated >= s.obstacles.period:
                self._repeated = monotonic()
                outputs.repeat(self.now)
            pose = pose2(self.robot_pose(), place.layout.frame_id)
            if pose is not None:
                outputs.scan(pose, self.robot.base, self.robot.stamp or self.now, s.obstacles)
            servers.tick()

    # ------------------------------------------------------------------ diagnostics
    def _navigation_status(self, status: DiagnosticStatusWrapper) -> DiagnosticStatusWrapper:
        place, outputs, servers = self.place, self._outputs, self._servers
        if place is None or outputs is None or servers is None:
            status.summary(OK, "no layout yet" if outputs is not None else "not configured")
            return status
        status.summary(
            OK, f"{len(place.rooms.rooms)} rooms, {len(place.rooms.doors)} doors, {len(place.goals)} objects"
        )
        if place.findings:
            status.summary(
                WARN, f"{len(place.findings)} findings: {place.findings[0].entity} {place.findings[0].message}"
            )
        if self._fault:
            status.summary(ERROR, self._fault)
        status.add("last update took", f"{1000 * self._seconds:.1f} ms")
        status.add("published", ", ".join(f"{name} {count}" for name, count in sorted(outputs.counts.items())))
        for name, sync in servers.syncs.items():
            status.add(name, sync.problem or f"up to date, {sync.calls} calls")
        return status


def main() -> int:
    """Run the node."""
    # Callbacks get their turn soon while maps are made.
    sys.setswitchinterval(0.0002)
    return run(NavigationNode, threads=6)


if __name__ == "__main__":
    raise SystemExit(main())
