"""Masks of costmap filters, collision monitor zones, vector shapes and obstacle points."""

from __future__ import annotations

import math
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from shapely.geometry import Point, Polygon

from spatial_perception.errors import ConfigError
from spatial_perception.layout.entities import Box, Layout
from spatial_perception.layout.transforms import move_box
from spatial_perception.navigation.footprints import box_rectangles
from spatial_perception.navigation.identity import stable_uuid
from spatial_perception.navigation.keepout import FilterType, keepout_mask, speed_mask
from spatial_perception.navigation.navigator import build_navigation
from spatial_perception.navigation.obstacles import flat_scan, obstacle_points
from spatial_perception.navigation.robot import Pose2, Robot
from spatial_perception.navigation.shapes import CircleShape, PolygonShape, shape_changes, vector_shapes
from spatial_perception.navigation.zones import door_zones, jamb_zones


# ---------------------------------------------------------------------------------------------- masks
def test_keepout_covers_furniture_and_forbidden_rooms(flat):
    place = build_navigation(flat)
    mask = keepout_mask(place.grid, box_rectangles(flat.boxes[:2]), place.rooms, forbidden=["kitchen"])
    assert mask.info.type is FilterType.KEEPOUT
    assert (mask.info.base, mask.info.multiplier) == (0.0, 1.0)
    assert [mask.grid.value(*p) for p in ((1.2, 2.2), (3, 1), (6, 1), (-0.4, -0.4))] == [100, 0, 100, 0]
    assert mask.grid.frame == place.grid.frame
    assert set(np.unique(mask.grid.data)) == {0, 100}


def test_speed_limits_are_percent_and_doors_win(flat):
    place = build_navigation(flat)
    mask = speed_mask(place.grid, place.structure.holes, place.rooms, limits={"bedroom_0": 80, "kitchen": 60},
                      carpets=[flat.boxes[4]], door_percent=30)  # fmt: skip
    assert mask.info.type is FilterType.SPEED_PERCENT
    spots = ((1, 1), (7, 1), (6, 1.5), (4, 1), (4.3, 1), (1.5, 0.2), (-0.4, 0))
    assert [mask.grid.value(*p) for p in spots] == [80, 60, 70, 30, 30, 30, 0]


def test_speed_limits_in_metres_per_second(flat):
    place = build_navigation(flat)
    mask = speed_mask(place.grid, place.structure.holes, place.rooms, max_speed=0.8)
    assert mask.info.type is FilterType.SPEED_ABSOLUTE
    assert mask.info.base + mask.info.multiplier * mask.grid.value(4, 1) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"door_percent": 0}, "speed limit of doors is 0 percent; give 1 to 100"),
        ({"carpet_percent": 101}, "speed limit of carpets is 101 percent"),
        ({"limits": {"kitchen": math.nan}}, "speed limit of kitchen is nan percent"),
        ({"limits": {"attic": 50}}, "there is no room 'attic'; rooms are: bedroom_0, kitchen_1"),
        ({"max_speed": 0.0}, "maximum speed is 0 m/s; give a speed above 0"),
    ],
)
def test_impossible_speeds_are_refused(flat, options, message):
    place = build_navigation(flat)
    with pytest.raises(ConfigError, match=message):
        speed_mask(place.grid, place.structure.holes, place.rooms, **options)


def test_unknown_forbidden_rooms_are_refused(flat):
    place = build_navigation(flat)
    with pytest.raises(ConfigError, match="there is no room 'garage'"):
        keepout_mask(place.grid, box_rectangles(()), place.rooms, forbidden=["garage"])


# ---------------------------------------------------------------------------------------------- zones
def test_door_zones_surround_doors(flat):
    place = build_navigation(flat)
    inner, outer = (Polygon(zone.points) for zone in door_zones(place.structure.holes, place.rooms, care=0.5))
    assert inner.area == pytest.approx(0.9 * 1.1)
    assert inner.centroid.distance(Point(4, 1)) < 1e-6
    assert outer.centroid.distance(Point(1.5, 0)) < 1e-6
    assert inner.exterior.is_ccw
    assert place.door_zones[0].action == "slowdown"


