"""Everything at once: updates that equal a fresh start, faults that are told, and the documents that come of it."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.configuration import load_settings
from spatial_perception.errors import ConfigError, LayoutError
from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.layout.text import read_layout
from spatial_perception.navigation.export import export_all, nav2_parameters
from spatial_perception.navigation.map_files import read_map
from spatial_perception.navigation.navigator import Navigator, build_navigation
from spatial_perception.navigation.room_types import ROOM_TYPES
from spatial_perception.navigation.settings import NavigationSettings
from spatial_perception.navigation.shapes import shape_changes
from spatial_perception.navigation.world_model import dump_world_model, world_model, world_model_schema
from spatial_perception.simulation import make_home

HOME = make_home(5).layout
number = st.one_of(st.floats(-20, 20), st.sampled_from([0.0, math.nan, math.inf, -1e30, 1e-9]))
vector = st.tuples(number, number, number)
ids = st.integers(-3, 6)


def same(first, second):
    """Whether two maps hold the same, but for ids of the route graph and the changes."""
    grids = [(m.grid, m.keepout.grid, m.speed.grid) for m in (first, second)]
    assert all(np.array_equal(a.data, b.data) and a.origin == b.origin for a, b in zip(*grids))
    assert np.array_equal(first.obstacles.xyz, second.obstacles.xyz)
    for name in ("rooms", "goals", "shapes", "door_zones", "jamb_zones", "findings"):
        assert getattr(first, name) == getattr(second, name), name
    assert {(n.key, n.x, n.y) for n in first.route.nodes} == {(n.key, n.x, n.y) for n in second.route.nodes}
    assert {e.key for e in first.route.edges} == {e.key for e in second.route.edges}


@settings(derandomize=True, deadline=None, max_examples=12)
@given(
    moves=st.lists(st.tuples(st.integers(0, 31), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)), min_size=1, max_size=3)
)
def test_updates_equal_a_fresh_start(moves):
    navigator = Navigator()
    navigator.update(HOME)
    layout = HOME
    for index, dx, dy in moves:
        boxes = list(layout.boxes)
        box = boxes[index % len(boxes)]
        boxes[index % len(boxes)] = replace(box, center=(box.center[0] + dx, box.center[1] + dy, box.center[2]))
        layout = replace(layout, boxes=tuple(boxes), stamp=layout.stamp + 1)
        same(navigator.update(layout), build_navigation(layout))


def test_updates_follow_walls_doors_labels_and_time(flat):
    navigator = Navigator()
    navigator.update(flat)
    longer = replace(flat.walls[5], height=2.7)
    wider = replace(flat.doors[0], width=1.1)
    renamed = replace(flat.boxes[0], label="sofa")
    steps = [
        replace(flat, stamp=9.0),
        replace(flat, walls=(*flat.walls[:5], longer, flat.walls[6])),
        replace(flat, doors=(wider, flat.doors[1])),
        replace(flat, boxes=(renamed, *flat.boxes[1:])),
        replace(flat, frame_id="odom"),
        replace(flat, boxes=()),
        replace(flat, walls=flat.walls[:2] + flat.walls[3:]),
        replace(flat, walls=flat.walls[:2] + flat.walls[3:], boxes=()),
        replace(flat, walls=(), doors=()),
        flat,
    ]
    for layout in steps:
        place = navigator.update(layout)
        same(place, build_navigation(layout))
        assert place.grid.stamp == place.rooms.stamp == place.obstacles.stamp == layout.stamp


def test_nothing_changed_nothing_to_send(flat):
    navigator = Navigator()
    first = navigator.update(flat)
    assert len(first.changes.add) == len(first.shapes)
    again = navigator.update(flat)
    assert again.changes == shape_changes((), ())
    assert again.route == first.route
    navigator.reset()
    assert len(navigator.update(flat).changes.add) == len(first.shapes)


def test_the_same_layout_gives_the_same_bytes():
    first, second = (build_navigation(HOME) for _ in range(2))
    assert dump_world_model(first) == dump_world_model(second)
    assert nav2_parameters(first) == nav2_parameters(second)
    same(first, second)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    walls=st.lists(st.builds(Wall, ids, vector, vector, number, number), max_size=6),
    doors=st.lists(st.builds(Door, ids, ids, vector, number, number), max_size=4),
    boxes=st.lists(
        st.builds(Box, ids, st.sampled_from(["bed", "", "carpet", "\x00"]), vector, number, vector), max_size=5
    ),
)
def test_no_layout_makes_an_update_fail(walls, doors, boxes):
    layout = Layout(tuple(walls), tuple(doors), (), tuple(boxes))
    place = build_navigation(layout, NavigationSettings(resolution=0.2))
    jsonschema.validate(json.loads(dump_world_model(place)), world_model_schema())
    assert len(place.goals) <= len(boxes)


def test_an_empty_layout_gives_empty_values_and_says_why():
    place = build_navigation(Layout())
    assert place.findings[0].kind == "no walls"
    assert (place.goals, place.shapes, place.door_zones, place.rooms.rooms) == ((), (), (), ())
    assert len(place.obstacles) == 0
    assert (place.grid.data == -1).all()


def test_rooms_named_in_settings_that_are_not_there_are_told(flat):
    wanted = NavigationSettings(forbidden_rooms=("attic", "kitchen"), room_percent={"cellar": 40, "bedroom": 60})
    place = build_navigation(flat, wanted)
    assert [f.entity for f in place.findings if f.kind == "unknown room"] == ["attic", "cellar"]
    assert place.keepout.grid.value(6, 1) == 100
    assert place.speed.grid.value(3, 1.2) == 60


def test_settings_are_checked():
    given_settings = load_settings(
        NavigationSettings, None, ["radius=0.3", "closed_doors=[1, 2]", "room_percent.study=40"]
    )
    assert (given_settings.robot.radius, given_settings.closed_doors) == (0.3, (1, 2))
    assert given_settings.room_percent == {"study": 40.0}
    with pytest.raises(ConfigError, match="setting 'radius' = 0"):
        load_settings(NavigationSettings, None, ["radius=0"])
    with pytest.raises(ConfigError, match="unknown setting 'raduis'; did you mean 'radius'"):
        load_settings(NavigationSettings, None, ["raduis=0.3"])
    with pytest.raises(ConfigError, match=r"robot step is 0\.9 m"):
        Navigator(NavigationSettings(height=0.5, step=0.9))


# ---------------------------------------------------------------------------------------------- documents
def test_the_world_model_holds_rooms_with_their_objects(flat):
    document = world_model(build_navigation(flat))
    jsonschema.validate(document, world_model_schema())
    assert document["schema_version"] == "1.0"
    bedroom = document["rooms"][0]
    assert (bedroom["type"], bedroom["name"], bedroom["doors"]) == ("bedroom", "bedroom_0", [0, 1])
    assert [item["type"] for item in bedroom["objects"]] == ["bed", "nightstand", "chandelier"]
    assert bedroom["objects"][0]["goal"]["status"] == "OK"
    assert document["doors"][1]["rooms"] == [0, None]


def test_world_models_of_homes_are_valid(homes):
    for home in homes:
        document = json.loads(dump_world_model(build_navigation(home.layout)))
        jsonschema.validate(document, world_model_schema())
        assert sum(len(room["objects"]) for room in document["rooms"]) + len(document["objects_outside"]) == len(
            home.layout.boxes
        )
        assert len(document["windows"]) == len(home.layout.windows)
        assert {room["type"] for room in document["rooms"]} <= {*ROOM_TYPES, "room"}


def test_numbers_that_json_cannot_hold_are_told(flat):
    with pytest.raises(LayoutError, match="NaN or infinite, which JSON cannot hold"):
        dump_world_model(build_navigation(replace(flat, stamp=math.nan)))


def test_export_writes_every_file(flat, tmp_path):
    place = build_navigation(flat)
    done = export_all(place, tmp_path / "nav")
    assert done.skipped == ()
    assert {path.name for path in done.paths} == {path.name for path in (tmp_path / "nav").iterdir()}
    assert np.array_equal(read_map(tmp_path / "nav" / "map.yaml").data, place.grid.data)
    assert np.array_equal(read_map(tmp_path / "nav" / "speed.yaml").data, place.speed.grid.data)
    assert len(read_layout(tmp_path / "nav" / "layout.txt").walls) == len(flat.walls)
    goals = json.loads((tmp_path / "nav" / "goals.json").read_text())["goals"]
    turns = [goal["pose"]["orientation"] for goal in goals]
    assert all(t["z"] ** 2 + t["w"] ** 2 == pytest.approx(1) for t in turns)


def test_parameters_name_the_files_and_shapes(flat):
    place = build_navigation(flat)
    servers = {name: node["ros__parameters"] for name, node in yaml.safe_load(nav2_parameters(place)).items()}
    assert servers["map_server"]["yaml_filename"] == "map.yaml"
    assert servers["keepout_costmap_filter_info_server"]["type"] == 0
    assert servers["speed_costmap_filter_info_server"]["type"] == 1
    shapes = servers["vector_object_server"]
    assert len(shapes["shapes"]) == len(place.shapes)
    assert all(len(shapes[name]["points"]) == 8 for name in shapes["shapes"] if shapes[name]["type"] == "polygon")
    monitor = servers["collision_monitor"]
    assert monitor["polygons"] == ["door_0", "door_1"]
    assert monitor["door_0"]["action_type"] == "slowdown"


def test_what_would_be_refused_is_skipped_and_told(tmp_path):
    done = export_all(build_navigation(Layout()), tmp_path)
    assert done.skipped == (
        "route_graph.geojson: not written, it would be empty",
        "obstacles.ply: not written, it would be empty",
    )
    assert not (tmp_path / "route_graph.geojson").exists()
    text = (tmp_path / "nav2_params.yaml").read_text()
    assert "[]" not in text
    assert "vector_object_server" not in text


def test_every_setting_is_described():
    for name, field in NavigationSettings.model_fields.items():
        assert field.description, name
    assert len(fields(build_navigation(Layout()))) == 16
