"""What the live benchmarks share: real processes in a ROS domain of their own, and what is heard of the node under test.

Needs rclpy, or the embedded runtime.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spatial_perception.ros.runtime import Domain

ROOT = Path(__file__).parents[1]
NODE = "/layout_node"
TOOL = ["ros2"] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros"]


def prepare() -> None:
    """Choose the runtime, and a domain that no robot and no other benchmark uses, unless ROS_DOMAIN_ID names one."""
    if "ROS_DOMAIN_ID" not in os.environ:
        domain = Domain()
        atexit.register(domain.close)
        os.environ["ROS_DOMAIN_ID"] = str(domain.number)
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    with contextlib.suppress(ImportError):
        import embedded_ros

        embedded_ros.activate()


@contextlib.contextmanager
def processes(*nodes: tuple[str, Mapping[str, object]]) -> Iterator[list[subprocess.Popen]]:
    """Run nodes of this package with their parameters, each in a process of its own; they end with the block."""
    running = [_started(executable, parameters) for executable, parameters in nodes]
    try:
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGINT)
        for process in running:
            process.wait(20)


def must_run(running: list[subprocess.Popen]) -> None:
    """End the benchmark where one of its processes ended by itself, or a signal told this one to end."""
    import rclpy

    if not rclpy.ok():
        raise SystemExit("interrupted")
    if any(process.poll() is not None for process in running):
        raise SystemExit("a node under test ended by itself; see its output above")


def _started(executable: str, parameters: Mapping[str, object]) -> subprocess.Popen:
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
    command = [*TOOL, "run", "spatial_perception", executable, "--ros-args", *words]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and what it ended (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Heard:
    """What came in so far: the last of each kind, all latencies (s), all stages (s), values of diagnostics."""

    truth: Any = None
    layout: Any = None
    layouts: list[Any] = field(default_factory=list)
    clock: float = 0.0
    latencies: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def told(self, message: Any) -> None:
        """Note a layout."""
        self.layout = message
        self.layouts.append(message)

    def timed(self, message: Any) -> None:
        """Note a message of ~/timing."""
        self.latencies.append(message.latency)
        for item in message.stages:
            self.stages.setdefault(item.stage, []).append(item.duration)

    def diagnosed(self, message: Any) -> None:
        """Note a message of /diagnostics."""
        for status in message.status:
            self.values |= {item.key: item.value for item in status.values}

    def megabytes(self, name: str) -> float:
        """A value such as `105 MB` as a number."""
        text = self.values.get(name, "")
        return float(text.split()[0]) if text and text[0].isdigit() else float("nan")


def listen() -> tuple[Any, Heard]:
    """A node `bench` that spins in a thread, and what it hears."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from rosgraph_msgs.msg import Clock

    from spatial_perception.msg import Layout, Timing
    from spatial_perception.ros.convert.stamps import seconds
    from spatial_perception.ros.qos import LATCHED

    rclpy.init()
    node, heard = rclpy.create_node("bench"), Heard()
    node.create_subscription(Layout, "/simulated_robot/truth", lambda m: setattr(heard, "truth", m), LATCHED)
    node.create_subscription(Layout, f"{NODE}/layout", heard.told, LATCHED)
    node.create_subscription(Clock, "/clock", lambda m: setattr(heard, "clock", seconds(m.clock)), 10)
    node.create_subscription(Timing, f"{NODE}/timing", heard.timed, 10)
    node.create_subscription(DiagnosticArray, "/diagnostics", heard.diagnosed, 10)
    threading.Thread(target=_spin, args=(node,), daemon=True).start()
    return node, heard


def _spin(node: Any) -> None:
    import rclpy
    from rclpy.executors import ExternalShutdownException

    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)


def switches(heard: Heard) -> dict[str, int]:
    """Id switches per kind over all layouts heard."""
    from spatial_perception.ros.convert.layouts import layout_from_message

    counted = IdSwitches()
    truth = layout_from_message(heard.truth)[0].layout
    for message in heard.layouts:
        counted.update(layout_from_message(message)[0].layout, truth)
    return counted.counts


def scores(heard: Heard) -> dict[str, float]:
    """F1 at IoU 0.25 of each kind, in percent."""
    from spatial_perception.evaluation.layout_metrics import ALL_BOXES, evaluate_scene
    from spatial_perception.ros.convert.layouts import layout_from_message

    if heard.truth is None or heard.layout is None:
        return {}
    prediction, truth = (layout_from_message(m)[0].layout for m in (heard.layout, heard.truth))
    result = evaluate_scene(prediction, truth)
    kinds = {name: result.of(name) for name in ("wall", "door", "window", ALL_BOXES)}
    return {name: 100 * score.at(0.25).f1 for name, score in kinds.items() if score is not None}


class IdSwitches:
    """How often a true entity was shown under another id than the last time, per kind (CLEAR MOT, Bernardin and Stiefelhagen
    2008). As there, a pair of the layout before stays one while both are there and alike, whatever else is alike now."""

    def __init__(self) -> None:
        self.counts = {"wall": 0, "door": 0, "window": 0, "box": 0}
        self._last: dict[tuple[str, int], int] = {}
        self._paired: set[tuple[str, int, int]] = set()

    def update(self, prediction: Any, truth: Any) -> None:
        """Take in the next layout shown."""
        from spatial_perception.layout.association import box_costs, opening_costs, wall_costs

        kinds = {"wall": wall_costs, "door": opening_costs, "window": opening_costs, "box": box_costs}
        paired = set()
        for kind, costs in kinds.items():
            plural = "boxes" if kind == "box" else f"{kind}s"
            real, shown = getattr(truth, plural), getattr(prediction, plural)
            if real and shown:
                anywhere = (np.ones((len(real), len(shown)), dtype=bool),) if costs is opening_costs else ()
                for i, j in self._pairs(kind, real, shown, costs(real, shown, *anywhere)):
                    key, number = (kind, real[i].id), shown[j].id
                    self.counts[kind] += self._last.get(key, number) != number
                    self._last[key] = number
                    paired.add((*key, number))
        self._paired = paired

    def _pairs(self, kind: str, real: Any, shown: Any, cost: Any) -> list[tuple[int, int]]:
        from spatial_perception.layout.assignment import best_pairs

        kept = [(i, j) for i, j in np.argwhere(cost < 1.0) if (kind, real[i].id, shown[j].id) in self._paired]
        for i, j in kept:
            cost[i], cost[:, j] = np.inf, np.inf
        return [*kept, *best_pairs(cost)]


def report(heard: Heard) -> None:
    """Print what the node said of itself, one figure a line."""
    for key in (
        "/points received, used", "/points lost", "/points longest callback", "time per cloud, p50, p95",
        "voxels", "map memory", "memory of the node", "memory of the estimator", "ids given, deleted, back again",
    ):  # fmt: skip
        print(f"{key:<34} {heard.values.get(key)}")
    latencies = heard.latencies or [float("nan")]
    print(f"layouts                            {len(heard.latencies)}")
    for name, values in {**heard.stages, "last cloud to layout": latencies}.items():
        print(f"{name + ', p50 / p95':<34} {np.percentile(values, 50):.3f} / {np.percentile(values, 95):.3f} s")


def wait_for(what: Any, seconds: float = 60.0) -> None:
    """Wait until `what()` is true; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("the node under test gives no sign of life; see its output above")
        time.sleep(0.05)