def test_jamb_zones_never_cover_the_opening(homes):
    for home in homes:
        place = build_navigation(home.layout)
        openings = [Polygon(z.points) for z in door_zones(place.structure.holes, place.rooms, care=0.0)]
        zones = jamb_zones(place.structure.holes, place.rooms, floor=home.floor)
        assert len(zones) == 2 * len(openings)
        for zone in zones:
            body = Polygon(zone.points)
            assert body.is_valid
            assert max(opening.intersection(body).area for opening in openings) < 1e-3
            assert zone.min_height == pytest.approx(home.floor)
            assert zone.max_height > zone.min_height + 1.5
    assert len({zone.name for zone in zones}) == len(zones)


def test_closed_and_narrow_doors_have_no_zones(flat):
    place = build_navigation(flat)
    none = build_navigation(flat.__class__(**{**_fields(flat), "doors": (replace(flat.doors[0], width=0.3),)}))
    assert (len(place.door_zones), len(none.door_zones), len(none.jamb_zones)) == (2, 0, 0)


def _fields(layout):
    return {name: getattr(layout, name) for name in ("walls", "doors", "windows", "boxes", "frame_id")}


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (door_zones, {"care": -1.0}, "door zones reach -1 m"),
        (door_zones, {"slowdown_ratio": 0.0}, "slow-down ratio is 0"),
        (jamb_zones, {"length": 0.0}, "jamb zones are 0 m long"),
    ],
)
def test_impossible_zones_are_refused(flat, make, options, message):
    place = build_navigation(flat)
    with pytest.raises(ConfigError, match=message):
        make(place.structure.holes, place.rooms, **options)


# ---------------------------------------------------------------------------------------------- shapes
def test_shapes_of_walls_and_furniture(flat):
    shapes = {shape.name: shape for shape in vector_shapes(flat)}
    assert {"wall_6_0", "wall_6_1", "bbox_0", "bbox_2"} <= shapes.keys()
    assert not {"bbox_4", "bbox_5", "bbox_6"} & shapes.keys()
    bed = Polygon(shapes["bbox_0"].points)
    assert bed.area == pytest.approx(2.8)
    assert bed.exterior.is_ccw
    assert shapes["bbox_0"].closed
    assert isinstance(shapes["bbox_0"].uuid, UUID)
    assert len({shape.uuid for shape in shapes.values()}) == len(shapes)
    assert not any(shape.name.startswith("bbox") for shape in vector_shapes(flat, furniture=False))


def test_round_things_are_circles(flat):
    boxes = (Box(0, "stool", (1, 1, 0.2), 0.3, (0.4, 0.38, 0.4)), Box(1, "stool", (2, 1, 0.2), 0, (0.9, 0.3, 0.4)))
    circle, polygon = [s for s in vector_shapes(replace(flat, boxes=boxes)) if s.name.startswith("bbox")]
    assert isinstance(circle, CircleShape)
    assert (circle.center, circle.radius) == ((1.0, 1.0), 0.2)
    assert isinstance(polygon, PolygonShape)


def test_changes_hold_what_moved_and_what_went(flat):
    before = vector_shapes(flat)
    assert shape_changes(before, before) == shape_changes((), ())
    moved = shape_changes(before, vector_shapes(move_box(flat, 0, 0.3, 0.0)))
    assert [shape.name for shape in moved.add] == ["bbox_0"]
    assert moved.remove == ()
    gone = shape_changes(before, vector_shapes(replace(flat, boxes=flat.boxes[1:])))
    assert gone.remove == (stable_uuid("map", "bbox", 0),)
    assert gone.add == ()
    assert {s.uuid for s in shape_changes((), before).add} == {s.uuid for s in before}


def test_a_polygon_that_becomes_a_circle_is_removed_first(flat):
    long, short = (Box(0, "stool", (1, 1, 0.2), 0, (size, 0.4, 0.4)) for size in (0.9, 0.4))
    first, second = (vector_shapes(replace(flat, boxes=(box,))) for box in (long, short))
    changes = shape_changes(first, second)
    assert [s.uuid for s in changes.add] == list(changes.remove) == [stable_uuid("map", "bbox", 0)]


