"""Up axis, heading, scale, and the way back of layouts, on synthetic rooms in many poses."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatial_perception.errors import CloudError
from spatial_perception.layout.entities import Box, Door, Layout, Wall, Window
from spatial_perception.pointcloud.alignment import (
    Alignment,
    align,
    check_scale,
    estimate_up,
    estimate_yaw,
    upright_rotation,
)
from spatial_perception.pointcloud.cloud import PointCloud
from spatial_perception.pointcloud.io import read_cloud
from spatial_perception.pointcloud.normals import estimate_normals

REAL = os.environ.get("SPATIAL_PERCEPTION_DATA")
LAYOUT = Layout(
    walls=(Wall(0, (0, 0, 0), (4, 0, 0), 2.6, 0.1), Wall(1, (4, 0, 0), (4, 3, 0), 2.6)),
    doors=(Door(0, 0, (1, 0, 1.0), 0.9, 2.0),),
    windows=(Window(0, 1, (4, 1.5, 1.4), 1.2, 1.0),),
    boxes=(Box(0, "table", (2, 1, 0.4), 0.3, (1.2, 0.8, 0.8)),),
    frame_id="map",
)


def _degrees_between(first, second):
    return np.degrees(np.arccos(np.clip(np.dot(first, second), -1, 1)))


@pytest.mark.parametrize(
    ("axis", "degrees", "convention"),
    [((1, 0, 0), 0, "z"), ((1, 0, 0), -90, "y"), ((1, 0, 0), 90, "-y"), ((1, 0, 0), 180, "-z"), ((0, 1, 0), 90, "x")],
)
@pytest.mark.parametrize("ceiling", [True, False])
def test_up_axis_of_files(room, rotation, axis, degrees, convention, ceiling):
    points = room(np.random.default_rng(21), ceiling=ceiling) @ rotation(axis, np.radians(degrees)).T
    estimate = estimate_up(points)
    assert estimate.convention == convention
    assert estimate.confidence > 0.5
    assert estimate.tilt == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_up_axis_of_tilted_and_tumbled_rooms(room, rotation, seed):
    generator = np.random.default_rng(seed)
    angle = np.radians(generator.uniform(5, 30)) if seed % 2 else generator.uniform(0, 3)
    turn = rotation(generator.normal(size=3), angle)
    estimate = estimate_up(room(generator, ceiling=seed > 1) @ turn.T)
    assert _degrees_between(estimate.axis, turn[:, 2]) < 0.4
    assert "tilted by" in estimate.convention


def test_the_view_of_a_camera_is_y_down(room):
    points = room(np.random.default_rng(3), furniture=True)
    x, y, z = points.T
    camera = np.stack([2.0 - x, 1.2 - z, y + 0.5], axis=1)
    inside = (np.abs(camera[:, 0]) < camera[:, 2]) & (np.abs(camera[:, 1]) < 0.8 * camera[:, 2])
    assert estimate_up(camera[inside]).convention == "-y"


@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0)])
def test_a_single_plane_keeps_the_axis_of_the_file(normal):
    flat = np.random.default_rng(0).random((4000, 2)) * 5
    points = np.insert(flat, int(np.argmax(normal)), 0.0, axis=1) + np.random.default_rng(1).normal(0, 0.002, (4000, 3))
    estimate = estimate_up(points)
    assert estimate.convention == "z"
    assert estimate.confidence <= 0.6


@pytest.mark.parametrize("points", [np.zeros((3, 3)), np.ones((100, 3)), np.full((100, 3), np.nan)])
def test_too_little_to_judge_is_kept_with_a_note(points):
    with pytest.raises(CloudError):
        estimate_up(points)
    aligned, found = align(PointCloud(points, frame_id="map"))
    np.testing.assert_array_equal(aligned.xyz, points.astype(np.float32))
    assert found.result_frame == "map"
    assert "not judged" in found.notes[0]


@pytest.mark.parametrize("degrees", [-44.9, -7.3, 0.0, 30.0])
def test_yaw_of_cluttered_rooms(room, rotation, degrees):
    for seed in (31, 32):
        points = room(np.random.default_rng(seed)) @ rotation((0, 0, 1), np.radians(degrees)).T
        estimate = estimate_yaw(points)
        off = (np.degrees(estimate.yaw) - degrees + 45) % 90 - 45
        assert abs(off) < 0.1
        assert -np.pi / 4 <= estimate.yaw < np.pi / 4
        assert estimate.confidence > 0.5


def test_yaw_is_not_drawn_away_by_a_slanted_wall(room, rotation):
    generator = np.random.default_rng(8)
    points = room(generator, inner=False)
    slanted = np.stack([generator.random(3000) * 3, np.zeros(3000), generator.random(3000) * 2.5], axis=1)
    points = np.vstack([points, slanted @ rotation((0, 0, 1), np.radians(33)).T + [0.5, 0.5, 0]])
    assert abs(np.degrees(estimate_yaw(points @ rotation((0, 0, 1), np.radians(10)).T).yaw) - 10) < 0.2


def test_without_walls_there_is_no_yaw():
    floor = np.concatenate([np.random.default_rng(0).random((3000, 2)) * 6, np.zeros((3000, 1))], axis=1)
    assert (estimate_yaw(floor).yaw, estimate_yaw(floor).confidence) == (0.0, 0.0)


@pytest.mark.parametrize(("unit", "factor"), [("m", 1.0), ("mm", 0.001), ("cm", 0.01), ("ft", 0.3048), ("in", 0.0254)])
def test_unit_of_rooms(room, unit, factor):
    for seed in (41, 42):
        check = check_scale(room(np.random.default_rng(seed)) / factor)
        assert (check.unit, check.factor) == (unit, factor)
        assert check.is_sure
        assert check.has_ceiling
        assert 2.2 < check.height_m < 3.3


@pytest.mark.parametrize(("unit", "factor"), [("m", 1.0), ("mm", 0.001), ("cm", 0.01)])
def test_unit_of_rooms_without_ceiling(room, unit, factor):
    check = check_scale(room(np.random.default_rng(43), ceiling=False) / factor)
    assert check.unit == unit
    assert not check.has_ceiling
    assert "no ceiling" in check.reason


def test_a_normalised_cloud_has_no_unit(room):
    points = room(np.random.default_rng(44), height=2.6)
    check = check_scale(points / 10.0)
    assert (check.unit, check.confidence) == ("unknown", 0.0)
    assert check.factor == pytest.approx(10.0, rel=0.02)
    assert any("scale doubtful" in note for note in align(PointCloud(points / 10.0))[1].notes)


def test_a_room_of_six_metres_is_not_turned_into_feet(room):
    found = align(PointCloud(room(np.random.default_rng(45), height=6.0)))[1]
    assert found.scale == 1.0


def test_upright_rotation_turns_up_to_z():
    for up in ((0, 0, 1), (0, 0, -1), (0, 1, 0), (-1, 0, 0), (0.6, 0, -0.8)):
        rotation = upright_rotation(up)
        np.testing.assert_allclose(rotation @ up, [0, 0, 1], atol=1e-12)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1.0)


@pytest.mark.parametrize(("yaw", "tilt"), [(0.0, 0.0), (0.3, 0.0), (-0.6, np.radians(1.5))])
def test_layouts_return_to_the_incoming_frame(room, rotation, yaw, tilt):
    turn = rotation((1, 0, 0), tilt) @ rotation((0, 0, 1), yaw)
    origin = (4e5, -2e6, 100.0)
    points = room(np.random.default_rng(57)) @ turn.T
    aligned, found = align(PointCloud(points, frame_id="map", origin=origin))
    assert aligned.origin == (0.0, 0.0, 0.0)
    assert found.keeps_frame
    back = found.restore(LAYOUT)
    assert back.frame_id == "map"
    anchors = np.array([LAYOUT.walls[0].end, LAYOUT.doors[0].center, LAYOUT.windows[0].center, LAYOUT.boxes[0].center])
    moved = [back.walls[0].end, back.doors[0].center, back.windows[0].center, back.boxes[0].center]
    np.testing.assert_allclose(moved, found.undo_points(anchors), atol=1e-6)
    np.testing.assert_allclose(found.apply_points(found.undo_points(anchors)), anchors, atol=1e-6)
    np.testing.assert_allclose(found.apply_points(points + origin), aligned.xyz, atol=1e-5)
    assert (back.boxes[0].yaw - LAYOUT.boxes[0].yaw - found.yaw + np.pi) % (2 * np.pi) == pytest.approx(np.pi)
    assert back.walls[0].height == LAYOUT.walls[0].height
    there = found.apply_layout(back)
    again = [there.walls[0].end, there.doors[0].center, there.windows[0].center, there.boxes[0].center]
    np.testing.assert_allclose(again, anchors, atol=1e-6)
    assert there.boxes[0].yaw == pytest.approx(LAYOUT.boxes[0].yaw)
    assert bool(tilt) == any("1.5 deg" in note for note in back.provenance.notes)


def test_layouts_of_y_up_clouds_stand_in_an_upright_frame(room, rotation):
    turn = rotation((1, 0, 0), -np.pi / 2)
    aligned, found = align(PointCloud(room(np.random.default_rng(52)) @ turn.T, frame_id="scan"))
    back = found.restore(LAYOUT)
    assert (found.result_frame, back.frame_id) == ("scan_zup", "scan_zup")
    assert any("up axis is y" in note for note in back.provenance.notes)
    assert any("rotation [1 0 0; 0 0 -1; 0 1 0]" in note for note in back.provenance.notes)
    # Upright companion: the incoming points turned by `upright` lie where the layout is.
    in_companion = found.undo_points(aligned.xyz[:50]) @ found.upright.T
    expected = found.restore(
        Layout(boxes=tuple(Box(i, "p", p, 0.0, (1, 1, 1)) for i, p in enumerate(aligned.xyz[:50])))
    )
    np.testing.assert_allclose([box.center for box in expected.boxes], in_companion, atol=1e-5)


def test_layouts_of_millimetre_clouds_are_in_metres(room):
    points = room(np.random.default_rng(53), height=2.5)
    aligned, found = align(PointCloud(points * 1000))
    assert found.scale == 0.001
    np.testing.assert_allclose(np.ptp(aligned.xyz[:, 2]), np.ptp(points[:, 2]), atol=1e-3)
    back = found.restore(LAYOUT)
    assert back.walls[0].height == LAYOUT.walls[0].height
    assert any("unit is mm: multiplied by 0.001" in note for note in back.provenance.notes)


def test_what_is_said_is_done_and_what_is_unknown_refused(room):
    cloud = PointCloud(room(np.random.default_rng(54)))
    found = align(cloud, up="-y", yaw=0.2, scale=2.0)[1]
    np.testing.assert_allclose(found.upright @ [0, -1, 0], [0, 0, 1], atol=1e-12)
    assert (found.yaw, found.scale) == (0.2, 2.0)
    kept, none = align(cloud, up="z", yaw=False, scale="keep")
    np.testing.assert_array_equal(kept.xyz, cloud.xyz)
    assert none.notes == ()
    assert none.restore(LAYOUT).walls == LAYOUT.walls
    assert align(cloud, up=[0, 0.1, 9.8])[1].tilt == pytest.approx(np.arctan(0.1 / 9.8))
    for options in ({"up": "w"}, {"up": (0, 0, 0)}, {"up": (1, 2)}, {"scale": "miles"}, {"scale": -1.0}):
        with pytest.raises(CloudError):
            align(cloud, **options)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(
    up=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1),
    yaw=st.floats(-3, 3),
    scale=st.floats(0.01, 100),
)
def test_points_return_exactly(up, yaw, scale):
    upright = upright_rotation(up)
    cosine, sine = np.cos(yaw), np.sin(yaw)
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    found = Alignment(turn @ upright, upright, yaw, scale, (1.0, -2.0, 3.0), "map")
    points = np.random.default_rng(0).normal(size=(30, 3))
    np.testing.assert_allclose(found.undo_points(found.apply_points(points)), points, atol=1e-9)


def test_alignment_is_deterministic_and_follows_the_order_of_points_hardly(room):
    points = room(np.random.default_rng(55))
    first, second = align(PointCloud(points))[1], align(PointCloud(points))[1]
    assert first.rotation.tobytes() == second.rotation.tobytes()
    assert first.notes == second.notes
    shuffled = align(PointCloud(points[np.random.default_rng(1).permutation(len(points))]))[1]
    np.testing.assert_allclose(shuffled.rotation, first.rotation, atol=1e-3)


def test_normals_of_a_box_face_the_viewer(room):
    points = room(np.random.default_rng(56), furniture=False, occlusion=False, inner=False, noise=0.002)
    center = points.mean(axis=0)
    normals = estimate_normals(points, viewpoint=center)
    assert (np.einsum("ij,ij->i", normals.vectors, center - points) >= 0).all()
    np.testing.assert_allclose(np.linalg.norm(normals.vectors, axis=1), 1, atol=1e-5)
    level = points[:, 2] < 0.01
    assert np.median(normals.vectors[level, 2]) > 0.99
    assert np.median(normals.planarity) > 0.5
    assert np.median(normals.curvature) < 0.02
    some = np.array([3, 50, 7])
    assert np.array_equal(estimate_normals(points, viewpoint=center, chosen=some).vectors, normals.vectors[some])
    unsigned = estimate_normals(points).vectors
    assert (np.take_along_axis(unsigned, np.abs(unsigned).argmax(axis=1)[:, None], axis=1) > 0).all()
    with pytest.raises(CloudError, match="at least 3"):
        estimate_normals(points[:2])


@pytest.mark.skipif(not REAL, reason="SPATIAL_PERCEPTION_DATA is not set")
@pytest.mark.parametrize("name", ["room_scan1.pcd", "room_scan2.pcd", "region_growing_rgb_tutorial.pcd"])
def test_real_scans_in_any_pose(rotation, name):
    points = read_cloud(Path(REAL) / name).xyz
    true = np.asarray(estimate_up(points).axis)
    assert true @ ((0, -0.85, -0.53) if name.startswith("region") else (0, 0, 1)) > 0.99
    for seed in range(4):
        generator = np.random.default_rng(seed)
        turn = rotation(generator.normal(size=3), generator.uniform(0, np.pi))
        assert _degrees_between(estimate_up(points @ turn.T).axis, turn @ true) < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_without_floor_is_not_turned_upside_down(room, seed):
    points = room(np.random.default_rng(seed))
    floorless = points[points[:, 2] > points[:, 2].min() + 0.5]
    assert estimate_up(floorless).axis[2] > 0.99


@pytest.mark.parametrize("up", ["z", "y"])
def test_restored_points_lie_where_restored_layouts_are(up):
    points = np.random.default_rng(0).uniform(0, 3, (20, 3)).astype(np.float32)
    _, found = align(PointCloud(points), up, False, "keep")
    turned = replace(found, yaw=0.3, pivot=(1.0, 2.0, 3.0))
    aligned = np.array([[0.5, 1.0, 1.5], [2.0, 0.0, 0.3]])
    boxes = tuple(Box(k, "bed", tuple(place), 0.0, (1.0, 1.0, 1.0)) for k, place in enumerate(aligned))
    layout = turned.restore(Layout(boxes=boxes))
    assert np.allclose(turned.restore_points(aligned), [box.center for box in layout.boxes])
