"""Times inside one process and of service calls between two: cloud round trip, service call, transform lookup.

python benchmarks/round_trips.py [--calls 200]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from _peers import start_peer, summary, take_domain


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    take_domain()
    import embedded_ros

    embedded_ros.activate()
    import rclpy

    rclpy.init(args=[])
    if options.serve:
        serve()
        return
    print(f"same-process round trip of a 1.6 MB cloud: {summary(cloud_round_trips(40))}")
    peer = start_peer(__file__, "--serve")
    try:
        print(f"service call between processes:           {summary(service_calls(options.calls))}")
    finally:
        peer.terminate()
        peer.wait()
    print(f"transform lookup without waiting:         {summary(transform_lookups(2000), 'us')}")
    rclpy.shutdown()


def cloud_round_trips(count: int) -> list[float]:
    """Return milliseconds from publish() to the callback of the same process."""
    import rclpy
    from sensor_msgs.msg import PointCloud2

    node = rclpy.create_node("round_trip")
    received: list[float] = []
    node.create_subscription(PointCloud2, "cloud", lambda message: received.append(time.perf_counter()), 5)
    publisher = node.create_publisher(PointCloud2, "cloud", 5)
    message = PointCloud2(width=100_000, height=1, point_step=16, data=np.zeros(1_600_000, np.uint8))
    while not publisher.get_subscription_count():
        time.sleep(0.01)
    times = []
    for index in range(count):
        start = time.perf_counter()
        publisher.publish(message)
        while len(received) <= index:
            rclpy.spin_once(node, timeout_sec=1.0)
        times.append((received[index] - start) * 1e3)
        time.sleep(0.02)
    node.destroy_node()
    return times


def serve() -> None:
    """Offer a service until terminated."""
    import rclpy
    from example_interfaces.srv import AddTwoInts
    from rclpy.executors import ExternalShutdownException

    def add(request: AddTwoInts.Request, response: AddTwoInts.Response) -> AddTwoInts.Response:
        response.sum = request.a + request.b
        return response

    node = rclpy.create_node("server")
    node.create_service(AddTwoInts, "add", add)
    try:
        rclpy.spin(node)
    except ExternalShutdownException:
        return


def service_calls(count: int) -> list[float]:
    """Return milliseconds per call."""
    import rclpy
    from example_interfaces.srv import AddTwoInts

    node = rclpy.create_node("caller")
    client = node.create_client(AddTwoInts, "add")
    client.wait_for_service(10.0)
    times = []
    for index in range(count):
        start = time.perf_counter()
        future = client.call_async(AddTwoInts.Request(a=index, b=1))
        rclpy.spin_until_future_complete(node, future, timeout_sec=5.0)
        times.append((time.perf_counter() - start) * 1e3)
    node.destroy_node()
    return times


def transform_lookups(count: int) -> list[float]:
    """Return microseconds per lookup over three interpolated transforms."""
    from geometry_msgs.msg import TransformStamped
    from rclpy.duration import Duration
    from rclpy.time import Time
    from tf2_ros import Buffer

    buffer = Buffer(cache_time=Duration(seconds=30.0))
    for parent, child in (("map", "odom"), ("odom", "base"), ("base", "lidar")):
        for step in range(200):
            transform = TransformStamped(child_frame_id=child)
            transform.header.frame_id = parent
            transform.header.stamp.sec, transform.header.stamp.nanosec = divmod(step * 20_000_000 + 10**9, 10**9)
            transform.transform.translation.x = step * 0.01
            buffer.set_transform(transform, "benchmark")
    times = []
    for index in range(count):
        when = Time(nanoseconds=10**9 + (index % 199) * 20_000_000 + 10_000_000)
        start = time.perf_counter()
        buffer.lookup_transform("map", "lidar", when)
        times.append((time.perf_counter() - start) * 1e6)
    return times


if __name__ == "__main__":
    main()
