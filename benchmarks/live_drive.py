"""A drive through a simulated home, live: how the score rises, ids that switch, latency, and memory over time.

python benchmarks/live_drive.py [--minutes 60] [--rooms 6] [--speedup 4]. Minutes are simulated ones. Needs rclpy, or the
embedded runtime. Prints a line every simulated half minute, then the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
NODE = "/layout_node"
ROBOT = ("lidar:=dome", "rings:=32", "columns:=900", "camera_rate:=0.0")


@dataclass
class Heard:
    """What came in so far."""

    truth: Any = None
    layout: Any = None
    clock: float = 0.0
    latencies: list[float] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def start_robot(rooms: int, speedup: float, seed: int) -> subprocess.Popen:
    """The robot."""
    tool = ["ros2"] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros"]
    robot = [
        f"rooms:={rooms}",
        f"seed:={seed}",
        f"real_time_factor:={speedup}",
        "clock:=true",
        "lidar_rate:=5.0",
        *ROBOT,
    ]
    words = [word for parameter in robot for word in ("-p", parameter)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [*tool, "run", "spatial_perception", "simulated_robot", "--ros-args", *words]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def start_node() -> subprocess.Popen:
    """The node under test."""
    tool = ["ros2"] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros"]
    given = ["autostart:=true", "use_sim_time:=true", "estimation.period:=3.0", "filters.range_max:=12.0"]
    words = [word for parameter in given for word in ("-p", parameter)]
    command = [*tool, "run", "spatial_perception", "layout_node", "--ros-args", *words]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})


def listen() -> tuple[Any, Heard]:
    """A node that keeps the last of everything."""
    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray
    from rosgraph_msgs.msg import Clock

    from spatial_perception.msg import Layout, Timing
    from spatial_perception.ros.qos import LATCHED

    rclpy.init()
    node, heard = rclpy.create_node("bench"), Heard()

    def keep(name: str) -> Any:
        return lambda message: setattr(heard, name, message)

    def note(message: Any) -> None:
        for status in message.status:
            heard.values |= {item.key: item.value for item in status.values}

    node.create_subscription(Layout, "/simulated_robot/truth", keep("truth"), LATCHED)
    node.create_subscription(Layout, f"{NODE}/layout", keep("layout"), LATCHED)
    node.create_subscription(
        Clock, "/clock", lambda m: setattr(heard, "clock", m.clock.sec + m.clock.nanosec / 1e9), 10
    )
    node.create_subscription(Timing, f"{NODE}/timing", lambda m: heard.latencies.append(m.latency), 10)
    node.create_subscription(DiagnosticArray, "/diagnostics", note, 10)
    threading.Thread(target=spin, args=(node,), daemon=True).start()
    return node, heard


def spin(node: Any) -> None:
    """Take messages until the end."""
    import rclpy
    from rclpy.executors import ExternalShutdownException

    with contextlib.suppress(ExternalShutdownException):
        rclpy.spin(node)


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


def megabytes(text: str) -> float:
    """`105 MB` as a number."""
    return float(text.split()[0]) if text and text[0].isdigit() else float("nan")


def watch(heard: Heard, seconds: float) -> list[tuple[float, float]]:
    """Print the state every simulated half minute; returns (wall clock hours, memory in MB) over the second half."""
    import rclpy

    memory: list[tuple[float, float]] = []
    while not heard.clock and rclpy.ok():
        time.sleep(0.05)
    start, said = heard.clock, 0.0
    while (passed := heard.clock - start) < seconds and rclpy.ok():
        time.sleep(0.2)
        if passed - said >= 30.0:
            said = passed
            memory.append((time.monotonic() / 3600, megabytes(heard.values.get("memory of the node", ""))))
            _print_state(passed, heard, memory[-1][1])
    return memory[len(memory) // 2 :]


def _print_state(passed: float, heard: Heard, memory: float) -> None:
    shown = "  ".join(f"{name} {value:.0f}" for name, value in scores(heard).items())
    ids, voxels = heard.values.get("ids given, deleted, switched"), heard.values.get("voxels")
    print(f"{passed:6.0f} s  {shown}  ids {ids}  {voxels} voxels  {memory:.0f} MB", flush=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("minutes", 60.0), ("rooms", 6), ("speedup", 4.0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    given = parser.parse_args()
    processes = [start_node(), start_robot(given.rooms, given.speedup, given.seed)]
    try:
        _, heard = listen()
        memory = watch(heard, 60.0 * given.minutes)
        for name, value in scores(heard).items():
            print(f"F1 @.25 {name:<24} {value:.1f}")
        print(f"ids given, deleted, switched     {heard.values.get('ids given, deleted, switched')}")
        for key in ("/points received, used", "/points lost", "/points longest callback"):
            print(f"{key:<32} {heard.values.get(key)}")
        latencies = np.array(heard.latencies or [np.nan])
        print(
            f"last cloud to layout, p50 / p95  {np.percentile(latencies, 50):.2f} / {np.percentile(latencies, 95):.2f} s"
        )
        if len(memory) > 2:
            print(
                f"memory of the node, slope        {np.polyfit(*np.transpose(memory), 1)[0]:.1f} MB/h over the second half"
            )
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(20)


if __name__ == "__main__":
    try:
        import embedded_ros
    except ImportError:
        pass
    else:
        embedded_ros.activate()
    main()
