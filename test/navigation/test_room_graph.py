"""Rooms, doors, what joins what, and what is said about homes that do not close."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from shapely.geometry import Polygon

from spatial_perception.layout.entities import Box, Door, Layout, Wall
from spatial_perception.navigation.robot import Robot
from spatial_perception.navigation.room_types import ROOM_TYPES, infer_room_type
from spatial_perception.navigation.rooms import RouteStep, kind_counts, room_graph


def kinds(graph):
    return [finding.kind for finding in graph.findings]


def test_rooms_have_kind_objects_doors_and_neighbours(flat):
    graph = room_graph(flat)
    bedroom, kitchen = graph.rooms
    assert (bedroom.kind, kitchen.kind) == ("bedroom", "kitchen")
    assert bedroom.confidence > 0.9
    assert (bedroom.objects, kitchen.objects) == ((0, 1, 5), (2, 3, 4, 6))
    assert (bedroom.doors, kitchen.doors) == ((0, 1), (0,))
    assert (bedroom.neighbours, kitchen.neighbours) == ((1,), (0,))
    assert bedroom.area == pytest.approx(12.0)
    assert bedroom.name == "bedroom_0"
    assert kind_counts(graph) == {"bedroom": 1, "kitchen": 1}
    assert graph.findings == ()


def test_doors_know_their_sides(flat):
    inner, outer = room_graph(flat).doors
    # Along wall 6 (towards +y) the left side is the bedroom.
    assert inner.rooms == (0, 1)
    assert outer.rooms == (0, None)
    assert (inner.is_exterior, outer.is_exterior) == (False, True)
    assert inner.yaw == pytest.approx(math.pi / 2)
    assert inner.passable
    assert room_graph(flat).door(0) == inner
    assert room_graph(flat).door(7) is None


def test_simulated_homes_have_their_rooms(homes):
    for home in homes:
        graph = room_graph(home.layout)
        assert len(graph.rooms) == len(home.rooms)
        for room in home.rooms:
            spot = Polygon(room.polygon).representative_point()
            found = graph.room_at(spot.x, spot.y)
            assert found.area == pytest.approx(Polygon(room.polygon).area, rel=0.02)
        assert len(graph.doors) == len(home.layout.doors)
        assert all(door.rooms != (None, None) for door in graph.doors)
        held = [box for room in graph.rooms for box in room.objects]
        assert sorted(held + list(graph.outside)) == [box.id for box in home.layout.boxes]


def test_the_current_room(flat):
    graph = room_graph(flat)
    assert graph.room_at(1, 1).id == 0
    assert graph.room_at(7, 1).id == 1
    assert graph.room_at(9, 1) is None
    assert graph.room_at(8.1, 1, tolerance=0.2).id == 1
    assert graph.room_at(math.nan, 1) is None
    assert room_graph(Layout()).room_at(0, 0) is None
    assert graph.room_of(3).id == 1
    assert graph.room_of(99) is None


def test_routes_lead_through_doors(flat):
    graph = room_graph(flat)
    assert graph.route(0, 1) == (RouteStep(0, 1),)
    assert graph.route(1, 1) == ()
    assert graph.route(0, 9) is None
    assert room_graph(flat, closed_doors=[0]).route(0, 1) is None


def test_ids_stay_while_rooms_do(flat):
    before = room_graph(flat)
    annex = [((8, 0), (12, 0)), ((12, 0), (12, 3)), ((12, 3), (8, 3))]
    walls = (*flat.walls, *(Wall(20 + k, (*a, 0), (*b, 0), 2.6, 0.1) for k, (a, b) in enumerate(annex)))
    larger = room_graph(replace(flat, walls=walls), previous=before)
    assert [room.id for room in larger.rooms] == [0, 1, 2]
    # A room at the lower left would come first by place, but is the newest.
    cellar = [((0, 0), (0, -3)), ((0, -3), (4, -3)), ((4, -3), (4, 0))]
    walls = (*walls, *(Wall(30 + k, (*a, 0), (*b, 0), 2.6, 0.1) for k, (a, b) in enumerate(cellar)))
    largest = room_graph(replace(flat, walls=walls), previous=larger)
    by_id = {room.id: room for room in largest.rooms}
    assert by_id[0].uuid == before.rooms[0].uuid
    assert by_id[0].outline == before.rooms[0].outline
    assert by_id[3].center == pytest.approx((2.0, -1.5))
    smaller = room_graph(flat, previous=largest)
    assert [room.uuid for room in smaller.rooms] == [room.uuid for room in before.rooms]


def test_uuids_depend_on_frame_kind_and_id_alone(flat):
    first, second = room_graph(flat), room_graph(replace(flat, frame_id="odom"))
    uuids = {item.uuid for graph in (first, second) for item in (*graph.rooms, *graph.doors)}
    assert len(uuids) == 8
    assert first.rooms[0].uuid.version == 5


def test_an_empty_layout_is_told():
    graph = room_graph(Layout())
    assert graph.rooms == ()
    assert kinds(graph) == ["no walls"]


def test_walls_that_do_not_close_are_told_with_the_place(flat):
    walls = tuple(w for w in flat.walls if w.id in (0, 1, 4, 5))
    graph = room_graph(replace(flat, walls=walls, doors=()))
    assert graph.rooms == ()
    assert "walls do not close" in kinds(graph)
    message = next(f.message for f in graph.findings if f.kind == "walls do not close")
    assert "ends at (8.00, 0.00)" in message
    assert "close the walls" in message


def test_small_gaps_are_bridged_and_told(flat):
    walls = [replace(w, end=(7.7, 0, 0)) if w.id == 1 else w for w in flat.walls]
    graph = room_graph(replace(flat, walls=tuple(walls)))
    assert len(graph.rooms) == 2
    assert "gap bridged" in kinds(graph)
    wide = [replace(w, end=(5.2, 0, 0)) if w.id == 1 else w for w in flat.walls]
    assert len(room_graph(replace(flat, walls=tuple(wide))).rooms) == 1


def test_a_room_with_a_wall_missing_is_still_a_room(flat):
    """Behind a row of cupboards no wall was seen; door and furniture tell that the room is there."""
    walls = [replace(w, start=(8, 0.3, 0), end=(8, 0.4, 0)) if w.id == 2 else w for w in flat.walls]
    corner = Wall(21, (8, 2.4, 0), (8, 3, 0), 2.6, 0.1)
    graph = room_graph(replace(flat, walls=(*walls, corner)))
    assert [room.area for room in graph.rooms] == pytest.approx([12.0, 12.0], rel=0.02)
    assert graph.doors[0].rooms == (0, 1)
    assert "wall missing" in kinds(graph)
    assert "lacks a wall somewhere" in next(f.message for f in graph.findings if f.kind == "wall missing")
    empty = room_graph(replace(flat, walls=(*walls, corner), boxes=flat.boxes[:2]))
    assert len(empty.rooms) == 1


def test_corners_outside_of_the_home_are_no_rooms(homes):
    for home in homes:
        assert not [f for f in room_graph(home.layout).findings if f.kind == "wall missing"]


def test_a_door_without_wall_is_told_and_left_out(flat):
    graph = room_graph(replace(flat, doors=(*flat.doors, Door(9, 77, (1, 1, 1), 0.9, 2))))
    assert [door.id for door in graph.doors] == [0, 1]
    assert kinds(graph) == ["door without wall"]
    assert "wall_77, which does not exist" in graph.findings[0].message


def test_a_door_that_joins_nothing_is_told(flat):
    stub = Wall(30, (20, 0, 0), (23, 0, 0), 2.6, 0.1)
    graph = room_graph(replace(flat, walls=(*flat.walls, stub), doors=(*flat.doors, Door(9, 30, (21, 0, 1), 0.9, 2))))
    assert "door joins nothing" in kinds(graph)


def test_objects_outside_any_room_are_told(flat):
    graph = room_graph(replace(flat, boxes=(*flat.boxes, Box(9, "sofa", (20, 20, 0.4), 0, (2, 1, 0.8)))))
    assert graph.outside == (9,)
    assert "outside any room" in kinds(graph)
    assert "(sofa)" in graph.findings[-1].message


def test_doors_too_small_for_the_robot_are_told(flat):
    graph = room_graph(flat, robot=Robot(radius=0.5))
    assert kinds(graph) == ["door too small", "door too small"]
    assert not any(door.passable for door in graph.doors)
    assert graph.rooms[0].neighbours == ()
    low = replace(flat, doors=(replace(flat.doors[0], height=0.8),))
    assert kinds(room_graph(low)) == ["door too small"]


def test_numbers_that_are_none_and_repeated_ids_are_told(flat):
    boxes = (*flat.boxes, Box(50, "x", (math.nan, 0, 0), 0, (1, 1, 1)), Box(0, "sofa", (3, 1, 0.4), 0, (1, 1, 1)))
    graph = room_graph(replace(flat, boxes=boxes, walls=(*flat.walls, Wall(60, (0, 0, 0), (math.inf, 0, 0), 2))))
    assert sorted(kinds(graph)) == ["duplicate id", "unusable", "unusable"]


def test_shafts_between_double_walls_are_no_rooms(flat):
    faces = [Wall(6, (3.9, 0, 0), (3.9, 3, 0), 2.6), Wall(7, (4.15, 0, 0), (4.15, 3, 0), 2.6)]
    walls = (*(w for w in flat.walls if w.id != 6), *faces)
    graph = room_graph(replace(flat, walls=walls))
    assert len(graph.rooms) == 2
    assert graph.doors[0].rooms == (0, 1)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (["bed", "wardrobe", "nightstand"], "bedroom"),
        (["toilet", "hand_sink"], "bathroom"),
        (["stove", "Refrigerator", "sink"], "kitchen"),
        (["sofa", "tv", "coffee table"], "living_room"),
        (["desk", "computer", "bookcase"], "study"),
        (["dining_table", "dining_chair", "dining_chair", "sideboard"], "dining_room"),
        (["bed", "sofa", "refrigerator", "sink"], "studio"),
        (["painting", "plants"], "room"),
        ([], "room"),
    ],
)
def test_kinds_of_rooms(labels, kind):
    found = infer_room_type(labels, 12.0, 3.0)
    assert found.name == kind
    assert 0 <= found.confidence <= 1


def test_more_evidence_makes_surer():
    one, two = infer_room_type(["desk"]), infer_room_type(["desk", "computer", "bookcase"])
    assert two.confidence > one.confidence > 0.4
    assert infer_room_type([], area=6.0, width=1.2).name == "corridor"
    assert set(ROOM_TYPES) >= {"bedroom", "kitchen"}


def test_kinds_of_simulated_rooms_are_mostly_right(homes):
    right = total = 0
    for home in homes:
        graph = room_graph(home.layout)
        for room in home.rooms:
            spot = Polygon(room.polygon).representative_point()
            right += graph.room_at(spot.x, spot.y).kind == room.kind
            total += 1
    assert right / total >= 0.8
