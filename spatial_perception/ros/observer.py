"""Follows a robot that maps a place: what is published on the way, and requests to the nodes. Shows nothing itself."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from math import atan2, cos, dist, sin
from time import monotonic
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from nav_msgs.msg import Path
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile
from tf2_msgs.msg import TFMessage

from spatial_perception.action import Ask, EstimateLayout
from spatial_perception.errors import MiddlewareError, NodeError
from spatial_perception.layout.tracking import TrackedLayout
from spatial_perception.mapping.pose import Pose
from spatial_perception.msg import Layout, Timing
from spatial_perception.reasoning.answers import Answer
from spatial_perception.ros.convert.answers import answer_from_message
from spatial_perception.ros.convert.layouts import layout_from_message
from spatial_perception.ros.convert.stamps import seconds
from spatial_perception.ros.qos import LATCHED
from spatial_perception.srv import SaveCloud, SaveLayout

NODE = "/layout_node"
SCENE = "/scene_node"
ROBOT = "/simulated_robot"
_TICK = 0.02


@dataclass(frozen=True)
class Sighting:
    """What is known at one moment.

    `layout` is the last of `layouts` received, `truth` the true one; `pose` is the robot's (x, y m, yaw rad) at `time` (s, on
    the robot's clock), `trail` where it was, `driven` (m) how far it went, `plan` its times and places (t, x, y) of one round.
    `rates` are messages per second by topic, `voxels` the size of the map, `latency` (s) that of the last layout.
    """

    layout: TrackedLayout | None = None
    layouts: int = 0
    truth: TrackedLayout | None = None
    time: float | None = None
    pose: tuple[float, float, float] | None = None
    trail: tuple[tuple[float, float], ...] = ()
    driven: float = 0.0
    plan: tuple[tuple[float, float, float], ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    voxels: int = 0
    latency: float | None = None

    @property
    def share(self) -> float:
        """How much of the round is done, 0 to 1."""
        if self.time is None or len(self.plan) < 2:
            return 0.0
        begin, end = self.plan[0][0], self.plan[-1][0]
        return min(max((self.time - begin) / (end - begin), 0.0), 1.0)


class Observer:
    """A node in a context and thread of its own. Requests raise NodeError where they fail or take too long.

    Raises MiddlewareError where ROS 2 cannot communicate here.
    """

    def __init__(self, domain: int, name: str = "observer") -> None:
        self._context = rclpy.Context()
        try:
            rclpy.init(args=[], context=self._context, domain_id=domain)
            self._node = rclpy.create_node(name, context=self._context)
        except RuntimeError as error:
            raise MiddlewareError(f"ROS 2 cannot communicate here: {error}; is there a network interface?") from error
        self._lock = threading.Lock()
        self._seen = Sighting()
        self._actions: dict[str, Any] = {}
        self._frames: dict[tuple[str, str], Pose] = {}
        for kind, topic, callback, qos in (
            (Layout, f"{NODE}/layout", self._on_layout, LATCHED),
            (Layout, f"{ROBOT}/truth", self._on_truth, LATCHED),
            (Path, f"{ROBOT}/path", self._on_path, LATCHED),
            (Timing, f"{NODE}/timing", self._on_timing, QoSProfile(depth=10)),
            (DiagnosticArray, "/diagnostics", self._on_diagnostics, QoSProfile(depth=10)),
            (TFMessage, "/tf", self._on_transforms, QoSProfile(depth=100)),
        ):
            self._node.create_subscription(kind, topic, callback, qos)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="observer", daemon=True)
        self._thread.start()

    @property
    def seen(self) -> Sighting:
        """What is known now."""
        with self._lock:
            return self._seen

    def close(self) -> None:
        """Leave the graph."""
        self._context.try_shutdown()
        self._thread.join(1.0)
        self._node.destroy_node()

    def _spin(self) -> None:
        try:
            while self._context.ok():
                self._executor.spin_once(timeout_sec=0.1)
        except ExternalShutdownException:
            return

    # ------------------------------------------------------------------ requests

    def state(self, timeout: float = 30.0) -> str:
        """The state of the layout node: unconfigured, inactive, active, finalized."""
        client = self._node.create_client(GetState, f"{NODE}/get_state")
        deadline = monotonic() + timeout
        self._wait(client.service_is_ready, deadline, f"{NODE}/get_state")
        answer = self._result(client.call_async(GetState.Request()), deadline, f"{NODE}/get_state")
        self._node.destroy_client(client)
        return str(answer.current_state.label)

    def estimate(self, timeout: float = 60.0) -> TrackedLayout:
        """Ask for a layout of the present map, and wait for it."""
        goal = EstimateLayout.Goal(task="all")
        result = self._goal(EstimateLayout, f"{NODE}/estimate_layout", goal, timeout)
        if result.error_code:
            raise NodeError(f"{NODE} could not estimate: {result.error_msg}")
        return layout_from_message(result.layout)[0]

    def ask(self, question: str, pose: tuple[float, float, float] | None = None, timeout: float = 30.0) -> Answer:
        """The answer of the scene node to a question, asked from a pose (x, y m, yaw rad) in the map."""
        goal = Ask.Goal(question=question)
        if pose is not None:
            goal.viewer.header.frame_id = "map"
            goal.viewer.pose.position.x, goal.viewer.pose.position.y = pose[:2]
            goal.viewer.pose.orientation.z, goal.viewer.pose.orientation.w = sin(pose[2] / 2), cos(pose[2] / 2)
        return answer_from_message(self._goal(Ask, f"{SCENE}/ask", goal, timeout).answer)

    def save_layout(self, path: str, timeout: float = 20.0) -> str:
        """Let the node write its layout; the path of the file."""
        return str(self._call(SaveLayout, f"{NODE}/save_layout", timeout, path=path, overwrite=True).path)

    def save_cloud(self, path: str, timeout: float = 20.0) -> int:
        """Let the node write its map; the number of points."""
        return int(self._call(SaveCloud, f"{NODE}/save_cloud", timeout, path=path, overwrite=True).points)

    def _goal(self, kind: Any, name: str, goal: Any, timeout: float) -> Any:
        """The result of an action."""
        client = self._actions.get(name) or ActionClient(self._node, kind, name)
        self._actions[name] = client
        deadline = monotonic() + timeout
        self._wait(client.server_is_ready, deadline, name)
        handle = self._result(client.send_goal_async(goal), deadline, name)
        if not handle.accepted:
            raise NodeError(f"{name} takes no goals; is its node active?")
        return self._result(handle.get_result_async(), deadline, name).result

    def _call(self, kind: Any, name: str, timeout: float, **fields: Any) -> Any:
        client = self._node.create_client(kind, name)
        deadline = monotonic() + timeout
        self._wait(client.service_is_ready, deadline, name)
        answer = self._result(client.call_async(kind.Request(**fields)), deadline, name)
        self._node.destroy_client(client)
        if not answer.success:
            raise NodeError(f"{name}: {answer.message}")
        return answer

    def _result(self, future: Any, deadline: float, name: str) -> Any:
        self._wait(future.done, deadline, name)
        return future.result()

    def _wait(self, done: Any, deadline: float, name: str) -> None:
        while not done():
            if monotonic() > deadline:
                raise NodeError(f"{name} does not answer in time; is its node alive, and the machine not overloaded?")
            threading.Event().wait(_TICK)

    # ------------------------------------------------------------------ messages

    def _note(self, **changes: Any) -> None:
        with self._lock:
            self._seen = replace(self._seen, **changes)

    def _on_layout(self, message: Any) -> None:
        self._note(layout=layout_from_message(message)[0], layouts=self._seen.layouts + 1)

    def _on_truth(self, message: Any) -> None:
        self._note(truth=layout_from_message(message)[0])

    def _on_timing(self, message: Any) -> None:
        self._note(latency=float(message.latency))

    def _on_path(self, message: Any) -> None:
        steps = ((seconds(p.header.stamp), p.pose.position.x, p.pose.position.y) for p in message.poses)
        self._note(plan=tuple(steps))

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            values = {item.key: item.value for item in status.values}
            if status.name.endswith("map") and "voxels" in values:
                self._note(voxels=int(values["voxels"]))
            rates = {
                key[: -len(" rate")]: float(text.split()[0]) for key, text in values.items() if key.endswith(" rate")
            }
            if rates:
                self._note(rates=rates)

    def _on_transforms(self, message: Any) -> None:
        for item in message.transforms:
            t, r = item.transform.translation, item.transform.rotation
            pose = Pose((t.x, t.y, t.z), (r.x, r.y, r.z, r.w))
            self._frames[item.header.frame_id, item.child_frame_id] = pose
            if item.child_frame_id == "base_link":
                self._moved(seconds(item.header.stamp))

    def _moved(self, time: float) -> None:
        correction, base = self._frames.get(("map", "odom")), self._frames["odom", "base_link"]
        if correction is None:
            return
        pose = correction @ base
        x, y, _ = pose.position
        forward = pose.rotation[:, 0]
        trail, driven = self._seen.trail, self._seen.driven
        if not trail or dist(trail[-1], (x, y)) > 0.1:
            driven += dist(trail[-1], (x, y)) if trail else 0.0
            trail = (*trail, (x, y))
        self._note(time=time, pose=(x, y, atan2(forward[1], forward[0])), trail=trail, driven=driven)
