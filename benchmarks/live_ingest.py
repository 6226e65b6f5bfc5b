"""How `layout_node` takes 200,000 points at 10 Hz: losses, time per cloud, callbacks, latency, CPU and memory.

python benchmarks/live_ingest.py [--seconds 60]. Needs rclpy, or the embedded runtime. Prints one figure a line.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from typing import Any

import numpy as np
from live_world import NODE, ROOT, TOOL, cpu_seconds, listen, prepare, processes, report, wait_for

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


class Robot:
    """Publishes the scans again and again, with the transforms that belong to them."""

    def __init__(self, node: Any, seen: list) -> None:
        from sensor_msgs.msg import PointCloud2
        from tf2_ros import StaticTransformBroadcaster, TransformBroadcaster

        from spatial_perception.ros.messages import transform_message
        from spatial_perception.ros.nodes.simulated_robot import LIDAR_MOUNT

        self._seen = seen
        self._points = node.create_publisher(PointCloud2, "points", 10)
        self._moving, self._still = TransformBroadcaster(node), StaticTransformBroadcaster(node)
        self._still.sendTransform(transform_message(LIDAR_MOUNT, "base_link", "lidar", 0.0))

    def publish(self, seconds: float) -> int:
        """Send scans for so long; returns how many."""
        from spatial_perception.mapping.pose import Pose
        from spatial_perception.pointcloud.cloud import PointCloud
        from spatial_perception.ros.convert.clouds import cloud_message
        from spatial_perception.ros.messages import transform_message

        began, sent = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            pose, cloud = self._seen[sent % len(self._seen)]
            stamp = time.time()
            self._moving.sendTransform(
                [transform_message(Pose(), "map", "odom", stamp), transform_message(pose, "odom", "base_link", stamp)]
            )
            self._points.publish(cloud_message(PointCloud(cloud.xyz, None, "lidar", stamp)))
            sent += 1
            time.sleep(max(0.0, began + sent * PERIOD - time.monotonic()))
        return sent


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    seen = views(20)
    print(f"points per cloud                   {np.mean([len(cloud) for _, cloud in seen]):.0f}")
    parameters = {
        "autostart": "true", "estimation.period": 1.0, "estimation.min_change": 0.0, "inputs.lossless": "true",
    }  # fmt: skip
    with processes(("layout_node", parameters)) as (process,):
        node, heard = listen()
        robot = Robot(node, seen)
        wait_for(lambda: heard.values)
        robot.publish(3.0)
        before, began = cpu_seconds(process.pid), time.monotonic()
        sent = robot.publish(seconds)
        cpu = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
        time.sleep(2.5)
        print(f"clouds sent                        {sent}")
        report(heard)
        print(f"CPU of the node (cores)            {cpu:.2f}")
        idle(process)


def idle(process: subprocess.Popen) -> None:
    """CPU while deactivated, with the sensor silent."""
    subprocess.run([*TOOL, "lifecycle", "set", NODE, "deactivate"], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    time.sleep(2.0)
    before, began = cpu_seconds(process.pid), time.monotonic()
    time.sleep(10.0)
    share = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
    print(f"CPU while inactive                 {100 * share:.1f} % of a core")


if __name__ == "__main__":
    prepare()
    main()
