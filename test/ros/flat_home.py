"""A flat of two rooms whose answers can be worked out by hand, and what publishes it."""

from __future__ import annotations

import time
from dataclasses import replace

from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.layout.transforms import move_box
from spatial_perception.mapping.pose import Pose
from spatial_perception.ros.convert.layouts import LayoutContext, layout_message
from spatial_perception.ros.messages import transform_message

LAYOUT_TOPIC = "/layout_node/layout"


def flat():
    """Bedroom (0..4, 0..4) and kitchen (4..8, 0..4), a door between them at (4, 2) and one from the bedroom to the outside."""
    ring = [(0, 0), (8, 0), (8, 4), (0, 4)]
    walls = [Wall(k + 1, (*ring[k], 0.0), (*ring[(k + 1) % 4], 0.0), 2.6, 0.1) for k in range(4)]
    walls.append(Wall(5, (4.0, 0.0, 0.0), (4.0, 4.0, 0.0), 2.6, 0.1))
    doors = (Door(1, 5, (4.0, 2.0, 1.0), 0.9, 2.0), Door(2, 4, (0.0, 3.2, 1.0), 0.9, 2.0))
    windows = (Window(1, 1, (6.0, 0.0, 1.5), 1.2, 1.2),)
    boxes = (
        Box(1, "bed", (1.1, 1.2, 0.3), 0.0, (2.0, 1.6, 0.6)),
        Box(2, "wardrobe", (2.0, 3.65, 1.0), 0.0, (1.5, 0.6, 2.0)),
        Box(3, "stove", (7.6, 1.0, 0.45), 0.0, (0.6, 0.6, 0.9)),
        Box(4, "refrigerator", (7.6, 3.6, 0.9), 0.0, (0.6, 0.6, 1.8)),
        Box(5, "chair", (5.5, 3.0, 0.45), 0.0, (0.5, 0.5, 0.9)),
        Box(6, "chair", (6.5, 1.5, 0.45), 0.0, (0.5, 0.5, 0.9)),
    )
    return Layout(tuple(walls), doors, windows, boxes, "map", time.time())


def moved(layout, box_id, dx=0.0, dy=0.0):
    """The layout with one box moved, as it is seen now."""
    return replace(move_box(layout, box_id, dx, dy), stamp=time.time())


class Home:
    """Publishes layouts as layout_node does, and where the robot is."""

    def __init__(self, world, namespace=""):
        from node_harness import LATCHED
        from tf2_ros import TransformBroadcaster

        from spatial_perception.msg import Layout as LayoutMsg

        self.world, self.epoch, self.version = world, 1, 0
        self.publisher = world.node.create_publisher(LayoutMsg, f"{namespace}{LAYOUT_TOPIC}", LATCHED)
        self._transforms = TransformBroadcaster(world.node)

    def show(self, layout, **context):
        """Publish a layout as the next version of the map."""
        self.version += 1
        known = {"epoch": self.epoch, "version": self.version, **context}
        self.publisher.publish(layout_message(layout, LayoutContext(**known)))
        return layout

    def stand(self, x, y, yaw=0.0):
        """The robot stands there now."""
        self._transforms.sendTransform(transform_message(Pose.planar(x, y, 0.0, yaw), "map", "base_link", time.time()))
