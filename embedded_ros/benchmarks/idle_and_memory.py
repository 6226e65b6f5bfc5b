"""Idle cost, start-up time and memory growth of a node.

python benchmarks/idle_and_memory.py [--idle 10] [--minutes 0.5] [--startups 5]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
from _peers import resident_mb, take_domain

_STARTUP = """
import time; start = time.perf_counter()
import embedded_ros; embedded_ros.activate()
import rclpy
rclpy.init(args=[]); node = rclpy.create_node("starter"); rclpy.spin_once(node, timeout_sec=0)
print(time.perf_counter() - start); rclpy.shutdown()
"""


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds")
    parser.add_argument("--minutes", type=float, default=0.5, help="of clouds at 10 Hz")
    parser.add_argument("--startups", type=int, default=5)
    options = parser.parse_args()
    take_domain()
    seconds = [float(subprocess.check_output([sys.executable, "-c", _STARTUP])) for _ in range(options.startups)]
    print(f"import to first spin: median {statistics.median(seconds):.2f} s of {len(seconds)}")
    import embedded_ros

    embedded_ros.activate()
    import rclpy

    rclpy.init(args=[])
    print(f"idle node: {idle_share(options.idle):.2%} of a core")
    memory_growth(options.minutes)
    rclpy.shutdown()


def idle_share(seconds: float) -> float:
    """Return the share of a core that a node with a 1 Hz timer takes."""
    import rclpy

    node = rclpy.create_node("idle")
    node.create_timer(1.0, lambda: None)
    before, end = time.process_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=end - time.monotonic())
    share = (time.process_time() - before) / seconds
    node.destroy_node()
    return share


def memory_growth(minutes: float) -> None:
    """Print the resident memory while 1.6 MB clouds go round at 10 Hz."""
    import rclpy
    from sensor_msgs.msg import PointCloud2

    node = rclpy.create_node("memory")
    count = [0]
    node.create_subscription(PointCloud2, "cloud", lambda message: count.__setitem__(0, count[0] + 1), 5)
    publisher = node.create_publisher(PointCloud2, "cloud", 5)
    data = np.zeros(1_600_000, np.uint8)
    node.create_timer(0.1, lambda: publisher.publish(PointCloud2(width=100_000, height=1, point_step=16, data=data)))
    samples = []
    end = time.monotonic() + minutes * 60
    following = 0.0
    while time.monotonic() < end:
        rclpy.spin_once(node, timeout_sec=0.5)
        if time.monotonic() >= following:
            samples.append(resident_mb())
            following = time.monotonic() + max(1.0, minutes * 60 / 10)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    settled = samples[len(samples) // 5 :]
    print(
        f"memory over {minutes:g} min ({count[0]} clouds): {samples[0]:.0f} MB at first, "
        f"{settled[0]:.1f} -> {settled[-1]:.1f} MB once warm, peak {peak:.0f} MB"
    )
    node.destroy_node()


if __name__ == "__main__":
    main()
