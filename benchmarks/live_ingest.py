"""How `layout_node` takes 200,000 points at 10 Hz: losses, time per cloud, callbacks, latency, CPU and memory.

python benchmarks/live_ingest.py [--seconds 60]. Needs rclpy, or the embedded runtime. Prints one figure a line.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
NODE = "/layout_node"
PERIOD = 0.1


def views(count: int) -> list:
    """Scans of a home of 3 rooms from places along a drive: (pose of the robot, cloud in the scanner's axes)."""
    from spatial_perception.ros.nodes.simulated_robot import LIDAR_MOUNT
    from spatial_perception.simulation import LidarModel, drive, make_home, scan

    home, rng = make_home(4, rooms=3), np.random.default_rng(0)
    tour = drive(home, rng)
    times = np.linspace(0.0, tour.duration, count)
    poses = [tour.at(float(t)) for t in times]
    return [(pose, scan(home, pose @ LIDAR_MOUNT, LidarModel.dome(), rng, colour=False).cloud) for pose in poses]


def start_node() -> subprocess.Popen:
    """The node under test, in a process of its own."""
    tool = ["ros2"] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros"]
    parameters = ["autostart:=true", "estimation.period:=1.0", "estimation.min_change:=0.0", "inputs.lossless:=true"]
    words = [word for parameter in parameters for word in ("-p", parameter)]
    command = [*tool, "run", "spatial_perception", "layout_node", "--ros-args", *words]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"})


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and what it ended (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Bench:
    """Publishes the scans again and again, listens to timings and diagnostics."""

    def __init__(self, seen: list) -> None:
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from sensor_msgs.msg import PointCloud2
        from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

        from spatial_perception.msg import Timing
        from spatial_perception.ros.messages import transform_message
        from spatial_perception.ros.nodes.simulated_robot import LIDAR_MOUNT

        rclpy.init()
        self.node, self.seen = rclpy.create_node("bench"), seen
        self.latencies: list[float] = []
        self.values: dict[str, str] = {}
        self.points = self.node.create_publisher(PointCloud2, "points", 10)
        self.node.create_subscription(Timing, f"{NODE}/timing", lambda m: self.latencies.append(m.latency), 10)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._note, 10)
        self.moving, self.still = TransformBroadcaster(self.node), StaticTransformBroadcaster(self.node)
        self.still.sendTransform(transform_message(LIDAR_MOUNT, "base_link", "lidar", 0.0))
        threading.Thread(target=rclpy.spin, args=(self.node,), daemon=True).start()

    def _note(self, message: object) -> None:
        for status in message.status:  # type: ignore[attr-defined]
            self.values |= {item.key: item.value for item in status.values}

    def publish(self, seconds: float) -> int:
        """Send scans for so long; returns how many."""
        from spatial_perception.mapping.pose import Pose
        from spatial_perception.pointcloud.cloud import PointCloud
        from spatial_perception.ros.convert.clouds import cloud_message
        from spatial_perception.ros.messages import transform_message

        began, sent = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            pose, cloud = self.seen[sent % len(self.seen)]
            stamp = time.time()
            self.moving.sendTransform(
                [transform_message(Pose(), "map", "odom", stamp), transform_message(pose, "odom", "base_link", stamp)]
            )
            self.points.publish(cloud_message(PointCloud(cloud.xyz, None, "lidar", stamp)))
            sent += 1
            time.sleep(max(0.0, began + sent * PERIOD - time.monotonic()))
        return sent


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    seen = views(20)
    print(f"points per cloud                 {np.mean([len(cloud) for _, cloud in seen]):.0f}")
    process, bench = start_node(), Bench(seen)
    try:
        while not bench.values:
            time.sleep(0.1)
        bench.publish(3.0)
        before, began = cpu_seconds(process.pid), time.monotonic()
        sent = bench.publish(seconds)
        cpu = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
        time.sleep(2.5)
        report(bench, sent, cpu)
        idle(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def report(bench: Bench, sent: int, cpu: float) -> None:
    """Print what the node says about itself."""
    values, latencies = bench.values, np.array(bench.latencies or [np.nan])
    print(f"clouds sent                      {sent}")
    for key in (
        "/points received, used",
        "/points lost",
        "/points longest callback",
        "last cloud took",
        "voxels",
        "map memory",
    ):
        print(f"{key:<32} {values.get(key)}")
    print(f"memory of the node               {values.get('memory of the node')}")
    print(f"CPU of the node (cores)          {cpu:.2f}")
    print(f"layouts                          {len(latencies)}")
    print(f"last cloud to layout, p50 / p95  {np.percentile(latencies, 50):.2f} / {np.percentile(latencies, 95):.2f} s")


def idle(process: subprocess.Popen) -> None:
    """CPU while deactivated."""
    tool = ["ros2"] if shutil.which("ros2") else [sys.executable, "-m", "embedded_ros"]
    subprocess.run([*tool, "lifecycle", "set", NODE, "deactivate"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(2.0)
    before, began = cpu_seconds(process.pid), time.monotonic()
    time.sleep(10.0)
    share = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
    print(f"CPU while inactive               {100 * share:.1f} % of a core")


if __name__ == "__main__":
    try:
        import embedded_ros
    except ImportError:
        pass
    else:
        embedded_ros.activate()
    main()
