"""Route graphs: what nav2's Route Server requires of a file, ways that a robot can drive, ids that stay."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from spatial_perception.errors import LayoutError
from spatial_perception.layout.transforms import move_box
from spatial_perception.navigation.navigator import Navigator, build_navigation
from spatial_perception.navigation.route_graph import (
    LARGEST_ID,
    RouteGraph,
    build_route_graph,
    dump_route_geojson,
    route_geojson,
    write_route_geojson,
)
from spatial_perception.navigation.settings import NavigationSettings

TRIGGERS = {"NODE", "ON_ENTER", "ON_EXIT"}


def check_metadata(value, depth=0):
    """Numbers, texts, truth values, flat lists of them, and objects: all that the Route Server converts."""
    assert isinstance(value, dict)
    for item in value.values():
        if isinstance(item, dict):
            check_metadata(item, depth + 1)
        elif isinstance(item, list):
            assert all(isinstance(entry, (bool, int, float, str)) for entry in item)
        else:
            assert isinstance(item, (bool, int, float, str))


def check_route_file(text):
    """The conventions of the Route Server's documentation for GeoJSON graphs."""
    document = json.loads(text)
    assert document["type"] == "FeatureCollection"
    nodes = [f for f in document["features"] if f["geometry"]["type"] == "Point"]
    edges = [f for f in document["features"] if f["geometry"]["type"] in ("MultiLineString", "LineString")]
    assert nodes
    assert edges
    assert len(nodes) + len(edges) == len(document["features"])
    places = {}
    for node in nodes:
        properties = node["properties"]
        assert isinstance(properties["id"], int)
        assert isinstance(properties["frame"], str)
        places[properties["id"]] = node["geometry"]["coordinates"]
        assert all(isinstance(v, float) for v in places[properties["id"]])
        check_metadata(properties["metadata"])
    ids = [f["properties"]["id"] for f in (*nodes, *edges)]
    assert len(set(ids)) == len(ids)
    assert all(0 <= number <= LARGEST_ID for number in ids)
    for edge in edges:
        properties = edge["properties"]
        line = edge["geometry"]["coordinates"][0]
        assert line == [places[properties["startid"]], places[properties["endid"]]]
        assert properties["startid"] != properties["endid"]
        assert properties["cost"] >= 0
        assert isinstance(properties["overridable"], bool)
        check_metadata(properties["metadata"])
        for operation in properties.get("operations", {}).values():
            assert isinstance(operation["type"], str)
            assert operation["trigger"] in TRIGGERS
            check_metadata(operation["metadata"])
    return nodes, edges


def reached_from(route, start):
    """Ids of the nodes to which edges lead from one."""
    found, queue = {start}, [start]
    while queue:
        here = queue.pop()
        onward = {e.end for e in route.edges if e.start == here} - found
        found |= onward
        queue += onward
    return found


def test_the_file_is_what_the_route_server_reads(homes):
    for home in homes:
        check_route_file(dump_route_geojson(build_navigation(home.layout).route))


def test_rooms_and_doors_carry_what_they_mean(flat):
    route = build_navigation(flat).route
    nodes, edges = check_route_file(dump_route_geojson(route))
    rooms = [n["properties"] for n in nodes if n["properties"]["metadata"]["kind"] == "room"]
    assert [r["metadata"]["class"] for r in rooms] == ["bedroom", "kitchen"]
    assert rooms[0]["metadata"]["region"]["properties"]["class_type"] == "bedroom"
    assert set(zip(rooms[0]["metadata"]["region"]["x_values"], rooms[0]["metadata"]["region"]["y_values"])) == {
        (0, 0), (4, 0), (4, 3), (0, 3)}  # fmt: skip
    doors = {n["properties"]["metadata"]["door_id"]: n["properties"]["metadata"] for n in nodes
             if n["properties"]["metadata"]["kind"] == "door"}  # fmt: skip
    assert (doors[0]["rooms"], doors[0]["exterior"]) == ([0, 1], False)
    assert (doors[1]["rooms"], doors[1]["exterior"]) == ([0], True)
    slow = [e["properties"]["metadata"] for e in edges if "speed_limit" in e["properties"]["metadata"]]
    assert {m["speed_limit"] for m in slow} == {50.0}
    assert {m["door_id"] for m in slow} == {0, 1}


