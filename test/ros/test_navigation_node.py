"""`navigation_node` as a navigation stack sees it: one process, real DDS, a flat of two rooms."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from flat_home import Home, flat, moved
from geometry_msgs.msg import PolygonStamped
from nav2_fake import FakeNav2
from nav_msgs.msg import OccupancyGrid
from node_harness import diagnostics
from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import Marker, MarkerArray

from spatial_perception.layout.entities import Layout
from spatial_perception.layout.text import parse_layout
from spatial_perception.msg import Answer, Room, RoomGraph
from spatial_perception.navigation.map_files import read_map
from spatial_perception.navigation.navigator import build_navigation
from spatial_perception.ros.convert.clouds import cloud_from_message
from spatial_perception.srv import GetObjectGoal, GetWorldModel, SaveNavigation

NODE = "/navigation_node"


class Nav:
    """The outputs of a navigation_node, as they were heard."""

    def __init__(self, world, node=NODE):
        from nav2_msgs.msg import CostmapFilterInfo

        self.world, self.node, self.home = world, node, Home(world, node.removesuffix(NODE))
        topics = {"map": OccupancyGrid, "keepout_filter_mask": OccupancyGrid, "speed_filter_mask": OccupancyGrid,
                  "keepout_filter_info": CostmapFilterInfo, "speed_filter_info": CostmapFilterInfo, "rooms": RoomGraph,
                  "current_room": Room, "route_graph": String, "markers": MarkerArray, "obstacles": PointCloud2}  # fmt: skip
        self.heard = {name: world.listen(kind, f"{node}/{name}") for name, kind in topics.items()}

    def last(self, name):
        return self.heard[name][-1]

    def show(self, layout, **context):
        """Publish a layout and wait until the map that was made from it is out."""
        count = self.updates()
        self.home.show(layout, **context)
        self.world.wait(lambda: self.updates() > count, describe="an update")
        return layout

    def updates(self):
        stamps = {
            (m.header.stamp.sec, m.header.stamp.nanosec) for array in self.heard["markers"] for m in array.markers
        }
        return len(stamps)

    def counts(self):
        return {name: len(messages) for name, messages in self.heard.items()}

    def service(self, kind, name, **fields):
        return self.world.call(kind, f"{self.node}/{name}", **fields)


@pytest.fixture(scope="module")
def nav(shared_world):
    world = shared_world
    world.process = world.run(
        "navigation_node",
        parameters={"autostart": "true", "outputs.folder": str(world.folder), "nav2.exclusion_zones": "collision_monitor/scan",
                    "nav2.route_file": str(world.folder / "graph.geojson")},
    )  # fmt: skip
    world.diagnostics = world.listen(DiagnosticArray, "/diagnostics", 10)
    nav = Nav(world)
    world.wait(lambda: world.node.count_publishers(f"{NODE}/map"), describe="the node")
    nav.show(flat())
    return nav


@pytest.fixture
def home(nav):
    """The flat as it is, with the robot in the bedroom at (3, 1), looking along +x."""
    nav.show(flat())
    nav.home.stand(3.0, 1.0)
    return nav.home


def grid_of(message):
    return np.frombuffer(message.data, dtype=np.int8).reshape(message.info.height, message.info.width)


def test_grids_are_what_the_static_layer_requires(nav, home):
    expected = build_navigation(flat())
    for name, grid in (("map", expected.grid), ("keepout_filter_mask", expected.keepout.grid),
                       ("speed_filter_mask", expected.speed.grid)):  # fmt: skip
        message = nav.last(name)
        assert np.array_equal(grid_of(message), grid.data), name
        assert message.header.frame_id == "map"
        assert message.info.resolution == pytest.approx(0.05)
        assert (message.info.origin.position.x, message.info.origin.position.y) == grid.origin[:2]
        (info,) = nav.world.node.get_publishers_info_by_topic(f"{NODE}/{name}")
        assert info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        assert info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
        # History is not part of what DDS tells; where it is known, it must be right.
        assert info.qos_profile.history in (HistoryPolicy.KEEP_LAST, HistoryPolicy.UNKNOWN)
    assert set(np.unique(grid_of(nav.last("map")))) == {-1, 0, 100}


def test_whoever_comes_late_gets_the_map(nav, home):
    late = nav.world.listen(OccupancyGrid, f"{NODE}/map")
    nav.world.wait(lambda: late, describe="the map")
    assert np.array_equal(grid_of(late[0]), grid_of(nav.last("map")))


def test_masks_come_with_their_filter_info(nav, home):
    keepout, speed = nav.last("keepout_filter_info"), nav.last("speed_filter_info")
    assert (keepout.type, keepout.filter_mask_topic) == (0, f"{NODE}/keepout_filter_mask")
    assert (keepout.base, keepout.multiplier) == (0.0, 1.0)
    assert (speed.type, speed.filter_mask_topic) == (1, f"{NODE}/speed_filter_mask")


def test_obstacles_are_points_on_walls_and_furniture(nav, home):
    cloud = cloud_from_message(nav.last("obstacles"))
    assert np.allclose(cloud.xyz, build_navigation(flat()).obstacles.xyz)
    assert cloud.frame_id == "map"
    count = len(nav.heard["obstacles"])
    nav.world.wait(lambda: len(nav.heard["obstacles"]) > count + 1, describe="points sent anew")
    stamp = nav.last("obstacles").header.stamp
    assert abs(stamp.sec - time.time()) < 10, "they carry the time of now"


def test_a_scan_is_what_a_scanner_at_the_robot_would_see(nav, home):
    scans = nav.world.listen(LaserScan, f"{NODE}/scan", 5)

    def scan():
        home.stand(3.0, 1.0)
        return scans and scans[-1]

    message = nav.world.wait(scan, describe="a scan")
    assert message.header.frame_id == "base_link"
    ranges = np.array(message.ranges)
    ahead = round((0.0 - message.angle_min) / message.angle_increment)
    left = round((math.pi / 2 - message.angle_min) / message.angle_increment)
    assert ranges[ahead] == pytest.approx(0.95, abs=1e-3), "the wall between the rooms"
    assert ranges[left] == pytest.approx(2.95, abs=1e-3), "the wall on the left"
    assert len(ranges) == 360


def test_rooms_doors_and_where_the_robot_is(nav, home):
    nav.world.wait(
        lambda: (home.stand(3.0, 1.0), nav.last("current_room").kind == "bedroom")[1], describe="the bedroom"
    )
    graph = nav.last("rooms")
    bedroom, kitchen = graph.rooms
    assert (bedroom.kind, kitchen.kind, graph.current_room) == ("bedroom", "kitchen", bedroom.id)
    assert (bedroom.area, list(bedroom.objects), list(bedroom.doors)) == (pytest.approx(16.0), [1, 2], [1, 2])
    assert (list(bedroom.neighbours), list(kitchen.neighbours)) == ([kitchen.id], [bedroom.id])
    between, outer = graph.doors
    assert (sorted(between.rooms), between.passable) == ([bedroom.id, kitchen.id], True)
    assert sorted(outer.rooms) == [-1, bedroom.id]
    nav.world.wait(
        lambda: (home.stand(6.0, 1.0), nav.last("current_room").kind == "kitchen")[1], describe="the kitchen"
    )
    nav.world.wait(lambda: (home.stand(60.0, 1.0), nav.last("current_room").id == -1)[1], describe="the outside")
    assert nav.last("rooms").current_room == -1


def test_rooms_keep_their_ids_and_everything_else_its_name(nav, home):
    before = nav.last("rooms")
    layout = flat()
    shifted = tuple(replace(w, start=(w.start[0] + 0.02, *w.start[1:])) for w in layout.walls)
    nav.show(replace(layout, walls=shifted[::-1], boxes=layout.boxes[::-1]))
    nav.world.wait(lambda: nav.last("rooms").header.stamp != before.header.stamp, describe="rooms")
    after = nav.last("rooms")
    assert {(r.id, r.name) for r in after.rooms} == {(r.id, r.name) for r in before.rooms}
    assert [d.id for d in after.doors] == [d.id for d in before.doors]


def test_each_room_is_a_polygon(nav, home):
    bedroom = nav.last("rooms").rooms[0]
    heard = nav.world.listen(PolygonStamped, f"{NODE}/room_polygons/room_{bedroom.id}")
    nav.world.wait(lambda: heard, describe="a polygon")
    assert heard[0].header.frame_id == "map"
    assert {(p.x, p.y) for p in heard[0].polygon.points} == {(0, 0), (4, 0), (4, 4), (0, 4)}
    try:
        from geometry_msgs.msg import PolygonInstanceStamped
    except ImportError:
        return
    from rclpy.qos import QoSProfile

    many = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    instances = nav.world.listen(PolygonInstanceStamped, f"{NODE}/room_polygon_instances", many)
    nav.world.wait(lambda: len({m.polygon.id for m in instances}) == 2, describe="both rooms")


def test_doors_are_zones_to_slow_down_in(nav, home):
    heard = nav.world.listen(PolygonStamped, f"{NODE}/zones/door_1")
    nav.world.wait(lambda: heard, describe="a zone")
    xs = [p.x for p in heard[0].polygon.points]
    assert (min(xs), max(xs)) == (pytest.approx(3.45, abs=0.01), pytest.approx(4.55, abs=0.01))
    nav.world.set_parameter(NODE, "doors.closed", ["1"])
    zone = f"{NODE}/zones/door_1"
    nav.world.wait(lambda: not nav.world.node.count_publishers(zone), describe="the end of the zone")
    door = round((2.0 - nav.last("map").info.origin.position.y) / 0.05)
    nav.world.wait(lambda: grid_of(nav.last("map"))[door, round((4.0 + 1.0) / 0.05)] == 100, describe="a closed door")
    nav.world.set_parameter(NODE, "doors.closed", [""])
    nav.world.wait(lambda: nav.world.node.count_publishers(zone), describe="the zone")


def test_the_route_graph_has_the_fields_that_nav2_reads(nav, home):
    document = json.loads(nav.last("route_graph").data)
    nodes = [f for f in document["features"] if f["geometry"]["type"] == "Point"]
    edges = [f for f in document["features"] if f["geometry"]["type"] == "MultiLineString"]
    ids = {node["properties"]["id"] for node in nodes}
    assert all(node["properties"]["frame"] == "map" for node in nodes)
    assert edges
    assert all({edge["properties"]["startid"], edge["properties"]["endid"]} <= ids for edge in edges)
    rooms = [n["properties"]["metadata"] for n in nodes if n["properties"]["metadata"]["kind"] == "room"]
    assert {room["region"]["properties"]["class_type"] for room in rooms} == {"bedroom", "kitchen"}


def test_only_what_changed_is_sent(nav, home):
    time.sleep(0.5)
    before = nav.counts()
    nav.show(moved(flat(), 5, 0.0, 0.3))
    time.sleep(0.7)
    grown = {name for name, count in nav.counts().items() if count > before[name]} - {"obstacles"}
    assert grown == {"map", "keepout_filter_mask", "markers"} or grown == {"map", "keepout_filter_mask", "markers",
                                                                          "route_graph"}  # fmt: skip
    assert not np.array_equal(grid_of(nav.heard["map"][-1]), grid_of(nav.heard["map"][-2]))


def test_goals_for_navigate_to_pose(nav, home):
    nav.world.wait(
        lambda: (home.stand(3.0, 1.0), nav.last("current_room").kind == "bedroom")[1], describe="the bedroom"
    )
    goal = nav.service(GetObjectGoal, "get_object_goal", label="Refrigerator")
    assert (goal.status, goal.entities, len(goal.poses)) == (Answer.OK, ["bbox_4"], 1)
    p, o = goal.poses[0].pose.position, goal.poses[0].pose.orientation
    assert goal.poses[0].header.frame_id == "map"
    assert 2 * math.atan2(o.z, o.w) == pytest.approx(math.atan2(3.6 - p.y, 7.6 - p.x), abs=1e-6)
    assert grid_of(nav.last("map"))[round((p.y + 1.0) / 0.05), round((p.x + 1.0) / 0.05)] == 0
    second = nav.service(GetObjectGoal, "get_object_goal", label="chair", ordinal=2)
    assert len(second.poses) == 1
    assert nav.service(GetObjectGoal, "get_object_goal", label="the chair nearest the window").entities == ["bbox_6"]
    missing = nav.service(GetObjectGoal, "get_object_goal", label="x" * 5000)
    assert missing.status in (Answer.NOT_FOUND, Answer.PARSE_ERROR)
    nav.world.wait(lambda: (home.stand(60.0, 1.0), nav.last("current_room").id == -1)[1], describe="the outside")
    outside = nav.service(GetObjectGoal, "get_object_goal", label="bed")
    assert (outside.status, outside.poses) == (Answer.INFEASIBLE, [])
    assert "outside the map" in outside.message


def test_files_load_with_a_reader_of_map_server(nav, home):
    saved = nav.service(SaveNavigation, "save_navigation", folder="nav")
    assert saved.success, saved.message
    assert {Path(path).name for path in saved.paths} >= {"map.yaml", "map.pgm", "keepout.yaml", "route_graph.geojson",
                                                         "world_model.json", "nav2_params.yaml"}  # fmt: skip
    grid = read_map(nav.world.folder / "nav" / "map.yaml")
    assert np.array_equal(grid.data, grid_of(nav.last("map")))
    again = nav.service(SaveNavigation, "save_navigation", folder="nav")
    assert (again.success, "overwrite" in again.message) == (False, True)
    assert nav.service(SaveNavigation, "save_navigation", folder="nav", overwrite=True).success
    outside = nav.service(SaveNavigation, "save_navigation", folder="/tmp/elsewhere")
    assert (outside.success, "outside of" in outside.message) == (False, True)


def test_the_world_model_comes_in_four_forms(nav, home):
    model = json.loads(nav.service(GetWorldModel, "get_world_model").text)
    assert (model["schema"], len(model["rooms"])) == ("spatial_perception/world_model", 2)
    assert model["rooms"][0]["objects"][0]["type"] == "bed"
    plan = json.loads(nav.service(GetWorldModel, "get_world_model", format="geojson").text)
    assert plan["type"] == "FeatureCollection"
    assert json.loads(nav.service(GetWorldModel, "get_world_model", format="route").text)["features"]
    layout = parse_layout(nav.service(GetWorldModel, "get_world_model", format="spatiallm").text)
    assert (len(layout.walls), len(layout.doors), len(layout.boxes)) == (5, 2, 6)
    wrong = nav.service(GetWorldModel, "get_world_model", format="ifc")
    assert (wrong.success, "choose one of" in wrong.message) == (False, True)


def test_rooms_routes_and_goals_are_drawn_without_flicker(nav, home):
    array = nav.last("markers").markers
    assert {m.ns for m in array if m.action == Marker.ADD} == {"rooms", "room_names", "routes", "route_nodes", "goals"}
    nav.show(replace(flat(), boxes=flat().boxes[:-1]))
    array = nav.last("markers").markers
    assert not any(m.action == Marker.DELETEALL for m in array)
    assert [(m.ns, m.id) for m in array if m.action == Marker.DELETE] == [("goals", 6)]


def test_bad_parameters_are_refused_with_the_reason(nav):
    refused = nav.world.set_parameter(NODE, "speed.rooms", ["kitchen"])
    assert (refused.successful, "kitchen=60" in refused.reason) == (False, True)
    assert not nav.world.set_parameter(NODE, "doors.closed", ["front"]).successful
    assert not nav.world.set_parameter(NODE, "robot.step", 3.0).successful


def test_speed_limits_by_room(nav, home):
    assert nav.world.set_parameter(NODE, "speed.rooms", ["kitchen=30"]).successful
    nav.world.wait(lambda: (grid_of(nav.last("speed_filter_mask")) == 30).sum() > 1000, describe="the limit")
    assert nav.world.set_parameter(NODE, "speed.rooms", [""]).successful
    nav.world.wait(lambda: not (grid_of(nav.last("speed_filter_mask")) == 30).any(), describe="no limit")


def test_servers_of_nav2_are_kept_up_to_date(nav, home):
    world, log = nav.world, nav.world.process.log
    lines = [line for line in log.read_text().splitlines() if "is not there" in line]
    assert len(lines) == 3, "an absent server is mentioned once, however many layouts came"
    nav2 = FakeNav2(world)
    pieces = len(build_navigation(flat()).shapes)
    world.wait(lambda: len(nav2.shapes) == pieces and nav2.graphs and len(nav2.zones) == 4, describe="everything")
    assert nav2.calls == [("add", pieces)]
    assert json.loads(nav2.graphs[0]) == json.loads(nav.last("route_graph").data)
    shape = next(iter(nav2.shapes.values()))
    assert (shape.header.frame_id, shape.value, shape.closed, len(shape.points)) == ("map", 100, True, 4)
    uuids = set(nav2.shapes)

    nav.show(moved(flat(), 5, 0.0, 0.3))
    world.wait(lambda: len(nav2.calls) == 2, describe="the change")
    assert nav2.calls[1] == ("add", 1)
    assert set(nav2.shapes) == uuids, "the same UUID replaces"

    nav.show(replace(moved(flat(), 5, 0.0, 0.3), boxes=moved(flat(), 5, 0.0, 0.3).boxes[:-1]))
    world.wait(lambda: len(nav2.shapes) == pieces - 1, describe="the removal")
    assert nav2.calls[2] == ("remove", 1)

    nav2.success = False
    nav.show(flat())
    world.wait(lambda: "refused vector objects" in log.read_text(), describe="a warning")
    count = len(nav2.calls)
    time.sleep(1.5)
    assert len(nav2.calls) == count, "a refusal is not retried in a loop"
    status = world.wait(lambda: diagnostics(world.diagnostics, "navigation"), describe="diagnostics")
    assert "route graph" in status[2]
    nav2.close()
    world.wait(
        lambda: "is not there" in diagnostics(world.diagnostics, "navigation")[2]["vector objects"],
        describe="the end of the server",
    )
    again = FakeNav2(world)
    world.wait(lambda: len(again.shapes) == pieces and again.graphs, describe="everything again")
    again.close()


@pytest.mark.parametrize("kind", ["nothing", "one wall", "boxes alone", "absurd", "loose door"])
def test_odd_layouts_give_maps_and_sentences(nav, kind):
    layout = flat()
    odd = {
        "nothing": Layout(frame_id="map", stamp=time.time()),
        "one wall": replace(layout, walls=layout.walls[:1], doors=(), windows=()),
        "boxes alone": Layout(boxes=layout.boxes, frame_id="map", stamp=time.time()),
        "absurd": replace(layout, boxes=(replace(layout.boxes[0], size=(1e30, 1.0, -1.0)), *layout.boxes[1:])),
        "loose door": replace(layout, doors=(replace(layout.doors[0], wall_id=77),)),
    }[kind]
    nav.home.show(odd)
    expected = build_navigation(odd)
    nav.world.wait(lambda: np.array_equal(grid_of(nav.last("map")), expected.grid.data), describe="the map")
    nav.world.wait(lambda: len(nav.last("rooms").rooms) == len(expected.rooms.rooms), describe="the rooms")
    goal = nav.service(GetObjectGoal, "get_object_goal", label="bed")
    assert goal.message
    if kind in ("nothing", "one wall", "boxes alone"):
        assert goal.status in (Answer.NO_SCENE, Answer.INFEASIBLE)
        assert nav.last("route_graph").data == ""
    assert nav.service(GetWorldModel, "get_world_model").success


def test_a_new_epoch_clears_the_map(nav, home):
    home.epoch += 1
    nav.home.show(Layout(frame_id="map", stamp=time.time()))
    nav.world.wait(
        lambda: not nav.last("rooms").rooms and nav.last("rooms").map_epoch == home.epoch, describe="no rooms"
    )
    assert not (grid_of(nav.last("map")) == 100).any()
    nav.show(flat())
    nav.world.wait(lambda: len(nav.last("rooms").rooms) == 2, describe="rooms")
