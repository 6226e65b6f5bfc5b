"""`navigation_node` without Nav2, through its life cycle, twice at once, from its launch file, and beside `scene_node`."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import pytest
from flat_home import flat
from geometry_msgs.msg import PolygonStamped
from nav2_fake import FakeNav2
from nav_msgs.msg import OccupancyGrid
from rosgraph_msgs.msg import Clock
from test_navigation_node import NODE, Nav
from test_scene_node import Asker

from spatial_perception.layout.entities import Layout
from spatial_perception.msg import Answer
from spatial_perception.ros.convert.stamps import stamp_message
from spatial_perception.srv import GetObjectGoal, GetWorldModel


def test_without_nav2_everything_else_works(world):
    script = str(Path(__file__).with_name("without_nav2.py"))
    process = world._start([sys.executable, script, "--ros-args", "-p", "autostart:=true"], "alone")
    nav = Nav(world)
    world.wait(lambda: world.node.count_publishers(f"{NODE}/map"), describe="the node")
    nav.show(flat())
    world.wait(lambda: nav.heard["map"] and nav.heard["rooms"] and nav.heard["route_graph"], describe="the outputs")
    assert not world.node.count_publishers(f"{NODE}/keepout_filter_info")
    lines = [line for line in process.log.read_text().splitlines() if "nav2_msgs" in line]
    assert len(lines) == 1, lines
    assert "has no AddShapes, RemoveShapes, SetRouteGraph here" in lines[0]
    assert nav.service(GetObjectGoal, "get_object_goal", label="bed", reachable=False).status == Answer.OK


@pytest.mark.skipif(importlib.util.find_spec("embedded_ros") is None, reason="a genuine ROS has the types of its own")
def test_with_the_types_of_humble_polygons_have_no_instances(world):
    world.environment["ROS_DISTRO"] = "humble"
    world.run("navigation_node", parameters={"autostart": "true"})
    nav = Nav(world)
    world.wait(lambda: world.node.count_publishers(f"{NODE}/map"), describe="the node")
    nav.show(flat())
    world.wait(lambda: nav.heard["map"] and nav.heard["rooms"], describe="the outputs")
    assert world.node.count_publishers(f"{NODE}/room_polygons/room_0") == 1
    assert world.node.count_publishers(f"{NODE}/room_polygon_instances") == 0


def test_a_life_cycle_and_ctrl_c(world):
    process = world.run("navigation_node")
    nav = Nav(world)
    nav.home.show(flat())
    assert nav.service(GetObjectGoal, "get_object_goal", label="bed").status == Answer.NO_SCENE
    assert not nav.service(GetWorldModel, "get_world_model").success
    for _ in range(2):
        count = len(nav.heard["rooms"])
        assert world.transition(NODE, "configure")
        assert world.transition(NODE, "activate")
        world.wait(lambda c=count: len(nav.heard["rooms"]) > c, describe="rooms")
        assert world.transition(NODE, "deactivate")
        assert world.state(NODE) == "inactive"
        assert nav.service(GetWorldModel, "get_world_model").success, "the map outlives a pause"
        assert world.transition(NODE, "cleanup")
        world.wait(lambda: not world.node.count_publishers(f"{NODE}/map"), describe="the end of the topics")
    assert world.transition(NODE, "configure")
    assert world.transition(NODE, "activate")
    began = time.monotonic()
    assert world.interrupt(process) in (0, 130, -2)
    assert time.monotonic() - began < 8
    assert "Traceback" not in process.log.read_text()


def test_two_robots_have_their_own_maps(world):
    navs = {}
    for name in ("left", "right"):
        world.run("navigation_node", namespace=name, parameters={"autostart": "true"})
        navs[name] = Nav(world, f"/{name}{NODE}")
    nav2 = FakeNav2(world, "/right")
    navs["left"].home.show(flat())
    world.wait(lambda: navs["left"].heard["map"], describe="a map on the left")
    assert not navs["right"].heard["map"]
    navs["right"].home.show(Layout(boxes=flat().boxes, frame_id="map", stamp=time.time()))
    world.wait(lambda: navs["right"].heard["map"] and nav2.shapes, describe="a map on the right")
    assert len(nav2.shapes) == len(flat().boxes), "only the robot on the right speaks to its servers"
    assert navs["left"].last("keepout_filter_info").filter_mask_topic == "/left/navigation_node/keepout_filter_mask"


def test_time_that_jumps_back_clears_the_map(world):
    world.run("navigation_node", parameters={"autostart": "true", "use_sim_time": "true"})
    clock = world.node.create_publisher(Clock, "/clock", 10)
    nav = Nav(world)

    def at(time_):
        clock.publish(Clock(clock=stamp_message(time_)))

    nav.home.show(flat())
    world.wait(lambda: (at(100.0), nav.heard["rooms"] and nav.last("rooms").rooms)[1], describe="rooms")
    world.wait(lambda: (at(50.0), not nav.last("rooms").rooms)[1], describe="the end of the rooms")
    assert nav.last("route_graph").data == ""
    nav.home.show(flat())
    world.wait(lambda: (at(51.0), nav.last("rooms").rooms)[1], describe="rooms again")


@pytest.mark.parametrize("namespace", ["", "robot_1"])
def test_the_launch_file_starts_what_belongs_together(world, namespace):
    prefix = f"/{namespace}" if namespace else ""
    launched = world.launch(
        "navigation.launch.py", "layout:=false", f"namespace:={namespace}", "map_topic:=/map", "base_frame:=base_link"
    )
    grids, zones = world.listen(OccupancyGrid, "/map"), world.listen(PolygonStamped, f"{prefix}{NODE}/zones/door_1")
    asker = Asker(world, f"{prefix}/scene_node")
    nav = Nav(world, f"{prefix}{NODE}")
    nav.home.show(flat())
    world.wait(lambda: grids and zones and nav.heard["rooms"], describe="map and rooms")
    world.wait(lambda: asker.say("how many beds are there?").value == 1.0, describe="an answer")
    kitchen = next(room for room in nav.last("rooms").rooms if room.kind == "kitchen")
    assert asker.say("where is the stove?").rooms == [kitchen.id], "both nodes give rooms the same ids"
    assert world.interrupt(launched, 30.0) in (0, -2, 130)


def test_arguments_of_the_launch_file_are_a_manual(world):
    shown = world.launch("navigation.launch.py", "--show-args")
    assert shown.wait(60) == 0
    text = shown.log.read_text()
    for argument in ("navigation_params_file", "scene", "map_topic", "log_level"):
        assert f"'{argument}':" in text
