"""Latency from ``publish()`` to the callback, between two processes on the loopback.

python benchmarks/cloud_latency.py [--payloads 100k 500k vga 720p] [--seconds 6] [--rate 10] [--receive-buffer 212992]
Times are those of the machine-wide monotonic clock, carried in the header's stamp; serializing and deserializing count.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from _peers import start_peer, summary, take_domain

# payload -> (width, height, bytes per element)
PAYLOADS = {"100k": (100_000, 1, 16), "500k": (500_000, 1, 16), "vga": (640, 480, 3), "720p": (1280, 720, 3)}


def main() -> None:
    """Measure each payload in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", nargs="*", default=list(PAYLOADS), choices=list(PAYLOADS))
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--best-effort", action="store_true")
    parser.add_argument("--receive-buffer", type=int, default=0, help="bytes; 0: the default")
    parser.add_argument("--send", help=argparse.SUPPRESS)
    options = parser.parse_args()
    take_domain()
    if options.receive_buffer:
        os.environ["EMBEDDED_ROS_RECEIVE_BUFFER"] = str(options.receive_buffer)
    if options.send:
        send(options, options.send)
        return
    for payload in options.payloads:
        receive(options, payload)


def _qos(options: argparse.Namespace) -> object:
    from rclpy.qos import QoSProfile, ReliabilityPolicy

    return QoSProfile(
        depth=5, reliability=ReliabilityPolicy.BEST_EFFORT if options.best_effort else ReliabilityPolicy.RELIABLE
    )


def _begin(name: str) -> object:
    import embedded_ros

    embedded_ros.activate()
    import rclpy

    if not rclpy.ok():
        rclpy.init(args=[])
    return rclpy.create_node(name)


def send(options: argparse.Namespace, payload: str) -> None:
    """Publish at a fixed rate once the receiver is there; print how many were sent."""
    node = _begin("sender")
    from sensor_msgs.msg import PointCloud2

    width, height, step = PAYLOADS[payload]
    message = PointCloud2(width=width, height=height, point_step=step, row_step=width * step)
    message.data = np.random.default_rng(0).integers(0, 255, width * height * step, dtype=np.uint8)
    publisher = node.create_publisher(PointCloud2, "cloud", _qos(options))
    while not publisher.get_subscription_count():
        time.sleep(0.01)
    count, period = int(options.seconds * options.rate), 1.0 / options.rate
    start = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, start + index * period - time.monotonic()))
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(time.monotonic_ns(), 10**9)
        publisher.publish(message)
    time.sleep(1.0)
    print(count, flush=True)


def receive(options: argparse.Namespace, payload: str) -> None:
    """Collect latencies until the sender is done."""
    node = _begin(f"receiver_{payload}")
    import rclpy
    from sensor_msgs.msg import PointCloud2

    latencies: list[float] = []

    def received(message: PointCloud2) -> None:
        stamp = message.header.stamp
        latencies.append((time.monotonic_ns() - (stamp.sec * 10**9 + stamp.nanosec)) / 1e6)

    node.create_subscription(PointCloud2, "cloud", received, _qos(options))
    arguments = ["--send", payload, "--seconds", str(options.seconds), "--rate", str(options.rate)]
    arguments += ["--receive-buffer", str(options.receive_buffer), *(["--best-effort"] if options.best_effort else [])]
    peer = start_peer(__file__, *arguments)
    while peer.poll() is None:
        rclpy.spin_once(node, timeout_sec=0.05)
    sent = int(peer.stdout.read() or 0)
    width, height, step = PAYLOADS[payload]
    size = width * height * step / 1e6
    print(
        f"{payload:>5} ({size:.2f} MB at {options.rate:g} Hz): {len(latencies)}/{sent} received, {summary(latencies)}",
        flush=True,
    )
    node.destroy_node()


if __name__ == "__main__":
    main()