def test_door_operations_are_only_written_where_wanted(flat):
    route = build_navigation(flat).route
    assert "operations" not in dump_route_geojson(route)
    _, edges = check_route_file(dump_route_geojson(route, door_operation="OpenDoor"))
    with_operation = [e["properties"] for e in edges if "operations" in e["properties"]]
    assert {p["operations"]["open_door"]["type"] for p in with_operation} == {"OpenDoor"}
    assert {p["operations"]["open_door"]["metadata"]["door_id"] for p in with_operation} == {0, 1}


def test_all_rooms_that_doors_join_are_joined(homes):
    for home in homes:
        place = build_navigation(home.layout)
        blocked = {f.entity for f in place.findings if f.kind == "door blocked"}
        ways = {(e.start, e.end) for e in place.route.edges}
        assert all((b, a) in ways for a, b in ways)
        by_key = {node.key: node.id for node in place.route.nodes}
        for door in place.rooms.doors:
            for room in door.rooms:
                if room is not None and f"door_{door.id}" not in blocked and door.passable:
                    assert by_key[f"door/{door.id}"] in reached_from(place.route, by_key[f"room/{room}"])


def test_edges_touch_nothing(homes, judge_of):
    for home in homes:
        route, judge = build_navigation(home.layout).route, judge_of(home.layout)
        places = {node.id: (node.x, node.y) for node in route.nodes}
        for edge in route.edges:
            assert judge.room_left([places[edge.start], places[edge.end]]) >= -0.01


def test_ids_stay_while_things_move(flat):
    navigator = Navigator()
    first = navigator.update(flat).route
    second = navigator.update(move_box(flat, 3, -1.6, 0.9)).route
    third = navigator.update(flat).route
    before = {item.key: item.id for item in (*first.nodes, *first.edges)}
    for route in (second, third):
        after = {item.key: item.id for item in (*route.nodes, *route.edges)}
        assert len(set(after.values())) == len(after)
        assert all(after[key] == before[key] for key in before.keys() & after.keys())
        assert {"room/0", "room/1", "door/0", "door/1"} <= before.keys() & after.keys()
    check_route_file(dump_route_geojson(second))


def test_ids_start_again_before_they_are_too_large(flat):
    place = build_navigation(flat)
    high = replace(place.route, nodes=tuple(replace(n, id=LARGEST_ID - k) for k, n in enumerate(place.route.nodes)),
                   edges=())  # fmt: skip
    legs_of = build_navigation(flat, NavigationSettings(door_percent=80))
    again = build_route_graph(place.rooms, {0: (1, 1), 1: (6, 1)}, _legs(place), previous=high)
    assert max(item.id for item in (*again.nodes, *again.edges)) <= LARGEST_ID
    check_route_file(dump_route_geojson(again))
    assert {e.speed_percent for e in legs_of.route.edges if e.door_id is not None} == {80.0}


def _legs(place):
    from spatial_perception.navigation.legs import LegFinder, room_cells

    cells = room_cells(place.rooms, place.structure.holes, place.grid.frame)
    return LegFinder().find(cells, place.space)[1]


def test_blocked_doors_and_full_rooms_are_told(flat):
    from spatial_perception.layout.entities import Box

    before = Box(40, "wardrobe", (4.4, 1.0, 1), 0, (0.5, 1.2, 2))
    kinds = {(f.kind, f.entity) for f in build_navigation(replace(flat, boxes=(before,))).route.findings}
    assert kinds == {("door blocked", "door_0")}
    full = Box(41, "wardrobe", (6, 1.5, 1), 0, (3.8, 2.8, 2))
    kinds = {(f.kind, f.entity) for f in build_navigation(replace(flat, boxes=(full,))).route.findings}
    assert ("room without floor", "room_1") in kinds


def test_a_graph_without_edges_is_not_written(flat, tmp_path):
    route = build_navigation(replace(flat, doors=())).route
    assert [f.kind for f in route.findings] == ["no edges"]
    with pytest.raises(LayoutError, match="has no edges, which nav2 refuses"):
        write_route_geojson(route, tmp_path / "route.geojson")
    assert not list(tmp_path.iterdir())
    assert route_geojson(RouteGraph())["features"] == []
    assert RouteGraph().node(3) is None
