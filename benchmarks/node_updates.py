"""What navigation_node and scene_node cost: an update after one moved box from message to last output, answers, cancelling.

Usage: python benchmarks/node_updates.py [--seed 2] [--repeat 20]
Both nodes run in this process over real DDS, so that processor time can be told apart from waiting. The figure to hold is
30 ms for the update of a home of six rooms.
"""

from __future__ import annotations

import argparse
import importlib.util
import threading
import time
from dataclasses import replace

if importlib.util.find_spec("rclpy") is None:
    import embedded_ros

    embedded_ros.activate()

import rclpy
from live_world import prepare
from navigation_speed import UPDATE_LIMIT, move_one_box, report
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor

from spatial_perception.layout.entities import Layout
from spatial_perception.ros.convert.layouts import LayoutContext, layout_from_message, layout_message
from spatial_perception.ros.layout_feed import Known
from spatial_perception.ros.nodes.navigation_node import NavigationNode
from spatial_perception.ros.nodes.scene_node import SceneNode
from spatial_perception.simulation import make_home


def known(layout: Layout, version: int) -> Known:
    """A layout as the node gets it, converted from its message."""
    return Known(*layout_from_message(layout_message(layout, LayoutContext(1, version))), time.monotonic())


def updates(node: NavigationNode, layout: Layout, repeat: int) -> tuple[list[float], list[float]]:
    """Wall and processor seconds of each update: convert the message, make the map, publish what changed."""
    wall, busy = [], []
    for number in range(repeat):
        layout = replace(move_one_box(layout, number), stamp=layout.stamp + 1.0)
        message = layout_message(layout, LayoutContext(1, number + 1))
        began, cpu = time.perf_counter(), time.thread_time()
        node._update(Known(*layout_from_message(message), time.monotonic()))
        wall.append(time.perf_counter() - began)
        busy.append(time.thread_time() - cpu)
    return wall, busy


def answers(node: SceneNode, layout: Layout, repeat: int) -> list[float]:
    """Seconds from a question at the desk to its answer on the topic."""
    node.on_layout(known(layout, 1))
    took = []
    for number in range(repeat):
        inquiry = node.inquiry(
            ("how many chairs are there?", "where is the bed?", "which room is the largest?")[number % 3]
        )
        began = time.perf_counter()
        node.desk.submit(inquiry)
        inquiry.finished.wait(10.0)
        took.append(time.perf_counter() - began)
    return took


def main() -> None:
    """Start both nodes, update and ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=20)
    arguments = parser.parse_args()
    prepare()
    rclpy.init(args=["--ros-args", "-p", "scene_node:questions.rate:=0.0"])
    navigation, scene = NavigationNode(), SceneNode()
    for node in (navigation, scene):
        node.trigger_configure()
        node.trigger_activate()
    executor = MultiThreadedExecutor(4)
    for node in (navigation, scene):
        executor.add_node(node)
    thread = threading.Thread(target=_spin, args=(executor,), daemon=True)
    thread.start()
    home = replace(make_home(arguments.seed, rooms=6).layout, frame_id="map", stamp=time.time())
    print(f"home of 6 rooms with {len(home)} entities")
    navigation._update(known(home, 0))
    wall, busy = updates(navigation, home, arguments.repeat)
    report("update after one moved box, processor time", busy, UPDATE_LIMIT)
    report("update after one moved box, wall clock", wall, UPDATE_LIMIT)
    report("answer to a question", answers(scene, home, 3 * arguments.repeat))
    for node in (navigation, scene):
        node.close()
    rclpy.shutdown()


def _spin(executor: MultiThreadedExecutor) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return


if __name__ == "__main__":
    main()