def test_uuids_are_the_same_in_every_run():
    assert str(stable_uuid("map", "wall", 3)) == "214e3165-55a7-5a6b-93a3-014494f25e51"
    assert len({stable_uuid(*key) for key in [("map", "a", 1), ("map", "a", 2), ("map", "b", 1), ("o", "a", 1)]}) == 4


# ---------------------------------------------------------------------------------------------- obstacles
def test_obstacle_points_lie_on_obstacles(homes, judge_of):
    for home in homes[:3]:
        cloud = obstacle_points(home.layout)
        judge = judge_of(home.layout)
        points = np.asarray(cloud.xyz, dtype=float) + cloud.origin
        far = [judge.solid.distance(Point(p)) for p in points[::97, :2]]
        assert max(far) < 0.02 + 0.1  # ends of walls reach over the joints that they share
        heights = points[:, 2] - home.floor
        assert heights.min() > 0.1
        assert heights.max() < 1.2


def test_points_leave_doors_and_what_is_no_obstacle_alone(flat):
    cloud = obstacle_points(flat)
    in_door = (np.abs(cloud.xyz[:, 0] - 4) < 0.2) & (np.abs(cloud.xyz[:, 1] - 1) < 0.4)
    on_carpet = (np.abs(cloud.xyz[:, 0] - 6) < 0.7) & (np.abs(cloud.xyz[:, 1] - 1.5) < 0.4)
    assert not in_door.any()
    assert not on_carpet.any()
    assert (cloud.frame_id, cloud.stamp) == ("map", 2.5)
    assert len(obstacle_points(flat, furniture=False)) < len(cloud)
    assert len(obstacle_points(Layout())) == 0


def test_points_far_from_zero_keep_their_precision(flat, moved):
    cloud = obstacle_points(moved(flat, shift=(4e5, -3e5, 0)))
    assert np.abs(cloud.xyz).max() < 100
    assert np.allclose(cloud.origin[:2], (4e5, -3e5), atol=20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": 0.0}, "obstacle spacing is 0 m"),
        ({"level_spacing": -1.0}, "obstacle level spacing is -1 m"),
        ({"spacing": 1e-6}, "use a spacing larger than 1e-06 m"),
    ],
)
def test_impossible_spacings_are_refused(flat, options, message):
    with pytest.raises(ConfigError, match=message):
        obstacle_points(flat, **options)


def test_a_scan_measures_the_walls(flat):
    place = build_navigation(replace(flat, boxes=()))
    scan = flat_scan(place.structure.walls, Pose2(2.0, 1.5, 0.0), beams=360)
    angle = scan.angle_min + np.arange(360) * scan.angle_increment
    at = {round(math.degrees(a)): r for a, r in zip(angle, scan.ranges)}
    assert at[90] == pytest.approx(1.45, abs=1e-5)
    assert at[-180] == pytest.approx(1.95, abs=1e-5)
    assert at[10] == pytest.approx(1.95 / math.cos(math.radians(10)), abs=1e-5)
    assert at[-15] > 3  # through the door
    turned = flat_scan(place.structure.walls, Pose2(2.0, 1.5, math.pi / 2), beams=360)
    assert turned.ranges[180] == pytest.approx(1.45, abs=1e-5)


def test_a_scan_in_the_open_sees_nothing(flat):
    walls = build_navigation(flat).structure.walls
    far = flat_scan(walls, Pose2(100, 100), beams=8, range_max=5)
    assert np.isinf(far.ranges).all()
    assert np.isinf(flat_scan(box_rectangles(()), Pose2(0, 0), beams=4).ranges).all()


@pytest.mark.parametrize(
    ("pose", "options", "message"),
    [
        (Pose2(math.nan, 0), {}, "scanner pose holds NaN"),
        (Pose2(0, 0), {"beams": 0}, "0 beams from"),
        (Pose2(0, 0), {"range_min": 3.0, "range_max": 1.0}, "nearest first"),
    ],
)
def test_impossible_scans_are_refused(flat, pose, options, message):
    with pytest.raises(ConfigError, match=message):
        flat_scan(build_navigation(flat).structure.walls, pose, **options)


def test_a_tall_robot_has_more_obstacles(flat):
    assert len(vector_shapes(flat, robot=Robot(height=2.2))) == len(vector_shapes(flat)) + 2
