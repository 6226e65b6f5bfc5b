"""Speed of what runs inside callbacks: TF lookups, synchronisers, point clouds, images.

python benchmarks/transforms_and_clouds.py [--repeat 20000]
Times are processor time of this process per call, so that other load on the machine counts little.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import numpy as np

import embedded_ros

S = 10**9


def measure(name: str, call: Callable[[], object], repeat: int) -> float:
    """Print and return microseconds per call."""
    call()
    begin = time.process_time()
    for _ in range(repeat):
        call()
    spent = (time.process_time() - begin) / repeat * 1e6
    print(f"{name:<52}{spent:10.1f} us")
    return spent


def transform(parent: str, child: str, stamp: int, x: float) -> object:
    """Return a TransformStamped turned by 0.1 rad."""
    from geometry_msgs.msg import TransformStamped

    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, S)
    message.transform.translation.x = x
    message.transform.rotation.z, message.transform.rotation.w = math.sin(0.05), math.cos(0.05)
    return message


def transforms(repeat: int) -> None:
    """Look up map <- laser over two moving links with 1000 entries each and one static link."""
    from rclpy.time import Time
    from tf2_ros import Buffer

    buffer = Buffer()
    for index in range(1000):
        for parent, child in (("map", "odom"), ("odom", "base")):
            buffer.set_transform(transform(parent, child, 10 * S + index * 10**7, index * 0.01), "benchmark")
    buffer.set_transform_static(transform("base", "laser", 0, 1.0), "benchmark")
    between = Time(nanoseconds=15 * S + 5)
    spent = measure(
        "TF lookup, interpolated, three links", lambda: buffer.lookup_transform("map", "laser", between), repeat
    )
    print(f"{'  (promised: at most 50 us)':<52}{'ok' if spent <= 50 else 'MISSED':>10}")
    measure("TF lookup, latest", lambda: buffer.lookup_transform("map", "laser", Time()), repeat)
    measure("TF can_transform", lambda: buffer.can_transform("map", "laser", between), repeat)
    message = transform("map", "odom", 25 * S, 1.0)
    measure("TF insert", lambda: buffer.set_transform(message, "benchmark"), repeat)


def clouds(repeat: int) -> None:
    """Create, read and transform a cloud of 100,000 points; convert an image of 640 x 480."""
    from cv_bridge import CvBridge
    from sensor_msgs_py import point_cloud2
    from std_msgs.msg import Header
    from tf2_sensor_msgs import do_transform_cloud

    points = np.random.default_rng(0).random((100_000, 3), dtype=np.float32)
    cloud = point_cloud2.create_cloud_xyz32(Header(frame_id="laser"), points)
    few = max(1, repeat // 1000)
    measure("create_cloud_xyz32, 100k", lambda: point_cloud2.create_cloud_xyz32(Header(), points), few)
    measure("read_points (view), 100k", lambda: point_cloud2.read_points(cloud), repeat // 10)
    measure("read_points_numpy, 100k", lambda: point_cloud2.read_points_numpy(cloud), few)
    turned = transform("map", "laser", 0, 1.0)
    measure("do_transform_cloud, 100k", lambda: do_transform_cloud(cloud, turned), few)
    bridge = CvBridge()
    image = bridge.cv2_to_imgmsg(np.zeros((480, 640, 3), np.uint8), "bgr8")
    measure("imgmsg_to_cv2, bgr8 to rgb8, 640 x 480", lambda: bridge.imgmsg_to_cv2(image, "rgb8"), few)
    measure("imgmsg_to_cv2, bgr8 to mono8, 640 x 480", lambda: bridge.imgmsg_to_cv2(image, "mono8"), few)


def synchronisers(repeat: int) -> None:
    """Feed pairs of messages into an approximate synchroniser."""
    from message_filters import ApproximateTimeSynchronizer, SimpleFilter
    from sensor_msgs.msg import Temperature

    filters = [SimpleFilter(), SimpleFilter()]
    synchroniser = ApproximateTimeSynchronizer(filters, 10, 0.05)
    synchroniser.registerCallback(lambda *messages: None)
    message, count = Temperature(), [0]

    def feed() -> None:
        count[0] += 1
        message.header.stamp.sec = count[0]
        for source in filters:
            source.signalMessage(message)

    measure("ApproximateTimeSynchronizer, one pair", feed, repeat)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20_000)
    repeat = parser.parse_args().repeat
    embedded_ros.activate()
    transforms(repeat)
    clouds(repeat)
    synchronisers(repeat)


if __name__ == "__main__":
    main()
